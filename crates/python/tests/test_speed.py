"""Floors under what an issue promises; the best of several rounds, as others may be busy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

import barloom
from conftest import SPY


def seconds(call: Callable[[int], object], calls: int) -> float:
    """Seconds of a call: the median of many, in the best of five rounds."""
    rounds = []
    for round in range(5):
        took = []
        for number in range(calls):
            begin = time.perf_counter()
            call(round * calls + number)
            took.append(time.perf_counter() - begin)
        rounds.append(statistics.median(took))
    return min(rounds)


@pytest.fixture(scope="module")
def large() -> barloom.Dataset:
    return barloom.build_dataset(None, 10_000_000, bars=SPY)


@pytest.fixture(scope="module")
def numbers() -> list[int]:
    return np.random.default_rng(0).integers(0, 10_000_000, 100_000).tolist()


def test_one_sample_by_its_number(large: barloom.Dataset, numbers: list[int]):
    assert seconds(lambda at: large[numbers[at]], 500) < 100e-6


def test_a_batch_of_32(large: barloom.Dataset, numbers: list[int]):
    assert seconds(lambda at: large[numbers[32 * at : 32 * at + 32]], 100) < 1e-3


def test_the_first_batch_after_opening(tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("speed") / "dataset"
    barloom.build_dataset(None, 10_000_000, bars=SPY, out=out, format="virtual")

    def first(_: int) -> None:
        next(iter(barloom.open(out, backend="cpu").loader(4096, shuffle=True)))

    assert seconds(first, 3) < 50e-3


def test_a_state_is_resumed_at_once(large: barloom.Dataset):
    loader = large.loader(4096, shuffle=True)
    state = loader.state_dict() | {"position": 9_000_000}

    def resume(_: int) -> None:
        loader.load_state_dict(state)
        next(iter(loader))

    assert seconds(resume, 5) < 50e-3


def test_batches_of_an_epoch(large: barloom.Dataset):
    """A floor for a slow machine; benches tell the speed."""
    loader = large.loader(4096, shuffle=True)
    rates = []
    for _ in range(3):
        begin, count = time.perf_counter(), 0
        for batch in loader:
            count += len(batch["reward"])
            if count >= 400_000:
                break
        rates.append(count / (time.perf_counter() - begin))
    assert max(rates) > 300_000

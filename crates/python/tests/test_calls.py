"""Calls that take long: progress, warnings, and other threads meanwhile."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import barloom
from conftest import made_bars, small_recipe


def build(out: Path, samples: int = 5_000, **options: Any) -> barloom.Dataset:
    return barloom.build_dataset(small_recipe(), samples, bars=made_bars(), out=out, **options)


def test_progress_is_told(tmp_path: Path):
    told: list[tuple[int, int]] = []
    build(tmp_path / "d", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5_000, 5_000)
    assert all(a <= b for (a, _), (b, _) in pairwise(told))
    told.clear()
    barloom.verify(tmp_path / "d", full=True, progress=lambda *both: told.append(both))
    assert told[-1][0] == told[-1][1] > 0


def test_what_progress_raises_stops_the_call(tmp_path: Path):
    def refuse(done: int, total: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        build(tmp_path / "d", 10**7, progress=refuse)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("tqdm", [True, False])
def test_a_bar_is_shown_where_it_is_asked_for(
    tqdm: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    if tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)
    build(tmp_path / "shown", 200_000, progress=True)
    shown = capsys.readouterr()
    assert "building" in shown.err and not shown.out
    # Nobody looks.
    build(tmp_path / "silent", progress=None)
    build(tmp_path / "told not to", progress=False)
    silent = capsys.readouterr()
    assert (silent.out, silent.err) == ("", "")


def test_what_a_person_should_know_is_a_warning():
    cfg = small_recipe(reward={"metric": "car"})
    with pytest.warns(UserWarning, match="reward.metric: car"):
        barloom.build_dataset(cfg, bars=made_bars())
    # 600 bars in three segments, each less 12 before and 8 after but one: 543 positions.
    with pytest.warns(UserWarning, match="10000 samples of 543 positions have about 543 distinct"):
        barloom.build_dataset(small_recipe(), 10_000, bars=made_bars())


def test_other_threads_run_meanwhile(tmp_path: Path):
    dataset = barloom.build_dataset(None, 100_000, bars=made_bars(5_000))
    actions = {"bar": range(4_000), "direction": [1] * 4_000, "dollars": [1e3] * 4_000}
    calls = {
        "build": lambda: build(tmp_path / "d", 500_000),
        "verify": lambda: barloom.verify(tmp_path / "d", full=True),
        "take": lambda: dataset.take(range(100_000)),
        "table": lambda: dataset.read(),
        "loop": lambda: [None for _ in dataset.loader(50_000, threads=0)],
        "price": lambda: [barloom.price(made_bars(5_000), actions) for _ in range(20)],
    }
    for name, call in calls.items():
        ticks, ended = 0, threading.Event()

        def tick(ended: threading.Event) -> None:
            nonlocal ticks
            while not ended.wait(0.001):
                ticks += 1

        other = threading.Thread(target=tick, args=(ended,))
        other.start()
        call()
        ended.set()
        other.join()
        assert ticks >= 2, name


def test_threads_share_a_dataset():
    dataset = barloom.build_dataset(None, 10_000, bars=made_bars(5_000))
    expected = dataset[:]["reward"]
    wrong: list[int] = []

    def take(first: int) -> None:
        for sample in range(first, 10_000, 97):
            if dataset[sample]["reward"] != expected[sample]:
                wrong.append(sample)

    takers = [threading.Thread(target=take, args=(first,)) for first in range(8)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(timeout=60)
    assert wrong == []

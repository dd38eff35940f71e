"""Bars to test with: the repository's fixture, and small ones that are made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import barloom

SPY = Path(__file__).resolve().parents[3] / "fixtures" / "spy_1h.parquet"
HOUR_NS = 3_600_000_000_000
FIRST_NS = 1_577_836_800_000_000_000  # 2020-01-01, a Wednesday
PRICES = ("open", "high", "low", "close")
CHANNELS = (*PRICES, "volume")


def made_bars(count: int = 600, seed: int = 7) -> dict[str, np.ndarray]:
    """Hourly bars of a random walk around the clock, with two gaps of a day."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, count)))
    opens = np.roll(close, 1) * np.exp(rng.normal(0.0, 0.002, count))
    opens[0] = 100.0
    above, below = np.abs(rng.normal(0.0, 0.004, (2, count)))
    hours = np.arange(count) + 24 * np.searchsorted(
        [count // 3, count // 2], np.arange(count), "right"
    )
    return {
        "ts": (FIRST_NS + hours * HOUR_NS).astype("datetime64[ns]"),
        "open": opens,
        "high": np.maximum(opens, close) * (1.0 + above),
        "low": np.minimum(opens, close) * (1.0 - below),
        "close": close,
        "volume": np.floor(rng.exponential(1e4, count)),
    }


def small_recipe(**tables: dict[str, Any]) -> dict[str, Any]:
    """A recipe of 1,000 samples for `made_bars`, with these tables' keys besides."""
    recipe: dict[str, Any] = {"dataset": {"samples": 1_000, "lookback": 12, "forward": 8}}
    for table, keys in tables.items():
        recipe[table] = recipe.get(table, {}) | keys
    return recipe


def in_memory(samples: int = 1_000, **tables: dict[str, Any]) -> barloom.Dataset:
    """So many samples of `made_bars`."""
    return barloom.build_dataset(small_recipe(**tables), samples, bars=made_bars())


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    """The same names, types, shapes and bits."""
    assert list(a) == list(b)
    for name in a:
        x, y = np.asarray(a[name]), np.asarray(b[name])
        assert (x.dtype, x.shape) == (y.dtype, y.shape), name
        assert x.tobytes() == y.tobytes(), name


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_yours() -> Iterator[None]:
    """Tests, and processes that they start, keep nothing in the cache of whoever runs them."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        yield


@pytest.fixture(scope="session")
def spy() -> Path:
    return SPY


@pytest.fixture(scope="session")
def spy_ds() -> barloom.Dataset:
    """10,000 samples of the fixture with the default recipe, in memory."""
    return barloom.build_dataset(None, 10_000, bars=SPY)


@pytest.fixture(scope="session")
def ds() -> barloom.Dataset:
    """1,000 samples of made bars, in memory."""
    return in_memory()


@pytest.fixture(scope="session")
def multi_ds() -> barloom.Dataset:
    """1,003 samples of made bars: 5 actions a state, two metrics."""
    return in_memory(
        1_003, dataset={"actions_per_state": 5}, reward={"metric": ["return", "sharpe"]}
    )

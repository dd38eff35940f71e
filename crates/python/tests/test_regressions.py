"""What went wrong once: masks, zones, locks, sizes, the ends of epochs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import barloom
from conftest import made_bars, small_recipe

MINUTE = 60_000_000_000
COUNT = 2_000


def bars(**more: Any) -> dict[str, np.ndarray]:
    """Bars of every minute from 2024-03-09 12:00, no zone."""
    steps = np.sin(np.arange(COUNT) * 0.7)
    close = 100.0 + np.cumsum(steps) * 0.05
    ts = np.datetime64("2024-03-09T12:00", "ns") + np.arange(COUNT) * np.timedelta64(MINUTE, "ns")
    columns = {"ts": ts, "open": close - 0.01, "high": close + 0.1, "low": close - 0.1}
    return columns | {"close": close, "volume": np.full(COUNT, 5.0)} | more


CFG = {"dataset": {"lookback": 8, "forward": 5}}


def test_a_mask_chooses_samples() -> None:
    ds = barloom.build_dataset(CFG, 50, bars=bars())
    mask = np.zeros(50, bool)
    mask[[5, 7]] = True
    expected = ds[[5, 7]]
    for key in [mask, mask.tolist()]:
        for name, values in ds[key].items():
            np.testing.assert_array_equal(values, expected[name])
    with pytest.raises(IndexError, match="a mask of 49 of a dataset of 50"):
        ds[mask[:-1]]
    with pytest.raises(TypeError):
        ds[True]


def test_times_without_a_zone_are_in_that_of_the_recipe() -> None:
    # Clocks go forward at 02:00 on 2024-03-10 there: times before and after.
    given = bars()
    given["ts"] = given["ts"][0] + (np.arange(COUNT) * 5 * np.timedelta64(MINUTE, "ns"))
    skipped = (given["ts"] >= np.datetime64("2024-03-10T02:00")) & (
        given["ts"] < np.datetime64("2024-03-10T03:00")
    )
    given = {name: values[~skipped] for name, values in given.items()}
    at = np.array([10, 150, 170, 900])
    cfg = CFG | {"data": {"timezone": "America/New_York"}}
    common = {"direction": [1, -1, 1, -1], "dollars": [1_000.0] * 4, "stop": [0.001] * 4}
    by_bar = barloom.price(given, {"bar": at} | common, cfg=cfg, forward=5).to_arrow()
    by_time = barloom.price(given, {"ts": given["ts"][at]} | common, cfg=cfg, forward=5).to_arrow()
    assert by_time["bar"].to_pylist() == at.tolist()
    assert by_time.equals(by_bar)


def test_decisions_need_no_volume_and_no_channel_of_the_recipe() -> None:
    given = bars()
    decisions = {"bar": [3], "direction": [1], "dollars": [100.0]}
    whole = barloom.price(given, decisions, forward=5).to_arrow()
    del given["volume"]
    cfg = {"data": {"channels": ["close", "funding"]}, "scaling": {"funding": "zscore"}}
    assert barloom.price(given, decisions, forward=5).to_arrow().equals(whole)
    assert barloom.price(given, decisions, forward=5, cfg=cfg).to_arrow().equals(whole)


def test_a_profit_by_the_stop_needs_one() -> None:
    decisions = {"bar": [3, 4], "direction": [0, 1], "dollars": [100.0, 100.0]}
    cfg = {"reward": {"metric": "r_multiple"}}
    with pytest.raises(barloom.DataError, match="decisions.stop: index 1: r_multiple needs a stop"):
        barloom.price(bars(), decisions, forward=5, cfg=cfg)


def test_columns_of_any_library() -> None:
    given = bars()
    expected = barloom.build_dataset(CFG, 20, bars=given)[:]["windows"]
    for column in [pd.Series, lambda values: pl.Series(values=values), lambda v: pa.chunked_array([v])]:
        columns = {name: column(values) for name, values in given.items()}
        got = barloom.build_dataset(CFG, 20, bars=columns)[:]["windows"]
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("more than the available memory", lambda ds: ds[:]),
        ("more than the available memory", lambda ds: ds.read()),
        ("more than the available memory", lambda ds: ds.loader(2**32 - 1)),
        ("prefetch: expected a whole number up to", lambda ds: ds.loader(prefetch=2**63)),
        ("threads: expected a whole number up to", lambda ds: ds.loader(threads=2_000)),
    ],
)
def test_sizes_that_cannot_be(what: str, call: Any) -> None:
    ds = barloom.build_dataset(CFG, 10**15, bars=bars())
    with pytest.raises(barloom.RecipeError, match=what):
        call(ds)


def test_a_fraction_is_rounded() -> None:
    ds = barloom.build_dataset(CFG, 100, bars=bars())
    for fraction, count in [(0.07, 7), (0.55, 55), (0.001, 1), (1.0, 100)]:
        loader = ds.loader(1, fraction=fraction)
        assert len(loader) == count


def test_a_state_is_that_of_all_ranks_also_where_few_samples_are_left() -> None:
    ds = barloom.build_dataset(CFG, 7, bars=bars())
    loaders = [ds.loader(3, rank=rank, world_size=2, epoch=3) for rank in range(2)]
    ranks = [iter(loader) for loader in loaders]
    for batches in ranks:
        next(batches)
    # One sample is left, and it is rank 0's: rank 1 is done.
    assert next(ranks[1], None) is None
    states = [loader.state_dict() for loader in loaders]
    assert states[0] == states[1]
    rest = ds.loader(3)
    rest.load_state_dict(states[1])
    assert sum(len(batch["reward"]) for batch in rest) == 1


DEADLOCK = """
import logging, threading
import numpy as np
import barloom
logging.basicConfig(level=logging.INFO, filename={log!r})
close = 100 + np.sin(np.arange(500.0))
ts = np.datetime64("2024-01-01", "ns") + np.arange(500) * np.timedelta64(60, "s")
bars = dict(ts=ts, open=close, high=close + 1, low=close - 1, close=close, volume=close)
for _ in range(40):
    ds = barloom.build_dataset({{"dataset": {{"lookback": 8, "forward": 5}}}}, 10, bars=bars)
    work = [lambda: ds[0], lambda: ds.read(0, 1), lambda: ds.loader(2)]
    threads = [threading.Thread(target=work) for work in work * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_ask_for_the_first_sample_do_not_wait_for_each_other(tmp_path: Any) -> None:
    script = DEADLOCK.format(log=str(tmp_path / "log"))
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("name", ["ts", "Date", "time", "datetime", "open_time"])
def test_what_is_left_of_a_numbering_is_no_time(name: str):
    """Rows of a DataFrame that were dropped or sorted keep their numbers, which are not times."""
    frame = pd.DataFrame(made_bars()).rename(columns={"ts": name})
    times = pd.to_datetime(frame[name])
    plain = barloom.build_dataset(small_recipe(), 50, bars=frame.assign(**{name: times}))
    wanted = plain.take(range(50), columns=["ts"])
    kept = frame.assign(**{name: times})
    shuffled = kept.iloc[::-1].sort_values(name)
    doubled = pd.concat([kept.iloc[:300], kept.iloc[300:]])
    for bars in (shuffled, doubled, kept[kept["close"] > 0].set_axis(range(len(kept), 0, -1))):
        got = barloom.build_dataset(small_recipe(), 50, bars=bars)
        taken = got.take(range(50), columns=["ts"])
        for column, values in wanted.items():
            np.testing.assert_array_equal(taken[column], values, err_msg=column)


def test_an_index_of_times_is_one_whatever_its_name():
    frame = pd.DataFrame(made_bars())
    frame["ts"] = pd.to_datetime(frame["ts"])
    wanted = barloom.build_dataset(small_recipe(), 50, bars=frame)[0:50]["windows"]
    by_name = frame.set_index("ts")
    for bars in (by_name, by_name.rename_axis(None), frame.set_index("ts", drop=False)):
        got = barloom.build_dataset(small_recipe(), 50, bars=bars)[0:50]["windows"]
        np.testing.assert_array_equal(got, wanted)

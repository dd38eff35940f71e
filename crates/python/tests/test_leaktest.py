"""Functions that look ahead are found, with the first row and the reach, and no others."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import barloom
from barloom import LeakError, LeakTest, NondeterministicError, leaktest
from conftest import made_bars

BARS = made_bars(3_000)
FRAME = pd.DataFrame(BARS)

Function = Callable[[Any], Any]


def daily(how: str) -> Function:
    return lambda bars: bars.groupby(bars["ts"].dt.floor("D"))["close"].transform(how)


def scaled(bars: pd.DataFrame) -> Any:
    return (bars["close"] - bars["close"].mean()) / bars["close"].std()


def rolling_mean_filled(bars: pd.DataFrame) -> Any:
    return bars["close"].rolling(20).mean().bfill()


AHEAD: dict[str, tuple[Function, int, int | str]] = {
    "1": (lambda b: b["close"].shift(-1), 0, 1),
    "10": (lambda b: b["close"].shift(-10), 0, 10),
    "1000": (lambda b: b["close"].shift(-1_000), 0, 1_000),
    "return": (lambda b: b["close"].shift(-1) / b["close"] - 1, 0, 1),
    "label": (lambda b: np.sign(b["close"].shift(-1) - b["close"]), 0, 1),
    "best of 5": (lambda b: b["high"].rolling(5).max().shift(-5), 0, 5),
    "centred": (lambda b: b["close"].rolling(21, center=True).mean(), 10, 10),
    "centred early": (lambda b: b["close"].rolling(21, center=True, min_periods=1).mean(), 0, 10),
    "gradient": (lambda b: np.gradient(b["close"]), 0, 1),
    "backfill": (rolling_mean_filled, 0, 19),
    "day's last": (daily("last"), 0, 23),
    "mean": (lambda b: b["close"] - b["close"].mean(), 0, "all"),
    "scaler": (scaled, 0, "all"),
    "volume's mean": (lambda b: b["volume"] / b["volume"].mean(), 0, "all"),
    "range": (lambda b: b["close"] / b["close"].max(), 0, "all"),
    "rank": (lambda b: b["close"].rank(pct=True), 0, "all"),
    "quantiles": (lambda b: pd.qcut(b["close"], 10, labels=False), 0, "all"),
    "last close": (lambda b: b["close"] / b["close"].iloc[-1], 0, "all"),
    "length": (lambda b: np.arange(1, len(b) + 1) / len(b), 0, "all"),
}


@pytest.mark.parametrize("name", AHEAD)
def test_look_ahead_is_found_with_its_first_row_and_reach(name: str):
    f, row, ahead = AHEAD[name]
    test = leaktest(f, FRAME)
    assert (test.ok, test.row, test.ahead, test.column) == (False, row, ahead, None)
    assert test.ts == BARS["ts"][row]
    assert test.rows == 3_000 and test.calls < 120
    with pytest.raises(LeakError, match=rf"row {row} \(2020-01-01 {row:02}:00:00\) changes with"):
        test.raise_if_leaks()


def over(window: int, f: Function) -> Function:
    """A value of the last closes, 0 where there are too few."""

    def of(bars: Any) -> Any:
        close = np.asarray(bars["close"])
        values = np.zeros(len(close))
        for row in range(window - 1, len(close)):
            values[row] = f(close[row - window + 1 : row + 1])
        return values

    return of


SOUND: dict[str, tuple[Function, int | str]] = {
    "itself": (lambda b: 2 * b["close"], 0),
    "shift": (lambda b: b["close"].shift(3), 3),
    "rolling": (lambda b: b["close"].rolling(20).mean(), 19),
    "deviation": (lambda b: b["close"].rolling(50).std(), 49),
    "dropped": (lambda b: b["close"].pct_change().dropna(), 1),
    "correlation": (lambda b: b["close"].rolling(30).corr(b["volume"]), 29),
    "cumulated": (lambda b: b["volume"].cumsum(), "all"),
    "expanding": (lambda b: b["close"].expanding().max(), "all"),
    "own window": (over(7, np.median), 6),
    "filled": (lambda b: b["close"].rolling(20).mean().ffill(), 19),
    "text": (lambda b: np.where(b["close"] > b["open"], "up", "down"), 0),
    "flags": (lambda b: (b["close"] > b["close"].shift(1)).tolist(), 1),
    "constant": (lambda b: np.ones(len(b)), 0),
    "day's first": (daily("first"), 23),
    "hour": (lambda b: b["ts"].dt.hour, 0),
    "times": (lambda b: b["ts"].shift(1), 1),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_functions_pass_with_their_history(name: str):
    f, history = SOUND[name]
    test = leaktest(f, FRAME)
    assert (test.ok, test.row, test.ts, test.ahead) == (True, None, None, 0), str(test)
    assert test.history == history
    assert test.calls < 100
    test.raise_if_leaks()


def test_recursive_functions_need_what_weighs_more_than_a_part_in_1e8():
    for span in (5, 20, 60):
        test = leaktest(lambda b: b["close"].ewm(span=span, adjust=False).mean(), FRAME)
        weight = math.log(1e-8) / math.log(1 - 2 / (span + 1))
        assert test.ok and 0.5 * weight < test.history < 1.2 * weight


def test_talib_passes():
    talib = pytest.importorskip("talib")
    for f in (
        lambda b: talib.RSI(b["close"], 14),
        lambda b: talib.EMA(b["close"], 30),
        lambda b: talib.MACD(b["close"]),
        lambda b: np.column_stack(talib.BBANDS(b["close"], 20)),
        lambda b: talib.ATR(b["high"], b["low"], b["close"]),
        lambda b: talib.ADX(b["high"], b["low"], b["close"]),
        lambda b: talib.SAR(b["high"], b["low"]),
        lambda b: talib.OBV(b["close"], b["volume"]),
        lambda b: talib.CDLENGULFING(b["open"], b["high"], b["low"], b["close"]),
    ):
        assert leaktest(f, FRAME).ok
        assert leaktest(f, BARS, table="dict").ok
    ahead = leaktest(lambda b: talib.RSI(b["close"], 14).shift(-2), FRAME)
    assert (ahead.ok, ahead.ahead) == (False, 2)


def test_polars_functions():
    close = pl.col("close")
    frame = pl.DataFrame(BARS)
    sound = (close.rolling_mean(20), close.ewm_mean(span=10), close.shift(1), close.diff(5))
    for column in sound:
        for result in (lambda b: b.select(column), lambda b: b.lazy().select(column)):
            assert leaktest(result, frame).ok
    test = leaktest(lambda b: b.select(close.shift(-1)).to_series(), frame)
    assert (test.ok, test.row, test.ahead, test.history) == (False, 0, 1, 0)
    assert leaktest(lambda b: b.select(close - close.mean()), frame.lazy()).ahead == "all"
    nulls = frame.with_columns(rate=pl.when(pl.int_range(3_000) % 8 == 0).then(close))
    assert leaktest(lambda b: b["rate"].fill_null(strategy="forward"), nulls).history == 7
    filled = leaktest(lambda b: b["rate"].fill_null(strategy="backward"), nulls)
    assert (filled.row, filled.ahead) == (1, 7)


def test_forms_of_bars_and_of_tables(spy: Path):
    def form(wanted: type) -> Function:
        def f(bars: Any) -> Any:
            assert isinstance(bars, wanted)
            return bars["close"] * 2

        return f

    forms = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "dict": dict}
    for bars in (BARS, FRAME, pl.DataFrame(BARS), pl.LazyFrame(BARS), spy, barloom.sample_bars()):
        for table, wanted in forms.items():
            assert leaktest(form(wanted), bars, table=table, rows=300).rows == 300
    for bars, wanted in [(BARS, dict), (FRAME, pd.DataFrame), (spy, pd.DataFrame)]:
        assert leaktest(form(wanted), bars, rows=300).ok
    with pytest.raises(
        ValueError, match='table: expected "pandas", "polars" or "dict", got "arrow"'
    ):
        leaktest(form(dict), BARS, table="arrow")
    by_time = FRAME.set_index("ts").rename(columns=str.title)
    test = leaktest(lambda b: b["Close"].shift(-1), by_time)
    assert (test.row, test.ahead, test.ts) == (0, 1, BARS["ts"][0])
    levels = by_time.set_axis(pd.MultiIndex.from_product([by_time.columns, ["SPY"]]), axis=1)
    assert leaktest(lambda b: b["Close"].shift(-2), levels).ahead == 2
    assert leaktest(lambda b: b["Close"]["SPY"].diff(2), levels).history == 2


def test_results_of_other_forms():
    two = {"a": lambda b: b["close"], "b": lambda b: b["close"].shift(-4)}
    results: list[Function] = [
        lambda b: {name: f(b) for name, f in two.items()},
        lambda b: pd.DataFrame({name: f(b) for name, f in two.items()}),
        lambda b: pl.DataFrame({name: f(b).to_numpy() for name, f in two.items()}),
    ]
    for f in results:
        test = leaktest(f, FRAME)
        assert (test.ok, test.column, test.ahead) == (False, "b", 4)
        assert "of column 'b'" in str(test)
    for f in (
        lambda b: np.column_stack([g(b) for g in two.values()]),
        lambda b: tuple(g(b) for g in two.values()),
    ):
        assert leaktest(f, FRAME).column == "1"
    assert leaktest(lambda b: two["b"](b).tolist(), FRAME).column is None
    nullable = FRAME.astype({"volume": "Int64", "close": "Float64"})
    assert leaktest(lambda b: b["volume"].shift(-3), nullable).ahead == 3
    assert leaktest(lambda b: b["close"].rolling(5).mean(), nullable).history == 4
    whole = FRAME.astype({"volume": "int32"})
    assert leaktest(lambda b: b["volume"].shift(-3), whole).ahead == 3
    for result, says in [
        (
            lambda b: b["close"].to_numpy()[:-1],
            "expected a value for each of 3,000 rows, got 2,999",
        ),
        (lambda b: 5.0, "got shape"),
        (lambda b: {"a": b["close"], "b": [1.0]}, "column 'b': expected a value for each"),
        (lambda b: {}, "a table without columns"),
    ]:
        with pytest.raises(barloom.DataError, match=says):
            leaktest(result, FRAME)


def test_missing_values_that_are_filled_from_behind():
    rate = np.where(np.arange(3_000) == 700, np.nan, BARS["close"])
    bars = FRAME.assign(rate=rate)
    test = leaktest(lambda b: b["rate"].bfill(), bars)
    assert (test.ok, test.row, test.ahead) == (False, 700, 1)
    assert leaktest(lambda b: b["rate"].ffill(), bars).ok
    assert leaktest(lambda b: b["rate"].interpolate(), bars).row == 700


def test_a_function_may_write_to_its_table():
    def f(bars: Any) -> Any:
        bars["close"] *= 2
        return bars["close"]

    for bars in (BARS, FRAME):
        before = np.asarray(bars["close"]).copy()
        assert leaktest(f, bars, rows=200).ok
        assert np.array_equal(bars["close"], before)


def test_chance_is_an_error_of_its_own():
    rng = np.random.default_rng(1)
    with pytest.raises(NondeterministicError, match="other? value at row 0 when called again"):
        leaktest(lambda b: b["close"] + rng.normal(size=len(b)), FRAME)
    seeded = leaktest(lambda b: b["close"] + np.random.default_rng(1).normal(size=len(b)), FRAME)
    assert seeded.ok


def test_errors_of_the_function_are_its_own():
    with pytest.raises(KeyError, match="Close"):
        leaktest(lambda b: b["Close"], FRAME)

    def needs_rows(bars: Any) -> Any:
        if len(bars) < 100:
            raise RuntimeError("too few rows")
        return bars["close"].rolling(100).mean().shift(-1)

    def needs_these(bars: Any) -> Any:
        assert bars.equals(FRAME), "other bars"
        return bars["close"].shift(-1)

    with pytest.raises(barloom.DataError, match="nothing was compared.*other bars"):
        leaktest(needs_these, FRAME)
    test = leaktest(needs_rows, FRAME)
    assert (test.ok, test.row, test.ahead) == (False, 98, 1)


def test_bars_that_cannot_be():
    f = SOUND["itself"][0]
    two = pd.concat([FRAME.assign(symbol="A"), FRAME.assign(symbol="B")])
    for bars in (two, pl.DataFrame(two), {name: two[name].to_numpy() for name in two}):
        with pytest.raises(barloom.DataError, match="of one symbol, got 2 symbols"):
            leaktest(f, bars)
    with pytest.raises(barloom.DataError, match="of one symbol, got 2 symbols"):
        leaktest(f, {"A": FRAME, "B": FRAME})
    with pytest.raises(barloom.DataError, match="needs 2 rows or more, got 1"):
        leaktest(f, FRAME.iloc[:1])
    with pytest.raises(barloom.DataError, match=r"columns of one length, got lengths \[2, 3\]"):
        leaktest(f, {"close": np.ones(3), "open": np.ones(2)})


def test_few_rows():
    for rows in (2, 3, 10, 40):
        few = FRAME.iloc[:rows]
        assert leaktest(SOUND["itself"][0], few).ok
        test = leaktest(AHEAD["1"][0], few)
        assert (test.ok, test.row) == (False, 0)
        assert test.ahead in (1, "all") if rows == 2 else test.ahead == 1


def test_results_are_repeated_and_read_well():
    f = SOUND["rolling"][0]
    assert leaktest(f, FRAME) == leaktest(f, FRAME)
    assert leaktest(f, FRAME, history=False).history is None
    sound = str(leaktest(f, FRAME))
    assert sound.startswith("No look-ahead found in 3,000 rows and ")
    assert sound.endswith(" calls. A value needs 19 rows before its own.")
    ahead = str(leaktest(AHEAD["10"][0], FRAME))
    assert "it looks 10 rows ahead" in ahead and "no shift(-1)" in ahead
    assert "depends on all later rows" in str(leaktest(AHEAD["mean"][0], FRAME))
    assert isinstance(leaktest(f, FRAME, seed=5), LeakTest)

"""Python functions as features: values, datasets, markets of symbols, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import barloom
from conftest import made_bars

BARS = made_bars(1_500)
CLOSE = pd.Series(BARS["close"])


def momentum(bars: pd.DataFrame) -> pd.Series:
    return bars["close"] / bars["close"].shift(10) - 1


def test_functions_and_expressions_stand_side_by_side():
    features = {
        "ret": "log(close / lag(close, 1))",
        "mom": momentum,
        "smooth": "mean(mom, 5)",
    }
    table = barloom.features(BARS, features, feature_history="series")
    assert table.column_names == ["symbol", "ts", "ret", "mom", "smooth"]
    expected = (CLOSE / CLOSE.shift(10) - 1).to_numpy()
    np.testing.assert_array_equal(table["mom"], expected)
    rolled = pd.Series(expected).rolling(5).mean()
    np.testing.assert_allclose(table["smooth"], rolled, rtol=1e-9, atol=1e-12)


def test_tables_and_results_of_other_forms():
    seen = []

    def doubled(bars: Any) -> list[float]:
        seen.append(type(bars))
        assert list(bars) == ["ts", "open", "high", "low", "close", "volume"]
        return [2.0 * close for close in bars["close"].tolist()]

    lazy = barloom.feature(
        lambda bars: bars.lazy().select(pl.col("close").rolling_mean(3)), table="polars"
    )
    features = {
        "a": doubled,
        "b": barloom.feature(doubled, table="dict"),
        "c": lazy,
        "up": lambda bars: bars["close"] > bars["open"],
        "dropped": lambda bars: bars["close"].diff().dropna(),
        "backwards": lambda bars: bars["close"].diff().iloc[::-1],
        "unlimited": lambda bars: np.where(bars["close"] > 100, np.inf, bars["close"]),
    }
    table = barloom.features(BARS, features)
    assert set(seen) == {pd.DataFrame, dict}
    for name in "ab":
        np.testing.assert_array_equal(table[name], 2 * BARS["close"])
    np.testing.assert_allclose(table["c"], CLOSE.rolling(3).mean(), rtol=1e-12)
    np.testing.assert_array_equal(table["up"], BARS["close"] > BARS["open"])
    for name in ("dropped", "backwards"):
        np.testing.assert_array_equal(table[name], CLOSE.diff())
    np.testing.assert_array_equal(table["unlimited"], CLOSE.where(CLOSE <= 100))


def test_talib_is_a_function():
    talib = pytest.importorskip("talib")
    table = barloom.features(BARS, {"rsi": lambda bars: talib.RSI(bars["close"], 14)})
    np.testing.assert_array_equal(table["rsi"], talib.RSI(BARS["close"], 14))


RECIPE = {
    "data": {"channels": ["close", "mom", "z"], "snapshot": ["gap"]},
    "features": {
        "mom": momentum,
        "z": "zscore(mom, 20)",
        "gap": lambda bars: np.log(bars["open"] / bars["close"].shift(1)),
    },
    "dataset": {"lookback": 16, "forward": 8},
    "scaling": {"features": {"kind": "standard", "fit": "all"}, "mom": "none", "snapshot": {"gap": "none"}},
}


def test_a_dataset_stores_the_values_and_no_code(tmp_path: Path):
    made = barloom.build_dataset(RECIPE, 200, bars=BARS, out=tmp_path / "d")
    assert made.channels == ["close", "mom", "z"] and made.snapshot_names == ["gap"]
    barloom.verify(tmp_path / "d", full=True)
    opened = barloom.open(tmp_path / "d")
    in_memory = barloom.build_dataset(RECIPE, 200, bars=BARS)
    for name in ("windows", "snapshot", "reward"):
        np.testing.assert_array_equal(made[:][name], in_memory[:][name])
        np.testing.assert_array_equal(opened[:][name], in_memory[:][name])
    mom, gap = momentum(pd.DataFrame(BARS)), np.log(BARS["open"] / CLOSE.shift(1))
    for sample, t in enumerate(made.to_pandas()["bar"]):
        window = made[sample]["windows"][1]
        np.testing.assert_array_equal(window, mom[t - 16 : t].to_numpy(np.float32))
        assert made[sample]["snapshot"][0] == np.float32(gap[t - 1])
    assert made.recipe.to_dict()["features"]["mom"] == "python_mom"

    # Other bars need the functions again.
    recipe = str(tmp_path / "d" / "recipe.toml")
    other = made_bars(1_500, seed=8)
    with pytest.raises(barloom.RecipeError, match="no column `python_(gap|mom)`"):
        barloom.build_dataset(recipe, 200, bars=other)
    functions = {name: RECIPE["features"][name] for name in ("mom", "gap")}
    again = barloom.build_dataset(recipe, 200, bars=BARS, features=functions)
    np.testing.assert_array_equal(again[:]["windows"], made[:]["windows"])
    assert len(barloom.build_dataset(recipe, 200, bars=other, features=functions)) == 200


def test_other_values_make_another_dataset():
    def digest(factor: float) -> Any:
        recipe = {**RECIPE, "features": {**RECIPE["features"], "mom": lambda b: factor * momentum(b)}}
        return barloom.build_dataset(recipe, 50, bars=BARS)[:]["windows"]

    assert not np.array_equal(digest(1.0), digest(2.0))


def test_missing_values_bar_samples_and_end_no_segment():
    def holes(bars: pd.DataFrame) -> pd.Series:
        return bars["close"].where(bars.index % 100 != 50)

    recipe = {
        "data": {"channels": ["close", "x"]},
        "features": {"x": holes},
        "dataset": {"samples": "all", "positions": "sequential", "lookback": 4, "forward": 8},
        "scaling": {"x": "none"},
    }
    bars = {name: values[:500] for name, values in BARS.items()}
    ds = barloom.build_dataset(recipe, bars=bars)
    t = ds.to_pandas()["bar"].to_numpy()
    # Windows [t - 4, t) lack the missing bars; rewards pass over them.
    assert not any(((t - 4 <= hole) & (hole < t)).any() for hole in range(50, 500, 100))
    assert {50, 45, 55} <= set(t.tolist())


def test_bars_are_read_as_ever():
    bars = {name: values.copy() for name, values in BARS.items()}
    bars["high"][700] = bars["low"][700] / 2  # a bar to drop, where a segment ends
    kept = np.arange(1_500) != 700
    recipe = {**RECIPE, "features": {**RECIPE["features"], "mom": "close / lag(close, 10) - 1"}}
    recipe["features"].pop("gap")
    recipe["data"] = {"channels": ["close", "mom", "z"], "on_bad_bar": "drop", "feature_history": "series"}
    recipe["scaling"] = {"features": "none"}
    expression = barloom.build_dataset(recipe, 300, bars=bars)
    recipe["features"] = {**recipe["features"], "mom": momentum}
    function = barloom.build_dataset(recipe, 300, bars=bars)
    assert function.positions == expression.positions
    assert len(barloom.features(bars, {"mom": momentum}, on_bad_bar="drop")) == kept.sum()
    np.testing.assert_allclose(
        function[:]["windows"], expression[:]["windows"], rtol=1e-5, atol=1e-7
    )
    hours = barloom.features(BARS, {"mom": momentum}, aggregate="4h")
    coarse = pd.Series(barloom.read_bars(BARS, aggregate="4h")["close"])
    np.testing.assert_array_equal(hours["mom"], coarse / coarse.shift(10) - 1)


MARKET = {symbol: made_bars(900, seed) for seed, symbol in enumerate(("AAA", "BBB", "CCC"))}
MARKET["BBB"] = {name: values[300:] for name, values in MARKET["BBB"].items()}


@barloom.feature(by="market")
def relative(bars: pd.DataFrame) -> pd.Series:
    change = bars.groupby("symbol")["close"].pct_change(5)
    return change - change.groupby(bars["ts"]).transform("mean")


def test_a_function_of_the_market_sees_all_symbols():
    table = barloom.features(
        MARKET, {"x": relative, "y": momentum, "same": "cs_demean(close / lag(close, 5) - 1)"},
        feature_history="series",
    )
    np.testing.assert_allclose(table["x"], table["same"], rtol=1e-9, atol=1e-14)
    by_symbol = [pd.Series(bars["close"]) for bars in MARKET.values()]
    np.testing.assert_array_equal(table["y"], np.concatenate([c / c.shift(10) - 1 for c in by_symbol]))
    assert relative.__name__ == "relative" and barloom.leaktest(relative, MARKET).ok
    shapes = []
    barloom.features(
        MARKET,
        {"n": barloom.feature(lambda b: shapes.append(b["symbol"].dtype) or b["close"], by="market", table="dict")},
    )
    assert shapes


@pytest.mark.parametrize(
    "ahead",
    [
        lambda bars: bars.groupby("symbol")["close"].shift(-1),
        lambda bars: bars.groupby("symbol")["close"].rank(),
        # Of other symbols alone.
        lambda bars: bars.groupby("ts")["close"].transform("mean").groupby(bars["symbol"]).shift(-1),
        lambda bars: bars["close"] - bars["close"].mean(),
    ],
)
def test_look_ahead_in_a_market_is_found(ahead: Any):
    f = barloom.feature(ahead, by="market")
    with pytest.raises(barloom.LeakError, match="^features.x: The function looks ahead"):
        barloom.features(MARKET, {"x": f})
    test = barloom.leaktest(f, MARKET)
    assert not test.ok and test.column in MARKET


def test_look_ahead_is_refused_with_its_row_and_reach():
    with pytest.raises(
        barloom.LeakError,
        match=r"^features.next: symbol bars: The function looks ahead: the value of row 0 "
        r"\(2020-01-01 00:00:00\) changes with later rows; it looks 3 rows ahead",
    ):
        barloom.features(BARS, {"next": lambda bars: bars["close"].shift(-3)})
    recipe = {**RECIPE, "features": {**RECIPE["features"], "mom": lambda b: b["close"] / b["close"].mean()}}
    with pytest.raises(barloom.LeakError, match="features.mom: .*depends on all later rows"):
        barloom.build_dataset(recipe, 50, bars=BARS)


def test_look_ahead_after_the_tested_rows_and_of_another_symbol_is_refused():
    many = made_bars(9_000)

    def late(bars: pd.DataFrame) -> pd.Series:
        close = bars["close"].copy()
        close[4_200:] = close.shift(-700)[4_200:]
        return close

    def other(bars: pd.DataFrame) -> pd.Series:
        return bars["close"].shift(-1 if bars["ts"].iloc[0] > BARS["ts"][9] else 1)

    with pytest.raises(barloom.LeakError, match="features.x: .*row 42.* without the second half"):
        barloom.features(many, {"x": late})
    with pytest.raises(barloom.LeakError, match="features.x: symbol BBB: "):
        barloom.features(MARKET, {"x": other})


def test_chance_is_refused():
    with pytest.raises(barloom.NondeterministicError, match="^features.x: symbol bars: gives another"):
        barloom.features(BARS, {"x": lambda bars: np.random.default_rng().normal(size=len(bars))})


def fails(bars: Any) -> Any:
    raise KeyError("vwap")


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (fails, "^features.x: symbol AAA: the function raised KeyError: 'vwap'"),
        (lambda b: b["close"].to_numpy()[1:], "^features.x: symbol AAA: expected a value for each of 900"),
        (lambda b: 1.0, "^features.x: symbol AAA: expected a value for each of 900 rows, got shape"),
        (lambda b: b[["open", "close"]], "expected one number for each row, got the columns open, close"),
        (lambda b: np.where(b["close"] > 100, "up", "down"), "expected a number for each row, got str"),
        (lambda b: None, "^features.x: symbol AAA: expected"),
    ],
)
def test_wrong_results_name_the_feature_and_the_symbol(f: Any, message: str):
    with pytest.raises(barloom.DataError, match=message):
        barloom.features(MARKET, {"x": f})


def test_wrong_requests_are_told():
    with pytest.raises(ValueError, match='by: expected "symbol" or "market", got \'day\''):
        barloom.feature(momentum, by="day")
    with pytest.raises(ValueError, match="table: expected"):
        barloom.feature(table="arrow")
    with pytest.raises(TypeError, match="expected a function of bars, got str"):
        barloom.feature("close")
    with pytest.raises(barloom.RecipeError, match="python_x"):
        barloom.features(BARS, {"x": momentum, "y": "close + nothing"} | {"python_x": "close"})
    with pytest.raises(barloom.DataError, match="python_x"):
        barloom.features({**BARS, "python_x": CLOSE}, {"x": momentum})
    with pytest.raises(TypeError, match="is a function; pass it to build_dataset"):
        barloom.Recipe({"features": {"x": momentum}})


def test_without_bars_the_error_says_how_to_give_them():
    with pytest.raises(barloom.RecipeError) as plain:
        barloom.build_dataset(None, features={"x": "close"})
    with pytest.raises(barloom.RecipeError) as own:
        barloom.build_dataset(None, features={"x": lambda bars: bars["close"]})
    assert str(own.value) == str(plain.value)


def test_functions_of_polars_bars_take_polars():
    frame = pl.DataFrame({name: np.asarray(values) for name, values in BARS.items()})

    def mean(bars: pl.DataFrame) -> pl.Series:
        return bars["close"].rolling_mean(5)

    table = barloom.features(frame, {"x": mean}, feature_history="series")
    expected = CLOSE.rolling(5).mean().to_numpy()
    assert np.allclose(table.to_pandas()["x"], expected, rtol=1e-12, equal_nan=True)
    marked = barloom.feature(table="pandas")(lambda bars: bars["close"].rolling(5).mean())
    assert barloom.features(frame, {"x": marked}, feature_history="series").num_rows == len(CLOSE)

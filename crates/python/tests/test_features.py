"""Features: values against pandas and TA-Lib, in datasets and as tables, and errors."""

import pathlib
import re

import numpy as np
import pytest

import barloom

PAIRS = pathlib.Path(__file__).parents[3] / "docs" / "from-pandas.md"


def bars(rows=600, seed=1):
    """Bars of one symbol as arrays: minutes without a gap."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.002, rows)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(open_, close) * (1 + draw.random(rows) * 0.001)
    low = np.minimum(open_, close) * (1 - draw.random(rows) * 0.001)
    ts = np.datetime64("2024-03-04", "ns") + np.arange(rows) * np.timedelta64(60, "s")
    volume = np.floor(draw.random(rows) * 1000)
    return {"ts": ts, "open": open_, "high": high, "low": low, "close": close, "volume": volume}


def values(table, name):
    """A column as float64, NaN where it is missing."""
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table(table).column(name).to_numpy()


def fitted(of):
    """A number of the least squares line through the last n values, from two values on."""

    def value(window):
        if len(window) < 2:
            return np.nan
        places = np.arange(1.0, len(window) + 1)
        slope, start = np.polyfit(places, window, 1)
        return of(window, slope, start + slope * places)

    return lambda x, n: x.rolling(n, min_periods=1).apply(value, raw=True)


#: Operators of qlib, by pandas.
QLIB = {
    "Ref": lambda x, n: x.shift(n),
    "Mean": lambda x, n: x.rolling(n, min_periods=1).mean(),
    "Std": lambda x, n: x.rolling(n, min_periods=1).std(),
    "Slope": fitted(lambda window, slope, line: slope),
    "Rsquare": fitted(lambda window, slope, line: np.corrcoef(window, line)[0, 1] ** 2),
    "Resi": fitted(lambda window, slope, line: window[-1] - line[-1]),
    "Quantile": lambda x, n, q: x.rolling(n, min_periods=1).quantile(q),
    "Rank": lambda x, n: x.rolling(n, min_periods=1).rank(pct=True),
    "IdxMax": lambda x, n: x.rolling(n, min_periods=1).apply(lambda w: w.argmax() + 1, raw=True),
    "Corr": lambda x, y, n: x.rolling(n, min_periods=1).corr(y),
    "Greater": np.maximum,
    "Log": np.log,
    "If": np.where,
}


def pairs():
    rows = [line for line in PAIRS.read_text().splitlines() if line.startswith("| `")]
    found = [tuple(re.findall(r"`([^`]*)`", row)) for row in rows]
    assert len(found) >= 35
    return found


@pytest.mark.parametrize(("theirs", "ours"), pairs())
def test_the_pairs_of_the_page_give_the_same_values(theirs, ours):
    pandas = pytest.importorskip("pandas")
    arrays = bars()
    df = pandas.DataFrame(arrays)
    names = {"df": df, "np": np, **{name: arrays[name] for name in ("high", "low", "close")}, **QLIB}
    theirs = re.sub(r"\$(\w+)", r"df.\1", theirs)
    if "talib" in theirs:
        names["talib"] = pytest.importorskip("talib")
    expected = np.asarray(eval(theirs, names), dtype=float)
    table = barloom.features(arrays, {"it": ours}, feature_warmup="defined")
    got = values(table, "it")
    assert np.isfinite(got).sum() > 500
    # A recursive function of pandas has values from the first row; ours too.
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12, equal_nan=True)


def test_a_table_has_symbols_times_and_the_features_in_order():
    pyarrow = pytest.importorskip("pyarrow")
    arrays = {"A": bars(50, 1), "B": bars(40, 2)}
    features = {
        "mom_{n}": {"of": "close / lag(close, {n}) - 1", "n": [5, 2]},
        "rank": "cs_rank(mom_2)",
        "other": "symbol('B', close)",
    }
    table = pyarrow.table(barloom.features(arrays, features))
    assert table.column_names == ["symbol", "ts", "mom_5", "mom_2", "rank", "other"]
    assert table.num_rows == 90
    symbols = np.array(table.column("symbol").to_pylist())
    mom = table.column("mom_2").to_numpy()
    close = arrays["A"]["close"]
    np.testing.assert_allclose(mom[symbols == "A"][2:], close[2:] / close[:-2] - 1, rtol=1e-12)
    rank = table.column("rank").to_numpy()
    assert set(rank[symbols == "B"][2:]) <= {0.5, 1.0}
    # B has 40 minutes: after that A sees its last close for one more minute.
    other = table.column("other").to_numpy()[symbols == "A"]
    np.testing.assert_array_equal(other[:40], arrays["B"]["close"])
    assert other[40] == arrays["B"]["close"][-1] and np.isnan(other[41:]).all()


def test_a_dataset_holds_the_features_of_its_windows():
    arrays = bars(2_000)
    recipe = {
        "data": {"channels": ["close", "ret", "z"], "snapshot": ["rsi"]},
        "features": {
            "ret": "log(close / lag(close, 1))",
            "z": "zscore(ret, 20)",
            "rsi": "ta.rsi(close, 14)",
        },
        "dataset": {"lookback": 16, "forward": 8},
        "scaling": {"ret": "none", "z": "none", "rsi": "none"},
    }
    ds = barloom.build_dataset(recipe, 300, bars=arrays)
    table = barloom.features(arrays, recipe["features"])
    ret, z, rsi = (values(table, name) for name in ("ret", "z", "rsi"))
    batch = ds[:]
    at = batch["bar"] if "bar" in batch else ds.to_pandas()["bar"].to_numpy()
    for sample, t in enumerate(at):
        windows = batch["windows"][sample]
        np.testing.assert_array_equal(windows[1], ret[t - 16 : t].astype(np.float32))
        np.testing.assert_array_equal(windows[2], z[t - 16 : t].astype(np.float32))
        assert batch["snapshot"][sample, 0] == np.float32(rsi[t - 1])
    # The first rows of RSI are not stable, so no sample has them.
    first = np.flatnonzero(np.isfinite(rsi))[0]
    assert first > 250 and at.min() > first


def test_a_stored_dataset_with_features_is_verified_and_gives_the_same_samples(tmp_path):
    arrays = bars(1_500)
    recipe = {
        "data": {"channels": ["close", "spread", "rank"], "snapshot": ["flow"]},
        # These use columns that samples do not hold.
        "features": {
            "spread": "(high - low) / open",
            "rank": "rank(volume, 10)",
            "flow": "mean(where(close > open, volume, -volume), 5)",
        },
        "dataset": {"lookback": 16, "forward": 8},
        "scaling": {"features": "none"},
    }
    made = barloom.build_dataset(recipe, 200, bars=arrays, out=tmp_path / "d")
    assert any(note.startswith("bars without a value: rank 9 (9 warm-up)") for note in made.notes)
    (verified,) = barloom.verify(tmp_path / "d", full=True)["datasets"]
    assert verified["features"] == {"compared": 3, "skipped": [], "because": None}
    in_memory = barloom.build_dataset(recipe, 200, bars=arrays)
    opened = barloom.open(tmp_path / "d")
    for name in ("windows", "snapshot", "reward"):
        np.testing.assert_array_equal(made[:][name], in_memory[:][name])
        np.testing.assert_array_equal(opened[:][name], in_memory[:][name])
    # Its bars make another dataset, with features that are computed anew.
    again = barloom.build_dataset(recipe, 200, bars=str(tmp_path / "d" / "bars.arrow"))
    np.testing.assert_array_equal(again[:]["windows"], in_memory[:]["windows"])


def test_wrong_features_are_told():
    with pytest.raises(barloom.RecipeError, match="features.x: column 9: there is no function `shift`; use `lag"):
        barloom.features(bars(50), {"x": "close / shift(close, 1)"})
    with pytest.raises(barloom.RecipeError, match="no column `funding`"):
        barloom.features(bars(50), {"x": "funding * 2"})
    with pytest.raises(barloom.RecipeError, match="a column of this name too"):
        barloom.features(bars(50) | {"ret": np.zeros(50)}, {"ret": "close / open"})
    with pytest.raises(barloom.RecipeError, match="no features"):
        barloom.features(bars(50), {})
    recipe = {"data": {"channels": ["x"]}, "features": {"x": "lag(close, -1)"}, "scaling": {"x": "none"}}
    with pytest.raises(barloom.RecipeError, match="would look ahead"):
        barloom.build_dataset(recipe, 10, bars=bars(500))

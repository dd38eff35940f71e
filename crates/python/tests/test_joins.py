"""Joins of slower series: against Polars' join_asof, and errors."""

import itertools

import numpy as np
import pytest

import barloom

MINUTE = 60_000_000_000
START = np.datetime64("2024-03-04", "ns").astype(np.int64)


def bars(rows, seed):
    """Bars of one minute with holes."""
    draw = np.random.default_rng(seed)
    ts = START + np.flatnonzero(draw.random(2 * rows) < 0.9)[:rows] * MINUTE
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.002, rows)))
    ts = ts.astype("datetime64[ns]")
    return {"ts": ts, "open": close, "high": close, "low": close, "close": close}


def records(polars, seed, symbols=()):
    """Records at times of which several are equal, some on the minute."""
    draw = np.random.default_rng(seed)
    times = START + np.sort(draw.integers(0, 900, 300)) * (MINUTE // 2)
    columns = {"known": times.astype("datetime64[ns]"), "rate": draw.normal(size=300)}
    if symbols:
        columns["symbol"] = draw.choice(symbols, 300)
    table = polars.DataFrame(columns)
    return table.with_columns(polars.when(polars.col("rate") > 1.5).then(None).otherwise("rate").alias("rate"))


def expected(polars, arrays, table, delay, max_age, ties):
    """What Polars joins to the closes of bars."""
    # A bar closes a minute after its open, the next of which is never earlier.
    left = polars.DataFrame({"close_time": arrays["ts"] + np.timedelta64(MINUTE, "ns")})
    right = table.with_columns((polars.col("known") + polars.duration(nanoseconds=delay)).alias("known"))
    # Of records with equal times the last.
    right = right.unique("known", keep="last", maintain_order=True).sort("known").set_sorted("known")
    joined = left.set_sorted("close_time").join_asof(
        right,
        left_on="close_time",
        right_on="known",
        strategy="backward",
        tolerance=None if max_age is None else f"{max_age}ns",
        allow_exact_matches=ties == "at",
    )
    return joined["rate"].to_numpy().astype(float)


CASES = list(itertools.product([0, 45 * 1_000_000_000, 10 * MINUTE], [None, MINUTE, 20 * MINUTE], ["before", "at"]))


@pytest.mark.parametrize(("delay", "max_age", "ties"), CASES)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_joins_are_those_of_polars(tmp_path, delay, max_age, ties, ending):
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    table = records(polars, 3)
    path = tmp_path / f"rates.{ending}"
    table.write_csv(path) if ending == "csv" else table.write_parquet(path)
    arrays = bars(400, 1)
    join = {"name": "slow", "files": str(path), "time": "known", "ties": ties, "delay": f"{delay}ns"}
    if not delay:
        join["delay"] = "0s"
    if max_age is not None:
        join["max_age"] = f"{max_age}ns"
    got = pyarrow.table(barloom.features(arrays, {"x": "join.slow.rate"}, join=[join]))
    want = expected(polars, arrays, table, delay, max_age, ties)
    np.testing.assert_array_equal(got.column("x").to_numpy(), want)
    assert 30 < np.isfinite(want).sum()


def test_each_symbol_has_its_own_records(tmp_path):
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    table = records(polars, 5, ["A", "B"])
    path = tmp_path / "rates.parquet"
    table.write_parquet(path)
    arrays = {"A": bars(300, 1), "B": bars(300, 2)}
    join = [{"name": "slow", "files": str(path), "time": "known", "by": "symbol"}]
    got = pyarrow.table(barloom.features(arrays, {"x": "join.slow.rate"}, join=join))
    symbols = np.array(got.column("symbol").to_pylist())
    for symbol, one in arrays.items():
        own = table.filter(polars.col("symbol") == symbol).drop("symbol")
        want = expected(polars, one, own, 0, None, "before")
        np.testing.assert_array_equal(got.column("x").to_numpy()[symbols == symbol], want)


def test_a_dataset_needs_no_file_of_its_joins(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("known,rate\n2024-03-04,1\n2024-03-04 03:00,2\n")
    recipe = {
        "data": {
            "channels": ["close", "x"],
            "join": [{"name": "slow", "files": str(path), "time": "known"}],
        },
        "features": {"x": "join.slow.rate"},
        "dataset": {"lookback": 8, "forward": 4},
        "scaling": {"x": "none"},
    }
    out = tmp_path / "out"
    built = barloom.build_dataset(recipe, 50, bars=bars(400, 1), out=out)
    windows = built[:]["windows"]
    path.unlink()
    opened = barloom.open(out)
    np.testing.assert_array_equal(opened[:]["windows"], windows)
    assert set(np.unique(windows[:, 1])) == {1.0, 2.0}
    assert str(path) not in (out / "recipe.toml").read_text()


def test_wrong_joins_are_told(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("when,rate\n2024-03-04,1\n")
    join = {"name": "slow", "files": str(path), "time": "known"}
    with pytest.raises(barloom.DataError, match="the join slow: .*rates.csv: .*found: when, rate"):
        barloom.features(bars(50, 1), {"x": "join.slow.rate"}, join=[join])
    join["time"] = "when"
    with pytest.raises(barloom.DataError, match="no column price of numbers; those are rate"):
        barloom.features(bars(50, 1), {"x": "join.slow.price"}, join=[join])
    with pytest.raises(barloom.RecipeError, match="there is no join `slo`.*did you mean `slow`"):
        barloom.features(bars(50, 1), {"x": "join.slo.rate"}, join=[join])

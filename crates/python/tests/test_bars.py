"""Bars as they are read: of trades and of finer bars, against pandas, to the bit.

Sums are those of ``math.fsum``, which rounds the exact sum once: those of pandas depend on its
version, and are within a few units in the last place of them.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import barloom
from conftest import FIRST_NS, made_bars

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
TRADES = [
    "trades/freqtrade_XRP_ETH-trades.parquet",
    "trades/freqtrade_kraken_BCHEUR.csv",
]
FINE = [
    ("intraday/binance_um_FILUSDT_1m_ohlcv.parquet", "open_time", "ms"),
    ("intraday/nautilus_btc-perp-20211231-20220201_1m.csv", "timestamp", None),
]


def made_trades(count: int = 20_000, seed: int = 3) -> pd.DataFrame:
    """Trades of two hours, several at some times, some minutes without any."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, 7_200_000, count))
    at = at[(at // 60_000) % 7 != 3]
    return pd.DataFrame(
        {
            "time": FIRST_NS // 1_000_000 + at,
            "price": np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-4, len(at)))), 4),
            "size": np.round(rng.exponential(0.7, len(at)), 6),
            "is_buyer_maker": rng.random(len(at)) < 0.4,
        }
    )


def resampled_trades(trades: pd.DataFrame, interval: str) -> pd.DataFrame:
    """Bars of trades as pandas makes them, without the empty ones."""
    trades = trades.set_index(pd.to_datetime(trades["time"], unit="ms", utc=True))
    quote = trades["price"] * trades["size"]
    bars = trades["price"].resample(interval).ohlc()
    bars["volume"] = trades["size"].resample(interval).apply(math.fsum)
    bars["quote_volume"] = quote.resample(interval).apply(math.fsum)
    assert np.allclose(bars["volume"], trades["size"].resample(interval).sum(), rtol=1e-14)
    bars["count"] = trades["price"].resample(interval).count().astype(float)
    bars["vwap"] = (bars["quote_volume"] / bars["volume"]).clip(bars["low"], bars["high"])
    logs = np.log(trades["price"])
    returns = logs.groupby(logs.index.floor(interval)).diff()
    bars["trade_variance"] = (returns**2).resample(interval).sum()
    bought = None
    if "is_buyer_maker" in trades:
        bought = trades["size"].where(~trades["is_buyer_maker"], 0.0)
    elif "side" in trades:
        bought = trades["size"].where(trades["side"] == "buy", 0.0)
    if bought is not None:
        bars["buy_volume"] = bought.resample(interval).apply(math.fsum)
    return bars[bars["count"] > 0]


def assert_equal(got: barloom.Table, expected: pd.DataFrame) -> None:
    """Every time and number the same, to the last bit."""
    table = pa.table(got)
    times = expected.index.tz_convert("UTC").as_unit("ns").asi8
    assert np.array_equal(np.asarray(table["ts"].cast(pa.int64())), times)
    assert ("buy_volume" in table.column_names) == ("buy_volume" in expected)
    for name in expected.columns:
        values = expected[name].to_numpy(np.float64)
        if name == "trade_variance":
            # Differences of logarithms are rounded.
            assert np.allclose(table[name], values, rtol=1e-8, atol=1e-22)
            continue
        assert np.asarray(table[name]).tobytes() == values.tobytes(), name


@pytest.mark.parametrize("interval", ["1s", "1m", "5m", "1h", "1d"])
def test_bars_of_made_trades_are_those_of_pandas(interval: str) -> None:
    trades = made_trades()
    expected = resampled_trades(trades, interval.replace("m", "min").replace("d", "D"))
    assert_equal(barloom.read_bars(trades, aggregate=interval), expected)
    mixed = trades.sample(frac=1, random_state=1).sort_values("time", kind="stable")
    mixed = mixed.drop_duplicates("time")
    shuffled = mixed.sample(frac=1, random_state=2)
    prices = pa.table(barloom.read_bars(shuffled, aggregate=interval))
    expected = resampled_trades(mixed, interval.replace("m", "min").replace("d", "D"))
    for name in ["open", "high", "low", "close", "count"]:
        assert np.array_equal(prices[name], expected[name]), f"{name} of trades in any order"
    for name in ["vwap", "buy_volume"]:
        assert np.allclose(prices[name], expected[name], rtol=1e-14), f"{name} in any order"
    variance = np.asarray(prices["trade_variance"])
    known = ~np.isnan(variance)
    assert np.allclose(variance[known], expected["trade_variance"][known], rtol=1e-8, atol=1e-22)
    assert known.all() == (expected["count"] == 1).all()


@pytest.mark.parametrize("file", TRADES)
@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_bars_of_real_trades_are_those_of_pandas(file: str, interval: str) -> None:
    path = SHARED / file
    if not path.exists():
        pytest.skip("needs ../shared/data")
    if path.suffix == ".csv":
        trades = pd.read_csv(path, names=["time", "price", "size"])
        trades["time"] *= 1_000
    else:
        columns = {"timestamp": "time", "amount": "size"}
        trades = pq.read_table(path).to_pandas().rename(columns=columns)
    expected = resampled_trades(trades, interval.replace("m", "min").replace("d", "D"))
    assert_equal(barloom.read_bars(str(path), aggregate=interval), expected)


def coarser(bars: pd.DataFrame, interval: str) -> pd.DataFrame:
    """Coarser bars as pandas makes them, without the empty ones."""
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": math.fsum}
    return bars.resample(interval).agg(rules).dropna(subset=["open"])


@pytest.mark.parametrize("interval", ["2h", "1d"])
def test_coarser_bars_are_those_of_pandas(interval: str) -> None:
    bars = pd.DataFrame(made_bars()).set_index("ts").tz_localize("UTC")
    assert_equal(barloom.read_bars(bars, aggregate=interval), coarser(bars, interval.replace("d", "D")))


@pytest.mark.parametrize(("file", "time", "unit"), FINE)
@pytest.mark.parametrize("interval", ["5m", "1h", "1d"])
def test_coarser_real_bars_are_those_of_pandas(
    file: str, time: str, unit: str | None, interval: str
) -> None:
    path = SHARED / file
    if not path.exists():
        pytest.skip("needs ../shared/data")
    bars = pd.read_csv(path) if path.suffix == ".csv" else pq.read_table(path).to_pandas()
    bars.index = pd.to_datetime(bars[time], unit=unit, utc=True)
    expected = coarser(bars, interval.replace("m", "min").replace("d", "D"))
    assert_equal(barloom.read_bars(str(path), aggregate=interval), expected)


def test_columns_of_trades_add_up_in_coarser_bars() -> None:
    trades = made_trades()
    fine = pl.DataFrame(barloom.read_bars(trades, aggregate="1m"))
    got = pl.DataFrame(barloom.read_bars(fine, aggregate="15m"))
    expected = fine.group_by_dynamic("ts", every="15m").agg(
        pl.col("trade_variance", "buy_volume").sum(),
        (pl.col("vwap") * pl.col("volume")).sum() / pl.col("volume").sum(),
    )
    for name in ["trade_variance", "buy_volume", "vwap"]:
        assert np.allclose(got[name], expected[name], rtol=1e-13), name
    whole = pl.DataFrame(barloom.read_bars(trades, aggregate="15m"))
    assert np.allclose(got["vwap"], whole["vwap"], rtol=1e-13)
    # Returns from bar to bar are in the coarser bars of trades alone.
    assert (whole["trade_variance"] > got["trade_variance"]).all()


def test_partial_and_empty_bars() -> None:
    trades = made_trades()
    kept = pa.table(barloom.read_bars(trades, aggregate="1m"))
    dropped = pa.table(barloom.read_bars(trades, aggregate="1m", partial_bar="drop"))
    assert dropped.equals(kept[:-1])
    filled = pl.DataFrame(barloom.read_bars(trades, aggregate="1m", empty_bars="fill"))
    assert len(filled) == 120
    empty = filled.filter(pl.col("volume") == 0)
    assert len(empty) == 120 - len(kept)
    assert (empty["open"] == empty["close"]).all()


def test_check_says_what_is_not_to_be_had() -> None:
    assert barloom.check(made_bars(), aggregate="2h")["errors"] == 0
    for aggregate, words in [("30m", "lasts 1h"), ("10 ticks", "trades")]:
        with pytest.raises(barloom.DataError, match=words):
            barloom.check(made_bars(), aggregate=aggregate)


def test_a_dataset_of_trades() -> None:
    trades = made_trades()
    cfg = {
        "data": {"aggregate": "10 ticks", "channels": ["close", "volume"]},
        "dataset": {"lookback": 16, "forward": 8},
    }
    from_trades = barloom.build_dataset(cfg, 100, bars=trades)
    bars = barloom.read_bars(trades, aggregate="10 ticks")
    del cfg["data"]["aggregate"]
    from_bars = barloom.build_dataset(cfg, 100, bars=bars)
    assert np.array_equal(from_trades[:]["windows"], from_bars[:]["windows"])
    assert from_trades.recipe.digest != from_bars.recipe.digest


def test_keys_are_told() -> None:
    with pytest.raises(barloom.RecipeError, match="data.aggregate.*1000 ticks"):
        barloom.read_bars(made_trades(), aggregate="5 minutes")
    with pytest.raises(barloom.RecipeError, match="partial_bar"):
        barloom.read_bars(made_bars(), partial_bar="drop")
    with pytest.raises(barloom.RecipeError, match="no empty intervals"):
        barloom.read_bars(made_trades(), aggregate="9 ticks", empty_bars="fill")
    with pytest.raises(barloom.DataError, match="holds trades"):
        barloom.read_bars(made_trades())
    with pytest.raises(barloom.DataError, match="lasts 1h"):
        barloom.read_bars(made_bars(), aggregate="90m")
    report = barloom.check(made_trades(), aggregate="1m")
    assert report["errors"] == 0
    assert "became" in report["text"]


@pytest.mark.parametrize("symbol", ["spy", "aapl", "ibm", "bac"])
def test_factors_are_joined_as_polars_joins_them(symbol: str) -> None:
    folder = SHARED / "lean" / "equity" / "usa"
    daily, factors = folder / "daily" / f"{symbol}.zip", folder / "factor_files" / f"{symbol}.csv"
    if not daily.exists():
        pytest.skip("needs ../shared/data")
    names = ["date", "open", "high", "low", "close", "volume"]
    # Polars multiplies by the reciprocal where it divides by a number, which is off by a bit.
    prices = pd.read_csv(daily, names=names)
    prices[names[1:5]] /= 10_000
    raw = pl.from_pandas(prices)
    raw = raw.with_columns(pl.col("date").str.slice(0, 8).cast(pl.Int64))
    rows = pl.read_csv(
        factors, has_header=False, new_columns=["until", "price_factor", "split_factor", "close_then"]
    )
    joined = raw.join_asof(
        rows.sort("until"), left_on="date", right_on="until", strategy="forward"
    )
    factor = joined["price_factor"] * joined["split_factor"]
    table = pa.table(
        barloom.read_bars(
            str(daily),
            adjust=str(factors),
            timezone="America/New_York",
            csv={"price_divisor": 10_000},
        )
    )
    assert len(table) == 5_849
    assert factor.n_unique() > 10
    for name in ["open", "high", "low", "close"]:
        expected = (joined[name] * factor).to_numpy()
        assert np.asarray(table[name]).tobytes() == expected.tobytes(), name
    expected = (joined["volume"] / joined["split_factor"]).to_numpy()
    assert np.asarray(table["volume"]).tobytes() == expected.tobytes()


def test_prices_adjusted_to_a_column() -> None:
    bars = pd.DataFrame(made_bars())
    bars["Adj Close"] = bars["close"] * np.linspace(0.5, 1.0, len(bars))
    table = pa.table(barloom.read_bars(bars, adjust="adj_close"))
    assert np.array_equal(table["close"], bars["Adj Close"])
    for name in ["open", "high", "low"]:
        assert np.array_equal(table[name], bars[name] / bars["close"] * bars["Adj Close"])
    with pytest.raises(barloom.DataError, match="no column adj_close"):
        barloom.read_bars(made_bars(), adjust="adj_close")
    ds = barloom.build_dataset({"data": {"adjust": "adj_close"}}, 100, bars=bars)
    assert ds.recipe.to_dict()["data"]["adjust"] == "adj_close"


def test_text_laid_out_as_the_recipe_says(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("made by hand\nDatum;Open;High;Low;Close\n30.12.24;1,5;2,5;1,0;2,0\n"
                    "31.12.24;1,5;2,5;1,0;2,1\n02.01.25;1,5;2,5;1,0;2,2\n")
    csv = {"skip_rows": 1, "time_format": "%d.%m.%y", "decimal": ",", "rename": {"Datum": "time"}}
    table = barloom.read_bars(str(path), csv=csv).to_pandas()
    assert table["close"].tolist() == [2.0, 2.1, 2.2]
    assert str(table["ts"][1]) == "2024-12-31 00:00:00+00:00"
    with pytest.raises(barloom.DataError, match="this reads it: csv={"):
        barloom.read_bars(str(path))


def test_keys_of_data_are_arguments():
    """Names, repeated times, local days and lengths of bars, for tables in memory too."""
    table = {
        "when": np.array(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"], "datetime64[ns]"),
        "open": np.array([10.0, 11.0, 12.0, 13.0]),
        "high": np.array([10.5, 11.5, 12.5, 13.5]),
        "low": np.array([9.5, 10.5, 11.5, 12.5]),
        "Last": np.array([10.0, 11.0, 12.0, 13.0]),
    }
    names = {"when": "ts", "Last": "close"}
    with pytest.raises(barloom.DataError, match="duplicate|its time is that of the bar before"):
        barloom.read_bars(table, rename=names)
    for kept, close in [("first", [10, 11, 13]), ("last", [10, 12, 13])]:
        bars = barloom.read_bars(table, rename=names, on_duplicate=kept)
        assert bars["close"].tolist() == close
    week = barloom.read_bars(
        table, rename=names, on_duplicate="last", aggregate="1w", timezone="Asia/Tokyo",
        anchor="Asia/Tokyo", interval="1d",
    )
    assert str(week["ts"][0])[:13] == "2023-12-31T15"
    assert week["close"].tolist() == [13]
    cfg = {"data": {"rename": names, "on_duplicate": "last", "channels": ["close"]},
           "dataset": {"lookback": 1, "forward": 1, "samples": 2}}
    assert any("on_duplicate" in note for note in barloom.build_dataset(cfg, bars=table).notes)
    with pytest.raises(barloom.RecipeError, match="interval"):
        barloom.read_bars(table, interval="1M")


def test_masked_values_are_missing() -> None:
    """What lies below a mask is no price: such bars are refused, or dropped where that is asked for."""
    ts = FIRST_NS + 60_000_000_000 * np.arange(50)
    price = 10 + np.arange(50) % 7.0
    columns = {"ts": ts, "open": price, "high": price + 1, "low": price - 1, "close": price}
    masked = np.zeros(50, bool)
    masked[7] = True
    recipe = {"data": {"channels": ["close"]}, "dataset": {"lookback": 2, "forward": 2}}
    for name in ("open", "close"):
        bars = columns | {name: np.ma.array(columns[name], mask=masked)}
        assert barloom.check(bars)["errors"] == 1
        with pytest.raises(barloom.DataError, match="1 such"):
            barloom.build_dataset(recipe, 10, bars=bars)
        recipe_drop = recipe | {"data": {"channels": ["close"], "on_bad_bar": "drop"}}
        ds = barloom.build_dataset(recipe_drop, 10, bars=bars)
        assert ds.positions < barloom.build_dataset(recipe, 10, bars=columns).positions
    whole = columns | {"close": np.ma.array(price, mask=np.zeros(50, bool))}
    assert barloom.check(whole)["errors"] == 0


def test_two_levels_of_columns_are_symbols(tmp_path: Path) -> None:
    """Frames, CSV and Parquet as pandas writes what yfinance gives for several tickers."""
    days = pd.date_range("2024-01-02", periods=3, name="Date")
    prices = np.array([[11.0, 12.0, 9.0, 10.0], [12.0, 13.0, 10.0, 11.0], [13.0, 14.0, 11.0, 12.0]])
    columns = ["Close", "High", "Low", "Open"]
    tickers = {"AAPL": prices, "MSFT": prices * 10}
    frame = pd.concat(
        {name: pd.DataFrame(values, days, columns) for name, values in tickers.items()},
        axis=1,
        names=["Ticker", "Price"],
    )
    frame.iloc[0, 4:] = np.nan
    frame.to_csv(tmp_path / "x.csv")
    frame.to_parquet(tmp_path / "x.parquet")
    other = frame.swaplevel(axis=1)
    forms = [str(tmp_path / "x.csv"), str(tmp_path / "x.parquet"), frame, other]
    for form in [*forms, other.sort_index(axis=1), other.reset_index()]:
        table = barloom.read_bars(form).to_pandas()
        assert table["symbol"].tolist() == ["AAPL"] * 3 + ["MSFT"] * 2
        assert table["open"].tolist() == [10.0, 11.0, 12.0, 110.0, 120.0]
        assert table["close"].tolist() == [11.0, 12.0, 13.0, 120.0, 130.0]
    with pytest.raises(TypeError, match="3 levels"):
        barloom.read_bars(pd.concat({"x": frame}, axis=1))

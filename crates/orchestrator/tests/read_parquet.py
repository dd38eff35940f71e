"""Reads a dataset in pyarrow, pandas, polars and DuckDB and checks the documented types.

usage: read_parquet.py DATASET
Shares no code with the crates: prices in windows are recomputed from bars.arrow by NumPy.
"""

import glob
import json
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

folder = sys.argv[1]
manifest = json.load(open(f"{folder}/manifest.json"))
lookback = manifest["recipe"]["dataset"]["lookback"]
forward = manifest["recipe"]["dataset"]["forward"]
channels = manifest["recipe"]["data"]["channels"]
files = sorted(glob.glob(f"{folder}/samples/*.parquet"))
assert files == [f"{folder}/{f['name']}" for s in manifest["shards"] for f in s["files"]]

# Types, as documented.
window = pa.list_(pa.field("item", pa.float32(), nullable=False), lookback)
text = pa.dictionary(pa.int32(), pa.string())
expected = {
    "sample": pa.int64(), "symbol": text, "bar": pa.int64(), "ts": pa.timestamp("ns", "UTC"),
    **{c: window for c in channels},
    "equity": pa.float64(), "balance": pa.float64(), "position": pa.int8(),
    "sl_dist": pa.float64(), "tp_dist": pa.float64(), "act_dir": pa.int8(),
    "act_dollar": pa.float64(), "act_sl": pa.float64(), "act_tp": pa.float64(),
    "reward": pa.float64(), "entry_price": pa.float64(), "exit_price": pa.float64(),
    "pnl": pa.float64(), "held_bars": pa.int32(), "exit_reason": text, "mfe": pa.float64(), "mae": pa.float64(),
}
table = pq.read_table(files)
got = {f.name: f.type for f in table.schema if not f.name.startswith("reward_")}
assert got == expected, {k: (got.get(k), v) for k, v in expected.items() if got.get(k) != v}
assert table.num_rows == manifest["samples"]
assert table["sample"].to_numpy().tolist() == list(range(table.num_rows))

# The bars, and that no sample crosses a segment.
bars = pa.ipc.open_file(f"{folder}/bars.arrow").read_all()
segment = bars["segment"].to_numpy(zero_copy_only=False)
ts = bars["ts"].cast(pa.int64()).to_numpy()
symbols = bars["symbol"].combine_chunks().dictionary_decode().to_numpy(zero_copy_only=False)
names, first_row = np.unique(symbols, return_index=True)
start = dict(zip(names.tolist(), first_row.tolist()))
sample_symbols = table["symbol"].combine_chunks()
sample_symbols = sample_symbols.dictionary_decode().to_numpy(zero_copy_only=False)
row = np.array([start[s] for s in sample_symbols]) + table["bar"].to_numpy()
assert (ts[row] == table["ts"].cast(pa.int64()).to_numpy()).all()
assert not np.isnan(segment[row - lookback].astype(float)).any()
assert (segment[row - lookback] == segment[row + forward - 1]).all(), "a sample crosses a segment"
for s in np.unique(segment[~np.isnan(segment.astype(float))]):
    steps = np.diff(ts[segment == s])
    assert steps.size == 0 or steps.max() <= manifest["market"]["longest_step_ns"]

# Prices are NumPy's float32 division exactly; volume is within 2 ulp.
close = bars["close"].to_numpy()
offsets = np.arange(-lookback, 0)
some = slice(0, 20_000)
at = row[some, None] + offsets
for channel in channels:
    values = np.stack(table[channel].combine_chunks()[some].flatten().to_numpy().reshape(-1, lookback))
    raw = bars[channel].to_numpy()
    if channel in ("open", "high", "low", "close"):
        want = raw[at].astype(np.float32) / close[row[some, None] - 1].astype(np.float32)
        assert (values.view(np.int32) == want.view(np.int32)).all(), channel
    elif channel == "volume":
        log = np.log1p(raw).astype(np.float32)
        want = log[at] / np.maximum(log[row[some, None] - 1], np.float32(np.log(2.0)))
        assert np.abs(values.view(np.int32) - want.view(np.int32)).max() <= 2, channel

# The other readers see the same.
frame = pd.read_parquet(files[0])
assert frame["close"].iloc[0].dtype == np.float32 and len(frame["close"].iloc[0]) == lookback
assert str(frame["ts"].dtype) == "datetime64[ns, UTC]"
lazy = pl.read_parquet(files)
assert lazy.schema["close"] == pl.Array(pl.Float32, lookback), lazy.schema["close"]
assert lazy.schema["ts"] == pl.Datetime("ns", "UTC") and lazy.height == table.num_rows
rows, mean = duckdb.sql(f"select count(*), avg(reward) from '{folder}/samples/*.parquet'").fetchall()[0]
assert rows == table.num_rows
assert np.isclose(mean, lazy["reward"].mean()) and np.isclose(mean, table["reward"].to_numpy().mean())

# Polars: filters of a lazy frame, slices across row groups, the first rows and streaming give the same
# rows and windows as pyarrow.
same = pl.from_arrow(table.select(["sample", "ts", "reward", channels[0]]))
scan = pl.scan_parquet(f"{folder}/samples/*.parquet").select(same.columns)
wanted = pl.col("reward") > 0
for found, expected in (
    (scan.filter(wanted).collect(), same.filter(wanted)),
    (scan.filter(wanted).collect(engine="streaming"), same.filter(wanted)),
    (scan.collect(engine="streaming"), same),
    (scan.slice(65_500, 100).collect(), same.slice(65_500, 100)),
    (scan.slice(same.height - 5, 100).collect(), same.tail(5)),
    (pl.read_parquet(files, n_rows=4_100).select(same.columns), same.head(4_100)),
):
    assert found.equals(expected)

# DuckDB: times keep their nanoseconds, windows their values.
query = f"select ts, typeof(ts), {channels[0]}, sample from '{folder}/samples/*.parquet' order by sample"
stored = duckdb.sql(f"{query} limit 5000").to_arrow_table()
assert set(stored.column(1).to_pylist()) == {"TIMESTAMPTZ_NS"}, stored.column(1)[0]
assert stored.column(0).cast(pa.int64()).equals(table["ts"].slice(0, 5000).cast(pa.int64()))
windows = np.array(stored.column(2).to_pylist(), dtype=np.float32)
values = table[channels[0]].slice(0, 5000).combine_chunks().flatten().to_numpy()
assert (windows.view(np.int32) == values.reshape(-1, lookback).view(np.int32)).all()
print(f"{table.num_rows} samples read alike by pyarrow, pandas, polars and duckdb")

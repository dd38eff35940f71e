"""Measures pandas or Polars computing features and prints one JSON object. What it computes is
compared with what Barloom computes first.

    python features_peer.py features-pandas --features mean --window 20 --rows 1000000 --threads 1
"""

import argparse
import json
import os
import platform
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("name", choices=["features-pandas", "features-polars"])
parser.add_argument("--features", required=True)
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--window", type=int, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repetitions", type=int, default=3)
OPTIONS = parser.parse_args()
# Polars reads it when it is loaded.
os.environ["POLARS_MAX_THREADS"] = str(OPTIONS.threads)

import numpy as np
import pandas as pd
import polars as pl

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "features"))
import alpha158
from peak import peak_rss_bytes

# Rows that are compared; Python's part of the comparison is slow.
CHECKED = 50_000
MULTIPLIER, INCREMENT = 0x5851F42D4C957F2D, 0x14057B7EF767814F


def walk(rows):
    """The bars that Barloom's benchmarks generate, to the bit."""
    count = 4 * rows
    powers = np.cumprod(np.full(count, MULTIPLIER, np.uint64))
    sums = np.cumsum(np.r_[np.uint64(1), powers[:-1]])
    states = powers + sums * np.uint64(INCREMENT)
    unit = ((states >> np.uint64(11)) / float(1 << 53)).reshape(rows, 4)
    close = np.cumprod(np.r_[100.0, 1.0 + 0.002 * (unit[:, 0] - 0.5)])
    open_, close = close[:-1], close[1:]
    high = np.maximum(open_, close) * (1.0 + 0.0005 * unit[:, 1])
    low = np.minimum(open_, close) * (1.0 - 0.0005 * unit[:, 2])
    volume = np.floor(unit[:, 3] * 1e6)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume}


def with_pandas(name, n):
    """A function of a frame, as people write it."""
    return {
        "mean": lambda bars: bars["close"].rolling(n).mean(),
        "std": lambda bars: bars["close"].rolling(n).std(),
        "max": lambda bars: bars["high"].rolling(n).max(),
        "corr": lambda bars: bars["close"].rolling(n).corr(bars["volume"]),
        "rank": lambda bars: bars["close"].rolling(n).rank(pct=True),
        "quantile": lambda bars: bars["close"].rolling(n).quantile(0.8),
        "volatility": lambda bars: np.log(bars["close"] / bars["close"].shift(1)).rolling(n).std(),
    }[name]


def with_polars(name, n):
    """A function of a frame, as people write it."""
    close, high, volume = (pl.col(column) for column in ["close", "high", "volume"])
    expression = {
        "mean": close.rolling_mean(n),
        "std": close.rolling_std(n),
        "max": high.rolling_max(n),
        "corr": pl.rolling_corr(close, volume, window_size=n),
        "rank": close.rolling_rank(n, method="average") / n,
        "quantile": close.rolling_quantile(0.8, interpolation="linear", window_size=n),
        "volatility": (close / close.shift(1)).log().rolling_std(n),
    }[name]
    return lambda bars: bars.select(expression.alias(name))[name]


def expression(name, n):
    """Barloom's."""
    return {
        "mean": f"mean(close, {n})",
        "std": f"std(close, {n})",
        "max": f"max(high, {n})",
        "corr": f"corr(close, volume, {n})",
        "rank": f"rank(close, {n})",
        "quantile": f"quantile(close, {n}, 0.8)",
        "volatility": f"std(log(close / lag(close, 1)), {n})",
    }[name]


def ours(columns, name, n):
    import barloom
    bars = pd.DataFrame(columns)
    bars.insert(0, "ts", pd.Timestamp(0) + pd.to_timedelta(np.arange(len(bars)), unit="min"))
    if name == "alpha158":
        table = barloom.features(bars, {}, presets=["alpha158"])
    else:
        table = barloom.features(bars, {name: expression(name, n)})
    frame = table.to_pandas()
    return {c: frame[c].to_numpy(dtype=float) for c in frame if c not in ("symbol", "ts")}


def main():
    pandas = OPTIONS.name == "features-pandas"
    table = (pd if pandas else pl).DataFrame
    name, n = OPTIONS.features, OPTIONS.window
    if name == "alpha158":
        compute = alpha158.with_pandas if pandas else alpha158.with_polars
    else:
        function = (with_pandas if pandas else with_polars)(name, n)
        compute = lambda bars: {name: np.asarray(function(bars), dtype=float)}
    columns = walk(max(OPTIONS.rows, CHECKED))
    some = {name: values[:CHECKED] for name, values in columns.items()}
    wrong = alpha158.differ(ours(some, name, n), compute(table(some)))
    result = {
        "name": OPTIONS.name,
        "prepare_s": 0.0,
        "bytes": 0,
        "check": "equal" if not wrong else f"values differ: {wrong}",
        "extra": {"versions": {"python": platform.python_version(), "pandas": pd.__version__,
                               "polars": pl.__version__}},
    }
    bars = table({name: values[: OPTIONS.rows] for name, values in columns.items()})
    seconds = []
    for _ in range(OPTIONS.repetitions + 1):
        start = time.perf_counter()
        made = compute(bars)
        seconds.append(time.perf_counter() - start)
    values = len(made) * OPTIONS.rows
    result |= {"cold_s": seconds[0], "warm_s": seconds[1:], "samples": values,
               "peak_rss_bytes": peak_rss_bytes()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()

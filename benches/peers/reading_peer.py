"""Measures pandas reading Binance's klines and prints one JSON object. What it reads is compared with
what Barloom reads first.

    python reading_peer.py reading-pandas --file klines.csv --repetitions 5
"""

import argparse
import json
import platform
import time

import numpy as np
import pandas as pd

from peak import peak_rss_bytes

COLUMNS = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
]


def read(file):
    """As people read klines: every column, by pandas' own parser."""
    return pd.read_csv(file, names=COLUMNS, header=None)


def check(file, bars):
    """`equal`, or what differs."""
    import barloom
    ours = barloom.read_bars(file).to_pandas()
    if len(ours) != len(bars):
        return f"{len(bars)} rows, ours are {len(ours)}"
    times = ours["ts"].to_numpy("datetime64[ms]").astype(np.int64)
    if not np.array_equal(times, bars["open_time"]):
        return "times differ"
    for name in ["open", "high", "low", "close", "volume"]:
        # Its parser is exact only on request.
        if not np.allclose(ours[name], bars[name], rtol=1e-15, atol=0):
            return f"{name} differs"
    return "equal"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=["reading-pandas"])
    parser.add_argument("--file", required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    seconds = []
    for _ in range(options.repetitions + 1):
        start = time.perf_counter()
        bars = read(options.file)
        seconds.append(time.perf_counter() - start)
    told = {
        "name": options.name,
        "prepare_s": 0.0,
        "cold_s": seconds[0],
        "warm_s": seconds[1:],
        "samples": len(bars),
        "bytes": 0,
        "peak_rss_bytes": peak_rss_bytes(),
        "check": check(options.file, bars),
        "extra": {"python": platform.python_version(), "pandas": pd.__version__},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()

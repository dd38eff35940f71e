#!/usr/bin/env python3
"""Scaled windows as NumPy makes them, a golden for barloom-scaling.

    python3 windows.py > windows.json        (needs numpy)

The bars are made here, by a linear congruential generator. Arrays are the big-endian bytes of
their values in hex: f64 for columns, f32 for windows.
"""

import json

import numpy as np

BARS = 400


def uniform(seed):
    """Numbers in [0, 1) by Knuth's MMIX generator, the high 53 bits."""
    x = seed
    while True:
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (x >> 11) / 2**53


def make_bars():
    u = uniform(2021)
    columns = {name: [] for name in ("open", "high", "low", "close", "volume", "rate")}
    price = 187.25
    for bar in range(BARS):
        open_ = price * (1 + 0.002 * (next(u) - 0.5))
        price = open_ * (1 + 0.02 * (next(u) - 0.5))
        top, bottom = max(open_, price), min(open_, price)
        columns["open"].append(open_)
        columns["close"].append(price)
        columns["high"].append(top * (1 + 0.005 * next(u)))
        columns["low"].append(bottom * (1 - 0.005 * next(u)))
        quiet, level = next(u) < 0.1, next(u)
        columns["volume"].append(0.0 if quiet else float(int(10 ** (1 + 8 * level))))
        columns["rate"].append(0.0005 * (next(u) - 0.5) if bar < 300 else 0.0001)
    return {name: np.array(values, dtype=np.float64) for name, values in columns.items()}


def windows(bars, row, lookback):
    at = slice(row - lookback, row)
    last_close = bars["close"][row - 1]
    out = {}
    for name in ("open", "high", "low", "close"):
        out[f"{name} last_close"] = bars[name][at].astype(np.float32) / np.float32(last_close)
    logs = np.log1p(bars["volume"][at]).astype(np.float32)
    out["volume log1p_last"] = logs / max(logs[-1], np.float32(np.log(2.0)))
    out["volume none"] = bars["volume"][at].astype(np.float32)
    out["low log_return"] = (np.log(bars["low"][at]) - np.log(last_close)).astype(np.float32)
    for name in ("high", "rate"):
        x = bars[name][at]
        flat = x.max() == x.min()
        zscore = np.zeros(lookback) if flat else (x - x.mean()) / x.std()
        minmax = np.zeros(lookback) if flat else (x - x.min()) / (x.max() - x.min())
        out[f"{name} zscore"] = zscore.astype(np.float32)
        out[f"{name} minmax"] = minmax.astype(np.float32)
    return out


def hexed(array, kind):
    return array.astype(kind).tobytes().hex()


if __name__ == "__main__":
    bars = make_bars()
    places = [(1, 1), (5, 5), (40, 7), (41, 8), (42, 9), (64, 64), (150, 64), (233, 65), (299, 31)]
    places += [(350, 33), (399, 16), (400, 100)]
    golden = {
        "numpy": np.__version__,
        "columns": {name: hexed(column, ">f8") for name, column in bars.items()},
        "windows": [
            {
                "row": row,
                "lookback": lookback,
                "channels": {
                    name: hexed(window, ">f4")
                    for name, window in windows(bars, row, lookback).items()
                },
            }
            for row, lookback in places
        ],
    }
    print(json.dumps(golden, indent=1))

#!/usr/bin/env python3
"""The frel-v1 formulas of DESIGN section 2, written out plainly, a golden for barloom-rewards.

    python3 frel.py > frel.json

Closes come from fixtures/spy_1h.parquet (needs pyarrow) or, given as an argument, from the LEAN
file that the fixture is made of: spy.zip, prices times 10,000. The slices used are written along,
so the test reads no other file. Floats are written as the shortest decimals that read back as
the same 64 bits; long sums are math.fsum, exact but for one rounding.
"""

import json
import math
import pathlib
import sys
import zipfile

FIXTURE = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "spy_1h.parquet"

BPS = 1e-4
FEE, SLIPPAGE, SPREAD, CARRY = 0.2, 0.1, 0.05, 2.0  # bps
BARS_PER_YEAR = 252.0
EPS = 1e-8

SLICE_BARS = 260
SLICES = [0, 4_321, 10_800, 18_777, 19_230, 26_000, 33_333, 38_640, 40_832 - SLICE_BARS]


def read_closes():
    if len(sys.argv) > 1:
        with zipfile.ZipFile(sys.argv[1]) as archive:
            lines = archive.read(archive.namelist()[0]).decode().splitlines()
        return [int(line.split(",")[4]) / 10_000 for line in lines]
    import pyarrow.parquet as pq

    return pq.read_table(FIXTURE, columns=["close"])["close"].to_pylist()


def population_std(values):
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in values) / len(values))


def frel_v1(close, t, forward, direction, dollars):
    """u and the four metrics of one action at bar t, judged on [t, t + forward)."""
    if direction == 0:
        return dict(u=0.0, car=0.0, sharpe=0.0, sortino=0.0, calmar=0.0)
    cost = (FEE + SLIPPAGE + SPREAD / 2) * BPS
    carry = CARRY * BPS
    entry, exit_ = close[t], close[t + forward - 1]

    u = direction * (exit_ / entry - 1) - cost - carry * (forward - 1)
    car = max(1 + u, 0) ** (BARS_PER_YEAR / forward) - 1

    # Dollars a bar, forward - 1 of them, each bearing cost and carry.
    r = []
    for k in range(t + 1, t + forward):
        r.append(direction * (close[k] / close[k - 1] - 1) * dollars - (cost + carry) * dollars)
    m = len(r)
    mean = math.fsum(r) / m
    annual = math.sqrt(BARS_PER_YEAR)
    sharpe = mean / (population_std(r) + EPS) * annual

    losses = [x for x in r if x < 0]
    sortino = mean / ((population_std(losses) if losses else 0.0) + EPS) * annual

    cumulative = [math.fsum(r[: k + 1]) for k in range(m)]
    peak, drawdown = cumulative[0], 0.0  # from the first r, not from 0
    for c in cumulative:
        peak = max(peak, c)
        drawdown = max(drawdown, peak - c)
    calmar = math.fsum(r) * BARS_PER_YEAR / m / (drawdown + EPS)
    return dict(u=u, car=car, sharpe=sharpe, sortino=sortino, calmar=calmar)


def cases(slices):
    turn = 0
    for index, piece in enumerate(slices):
        for forward, offsets in ((200, [1, 37, 60]), (20, [0, 5, 64, 111, 240]), (2, [17, 200])):
            for offset in offsets:
                for direction in (1, -1):
                    dollars = [1_000.0, 49_999.99, 12_345.678, 0.01 + 1_000.0 * (turn % 50)][turn % 4]
                    turn += 1
                    yield index, offset, forward, direction, dollars
        yield index, 10, 200, 0, 5_000.0


if __name__ == "__main__":
    closes = read_closes()
    slices = [closes[first : first + SLICE_BARS] for first in SLICES]
    golden = {
        "slices": [
            {"first_bar": first, "close": piece} for first, piece in zip(SLICES, slices)
        ],
        "cases": [
            dict(
                slice=index,
                offset=offset,
                forward=forward,
                direction=direction,
                dollars=dollars,
                **frel_v1(slices[index], offset, forward, direction, dollars),
            )
            for index, offset, forward, direction, dollars in cases(slices)
        ],
    }
    print("{")
    for key, end in (("slices", ","), ("cases", "")):
        lines = ",\n  ".join(json.dumps(item) for item in golden[key])
        print(f' "{key}": [\n  {lines}\n ]{end}')
    print("}")

"""Writes events.txt: triple barriers and uniqueness of mlfinpy 0.1.2 on bars of the fixture.

    pip install mlfinpy==0.1.2 pyarrow==20.0.0
    python events.py ../../../../fixtures/spy_1h.parquet > events.txt

Five markets of 300 closes, without sides and with sides. A line a bar: close, target, side, bars to
the first touch, simple return there, class, average uniqueness; `-` where mlfinpy has no event.
"""

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlfinpy.labeling import labeling
from mlfinpy.sampling.concurrent import get_av_uniqueness_from_triple_barrier

HORIZON = 16  # bars between t and the vertical barrier
ROWS = 300
STARTS = [1_000, 8_000, 16_000, 25_000, 37_000]


def events_of(close, target, side, pt_sl):
    starts = close.index[:-HORIZON]
    vertical = pd.Series(close.index[HORIZON:], index=starts)
    return labeling.get_events(close, starts, pt_sl, target, 0.0, 1, vertical, side, verbose=False)


def main():
    table = pq.read_table(sys.argv[1])
    name = next(name for name in ["ts", "time", "timestamp", "date"] if name in table.column_names)
    all_closes = table["close"].to_numpy()
    times = pd.DatetimeIndex(table[name].to_pandas())
    for number, start in enumerate(STARTS):
        close = pd.Series(all_closes[start : start + ROWS], index=times[start : start + ROWS])
        target = close.pct_change().rolling(20).std()
        trend = np.sign(close - close.rolling(10).mean())
        for side, pt_sl in [(None, [2.0, 2.0]), (trend, [2.0, 1.0])]:
            target_ = target if side is None else target[side != 0]
            side_ = None if side is None else side[side != 0]
            events = events_of(close, target_, side_, pt_sl)
            bins = labeling.get_bins(events, close)
            unique = get_av_uniqueness_from_triple_barrier(events, close, 1, verbose=False)["tW"]
            print(f"market {number} {'long' if side is None else 'sides'} {pt_sl[0]} {pt_sl[1]}")
            for row, time in enumerate(close.index):
                own = 1.0 if side is None else trend[time]
                line = [repr(float(close[time])), repr(float(target[time])), repr(float(own))]
                if time in bins.index and not np.isnan(unique.get(time, np.nan)):
                    held = close.index.get_loc(events.at[time, "t1"]) - row
                    line += [str(held), repr(float(bins.at[time, "ret"]))]
                    line += [str(int(bins.at[time, "bin"])), repr(float(unique[time]))]
                else:
                    line += ["-"] * 4
                print(" ".join(line))


main()

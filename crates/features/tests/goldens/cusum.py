"""Events of Lopez de Prado 2018, snippet 2.4, on bars of the fixture, written to cusum.txt:

    pip install pandas==3.1.1 pyarrow==20.0.0
    python cusum.py ../../../../fixtures/spy_1h.parquet > cusum.txt

The first line has the thresholds. A line is a bar: the logarithm of its close, and for each threshold
1 or -1 where the snippet has an event of that side, else 0. Bars without a close are `nan`, as are
their values: the snippet sees the others.
"""

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

THRESHOLDS = [0.002, 0.01, 0.03]
ROWS = range(16_000, 17_000)


def get_t_events(g_raw, h):
    """The snippet, with the side of each event."""
    events, s_pos, s_neg = {}, 0, 0
    diff = g_raw.diff()
    for i in diff.index[1:]:
        s_pos, s_neg = max(0, s_pos + diff.loc[i]), min(0, s_neg + diff.loc[i])
        if s_neg < -h:
            s_neg = 0
            events[i] = -1
        elif s_pos > h:
            s_pos = 0
            events[i] = 1
    return events


close = pq.read_table(sys.argv[1])["close"].to_numpy()[ROWS.start : ROWS.stop]
x = pd.Series(np.log(close))
rng = np.random.default_rng(3)
x[rng.random(len(x)) < 0.05] = np.nan
events = [get_t_events(x.dropna(), h) for h in THRESHOLDS]
print(*THRESHOLDS)
for row, value in x.items():
    values = ["nan" if np.isnan(value) else str(of.get(row, 0)) for of in events]
    print(repr(float(value)), *values)

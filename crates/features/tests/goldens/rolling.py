"""Values of pandas for tests/pandas.rs, written to rolling.csv: python rolling.py

Made with pandas 3.1.1 and numpy 2. Columns are NAME|ROWS|MIN_PERIODS; x and y are the inputs.
Empty cells are missing.
"""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 240
rng = np.random.default_rng(7)
x = np.round(100 + np.cumsum(rng.normal(0, 0.5, ROWS)), 2)
y = np.round(50 + 0.3 * (x - 100) + rng.normal(0, 1, ROWS), 2)
for at in (31, 32, 120, 177):
    x[at] = np.nan
y[60] = np.nan
table = pd.DataFrame({"x": x, "y": y})

for rows, least in ((5, 5), (20, 20), (20, 4), (60, 30)):
    rolling = table.x.rolling(rows, min_periods=least)
    columns = {
        "sum": rolling.sum(),
        "mean": rolling.mean(),
        "std": rolling.std(),
        "var": rolling.var(),
        "min": rolling.min(),
        "max": rolling.max(),
        "median": rolling.median(),
        "quantile_0.2": rolling.quantile(0.2),
        "quantile_0.8": rolling.quantile(0.8),
        "rank": rolling.rank(pct=True),
        "skew": rolling.skew(),
        "kurt": rolling.kurt(),
        "cov": rolling.cov(table.y),
        "corr": rolling.corr(table.y),
    }
    for name, values in columns.items():
        table[f"{name}|{rows}|{least}"] = values
for span in (5, 30):
    ewm = table.x.ewm(span=span, adjust=False)
    table[f"ewm_mean|{span}|1"] = ewm.mean()
    table[f"ewm_std|{span}|1"] = ewm.std()
halflife = table.x.ewm(halflife=7, adjust=False)
table["ewm_mean_halflife|7|1"] = halflife.mean()
table["cum_sum|1|1"] = table.x.cumsum()
table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.15g")

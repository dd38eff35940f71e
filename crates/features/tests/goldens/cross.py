"""Values of pandas for tests/pandas.rs, written to cross.csv: python cross.py

Made with pandas 3.1.1 and numpy 2. A row is a bar of a symbol, symbol after symbol. Bars are of
quarters of an hour, and some symbols lack some of them. x has ties, missing values, and times at which
all symbols are equal. Columns are FUNCTION (over all symbols) and FUNCTION|sector. Empty cells are
missing.
"""

from pathlib import Path

import numpy as np
import pandas as pd

BARS = 160
SECTORS = {"AA": "tech", "BB": "oil", "CC": "tech", "DD": "oil", "EE": "tech", "FF": "gold", "GG": ""}
rng = np.random.default_rng(11)
bars = []
for number, symbol in enumerate(SECTORS):
    at = np.arange(number, BARS)[rng.random(BARS - number) < 0.85]
    x = np.round(rng.normal(0, 3, len(at)) / (1 + number % 3), 0 if number % 2 else 1)
    x[rng.random(len(at)) < 0.1] = np.nan
    x[at % 23 == 5] = 2.5
    bars.append(pd.DataFrame({"symbol": symbol, "at": at, "x": x}))
table = pd.concat(bars, ignore_index=True)
sector = table.symbol.map(SECTORS).replace("", np.nan)

for name, keys in (("", [table["at"]]), ("|sector", [table["at"], sector])):
    groups = table.x.groupby(keys)
    # Fewer than two values have no rank among others; pandas leaves out rows without a sector.
    several = groups.transform("count") >= 2
    mean = groups.transform("mean")
    deviation = groups.transform("std")
    equal = groups.transform("min") == groups.transform("max")
    columns = {
        "cs_rank": groups.rank(pct=True),
        "cs_demean": table.x - mean,
        "cs_zscore": ((table.x - mean) / deviation).where(~equal),
    }
    for function, values in columns.items():
        table[function + name] = values.where(several)
table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.15g")

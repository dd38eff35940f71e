"""Values of pandas for tests/across.rs, written to across.csv: python across.py

Made with pandas 3.1.1 and numpy 2. A row is a bar of a symbol, symbol after symbol; symbols lack some
bars. Labels have ties, missing values, and times at which all symbols are equal or one is alone.
"""

from pathlib import Path

import numpy as np
import pandas as pd

BARS = 40
rng = np.random.default_rng(5)
bars = []
for number, symbol in enumerate(["AA", "BB", "CC", "DD", "EE"]):
    at = np.arange(BARS)[rng.random(BARS) < 0.8]
    label = rng.normal(0, 0.01, len(at)).round(2 if number % 2 else 3)
    label[rng.random(len(at)) < 0.2] = np.nan
    label[at % 9 == 4] = 0.02
    label[(at % 11 == 7) & (number != 2)] = np.nan
    bars.append(pd.DataFrame({"symbol": symbol, "at": at, "label": label}))
table = pd.concat(bars, ignore_index=True)
groups = table.label.groupby(table["at"])
several = groups.transform("count") >= 2
mean, deviation = groups.transform("mean"), groups.transform("std")
equal = groups.transform("min") == groups.transform("max")
table["rank"] = groups.rank(pct=True).where(several)
table["zscore"] = ((table.label - mean) / deviation).where(several & ~equal)
table["demean"] = (table.label - mean).where(several)
table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.15g")

"""Writes alpha158.txt: values of alpha158 by qlib.

    pip install --no-deps pyqlib==0.9.7
    pip install numpy pandas scipy ruamel.yaml pydantic-settings joblib python-redis-lock requests \
        packaging dill pyarrow
    python alpha158.py > alpha158.txt

qlib reads float32 from its storage. Here its columns are float64 and come from a table.

Lines: `bar open high low close volume vwap`; then `NAME ROW:VALUE...` for each feature, with the
rows of ROWS that have a value. `nan` is a missing volume.
"""

import pathlib
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet
from qlib.contrib.data.loader import Alpha158DL
from qlib.data import ops
from qlib.data.base import Feature

FIXTURE = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "spy_1h.parquet"
FIRST, COUNT = 20_000, 400
COLUMNS = ["open", "high", "low", "close", "volume"]
# The first rows, the special stretches with what follows, and some others.
ROWS = [*range(0, 8), 19, 29, 59, 60, 61, *range(95, 200, 3), *range(200, 400, 9)]


def bars():
    """Bars of the fixture: without volume for a while, then without a trade, then flat."""
    table = pyarrow.parquet.read_table(FIXTURE, columns=COLUMNS)
    frame = table.slice(FIRST, COUNT).to_pandas().astype(float).reset_index(drop=True)
    frame["vwap"] = np.round((frame.high + frame.low + frame.open + frame.close) / 4, 4)
    frame.loc[100:109, "volume"] = np.nan
    frame.loc[115, "volume"] = np.nan
    frame.loc[120:126, "volume"] = 0.0
    for column in ["open", "high", "low", "close", "vwap"]:
        frame.loc[160:172, column] = frame.close[160]
    return frame


def values(frame):
    """The features of qlib, by name, in its order."""

    def load(self, instrument, start_index, end_index, *args):
        return frame[self._name].copy()

    Feature._load_internal = load
    ops.Operators.register([*ops.OpsList, Feature])
    texts, names = Alpha158DL.get_feature_config()
    for text, name in zip(texts, names):
        for column in frame.columns:
            text = text.replace(f"${column}", f"Operators.Feature('{column}')")
        for operator in ops.OpsList:
            text = replaced(text, operator.__name__)
        of = eval(text, {"Operators": ops.Operators})
        yield name, of.load("SPY", 0, COUNT - 1, "1h").to_numpy(dtype=float)


def replaced(text, operator):
    """The text with calls of an operator as qlib writes them."""
    import re

    return re.sub(rf"(?<![\w.']){operator}\(", f"Operators.{operator}(", text)


def main():
    frame = bars()
    out = sys.stdout.write
    for bar in frame.itertuples(index=False):
        out("bar " + " ".join(repr(float(x)) for x in bar) + "\n")
    for name, column in values(frame):
        there = [row for row in ROWS if not np.isnan(column[row])]
        out(" ".join([name, *(f"{row}:{column[row]:.17g}" for row in there)]) + "\n")


main()

"""Writes ta.txt: values of the indicators by the TA-Lib package of PyPI.

    pip install TA-Lib==0.8.2 numpy pyarrow
    python ta.py > ta.txt

The package wraps TA-Lib's C code, so the values come by another route than the crate's.

Lines: `bar open high low close volume`; then for each function and each set of parameters `ta NAME
NAME=VALUE...`, followed by `out NAME FIRST ROW:VALUE...` for each output. FIRST is the row of the
first value. The rows of patterns are those that are not 0.
"""

import pathlib

import pyarrow.parquet
import talib
from talib import abstract

FIXTURE = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "spy_1h.parquet"
ROWS = slice(20_000, 20_600)

# Functions that Barloom does not offer: `refusal` in src/ta/table.rs has the reasons.
REFUSED = set(
    """ACOS ADD ASIN ATAN CEIL CORREL COS COSH CUMSUM DIV EXP FLOOR HT_DCPERIOD HT_DCPHASE
    HT_PHASOR HT_SINE HT_TRENDLINE HT_TRENDMODE KURTOSIS LINEARREG LINEARREG_ANGLE
    LINEARREG_INTERCEPT LINEARREG_SLOPE LN LOG10 MAMA MAVP MAX MAXINDEX MEDIAN MIN MININDEX
    MINMAX MINMAXINDEX MULT PERCENTILE PERCENTRANK SIN SINH SMA SQRT STDDEV SUB SUM TAN TANH
    TSF VAR""".split()
)


def parameters(info):
    """The default parameters, and two other sets."""
    defaults = dict(info["parameters"])
    yield defaults
    for integer, real, average in (lambda n: max(2, n // 2), 0.5, 2), (lambda n: 2 * n + 1, 0.8, 1):
        changed = {}
        for name, value in defaults.items():
            if name.endswith("matype"):
                changed[name] = average
            else:
                changed[name] = integer(value) if isinstance(value, int) else real * value
        if changed and changed != defaults:
            yield changed


def inputs(function, bars):
    """The inputs in the order of the function's arguments."""
    for kind, names in function.input_names.items():
        if kind == "prices":
            yield from (bars[name] for name in names)
        else:
            yield bars["open" if kind == "price1" else "close"]


def main():
    table = pyarrow.parquet.read_table(FIXTURE)
    names = ["open", "high", "low", "close", "volume"]
    bars = {name: table[name].to_numpy()[ROWS] for name in names}
    for row in zip(*(bars[name] for name in names)):
        print("bar", *(repr(float(x)) for x in row))
    for name in sorted(set(talib.get_functions()) - REFUSED):
        function = abstract.Function(name)
        for params in parameters(function.info):
            values = getattr(talib, name)(*inputs(function, bars), **params)
            function.parameters = params
            first = function.lookback
            print("ta", name.lower(), *(f"{k}={float(v)!r}" for k, v in params.items()))
            if not isinstance(values, (tuple, list)):
                values = [values]
            for output, column in zip(function.output_names, values):
                rows = range(first, len(column))
                if name.startswith("CDL"):
                    rows = [r for r in rows if column[r] != 0]
                else:
                    rows = [*rows[:3], *rows[3:-8:50], *rows[-8:]]
                text = (f"{r}:{float(column[r])!r}" for r in rows)
                print("out", output, first, *text)


main()

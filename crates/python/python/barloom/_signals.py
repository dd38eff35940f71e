"""Decisions in whatever form they are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from . import _bars

#: Every name that a column of decisions may have.
COLUMNS = (
    "symbol",
    "bar",
    "ts",
    "time",
    "timestamp",
    "direction",
    "side",
    "act_dir",
    "dollars",
    "act_dollar",
    "stop",
    "act_sl",
    "target",
    "act_tp",
    "equity",
)

#: Names of the columns that an argument fills where the decisions have none.
FILLED = {
    "dollars": ("dollars", "act_dollar"),
    "stop": ("stop", "act_sl"),
    "target": ("target", "act_tp"),
}


def table_of(signals: Any, **filled: float | None) -> Any:
    """Decisions as an Arrow table; an argument that is not None is the column of its name, where
    the decisions have none."""
    table = _table(signals)
    given = {name: value for name, value in filled.items() if value is not None}
    if not given:
        return table
    import numpy
    import pyarrow

    table = pyarrow.table(table)
    for name, value in given.items():
        if not any(other in table.column_names for other in FILLED[name]):
            column = numpy.full(table.num_rows, float(value))
            table = table.append_column(name, pyarrow.array(column))
    return table


def _table(signals: Any) -> Any:
    if isinstance(signals, (list, tuple)):
        return _of_list(signals)
    if hasattr(signals, "index") and hasattr(signals, "to_frame"):  # a pandas Series or an Index
        return _of_series(signals)
    if not hasattr(signals, "columns") and hasattr(signals, "to_frame"):
        raise TypeError(
            "signals: a column by itself says nothing of its bars; give a DataFrame with the columns "
            "ts and direction"
        )
    if hasattr(signals, "shape") and hasattr(signals, "dtype"):
        raise TypeError(
            "signals: an array of directions says nothing of their bars; give "
            '{"bar": numbers of bars, "direction": the array}, or "ts" with times'
        )
    return _bars.table_of(signals)


def _of_list(signals: Sequence[Any]) -> Any:
    """A list of dicts, one a decision, as ccxt has orders."""
    import pyarrow

    if all(isinstance(one, Mapping) for one in signals):
        # Orders have further keys, of any kind: those that are not of decisions are left out.
        names = [name for name in COLUMNS if any(name in one for one in signals)]
        return pyarrow.table({name: [one.get(name) for one in signals] for name in names})
    if all(isinstance(one, (list, tuple)) for one in signals):
        raise TypeError(
            "signals: rows without names, as ccxt's fetch_ohlcv gives, are bars; pass them as bars, "
            'and signals as a table or as dicts such as {"ts": ..., "direction": "buy"}'
        )
    if all(isinstance(one, (str, Number)) or one is None for one in signals):
        raise TypeError(
            "signals: a list of directions says nothing of their bars; give "
            '{"bar": numbers of bars, "direction": the list}, or "ts" with times'
        )
    raise TypeError(
        "signals: expected a table, a pandas Series by time, or dicts such as "
        '{"ts": ..., "direction": "buy"}; the list holds other things'
    )


def _of_series(series: Any) -> Any:
    """A pandas Series of directions, whose index has the times, or symbols and times."""
    kinds = [series.index.get_level_values(k).dtype.kind for k in range(series.index.nlevels)]
    if "M" not in kinds:
        raise TypeError(
            "signals: the index of the Series has no times, which say when each decision is taken; "
            "give it a DatetimeIndex (pandas.to_datetime), or a DataFrame with the columns bar and "
            "direction"
        )
    return _bars.table_of(series.to_frame("direction"))

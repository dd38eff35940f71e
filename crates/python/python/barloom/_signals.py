"""Decisions in whatever form they are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from . import _bars

#: Names of a column of times, in any case: the first that there is counts.
TIMES = ("ts", "time", "timestamp", "datetime", "date")

#: Every name that a column of decisions may have, in any case.
COLUMNS = (
    "symbol",
    "bar",
    *TIMES,
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
    if hasattr(signals, "index") and hasattr(signals, "reset_index"):
        return _of_frame(signals)
    return _bars.table_of(signals)


def _of_list(signals: Sequence[Any]) -> Any:
    """A list of dicts, one a decision, as ccxt has orders."""
    import pyarrow

    if all(isinstance(one, Mapping) for one in signals):
        # Orders have further keys, of any kind: those that are not of decisions are left out. Of
        # times only the first name stays: ccxt's orders have their time as "timestamp" and "datetime".
        keys = {key: None for one in signals for key in one if isinstance(key, str)}
        times = [name for name in TIMES if any(key.lower() == name for key in keys)]
        used = [name for name in COLUMNS if name not in times[1:]]
        names = [key for key in keys if key.lower() in used]
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
    if "M" not in _kinds(series.index):
        raise TypeError(
            "signals: the index of the Series has no times, which say when each decision is taken; "
            "give it a DatetimeIndex (pandas.to_datetime), or a DataFrame with the columns bar and "
            "direction"
        )
    return _bars.table_of(_with_named_levels(series.to_frame("direction")))


def _of_frame(frame: Any) -> Any:
    """A pandas DataFrame, whose index has the times where no column has them."""
    names = {str(name).lower() for name in frame.columns}
    if not names.isdisjoint(("bar", *TIMES)):
        return _bars.table_of(frame)
    return _bars.table_of(_with_named_levels(frame))


def _with_named_levels(frame: Any) -> Any:
    """The frame with its index's only level of times called ``ts``, and with the level of text
    beside that ``symbol``, whatever their names are: yfinance has ``Date`` and ``Ticker``."""
    kinds = _kinds(frame.index)
    names = list(frame.index.names)
    if kinds.count("M") != 1:
        return frame
    names[kinds.index("M")] = "ts"
    has_symbol = any(str(name).lower() == "symbol" for name in [*names, *frame.columns])
    if len(kinds) == 2 and not has_symbol:
        other = 1 - kinds.index("M")
        if kinds[other] not in "iufbm":
            names[other] = "symbol"
    return frame.set_axis(frame.index.set_names(names), axis=0)


def _kinds(index: Any) -> list[str]:
    """The kind of each level's type, as NumPy has it: M for times."""
    return [index.get_level_values(level).dtype.kind for level in range(index.nlevels)]

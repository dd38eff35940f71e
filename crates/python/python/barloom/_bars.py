"""Bars and decisions in whatever form they are held."""

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

#: What a table is called that has no symbol of its own.
NAME = "bars"


def given(bars: Any) -> Any:
    """Bars as a list of paths, or as a dict of Arrow tables by symbol; None stays None."""
    if bars is None:
        return None
    if isinstance(bars, (str, PathLike)):
        return [fspath(bars)]
    if isinstance(bars, (list, tuple)):
        if bars and all(isinstance(row, (list, tuple)) for row in bars):
            return {NAME: _of_rows(bars)}
        return [fspath(path) for path in bars]
    if isinstance(bars, Mapping) and all(_is_table(table) for table in bars.values()):
        return {str(symbol): table_of(table) for symbol, table in bars.items()}
    return {NAME: table_of(bars)}


def table_of(table: Any) -> Any:
    """A table as an object with ``__arrow_c_stream__``."""
    if isinstance(table, Mapping):
        return _of_columns(table)
    if hasattr(table, "reset_index") and hasattr(table, "index"):
        return _of_pandas(table)
    if hasattr(table, "collect") and not hasattr(table, "__arrow_c_stream__"):
        table = table.collect()  # a lazy frame of polars
    if hasattr(table, "__arrow_c_stream__"):
        return table
    if hasattr(table, "__arrow_c_array__"):
        import pyarrow

        return pyarrow.Table.from_batches([pyarrow.record_batch(table)])
    raise TypeError(
        "expected paths, a pyarrow, pandas or polars table, or a dict of arrays by column, got "
        f"{type(table).__name__}"
    )


def _of_rows(rows: Any) -> Any:
    """Rows as ccxt's ``fetch_ohlcv`` gives: the time in ms, open, high, low, close and volume."""
    if any(len(row) != 6 for row in rows):
        raise TypeError(
            "bars: rows without names must be those of ccxt's fetch_ohlcv, [ms, open, high, low, "
            "close, volume]; give a table, or a dict of arrays by column"
        )
    names = ("ts", "open", "high", "low", "close", "volume")
    return _of_columns({name: list(column) for name, column in zip(names, zip(*rows))})


def _is_table(value: Any) -> bool:
    # A column has neither: a pandas or polars Series, a ChunkedArray.
    has_columns = hasattr(value, "columns") or hasattr(value, "column_names")
    return isinstance(value, Mapping) or has_columns


def _of_pandas(frame: Any) -> Any:
    """A DataFrame: an index that is no plain numbering is columns of it.

    Columns in two levels, a price and a symbol in either order, keep both in their names:
    ``('Close', 'AAPL')``. They become a series for each symbol.
    """
    import pyarrow

    if getattr(frame.columns, "nlevels", 1) > 2:
        raise TypeError(
            f"the columns have {frame.columns.nlevels} levels; expected one, or two: a price and a "
            "symbol, as yfinance gives them. Take two of them with frame.droplevel(name, axis=1)"
        )
    frame = _with_index(frame)
    return pyarrow.Table.from_pandas(frame, preserve_index=False)


def _with_index(frame: Any) -> Any:
    """The frame with the levels of its index as columns, but for those that only number rows.

    What has no name is named by what it holds: times are ``ts``, text is ``ts`` too where it is all
    there is (dates as text), else ``symbol``. Numbers without a name are never times: they are what
    is left of a numbering where rows were dropped or sorted.
    """
    index = frame.index
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    columns = {}
    for values in levels:
        kind = values.dtype.kind
        name = values.name
        if name is None:
            if kind in "iufb":
                continue
            name = "ts" if kind in "mM" or len(levels) == 1 else "symbol"
        if name not in frame.columns and name not in columns:
            columns[name] = values
    frame = frame.reset_index(drop=True)
    for place, (name, values) in enumerate(columns.items()):
        key = (name, "") if frame.columns.nlevels == 2 else name
        frame.insert(place, key, values)
    return frame


def _of_columns(columns: Mapping[str, Any]) -> Any:
    """A dict of arrays, one a column."""
    import numpy
    import pyarrow

    arrays = {}
    for name, values in columns.items():
        masked = None
        if isinstance(values, numpy.ma.MaskedArray):
            # A masked value is missing, whatever number lies below the mask.
            masked, values = numpy.ma.getmaskarray(values), numpy.ma.getdata(values)
        if isinstance(values, numpy.ndarray):
            # A copy of what Arrow can't take as it is: strides, other byte orders.
            values = numpy.ascontiguousarray(values)
            if not values.dtype.isnative:
                values = values.astype(values.dtype.newbyteorder("="))
        if isinstance(values, pyarrow.ChunkedArray):
            values = values.combine_chunks()
        elif hasattr(values, "to_arrow"):
            values = values.to_arrow()
        arrays[str(name)] = pyarrow.array(values, mask=masked)
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of different lengths: {lengths}")
    return pyarrow.table(arrays)

"""Tables of bars whose rows are cut and changed, in the form that a function takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._errors import DataError

#: Columns of times, in any case. They are never changed.
TIMES = ("ts", "time", "timestamp", "datetime", "date", "open_time", "close_time")

#: Columns of prices, in any case. Those of a row are changed by one factor.
PRICES = ("open", "high", "low", "close")

#: Columns of symbols, in any case.
SYMBOLS = ("symbol", "ticker")


def of(bars: Any, form: str | None) -> Columns:
    """Bars in a form: ``"pandas"``, ``"polars"``, ``"dict"``, or None for the best one."""
    if form not in (None, "pandas", "polars", "dict"):
        raise ValueError(f'table: expected "pandas", "polars" or "dict", got "{form}"')
    if hasattr(bars, "collect") and not hasattr(bars, "__arrow_c_stream__"):
        bars = bars.collect()  # a lazy frame of polars
    given = _form(bars)
    form = form or given or best_form()
    if given != form:
        bars = _converted(bars, given, form)
    if form == "pandas":
        return Pandas(bars)
    if form == "polars":
        return Polars(bars)
    return Arrays({str(name): np.asarray(values) for name, values in bars.items()})


def _form(bars: Any) -> str | None:
    module = type(bars).__module__.partition(".")[0]
    if module in ("pandas", "polars") and hasattr(bars, "columns"):
        return module
    is_table = (
        isinstance(bars, Mapping) and bars and not hasattr(next(iter(bars.values())), "columns")
    )
    return "dict" if is_table and not any(isinstance(v, Mapping) for v in bars.values()) else None


def _has_pandas() -> bool:
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


def best_form() -> str:
    """The form of tables where none was asked for."""
    return "pandas" if _has_pandas() else "dict"


def in_form(columns: dict[str, np.ndarray], form: str | None) -> Any:
    """Columns as a table of a form; None for the best one."""
    form = form or best_form()
    if form == "pandas":
        import pandas

        return pandas.DataFrame(columns)
    if form == "polars":
        import polars

        return polars.DataFrame(columns)
    return dict(columns)


def _converted(bars: Any, given: str | None, form: str) -> Any:
    """Bars of another form; files and other tables are read as ``read_bars`` does."""
    if given is None:
        from . import read_bars

        table = read_bars(bars)
        symbols = table["symbol"]
        if len(set(symbols.tolist())) > 1:
            raise DataError(_several(len(set(symbols.tolist()))))
        columns = {name: table[name] for name in table.column_names if name != "symbol"}
    elif given == "dict":
        columns = {str(name): np.asarray(values) for name, values in bars.items()}
    else:
        columns = {str(name): bars[name].to_numpy() for name in bars.columns}
        if given == "pandas" and bars.index.dtype.kind == "M" and "ts" not in columns:
            columns = {"ts": bars.index.to_numpy(), **columns}
    return in_form(columns, form)


def _several(symbols: int) -> str:
    return f"bars: leaktest takes the bars of one symbol, got {symbols} symbols. Choose one of them"


def _name(label: Any) -> str:
    """The name of a column; of two levels it is the first that is a known one, or the first."""
    parts = [str(part).lower() for part in (label if isinstance(label, tuple) else (label,))]
    return next((part for part in parts if part in (*PRICES, *TIMES)), parts[0])


class Columns:
    """A table and those of its columns that hold numbers.

    ``numbers`` has a float array for each column that may be changed, and ``names`` its name in
    small letters.
    """

    rows: int
    numbers: dict[Any, np.ndarray]
    names: dict[Any, str]

    def table(self) -> Any:
        """A table of its own for the function, which may write to it."""
        raise NotImplementedError

    def cut(self, start: int, stop: int) -> Columns:
        """The rows from ``start`` to ``stop``."""
        raise NotImplementedError

    def changed(self, start: int, values: dict[Any, np.ndarray]) -> Columns:
        """The table with other numbers in the rows from ``start``."""
        raise NotImplementedError

    def permuted(self, order: np.ndarray) -> Columns:
        """The table with the numbers of its rows in another order."""
        values = {key: column[order] for key, column in self.numbers.items()}
        return self.changed(0, values)

    def times(self) -> Any:
        """The time of each row, or None."""
        raise NotImplementedError

    def count(self) -> int:
        """The number of rows of the function's table."""
        return self.rows

    def by_row(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The function's columns with a value for each row that is cut and changed."""
        return columns

    def _refuse_several_symbols(self, columns: Mapping[str, Any]) -> None:
        for name in SYMBOLS:
            if name in columns and len(set(np.asarray(columns[name]).tolist())) > 1:
                raise DataError(_several(len(set(np.asarray(columns[name]).tolist()))))


def _is_number(dtype: np.dtype) -> bool:
    return dtype.kind in "iuf"


def _fitting(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers as those of a column: integers are rounded."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.round(values), max(limits.min, -(2.0**62)), min(limits.max, 2.0**62))
    return values.astype(dtype)


class Arrays(Columns):
    """A dict of NumPy arrays."""

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        lengths = {len(values) for values in columns.values()}
        if len(lengths) != 1:
            raise DataError(f"bars: expected columns of one length, got lengths {sorted(lengths)}")
        self.columns = columns
        self.rows = lengths.pop()
        lower = {name.lower(): values for name, values in columns.items()}
        self._refuse_several_symbols(lower)
        self.names = {
            name: name.lower()
            for name, values in columns.items()
            if values.ndim == 1 and _is_number(values.dtype) and name.lower() not in TIMES
        }
        self.numbers = {name: columns[name].astype(float) for name in self.names}

    def table(self) -> dict[str, np.ndarray]:
        return {name: values.copy() for name, values in self.columns.items()}

    def cut(self, start: int, stop: int) -> Arrays:
        return Arrays({name: values[start:stop] for name, values in self.columns.items()})

    def changed(self, start: int, values: dict[Any, np.ndarray]) -> Arrays:
        columns = dict(self.columns)
        for name, column in values.items():
            columns[name] = columns[name].copy()
            columns[name][start:] = _fitting(column, columns[name].dtype)
        return Arrays(columns)

    def times(self) -> Any:
        return next((self.columns[n] for n in self.columns if n.lower() in TIMES), None)


class Pandas(Columns):
    """A DataFrame. Its index stays as it is."""

    def __init__(self, frame: Any) -> None:
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        self.frame = frame
        self.rows = len(frame)
        labels = [_name(label) for label in frame.columns]
        symbols = {n: frame.iloc[:, at] for at, n in enumerate(labels) if n in SYMBOLS}
        for level in range(frame.index.nlevels):
            if str(frame.index.names[level]).lower() in SYMBOLS:
                symbols["symbol"] = frame.index.get_level_values(level)
        self._refuse_several_symbols(symbols)
        self.names, self.numbers = {}, {}
        for at, (name, dtype) in enumerate(zip(labels, frame.dtypes)):
            if is_numeric_dtype(dtype) and not is_bool_dtype(dtype) and name not in TIMES:
                self.names[at] = name
                self.numbers[at] = frame.iloc[:, at].to_numpy(dtype=float, na_value=np.nan)

    def table(self) -> Any:
        return self.frame.copy()

    def cut(self, start: int, stop: int) -> Pandas:
        return Pandas(self.frame.iloc[start:stop])

    def changed(self, start: int, values: dict[Any, np.ndarray]) -> Pandas:
        import pandas

        frame = self.frame.copy()
        for at, column in values.items():
            before = frame.iloc[:, at]
            if isinstance(before.dtype, np.dtype):
                array = before.to_numpy().copy()
                array[start:] = _fitting(column, before.dtype)
            else:
                whole = np.round(column) if before.dtype.kind in "iu" else column
                array = before.array.copy()
                array[start:] = pandas.array(whole, dtype=before.dtype)
            frame.isetitem(at, pandas.Series(array, index=frame.index))
        return Pandas(frame)

    def times(self) -> Any:
        names = [_name(label) for label in self.frame.columns]
        at = next((at for at, name in enumerate(names) if name in TIMES), None)
        if at is not None:
            return self.frame.iloc[:, at].to_numpy()
        levels = [self.frame.index.get_level_values(k) for k in range(self.frame.index.nlevels)]
        return next((level.to_numpy() for level in levels if level.dtype.kind == "M"), None)


class Polars(Columns):
    """A DataFrame of Polars. Nulls stay nulls."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.rows = frame.height
        lower = {name.lower(): name for name in frame.columns}
        self._refuse_several_symbols(
            {name: frame[lower[name]].to_list() for name in SYMBOLS if name in lower}
        )
        self.names = {
            name: name.lower()
            for name, dtype in frame.schema.items()
            if dtype.is_numeric() and name.lower() not in TIMES
        }
        self.numbers = {
            name: frame[name].cast(float).fill_null(np.nan).to_numpy().astype(float)
            for name in self.names
        }

    def table(self) -> Any:
        return self.frame.clone()

    def cut(self, start: int, stop: int) -> Polars:
        return Polars(self.frame.slice(start, stop - start))

    def changed(self, start: int, values: dict[Any, np.ndarray]) -> Polars:
        import polars

        columns = []
        for name, column in values.items():
            before = self.frame[name]
            if before.dtype.is_integer():
                column = np.round(column)
            after = polars.Series(name, column)
            if before.null_count():
                after = after.fill_nan(None)
            columns.append(before.slice(0, start).append(after.cast(before.dtype, strict=False)))
        return Polars(self.frame.with_columns(columns))

    def times(self) -> Any:
        name = next((name for name in self.frame.columns if name.lower() in TIMES), None)
        return None if name is None else self.frame[name].to_numpy()

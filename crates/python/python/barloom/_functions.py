"""Python functions among features: they become columns of the bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from . import _leak_market, _leak_tables
from ._barloom import Recipe
from ._errors import DataError, LeakError, NondeterministicError
from ._feature import Feature
from ._leak_tables import Columns
from ._leaktest import half_differs, leaktest, values_of

#: Own columns as the compiled half takes them: their names, and what computes them.
Own = tuple[list[str], Callable[[Any, Callable[[], bool]], list[np.ndarray]]]


def separated(features: Mapping[str, Any], bars: Any) -> tuple[dict[str, Any], Own | None]:
    """Features with a column in place of each function, and these columns."""
    if not isinstance(features, Mapping):
        return features, None
    form = _form(bars)
    functions = {
        str(name): Feature(f, "symbol", form)
        if not isinstance(f, Feature)
        else Feature(f.f, f.by, f.table or form)
        for name, f in features.items()
        if callable(f)
    }
    if not functions:
        return dict(features), None
    written = {name: column(name) if callable(f) else f for name, f in features.items()}

    def compute(table: Any, stopped: Callable[[], bool]) -> list[np.ndarray]:
        symbols = by_symbol(table)
        return [_values(name, _stopping(f, stopped), symbols) for name, f in functions.items()]

    return written, ([column(name) for name in functions], compute)


def _form(bars: Any) -> str | None:
    """The form of tables that functions take: Polars for Polars bars."""
    if isinstance(bars, Mapping):
        bars = next(iter(bars.values()), None)
    return "polars" if type(bars).__module__.partition(".")[0] == "polars" else None


def column(name: str) -> str:
    """The column of the bars that a function's feature is."""
    return f"python_{name}"


def of_recipe(
    cfg: Any, features: Mapping[str, Any] | None, bars: Any
) -> tuple[Any, Own | None]:
    """A recipe with these features beside its own, without functions, and the functions' columns."""
    tables = cfg
    if features:
        if cfg is None:
            tables = {}
        elif isinstance(cfg, (str, PathLike)):
            tables = Recipe.read(cfg).to_dict()
        elif isinstance(cfg, Recipe):
            tables = cfg.to_dict()
    if not isinstance(tables, Mapping):
        return cfg, None
    own_features = tables.get("features") or {}
    if not isinstance(own_features, Mapping):
        return cfg, None
    written, own = separated({**own_features, **(features or {})}, bars)
    if own is None and not features:
        return cfg, None
    return {**tables, "features": written}, own


def _stopping(f: Feature, stopped: Callable[[], bool]) -> Feature:
    """The function, which after Ctrl-C is not called again."""

    def called(bars: Any) -> Any:
        if stopped():
            raise KeyboardInterrupt
        return f(bars)

    return Feature(called, f.by, f.table)


def by_symbol(table: Any) -> dict[str, dict[str, np.ndarray]]:
    """The columns of each symbol of a table of ``read_bars``."""
    symbol = table.to_arrow()["symbol"].combine_chunks()
    if hasattr(symbol, "chunks"):
        symbol = symbol.chunk(0)
    codes = symbol.indices.to_numpy()
    starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    columns = {name: table[name] for name in table.column_names if name != "symbol"}
    names = symbol.dictionary.to_pylist()
    return {
        names[codes[start]]: {name: values[start:stop] for name, values in columns.items()}
        for start, stop in zip(starts, starts[1:])
    }


def _values(name: str, f: Feature, symbols: dict[str, dict[str, np.ndarray]]) -> np.ndarray:
    """The values over all bars: float64, NaN where one is missing."""
    parts: dict[str, Columns]
    if f.by == "market":
        parts = {"": _leak_market.market_of(symbols, f.table)}
    else:
        parts = {
            symbol: _leak_tables.of(_leak_tables.in_form(columns, f.table), None)
            for symbol, columns in symbols.items()
        }
    found, tested = [], False
    for symbol, part in parts.items():
        where = f"features.{name}: " + (f"symbol {symbol}: " if symbol else "")
        values = _called(where, f, part)
        if part.rows > 1:
            if not tested:
                _test(where, f, part)
                tested = True
            _test_half(where, f, part, values)
        found.append(values)
    whole = np.concatenate(found)
    return np.where(np.isfinite(whole), whole, np.nan)


def _called(where: str, f: Feature, part: Columns) -> np.ndarray:
    given = part.table()
    try:
        result = f(given)
    except Exception as error:
        raise DataError(f"{where}the function raised {type(error).__name__}: {error}") from error
    try:
        columns = values_of(result, part.count(), given)
    except Exception as error:
        raise DataError(f"{where}{str(error).removeprefix('f: ')}") from error
    if len(columns) != 1:
        raise DataError(
            f"{where}expected one number for each row, got the columns {', '.join(columns)}. Give a "
            "function for each of them"
        )
    (values,) = columns.values()
    if values.dtype.kind != "f":
        raise DataError(
            f"{where}expected a number for each row, got {values.dtype.name} such as {values[0]!r}"
        )
    return values


def _test(where: str, f: Feature, part: Columns) -> None:
    try:
        test = leaktest(f, part, history=False)
    except NondeterministicError as error:
        raise NondeterministicError(f"{where}{str(error).removeprefix('f ')}") from None
    except DataError as error:
        raise DataError(f"{where}{str(error).removeprefix('f: ')}") from error
    if not test.ok:
        raise LeakError(f"{where}{test}")


def _test_half(where: str, f: Feature, part: Columns, values: np.ndarray) -> None:
    """Refuses a function that gives other values when the second half of the bars is not there."""
    row = half_differs(f, part, values)
    if row is not None:
        raise LeakError(
            f"{where}the function looks ahead: the value of row {row} is another one without the "
            "second half of the bars. Compute each value from its own row and rows before it"
        )

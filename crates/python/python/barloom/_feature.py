"""Functions of bars as features."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

#: What a function takes at a time, and the forms of its table.
BY, FORMS = ("symbol", "market"), ("pandas", "polars", "dict")


class Feature:
    """A function of bars with the table that it takes; ``barloom.feature`` makes one.

    Args:
        f: The function.
        by: ``"symbol"`` or ``"market"``.
        table: ``"pandas"``, ``"polars"``, ``"dict"`` or None.
    """

    def __init__(self, f: Callable[[Any], Any], by: str, table: str | None) -> None:
        self.f, self.by, self.table = f, by, table
        functools.update_wrapper(self, f)

    def __call__(self, bars: Any) -> Any:
        return self.f(bars)

    def __repr__(self) -> str:
        return f"feature({self.f!r}, by={self.by!r}, table={self.table!r})"


def feature(
    f: Callable[[Any], Any] | None = None, *, by: str = "symbol", table: str | None = None
) -> Any:
    """Marks a function of bars as a feature, and says which table it takes.

    A function without this mark takes a table of one symbol's bars: of Polars if the bars are, else of pandas.

    >>> @barloom.feature(by="market")
    ... def strength(bars):  # of all symbols
    ...     change = bars.groupby("symbol")["close"].pct_change(20)
    ...     return change - change.groupby(bars["ts"]).transform("mean")
    >>> table = barloom.features("bars/*.parquet", {"strength": strength})

    Args:
        f: The function. It takes a table of bars and gives a number for each row.
        by: ``"symbol"``: the table has the bars of one symbol, in time order. ``"market"``: it has
            those of all symbols, by symbol and then by time, and a column ``symbol``.
        table: The form of the table: ``"pandas"``, ``"polars"`` or ``"dict"`` (of NumPy arrays).
            None: Polars if the bars are a Polars table; else pandas if it is installed, else a dict.

    Returns:
        The function, which is called as before.

    Raises:
        ValueError: ``by`` or ``table`` is unknown.
    """
    if by not in BY:
        raise ValueError(f'by: expected "symbol" or "market", got {by!r}')
    if table is not None and table not in FORMS:
        raise ValueError(f'table: expected "pandas", "polars" or "dict", got {table!r}')
    if f is None:
        return lambda f: feature(f, by=by, table=table)
    if not callable(f):
        raise TypeError(f"f: expected a function of bars, got {type(f).__name__}")
    return Feature(f, by, table)

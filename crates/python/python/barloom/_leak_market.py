"""Tables of several symbols' bars whose times are cut and changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import DataError
from ._leak_tables import Arrays, Columns, in_form

#: Rows that are tested at most, of all symbols together.
MOST_ROWS = 50_000


class Market(Columns):
    """The bars of several symbols. Its rows are times: a cut or a change is one of all symbols.

    Args:
        parts: The bars of each symbol; those without rows stay.
        form: The form of the table for the function.
    """

    numbers: dict[Any, np.ndarray] = {}
    names: dict[Any, str] = {}

    def __init__(self, parts: dict[str, Arrays], form: str | None) -> None:
        self.parts, self.form = parts, form
        self.ts = np.unique(np.concatenate([part.columns["ts"] for part in parts.values()]))
        self.rows = len(self.ts)

    def table(self) -> Any:
        some = {symbol: part for symbol, part in self.parts.items() if part.rows}
        symbols = np.repeat(
            np.array(list(some), dtype=object), [part.rows for part in some.values()]
        )
        names = next(iter(self.parts.values())).columns
        columns = {
            name: np.concatenate([part.columns[name] for part in some.values()]) for name in names
        }
        return in_form({"symbol": symbols, **columns}, self.form)

    def cut(self, start: int, stop: int) -> Market:
        return self._each(lambda part, at: part.cut(*at), start, stop)

    def each_changed(self, start: int, change: Any) -> Market:
        """The bars of each symbol changed from a time on: ``change(part, row, number)``."""
        numbers = iter(range(len(self.parts)))
        return self._each(
            lambda part, at: change(part, at[0], next(numbers)) if at[0] < part.rows else part,
            start,
            self.rows,
        )

    def _each(self, of: Any, start: int, stop: int) -> Market:
        parts = {}
        for symbol, part in self.parts.items():
            ends = [self.ts[at] if at < self.rows else None for at in (start, stop)]
            rows = [
                part.rows if end is None else int(np.searchsorted(part.columns["ts"], end))
                for end in ends
            ]
            parts[symbol] = of(part, rows)
        return Market(parts, self.form)

    def times(self) -> Any:
        return self.ts

    def count(self) -> int:
        return sum(part.rows for part in self.parts.values())

    def by_row(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A column for each symbol, with a value for each time."""
        found, start = {}, 0
        for symbol, part in self.parts.items():
            at = np.searchsorted(self.ts, part.columns["ts"])
            for name, values in columns.items():
                own = values[start : start + part.rows]
                missing = np.nan if values.dtype.kind == "f" else ""
                spread = np.full(self.rows, missing, dtype=own.dtype)
                spread[at] = own
                found[f"{name} of {symbol}" if name else symbol] = spread
            start += part.rows
        return found


def market_of(symbols: dict[str, dict[str, np.ndarray]], form: str | None) -> Market:
    """The bars of each symbol as a market of which so many times are tested that it is quick."""
    parts = {symbol: Arrays(columns) for symbol, columns in symbols.items()}
    if not parts:
        raise DataError("bars: there are none")
    return Market(parts, form)


def most_times(symbols: int, rows: int) -> int:
    """The number of times that are tested."""
    return min(rows, max(250, MOST_ROWS // symbols))

"""A test of functions of bars: does a value depend on later rows, and on how many earlier ones?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _leak_tables
from ._errors import DataError, LeakError, NondeterministicError
from ._feature import Feature
from ._leak_market import Market, market_of, most_times
from ._leak_tables import PRICES, Columns

#: Two values are the same within this part of them: the test may add numbers in another order.
SAME = 1e-9

#: So are values that rows before the history still change: recursive functions never forget all.
FORGOTTEN = 1e-8

#: Places at which the future is changed in each way.
PLACES = 6

#: Rows after which the table is cut first, for values that a start fills from behind.
FIRST = (1, 2, 3, 5, 8, 16, 32, 64, 128, 256, 512)

#: Missing values of the bars after which the table is cut.
MISSING = 5


@dataclass(frozen=True)
class LeakTest:
    """What ``leaktest`` found.

    >>> test = barloom.leaktest(lambda bars: bars["close"].shift(-1), bars)
    >>> test.ok, test.row, test.ahead
    (False, 0, 1)

    Args:
        ok: True if no value changed when later rows did.
        row: The first row found whose value depends on later rows, counted from 0; None if there is
            none.
        ts: The time of that row; None without times.
        ahead: The number of rows that the function looks ahead: 0, a number, or ``"all"`` if values
            depend on the last row.
        history: The number of rows before its own that a value needs: 0, a number, or ``"all"`` if
            the first row still counts at the end of the tested rows. None if it was not looked for, or
            if ``ahead`` is ``"all"``.
        column: The column of the result that depends on later rows, if it has several.
        rows: The number of rows tested, the first ones of the bars.
        calls: The number of calls of the function.
    """

    ok: bool
    row: int | None
    ts: Any
    ahead: int | str
    history: int | str | None
    column: str | None
    rows: int
    calls: int

    def raise_if_leaks(self) -> None:
        """Raises an error if a value depends on later rows.

        Raises:
            LeakError: A value depends on later rows. The message names the first row and the reach.
        """
        if not self.ok:
            raise LeakError(str(self))

    def __str__(self) -> str:
        needs = "" if self.history is None else f" A value needs {_needs(self.history)}."
        tested = f"{_rows(self.rows)} and {self.calls} calls"
        if self.ok:
            return f"No look-ahead found in {tested}.{needs}"
        ts = self.ts
        if isinstance(ts, np.datetime64):
            ts = str(ts.astype("datetime64[s]")).replace("T", " ")
        where = f"row {self.row}" + ("" if ts is None else f" ({ts})")
        whose = "" if self.column is None else f" of column {self.column!r}"
        reach = (
            "it depends on all later rows, as with a mean or a scaler over the whole table"
            if self.ahead == "all"
            else f"it looks {_rows(self.ahead)} ahead"
        )
        return (
            f"The function looks ahead: the value of {where}{whose} changes with later rows; {reach}. "
            f"Compute each value from its own row and rows before it (no shift(-1), centred window, "
            f"bfill, or statistic of all rows). Found in {tested}.{needs}"
        )


def _rows(count: int | str) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _needs(history: int | str) -> str:
    if history == "all":
        return "all rows before its own"
    return "its own row alone" if history == 0 else f"{_rows(history)} before its own"


def leaktest(
    f: Callable[[Any], Any],
    bars: Any,
    *,
    table: str | None = None,
    rows: int = 4_000,
    history: bool = True,
    seed: int = 0,
) -> LeakTest:
    """Tests whether a function of bars looks ahead.

    The function is called on the bars, on their first rows alone, and on bars whose later rows are
    changed: raised, lowered, noisy, in another order. No value of an earlier row may change. A call
    on a few thousand rows is made some 60 times. Nothing is proved: a function that looks ahead only
    on rare occasions may pass.

    >>> def momentum(bars):
    ...     return bars["close"] / bars["close"].shift(20) - 1
    >>> print(barloom.leaktest(momentum, "bars.parquet"))
    No look-ahead found in 4,000 rows and 57 calls. A value needs 20 rows before its own.

    Args:
        f: The function. It takes a table of one symbol's bars, and gives a value for each row: an
            array, a Series or a list; or several columns: a two-dimensional array, a dict, a table.
            It gets a copy of the table with each call. With ``@barloom.feature(by="market")`` it
            takes the bars of all symbols; rows of the result then count times.
        bars: The bars of one symbol: a pandas or polars table or a dict of arrays, with the columns
            that f needs, or whatever ``read_bars`` accepts.
        table: The form in which f takes its bars: ``"pandas"``, ``"polars"`` or ``"dict"`` (of NumPy
            arrays). None: as they are given. Files and other tables become a pandas table if pandas is
            installed, else a dict.
        rows: The number of rows tested, the first ones. A reach or a history above it is ``"all"``.
        history: True to find the number of rows before its own that a value needs.
        seed: The seed of the changes.

    Returns:
        The result, with ``ok``, ``row``, ``ahead``, ``history``; ``print`` shows it as a sentence, and
        ``raise_if_leaks`` makes it an error.

    Raises:
        NondeterministicError: Two calls with the same bars differ.
        DataError: f does not give one value a row, or the bars are of several symbols.
    """
    whole = bars if isinstance(bars, Columns) else _whole(f, bars, table)
    if isinstance(whole, Market):
        rows = most_times(len(whole.parts), rows)
    if whole.rows < 2 or rows < 2:
        raise DataError(f"bars: leaktest needs 2 rows or more, got {min(whole.rows, rows)}")
    trial = _Trial(f, whole.cut(0, min(rows, whole.rows)), seed)
    try:
        found = trial.first_leak()
    except _Failed as failed:
        raise DataError(
            "f: it fails whenever bars are cut or changed, so nothing was compared. It must work on "
            f"any bars: {failed.__cause__}"
        ) from failed.__cause__
    row: int | None = None
    ahead: int | str = 0
    column: str | None = None
    if found is not None:
        row, change, column = found
        ahead = trial.reach(row, change)
    # Where every row counts for every other there is no history.
    needs = trial.history() if history and ahead != "all" else None
    times = None if row is None else whole.times()
    return LeakTest(
        ok=row is None,
        row=row,
        ts=None if times is None else times[row],
        ahead=ahead,
        history=needs,
        column=column,
        rows=trial.base.rows,
        calls=trial.calls,
    )


def _whole(f: Callable[[Any], Any], bars: Any, table: str | None) -> Columns:
    if not isinstance(f, Feature):
        return _leak_tables.of(bars, table)
    if f.by == "symbol":
        return _leak_tables.of(bars, table or f.table)
    from . import read_bars
    from ._functions import by_symbol

    return market_of(by_symbol(read_bars(bars)), table or f.table)


def half_differs(f: Callable[[Any], Any], whole: Columns, values: np.ndarray) -> int | None:
    """The first row whose value is another one without the second half of the rows."""
    half = whole.cut(0, (whole.rows + 1) // 2)
    given = half.table()
    try:
        (column,) = values_of(f(given), half.count(), given).values()
    except Exception:  # too few rows for the function
        return None
    rows, of_half = [], half.by_row({"": column})
    for name, before in whole.by_row({"": values}).items():
        after = of_half.get(name, before[:0])
        same = _same(before[: half.rows], after, SAME, _size(before))
        rows.extend(np.flatnonzero(~same)[:1].tolist())
    return min(rows, default=None)


class _Failed(Exception):
    """A call on a part of the bars that failed."""


class _Trial:
    """A function and its values of unchanged bars."""

    def __init__(self, f: Callable[[Any], Any], base: Columns, seed: int) -> None:
        self.f, self.base, self.seed, self.calls, self.compared = f, base, seed, 0, 0
        self.values = self._call(base)
        again = self._call(base)
        for name, column in self.values.items():
            differ = np.flatnonzero(~_same(column, again.get(name, column[:0]), 0.0, 0.0))
            if len(differ):
                raise NondeterministicError(
                    f"f gives another value at row {differ[0]} when called again with the same bars; "
                    "look-ahead cannot be told from chance. Give its random numbers a fixed seed"
                )
        # What is small beside most values is rounding.
        self.sizes = {name: _size(column) for name, column in self.values.items()}

    def _call(self, table: Columns) -> dict[str, np.ndarray]:
        self.calls += 1
        given = table.table()
        return table.by_row(values_of(self.f(given), table.count(), given))

    def _try(self, table: Columns) -> dict[str, np.ndarray]:
        try:
            return self._call(table)
        except Exception as error:
            raise _Failed from error

    def moved(self, change: str, start: int) -> dict[str, np.ndarray]:
        """The rows before ``start`` whose values change if the rows from there on do, by column."""
        values = self._try(_changed(self.base, change, start, self.seed))
        found = {}
        if not values.keys() >= self.values.keys():
            raise _Failed from DataError("f: the columns of the result differ from call to call")
        self.compared += 1
        for name, column in self.values.items():
            before, after = column[:start], values[name][:start]
            rows = np.flatnonzero(~_same(before, after, SAME, self.sizes[name]))
            if len(rows):
                found[name] = rows
        return found

    def moves(self, change: str, start: int, row: int) -> bool:
        """True if a row changes with those from ``start`` on."""
        try:
            return any(row in rows for rows in self.moved(change, start).values())
        except _Failed:
            return False

    def first_leak(self) -> tuple[int, str, str | None] | None:
        """The first row that depends on later ones, a change that shows it, and its column."""
        below, self.failure = 0, _Failed()
        for change, start in self._attempts():
            found = self._leak(change, start)
            if found is None:
                if change == "cut":
                    below = max(below, start if start < self.base.rows // 2 else 0)
                continue
            # A cut nearer to the start may show an earlier row.
            low, high = min(below, start - 1), start
            while high - low > 1:
                middle = (low + high) // 2
                earlier = self._leak(change, middle)
                if earlier is None:
                    low = middle
                else:
                    high = middle
                    found = min(found, earlier)
            row, column = found
            return row, change, column if len(self.values) > 1 else None
        if not self.compared:
            raise self.failure
        return None

    def _leak(self, change: str, start: int) -> tuple[int, str] | None:
        try:
            moved = self.moved(change, start)
        except _Failed as failed:
            self.failure = failed
            # Few rows may be too few for the function: change later ones and keep all.
            return self._leak("noise", start) if change == "cut" else None
        return min(((int(rows[0]), name) for name, rows in moved.items()), default=None)

    def _attempts(self) -> Iterator[tuple[str, int]]:
        rows = self.base.rows
        yield from (("cut", start) for start in FIRST if start < rows)
        yield from (("cut", start) for start in self._after_missing())
        for place in range(1, PLACES + 1):
            start = max(1, rows * place // (PLACES + 1))
            yield from ((change, start) for change in CHANGES)
        # Values of the last row alone.
        yield from (("raise", rows - 1), ("lower", rows - 1))

    def _after_missing(self) -> Iterable[int]:
        starts: set[int] = set()
        for column in self.base.numbers.values():
            missing = np.isnan(column)
            starts.update(np.flatnonzero(missing[:-1] & ~missing[1:]) + 1)
        chosen = sorted(starts)
        every = max(1, len(chosen) // MISSING)
        return [int(start) for start in chosen[::every][:MISSING]]

    def reach(self, row: int, change: str) -> int | str:
        """The distance from a row to the last one that changes its value."""
        changes = [change] if change == "permute" else []
        changes += ["raise", "lower", "noise", "cut"]
        rows = self.base.rows
        ahead = self._reach_of(row, changes)
        # Most of what is left of the table: is it the end that counts?
        if ahead > (rows - 1 - row) * 3 // 4 and self._follows_the_end(row, ahead, changes):
            return "all"
        # Rows of a day may look to its end: the first one may begin in the middle of a day.
        for start in (rows // 2, rows * 3 // 4, rows - 1):
            for other in changes[:2]:
                found = self._leak(other, start)
                if found is not None and start - found[0] > 0:
                    ahead = max(ahead, start - found[0])
                    if start < rows - 1:
                        ahead = max(ahead, self._reach_of(found[0], [other]))
                    break
        return ahead

    def _reach_of(self, row: int, changes: list[str]) -> int:
        best, last = row, self.base.rows - 1
        if any(self.moves(change, last, row) for change in changes):
            return last - row
        for change in changes:
            low, high = best, last
            # The row changes with those from low on, and does not with those from high on.
            if high - low > 1 and self.moves(change, low + 1, row):
                low += 1
                while high - low > 1:
                    middle = (low + high) // 2
                    if self.moves(change, middle, row):
                        low = middle
                    else:
                        high = middle
                best = low
        return best - row

    def _follows_the_end(self, row: int, ahead: int, changes: list[str]) -> bool:
        """True if a row depends on the last rows of a shorter table too."""
        rows = max(row + 2, 3 * self.base.rows // 4)
        if rows >= self.base.rows:
            return False
        share = ahead / (self.base.rows - 1 - row)
        start = row + max(1, int((0.9 if share < 1.0 else 1.0) * share * (rows - 1 - row)))
        short = _Trial(self.f, self.base.cut(0, rows), self.seed)
        found = any(short.moves(change, start, row) for change in changes)
        self.calls += short.calls
        return found

    def history(self) -> int | str:
        """The fewest rows before its own with which a value is what it is with all rows."""
        rows = self.base.rows
        most, places = 0, [rows * eighths // 8 for eighths in (6, 5, 7, 8)]
        for end in places:
            if end < 2:
                continue
            before = self._history_of(end - 1, most)
            if before is None:
                return "all"
            most = max(most, before)
        # What needs nearly all rows, such as the highest price so far, needs all of them.
        return "all" if most > 0.9 * (rows - 1) and most > 1 else most

    def _history_of(self, row: int, least: int) -> int | None:
        """The rows that a row and those after it need: no fewer than some; None for all."""

        def suffices(before: int) -> bool:
            start = row - before
            try:
                values = self._try(self.base.cut(start, self.base.rows))
            except _Failed:
                return False
            return all(
                name in values
                and _same(column[row:], values[name][before:], FORGOTTEN, self.sizes[name]).all()
                for name, column in self.values.items()
            )

        low, high = least - 1, row - 1
        if high < least or suffices(least):
            return least
        if not suffices(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if suffices(middle):
                high = middle
            else:
                low = middle
        return high


#: The ways in which later rows are changed.
CHANGES = ("cut", "raise", "lower", "noise", "permute")


def _changed(base: Columns, change: str, start: int, seed: int) -> Columns:
    """The bars with other rows from ``start`` on. Bars stay valid: prices of a row are changed by one
    factor."""
    if change == "cut":
        return base.cut(0, start)
    if isinstance(base, Market):
        # Each symbol has changes of its own.
        return base.each_changed(
            start, lambda part, row, at: _changed(part, change, row, seed + at)
        )
    rng = np.random.default_rng((seed, start))
    count = base.rows - start
    if change == "permute":
        order = np.arange(base.rows)
        order[start:] = start + rng.permutation(count)
        return base.permuted(order)
    prices = [base.numbers[key] for key, name in base.names.items() if name in PRICES]
    by_row = np.exp(rng.normal(0.0, 0.5, count))
    values = {}
    for key, column in base.numbers.items():
        after, known = column[start:], column[np.isfinite(column)]
        if base.names[key] in PRICES and all(np.nanmin(p) > 0 for p in prices):
            least = min(np.nanmin(p) for p in prices)
            beyond = 2.0 * max(np.nanmax(p) for p in prices) / least
            factor = {"raise": beyond, "lower": 1.0 / beyond, "noise": by_row}[change]
            values[key] = after * factor
            continue
        spread = float(np.ptp(known)) if len(known) else 0.0
        size = spread or (abs(float(known[0])) if len(known) else 0.0) or 1.0
        if change == "noise":
            # Numbers that are never negative stay so, such as volumes.
            factor = np.exp(rng.normal(0.0, 0.5, count))
            is_positive = len(known) and known.min() >= 0.0
            values[key] = (
                after * factor if is_positive else after + size * rng.normal(0.0, 0.5, count)
            )
        elif change == "raise":
            values[key] = after + 2.0 * size
        else:
            is_positive = len(known) and known.min() >= 0.0
            values[key] = after / 1_000.0 if is_positive else after - 2.0 * size
    return base.changed(start, values)


def values_of(result: Any, rows: int, given: Any) -> dict[str, np.ndarray]:
    """The result of a function as columns, each with a value a row."""
    if hasattr(result, "collect") and not hasattr(result, "__arrow_c_stream__"):
        result = result.collect()
    if hasattr(result, "index") and hasattr(result, "reindex"):
        result = _aligned(result, given)
    if isinstance(result, Mapping):
        columns = {str(name): values for name, values in result.items()}
    elif hasattr(result, "column_names"):
        columns = {str(name): result[name] for name in result.column_names}
    elif hasattr(result, "columns"):
        labels = list(result.columns)
        by_place = hasattr(result, "iloc")
        columns = {
            str(label): result.iloc[:, at] if by_place else result[label]
            for at, label in enumerate(labels)
        }
    elif isinstance(result, tuple) and len(result) != rows:
        columns = {str(at): values for at, values in enumerate(result)}
    else:
        array = _array(result)
        if array.ndim == 2:
            columns = {str(at): array[:, at] for at in range(array.shape[1])}
        else:
            columns = {"": array}
    arrays = {name: _array(values) for name, values in columns.items()}
    for name, array in arrays.items():
        if array.ndim != 1 or len(array) != rows:
            whose = f"column {name!r}: " if name else ""
            shape = f"shape {array.shape}" if array.ndim != 1 else f"{len(array):,} values"
            raise DataError(f"f: {whose}expected a value for each of {rows:,} rows, got {shape}")
    if not arrays:
        raise DataError("f: expected a value for each row, got a table without columns")
    return arrays


def _aligned(result: Any, given: Any) -> Any:
    """A pandas result on the rows of the table, if it lacks some, as after ``dropna``, or has them in
    another order."""
    index = getattr(given, "index", None)
    if index is None or result.index.equals(index) or not index.is_unique or not result.index.isin(index).all():
        return result
    return result.reindex(index) if result.index.is_unique else result


def _array(values: Any) -> np.ndarray:
    """Values as floats where they are numbers, else as objects that compare."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    elif hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array.astype(float)
    if array.dtype.kind in "mM":
        missing = np.isnat(array)
        return np.where(missing, np.nan, array.astype("int64").astype(float))
    if array.dtype.kind == "O":
        try:
            return array.astype(float)  # numbers and None
        except (TypeError, ValueError):
            pass
    return array.astype(str) if array.dtype.kind == "O" else array


def _size(column: np.ndarray) -> float:
    """The median size of values: what is far smaller is rounding."""
    if column.dtype.kind != "f":
        return 0.0
    sizes = np.abs(column[np.isfinite(column)])
    return float(np.median(sizes)) if len(sizes) else 0.0


def _same(before: np.ndarray, after: np.ndarray, part: float, size: float) -> np.ndarray:
    """True for each value that is the same, within a part of it or of most values."""
    if len(before) != len(after) or before.dtype.kind != after.dtype.kind:
        return np.zeros(len(before), bool) if len(before) != len(after) else before == after
    if before.dtype.kind != "f":
        return before == after
    missing = np.isnan(before) & np.isnan(after)
    with np.errstate(invalid="ignore"):
        near = np.abs(before - after) <= part * np.maximum(np.abs(before), size)
    return missing | (before == after) | near

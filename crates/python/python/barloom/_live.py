"""The input of a model in production: windows and snapshots of bars that arrive one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from operator import index
from os import PathLike, fspath
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _barloom, _bars

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Live:
    """Windows and snapshots of bars that are pushed, bit for bit those of a dataset with these bars.

    The cost of a push does not depend on the number of bars before it.

    >>> live = barloom.Live(ds)  # continues after the last bar of ds
    >>> live.push("SPY", ts, open=1.0, high=1.2, low=0.9, close=1.1, volume=300)
    >>> if live.ready("SPY"):
    ...     action = model(live.window("SPY"), live.snapshot("SPY"))

    Features that use other symbols (``cs_rank``, ``symbol``) need all bars of a time. Bars wait until
    every symbol has one, a later time begins, or ``close`` ends the time. docs/live.md has the rules.
    An error leaves the state as it was.

    Args:
        dataset: A dataset or one of its parts. It has the recipe, the fitted scalers, the symbols, and
            the bars to continue from.
        history: Bars to continue from in place of those of the dataset, as for ``build_dataset``:
            from as early on as features need.
        joins: Files of slower series by the names of joins, ``{"funding": "funding/*.parquet"}``, with
            the records that past bars take. Needed with ``history``, and for joins inside ``at``.
        attributes: The file of ``[data] attributes``, needed for features with ``by=``.
        cache: As for ``build_dataset``.

    Raises:
        RecipeError: The dataset cannot be continued so.
        DataError: The bars are unusable, or of other symbols.
        FileError: A file cannot be read.
    """

    def __init__(
        self,
        dataset: _barloom.Dataset,
        *,
        history: Any = None,
        joins: Mapping[str, Any] | None = None,
        attributes: str | PathLike[str] | None = None,
        cache: bool = True,
    ) -> None:
        self._symbols: list[str] = dataset.symbols
        self._zone: str = dataset.recipe.to_dict()["data"]["timezone"]
        files = {name: _paths(given) for name, given in (joins or {}).items()}
        path = None if attributes is None else fspath(attributes)
        self._live = _barloom.live(dataset, self._given(history), files, path, cache)

    @property
    def symbols(self) -> list[str]:
        """The symbols, in the order of ``batch``."""
        return list(self._symbols)

    @property
    def columns(self) -> list[str]:
        """The columns that a bar has."""
        return self._live.columns

    def push(self, bars: Any, ts: Any = None, /, **values: float | None) -> None:
        """Takes the next bar of a symbol, or a table of bars in the order of their closes.

        Args:
            bars: The symbol of the bar; or a table of bars with ``ts``, as for ``build_dataset``.
            ts: The open time of the bar: ns since 1970 UTC, a ``datetime`` with a zone, a pandas
                ``Timestamp`` or a NumPy ``datetime64``, which is in UTC.
            values: The values by column, at least those of ``columns``; None or NaN is missing.

        Raises:
            DataError: A bar is unusable or late, is there already, or lacks a column.
            RecipeError: The dataset has no such symbol.
        """
        if isinstance(bars, str):
            if ts is None:
                raise TypeError("push(symbol, ts, open=..., ...): ts is missing; it is the open of the bar")
            self._live.push(bars, self._ns(ts), values)
        elif ts is not None or values:
            raise TypeError("push(table) takes nothing beside the table")
        else:
            self._live.push_bars(self._given(bars))

    def close(self, ts: Any = None) -> None:
        """Ends a time: features that use other symbols wait for no further bar of it.

        Args:
            ts: The open time of its bars, as for ``push``; None for the time of the bars that wait.
        """
        self._live.close(None if ts is None else self._ns(ts))

    def push_join(
        self, name: str, ts: Any, /, *, symbol: str | None = None, **values: float | None
    ) -> None:
        """Takes a record of a slower series, which bars that close later take.

        Args:
            name: The name of the join in the recipe.
            ts: The time of the record, as for ``push``. It is known after the ``delay`` of the join.
            symbol: The symbol of the record, if the join has ``by = "symbol"``.
            values: The values by column.

        Raises:
            DataError: The record is late, or lacks a value; no feature uses the join.
        """
        self._live.push_join(name, self._ns(ts), symbol, values)

    def ready(self, symbol: str | None = None) -> bool:
        """True if a symbol has a window and a snapshot.

        Its last L bars lie in one segment, no value is missing, and the time of its last bar has
        ended.

        Args:
            symbol: The symbol; None for the only one.
        """
        return self._live.ready(self._symbol(symbol))

    def window(self, symbol: str | None = None) -> npt.NDArray[np.float32]:
        """The window after the last bar of a symbol: float32 [C, L], scaled as in the dataset.

        Args:
            symbol: The symbol; None for the only one.

        Raises:
            DataError: The symbol is not ready; the message says why.
        """
        return self._live.window(self._symbol(symbol))

    def snapshot(self, symbol: str | None = None) -> npt.NDArray[np.float32]:
        """The snapshot of the last bar of a symbol: float32 [K].

        Args:
            symbol: The symbol; None for the only one.

        Raises:
            DataError: The symbol is not ready; the message says why.
        """
        return self._live.snapshot(self._symbol(symbol))

    def batch(self) -> dict[str, npt.NDArray[Any]]:
        """All symbols as a dict like a loader's batch, in the order of ``symbols``.

        It has ``windows`` float32 [S, C, L], ``snapshot`` float32 [S, K] if the recipe has one,
        ``ready`` bool [S], and ``last_ts`` datetime64 [S], the open of the last bar of each. Values of
        symbols that are not ready are NaN.
        """
        return self._live.batch()

    def state_dict(self) -> dict[str, bytes]:
        """All that was pushed since the start, for ``load_state_dict``: 8 bytes a value of each bar."""
        return {"live": self._live.state()}

    def load_state_dict(self, state: Mapping[str, bytes]) -> None:
        """Pushes all that a saved state has; it goes on with the same bits.

        Args:
            state: The dict of ``state_dict`` of a ``Live`` with the same dataset and history. Nothing
                may have been pushed to this one.

        Raises:
            RecipeError: The state is damaged, or continues from other bars.
        """
        self._live.load(bytes(state["live"]))

    def _symbol(self, symbol: str | None) -> str:
        if symbol is None:
            if len(self._symbols) != 1:
                raise TypeError(f"there are {len(self._symbols)} symbols; pass symbol")
            return self._symbols[0]
        return symbol

    def _given(self, bars: Any) -> Any:
        given = _bars.given(bars)
        # A table without symbols is of the only one.
        if isinstance(given, dict) and list(given) == [_bars.NAME] and len(self._symbols) == 1:
            return {self._symbols[0]: given[_bars.NAME]}
        return given

    def _ns(self, ts: Any) -> int:
        """A time as ns since 1970 UTC."""
        if isinstance(ts, np.datetime64):
            return int(ts.astype("datetime64[ns]").astype(np.int64))
        if isinstance(ts, datetime):
            if ts.tzinfo is None and self._zone != "UTC":
                raise TypeError(
                    f"{ts}: a time without a zone; give it one, as the recipe reads times in {self._zone}"
                )
            if hasattr(ts, "as_unit"):  # pandas, whose times have ns
                return int(ts.as_unit("ns").value)
            aware = ts if ts.tzinfo is not None else ts.replace(tzinfo=timezone.utc)
            return (aware - _EPOCH) // timedelta(microseconds=1) * 1000
        if isinstance(ts, bool) or not hasattr(ts, "__index__"):
            raise TypeError(
                f"ts: expected ns since 1970 UTC, a datetime, a pandas Timestamp or a NumPy datetime64, "
                f"got {type(ts).__name__}"
            )
        return index(ts)


def _paths(given: str | PathLike[str] | Sequence[str | PathLike[str]]) -> list[str]:
    return [fspath(given)] if isinstance(given, (str, PathLike)) else [fspath(path) for path in given]

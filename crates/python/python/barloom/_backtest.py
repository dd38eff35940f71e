"""Backtests: what decisions or targets would have earned."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from . import _barloom, _bars, _signals
from ._barloom import Recipe, Table
from ._errors import BarloomError, RecipeError

#: Keys of ``costs``, which are keys of a recipe's ``reward``.
_COSTS = ("fee_bps", "slippage_bps", "spread_bps", "carry_bps", "costs")


class Result:
    """What became of an account. ``barloom.backtest`` makes it.

    ``stats`` is a dict of statistics (docs/backtest.md), None where one is undefined. ``trades`` is a
    table with a row for each closed trade, then for each position that is open at the end.
    ``equity`` is a table of the equity at the close of each bar's time.

    Args:
        stats: The statistics.
        trades: The trades.
        equity: The equity.
    """

    def __init__(self, stats: dict[str, Any], trades: Table, equity: Table) -> None:
        self.stats, self.trades, self.equity = stats, trades, equity

    def __repr__(self) -> str:
        stats = self.stats
        parts = [f"{stats['trades']} trades", f"return {stats['total_return']:+.2%}"]
        for name, form in (("sharpe", "{:.2f}"), ("max_drawdown", "{:.2%}")):
            if stats[name] is not None:
                parts.append(f"{name} {form.format(stats[name])}")
        if stats["is_ruined"]:
            parts.append("ruined")
        return f"Result: {', '.join(parts)}"


def backtest(
    bars: Any,
    what: Any,
    *,
    cash: float = 100_000.0,
    size: Mapping[str, float] | None = None,
    overlap: str = "ignore",
    leverage: float = 1.0,
    partial: bool = True,
    fill: str | None = None,
    costs: Mapping[str, Any] | None = None,
    known_at: str | None = None,
    predictions: Any = None,
    features: Mapping[str, Any] | None = None,
    cfg: Mapping[str, Any] | str | PathLike[str] | Recipe | None = None,
    cache: bool = True,
) -> Result:
    """Trades decisions, targets or rules on an account, by the fills of rewards (docs/backtest.md).

    A single decision with ``hold=F`` is the trade of ``barloom.price`` with ``forward=F``, to the bit.

    >>> decisions = {"ts": times, "direction": sides, "stop": 0.02, "hold": 24}
    >>> r = barloom.backtest("bars.parquet", decisions, known_at="close")
    >>> r.stats["sharpe"], r.trades.to_pandas(), r.equity["equity"]

    >>> rules = {"long": "pred > 0.6", "close_long": "pred < 0.5", "stop": "2 * ta.atr(14) / close"}
    >>> r = barloom.backtest("bars.parquet", rules, predictions=ds.folds[0]["test"].predict(f))

    Args:
        bars: As for ``build_dataset``; None for the bars that ``cfg`` names.
        what: A table, as for ``barloom.price``. Decisions have ``ts`` or ``bar``, ``symbol`` if there
            are several, ``direction`` and, if wanted, ``dollars``, ``fraction`` (of the equity) or
            ``units``, ``stop``, ``target`` and ``hold``, a number of bars. Targets have ``weight``
            instead: the position that is wanted, as a fraction of the equity, below 0 for a short. A
            missing weight keeps the position, and 0 closes it. Rules are a dict of expressions of
            features: ``long``, ``short``, ``close_long``, ``close_short`` are conditions, ``stop`` and
            ``target`` expressions or numbers, ``hold`` a number of bars. They are seen at the close of a
            bar and act at the next one. A bar that is both long and short is neither.
        cash: The equity at the begin, dollars.
        size: The size of decisions without one of their own: ``{"fraction": 1.0}`` of the equity
            by default, ``{"dollars": 1000.0}`` or ``{"units": 10.0}``.
        overlap: What a decision does where its symbol has a position. ``"ignore"``: nothing.
            ``"flip"``: the opposite closes it and opens its own. ``"net"``: it is the position that
            is wanted, and the difference is traded. ``"independent"``: it opens another one beside
            it, without a limit.
        leverage: The notional of all positions is at most so many times the equity.
        partial: True to cut a decision to what is left of this limit, False to skip it.
        fill: ``"next_open"`` or ``"next_close"``: the price of its bar at which a decision is filled.
            None: that of ``cfg``, the open by default.
        costs: ``fee_bps``, ``slippage_bps``, ``spread_bps``, ``carry_bps`` and ``costs``, as in a
            recipe's ``reward``. None: those of ``cfg``.
        known_at: As for ``barloom.price``: ``"close"`` for what is computed from whole bars.
        predictions: For rules, a table with ``bar``, ``symbol`` if there are several, and columns that
            rules use by their names, such as ``pred`` of ``predict``. The prediction of decision bar
            t is used at the close of bar t - 1 and acts at bar t. Each bar has one at most: of
            combinatorial folds take a path, ``ds.paths(preds)[0]``.
        features: For rules, further features that they name, as for ``barloom.features``, without
            functions.
        cfg: The recipe, as for ``build_dataset``; its ``reward`` has fills and costs.
        cache: As for ``build_dataset``.

    Raises:
        RecipeError: An argument is invalid.
        DataError: The bars or the table are unusable.
        FileError: A file cannot be read.
    """
    kind, value = _size_of(size)
    cfg = _with_fills(cfg, fill, costs)
    if _is_rules(what):
        if known_at is not None:
            raise RecipeError("known_at: rules are seen at the close of their bar; leave it out")
        return _of_rules(
            bars, what, predictions, features, cfg, (cash, (kind, value), overlap, leverage, partial, cache)
        )
    for name, given in (("predictions", predictions), ("features", features)):
        if given is not None:
            raise RecipeError(f"{name}: it is for rules, a dict of expressions; leave it out")
    table = _signals.table_of(what)
    names = {name.lower() for name in _names(table)}
    has = {kind: bool(names & kinds) for kind, kinds in _KINDS.items()}
    if has["weight"] and has["direction"]:
        raise RecipeError("what: it has a direction and a weight; give one of them")
    stats, trades, equity = _barloom.backtest(
        cfg,
        _bars.given(bars),
        table,
        has["weight"],
        cash,
        (kind, value),
        overlap,
        leverage,
        partial,
        known_at,
        cache,
    )
    return Result(stats, trades, equity)


_CONDITIONS = ("long", "short", "close_long", "close_short")
_RULES = (*_CONDITIONS, "stop", "target", "hold")


def _is_rules(what: Any) -> bool:
    return isinstance(what, Mapping) and any(
        isinstance(what.get(name), str) for name in ("long", "short")
    )


def _of_rules(
    bars: Any,
    rules: Mapping[str, Any],
    predictions: Any,
    features: Mapping[str, Any] | None,
    cfg: Any,
    rest: tuple[Any, ...],
) -> Result:
    unknown = [name for name in rules if name not in _RULES]
    if unknown:
        raise RecipeError(f"what: {unknown[0]}: unknown rule; the rules are {', '.join(_RULES)}")
    hold = rules.get("hold")
    if hold is not None and (isinstance(hold, bool) or not isinstance(hold, int) or hold < 1):
        raise RecipeError(f"what: hold: expected a number of bars, 1 or more, got {hold!r}")
    written: dict[str, Any] = {}
    for name, rule in rules.items():
        if name == "hold" or rule is None:
            continue
        if name in _CONDITIONS and not isinstance(rule, str):
            raise RecipeError(f"what: {name}: expected an expression as a text, got {rule!r}")
        written[f"rule_{name}"] = rule if isinstance(rule, str) else f"{float(rule)!r}"
    tables = dict(cfg) if isinstance(cfg, Mapping) else Recipe(cfg).to_dict()
    tables["features"] = {**tables.get("features", {}), **(features or {}), **written}
    try:
        found = _barloom.backtest_rules(tables, _bars.given(bars), predictions, hold, *rest)
    except BarloomError as error:
        # A rule is a feature of another name.
        error.args = tuple(_as_rule(one) for one in error.args)
        raise
    return Result(*found)


def _as_rule(text: Any) -> Any:
    return text.replace("features.rule_", "what.").replace("rule_", "") if isinstance(text, str) else text


_KINDS = {"weight": {"weight"}, "direction": {"direction", "side", "act_dir"}}


def _names(table: Any) -> list[str]:
    if hasattr(table, "column_names"):
        return list(table.column_names)
    return [str(name) for name in table.columns]


def _size_of(size: Mapping[str, float] | None) -> tuple[str, float]:
    if size is None:
        return "fraction", 1.0
    if not isinstance(size, Mapping) or len(size) != 1:
        raise RecipeError(
            f'size: expected {{"fraction": f}}, {{"dollars": x}} or {{"units": u}}, got {size!r}'
        )
    ((kind, value),) = size.items()
    if isinstance(value, str) or not 0 <= float(value) < float("inf"):
        raise RecipeError(f"size: {kind}: expected a number of at least 0, got {value!r}")
    return str(kind), float(value)


def _with_fills(cfg: Any, fill: str | None, costs: Mapping[str, Any] | None) -> Any:
    """The recipe with other fills and costs."""
    changes = dict(costs or {})
    unknown = [name for name in changes if name not in _COSTS]
    if unknown:
        raise RecipeError(f"costs: {unknown[0]}: unknown key; the keys are {', '.join(_COSTS)}")
    if fill is not None:
        if fill not in ("next_open", "next_close"):
            raise RecipeError(f'fill: expected "next_open" or "next_close", got {fill!r}')
        changes["entry"] = fill
    if not changes:
        return cfg
    tables = dict(cfg) if isinstance(cfg, Mapping) else Recipe(cfg).to_dict()
    tables["reward"] = {**tables.get("reward", {}), **changes}
    return tables

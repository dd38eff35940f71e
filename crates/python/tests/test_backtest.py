"""Backtests: against a plain account, against `price`, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from conftest import SPY, made_bars
from plain_account import Account

import barloom

FREE = {"fee_bps": 0.0, "slippage_bps": 0.0, "spread_bps": 0.0}


def small_bars(rng: np.random.Generator, count: int, begin: int) -> dict[str, np.ndarray]:
    """Hourly bars with large moves, of some hours from ``begin`` on."""
    hours = begin + np.sort(rng.choice(count + 10, count, replace=False))
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, count)))
    opens = np.roll(close, 1) * np.exp(rng.normal(0.0, 0.01, count))
    opens[0] = 100.0
    above, below = np.abs(rng.normal(0.0, 0.01, (2, count)))
    return {
        "ts": np.datetime64("2024-01-01", "ns") + hours * np.timedelta64(1, "h"),
        "open": opens,
        "high": np.maximum(opens, close) * (1 + above),
        "low": np.minimum(opens, close) * (1 - below),
        "close": close,
        "volume": np.ones(count),
    }


def market(rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    names = "ABC"[: rng.integers(1, 4)]
    return {name: small_bars(rng, int(rng.integers(20, 60)), int(rng.integers(0, 15))) for name in names}


@pytest.mark.parametrize("block", range(20))
def test_runs_are_those_of_a_plain_account(block: int):
    """2,000 generated runs, 100 a block."""
    seen: set[str] = set()
    for seed in range(block * 100, block * 100 + 100):
        rng = np.random.default_rng(seed)
        bars = market(rng)
        is_targets = rng.random() < 0.2
        overlap = "net" if is_targets else str(rng.choice(["ignore", "flip", "net", "independent"]))
        at_close = bool(rng.random() < 0.3)
        rows = []
        for row in range(int(rng.integers(1, 60))):
            symbol = str(rng.choice(list(bars)))
            bar = int(rng.integers(0, len(bars[symbol]["ts"])))
            rows.append((symbol, bar, row))
        stops = np.where(rng.random(len(rows)) < 0.5, rng.uniform(0.005, 0.1, len(rows)), np.nan)
        aims = np.where(rng.random(len(rows)) < 0.5, rng.uniform(0.005, 0.1, len(rows)), np.nan)
        holds = [None if rng.random() < 0.5 else int(rng.integers(2, 9)) for _ in rows]
        directions = rng.integers(-1, 2, len(rows))
        weights = rng.choice([-0.7, -0.2, 0.0, 0.3, 0.9], len(rows))
        kind = str(rng.choice(["dollars", "fraction", "units"]))
        value = {"dollars": 20_000.0, "fraction": 0.6, "units": 300.0}[kind] * float(rng.uniform(0.2, 3))
        costs = {"fee_bps": float(rng.uniform(0, 20)), "carry_bps": float(rng.choice([0.0, 3.0]))}
        costs["costs"] = str(rng.choice(["both_sides", "once"]))
        same_bar = str(rng.choice(["stop_first", "target_first"]))
        leverage = float(rng.choice([1.0, 0.5, 8.0]))
        partial = bool(rng.random() < 0.7)
        table: dict[str, Any] = {
            "symbol": [symbol for symbol, _, _ in rows],
            "bar": np.array([bar for _, bar, _ in rows]),
        }
        if is_targets:
            table["weight"] = weights
        else:
            table |= {"direction": directions, "stop": stops, "target": aims}
            import pyarrow as pa

            table = pa.table({**table, "hold": pa.array(holds, pa.int64())})
        got = barloom.backtest(
            bars,
            table,
            cash=100_000.0,
            size={kind: value},
            overlap=overlap,
            leverage=leverage,
            partial=partial,
            fill="next_close" if at_close else "next_open",
            costs=costs,
            cfg={"reward": {"same_bar": same_bar}},
            cache=False,
        )
        plain = Account(
            bars={n: {c: v.tolist() for c, v in b.items()} for n, b in bars.items()},
            cash=100_000.0,
            size=(kind, value),
            overlap=overlap,
            leverage=leverage,
            partial=partial,
            at_close=at_close,
            side_cost=(costs["fee_bps"] + 1 + 2 / 2) * 1e-4,
            carry=costs["carry_bps"] * 1e-4,
            stop_first=same_bar == "stop_first",
            costs_once=costs["costs"] == "once",
        )
        orders = []
        for (symbol, bar, row), d, w, s, t, h in zip(
            rows, directions.tolist(), weights.tolist(), stops.tolist(), aims.tolist(), holds, strict=True
        ):
            order = {"row": row, "symbol": symbol, "bar": bar, "direction": d, "hold": h}
            order |= {"stop": np.inf if np.isnan(s) else s, "target": np.inf if np.isnan(t) else t}
            if is_targets:
                order |= {"direction": int(np.sign(w)), "size": ("fraction", abs(w))}
                order |= {"hold": None, "stop": np.inf, "target": np.inf}
            orders.append(order)
        expected = plain.run(orders)
        equity = got.equity["equity"]
        assert np.allclose(equity, expected, rtol=0, atol=1e-9 * 100_000.0), seed
        trades = got.trades.to_arrow().to_pylist()
        closed = [one for one in trades if one["cause"] is not None]
        assert len(closed) == len(plain.trades) and len(trades) - len(closed) == len(plain.lots), seed
        for one, other in zip(closed, plain.trades, strict=True):
            for name, as_ in (
                ("row", "row"),
                ("symbol", "symbol"),
                ("direction", "side"),
                ("entry_bar", "entry_bar"),
                ("exit_bar", "exit_bar"),
                ("cause", "cause"),
            ):
                assert one[name] == other[as_], (seed, name, one, other)
            for name, as_ in (("entry_price", "entry"), ("exit_price", "exit"), ("dollars", "dollars"), ("pnl", "pnl")):
                assert np.isclose(one[name], other[as_], rtol=1e-9, atol=1e-6), (seed, name)
        assert {name: got.stats[name] for name in plain.counts} == plain.counts, seed
        assert got.stats["is_ruined"] == plain.ruined
        total = sum(one["pnl"] for one in trades)
        if not plain.ruined:
            assert abs(total - (equity[-1] - 100_000.0)) < 1e-9 * 100_000.0
        seen |= {one["cause"] for one in closed} | {name for name, n in plain.counts.items() if n}
    assert {"stop", "target", "hold", "order", "end", "overlapping", "cut", "no_room"} <= seen


def test_one_decision_is_a_priced_trade():
    bars = made_bars()
    rng = np.random.default_rng(3)
    for _ in range(50):
        decision = {
            "bar": [int(rng.integers(20, 180))],
            "direction": [int(rng.choice([-1, 1]))],
            "dollars": [1_000.0],
            "stop": [float(rng.uniform(0.002, 0.05))],
            "target": [float(rng.uniform(0.002, 0.05))],
        }
        priced = barloom.price(bars, decision, forward=16)
        got = barloom.backtest(bars, {**decision, "hold": [16]})
        for name in ("pnl", "entry_price", "exit_price", "held_bars"):
            assert got.trades[name][0] == priced[name][0], name
        reason = {"horizon": "hold"}.get(priced["exit_reason"][0], priced["exit_reason"][0])
        assert got.trades["cause"][0] == reason


def test_a_perfect_prediction_earns_what_a_plain_loop_earns():
    """No bar early and no bar late, with gaps, nights and two symbols."""
    bars = {"A": made_bars(seed=1), "B": made_bars(400, seed=2)}
    tables = []
    for symbol, one in bars.items():
        side = np.sign(one["close"] - one["open"])
        tables.append((symbol, np.arange(len(side)), side))
    decisions = {
        "symbol": np.concatenate([np.repeat(symbol, len(side)) for symbol, _, side in tables]),
        "bar": np.concatenate([bar for _, bar, _ in tables]),
        "direction": np.concatenate([side for _, _, side in tables]),
        "hold": np.ones(sum(len(side) for _, _, side in tables), int),
    }
    got = barloom.backtest(
        bars, decisions, size={"dollars": 1_000.0}, overlap="independent", costs=FREE
    )
    expected = sum(
        1_000.0 * np.abs(one["close"] / one["open"] - 1.0).sum() for one in bars.values()
    )
    assert np.isclose(got.equity["equity"][-1] - 100_000.0, expected, rtol=1e-12)
    # One bar late it earns nothing.
    late = {**decisions, "bar": decisions["bar"] + 1}
    kept = late["bar"] < np.where(late["symbol"] == "A", 600, 400)
    late = {name: values[kept] for name, values in late.items()}
    lost = barloom.backtest(bars, late, size={"dollars": 1_000.0}, overlap="independent", costs=FREE)
    assert abs(lost.equity["equity"][-1] - 100_000.0) < expected / 10


def test_bars_from_a_decision_on_change_nothing_before_it():
    bars = made_bars()
    rng = np.random.default_rng(0)
    decisions = {"bar": np.arange(20, 560, 7), "direction": rng.choice([-1, 1], 78), "stop": np.full(78, 0.02)}
    whole = barloom.backtest(bars, decisions, overlap="flip")
    for cut in (100, 333):
        altered = {name: values.copy() for name, values in bars.items()}
        for name in ("open", "high", "low", "close"):
            altered[name][cut:] *= 3.0
        other = barloom.backtest(altered, decisions, overlap="flip")
        same = whole.equity["equity"][:cut] == other.equity["equity"][:cut]
        assert same.all() and (whole.equity["equity"][cut:] != other.equity["equity"][cut:]).any()


def test_statistics_of_known_curves():
    bars = made_bars()
    flat = barloom.backtest(bars, {"bar": [3], "direction": [0]})
    stats = flat.stats
    assert stats["trades"] == 0 and stats["total_return"] == 0.0 and stats["max_drawdown"] == 0.0
    assert stats["sharpe"] is None and stats["calmar"] is None and stats["win_rate"] is None
    json.dumps(stats)
    held = barloom.backtest(SPY, {"bar": [0], "direction": [1]}, costs=FREE)
    equity = held.equity["equity"]
    returns = np.diff(np.concatenate([[100_000.0], equity])) / np.concatenate([[100_000.0], equity[:-1]])
    stats, a = held.stats, held.stats["times_a_year"]
    assert stats["open_trades"] == 1 and stats["trades"] == 0 and stats["exposure"] == 1.0
    n = len(returns)
    value = np.cumprod(1 + returns)
    peaks = np.maximum.accumulate(np.concatenate([[1.0], value]))[1:]
    gains, losses = returns[returns > 0].sum(), -returns[returns < 0].sum()
    down = np.sqrt(np.mean(np.minimum(returns, 0) ** 2))
    low, high = np.percentile(returns, [5, 95])
    centred = returns - returns.mean()
    spread = centred.std()
    expected = {
        "total_return": value[-1] - 1,
        "cagr": value[-1] ** (a / n) - 1,
        "volatility": returns.std(ddof=1) * np.sqrt(a),
        "sharpe": returns.mean() / returns.std(ddof=1) * np.sqrt(a),
        "sortino": returns.mean() * a / (down * np.sqrt(a)),
        "omega": gains / losses,
        "max_drawdown": (value / peaks - 1).min(),
        "calmar": (value[-1] ** (a / n) - 1) / -(value / peaks - 1).min(),
        "var": low,
        "cvar": np.sort(returns)[: int(0.05 * (n - 1)) + 1].mean(),
        "tail": abs(high) / abs(low),
        "skew": (centred**3).mean() / spread**3,
        "kurtosis": (centred**4).mean() / spread**4 - 3,
    }
    for name, value in expected.items():
        assert np.isclose(stats[name], value, rtol=1e-9), name


def test_rules_are_the_decisions_that_they_say():
    bars = {"A": made_bars(seed=1), "B": made_bars(400, seed=2)}
    rules = {
        "long": "close > mean(close, 10)",
        "close_long": "close < mean(close, 10)",
        "short": "ret < -0.01",
        "stop": "2 * std(ret, 20)",
        "target": 0.05,
        "hold": 12,
    }
    features = {"ret": "log(close / lag(close, 1))"}
    got = barloom.backtest(bars, rules, features=features, overlap="ignore")
    # The same by hand, from the table of features.
    wanted = {f"x_{name}": rules[name] for name in ("long", "close_long", "short", "stop")}
    table = barloom.features(bars, {**features, **wanted}).to_pandas()
    table["bar"] = table.groupby("symbol", observed=True).cumcount()
    is_both = (table.x_long > 0) & (table.x_short > 0)
    assert got.stats["unplaced"] <= is_both.sum()
    trades = got.trades.to_pandas()
    for trade in trades.itertuples():
        of = table[(table.symbol == trade.symbol) & (table.bar == trade.row)].iloc[0]
        assert trade.entry_bar == trade.row + 1
        entered = of.x_long if trade.direction > 0 else of.x_short
        assert entered > 0 and of.x_stop > 0
        if trade.cause == "order":
            before = table[(table.symbol == trade.symbol) & (table.bar == trade.exit_bar - 1)].iloc[0]
            assert trade.direction > 0 and before.x_close_long > 0
        if trade.cause == "hold":
            assert trade.held_bars == 11
    assert {"order", "stop"} <= set(trades.cause.dropna())


def test_predictions_act_at_their_bar():
    """Not a bar early, not a bar late: a perfect prediction earns what a plain loop earns."""
    bars = {"A": made_bars(seed=1), "B": made_bars(400, seed=2)}
    side = {symbol: np.sign(one["close"] - one["open"]) for symbol, one in bars.items()}
    # Decision bars are those with a bar before them in their segment.
    decided = {
        symbol: np.flatnonzero(np.diff(one["ts"], prepend=one["ts"][0]) == np.timedelta64(1, "h"))
        for symbol, one in bars.items()
    }
    predictions = {
        "symbol": np.concatenate([np.repeat(symbol, len(at)) for symbol, at in decided.items()]),
        "bar": np.concatenate(list(decided.values())),
        "pred": np.concatenate([side[symbol][at] for symbol, at in decided.items()]),
    }
    import pyarrow as pa

    rules = {"long": "pred > 0", "short": "pred < 0", "hold": 1}
    keys = {"size": {"dollars": 1_000.0}, "overlap": "independent", "costs": FREE}
    keys |= {"cfg": {"data": {"max_gap": "2h"}}}
    got = barloom.backtest(bars, rules, predictions=pa.table(predictions), **keys)
    expected = sum(
        1_000.0 * np.abs(bars[symbol]["close"][at] / bars[symbol]["open"][at] - 1.0).sum()
        for symbol, at in decided.items()
    )
    assert np.isclose(got.equity["equity"][-1] - 100_000.0, expected, rtol=1e-12)
    twice = pa.table({name: np.concatenate([x, x[:1]]) for name, x in predictions.items()})
    for table, message in (
        (twice, "is predicted twice"),
        (pa.table(predictions).drop_columns("bar"), "bar"),
        (pa.table({**predictions, "symbol": np.repeat("C", len(predictions["bar"]))}), "have no"),
    ):
        with pytest.raises((barloom.DataError, barloom.RecipeError), match=message):
            barloom.backtest(bars, rules, predictions=table, **keys)


def test_predictions_of_folds_are_traded():
    ds = barloom.dataset(
        barloom.sample_bars(),
        features={"ret": "log(close / lag(close, 1))"},
        snapshot=["ret"],
        label={"kind": "return", "horizon": 4},
        split={"kind": "purged_kfold", "folds": 3},
    )
    preds = ds.cross_predict(lambda train: lambda x: x[:, 0])
    got = barloom.backtest(
        barloom.sample_bars(), {"long": "pred > 0.005", "hold": 4}, predictions=preds
    )
    assert got.stats["trades"] > 100
    trades, table = got.trades.to_pandas(), preds.to_pandas().set_index("bar")
    assert (table.loc[trades.entry_bar, "pred"].to_numpy() > 0.005).all()


def test_wrong_rules_are_told():
    bars = made_bars()
    for rules, keys, message in (
        ({"long": "clos > 1"}, {}, "what.long"),
        ({"long": "close >"}, {}, "what.long: column 8"),
        ({"long": "close > 1", "sell": "close < 1"}, {}, "sell: unknown rule"),
        ({"long": "close > 1", "hold": 0}, {}, "hold: expected"),
        ({"long": "close > 1", "short": 3}, {}, "short: expected an expression"),
        ({"long": "pred > 1"}, {}, "pred"),
        ({"long": "close > 1"}, {"known_at": "close"}, "known_at"),
    ):
        with pytest.raises((barloom.RecipeError, barloom.DataError), match=message):
            barloom.backtest(bars, rules, **keys)
    with pytest.raises(barloom.RecipeError, match="predictions: it is for rules"):
        barloom.backtest(bars, {"bar": [3], "direction": [1]}, predictions={})


def test_the_page_runs():
    text = (SPY.parents[1] / "docs" / "backtest.md").read_text("utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
        exec(block, names)
    assert names["r"].stats["trades"] >= 1


def test_a_curve_beside_holding_and_the_calendar():
    bars = {"A": made_bars(seed=1), "B": made_bars(400, seed=2)}
    decisions = {"symbol": ["A", "B"], "bar": [10, 50], "direction": [1, -1]}
    got = barloom.backtest(bars, decisions, size={"fraction": 0.4})
    equity, times = got.equity["equity"], got.equity["ts"]
    r = np.diff(equity, prepend=100_000.0) / np.concatenate([[100_000.0], equity[:-1]])
    held = np.zeros(len(times))
    for one in bars.values():
        at = np.searchsorted(one["ts"], times, "right") - 1
        held += np.where(at < 0, 1.0, one["close"][np.maximum(at, 0)] / one["open"][0]) / 2
    b = np.diff(held, prepend=1.0) / np.concatenate([[1.0], held[:-1]])
    beta = np.cov(r, b)[0, 1] / np.var(b, ddof=1)
    assert np.isclose(got.stats["beta"], beta, rtol=1e-9)
    alpha = (1 + (r - beta * b).mean()) ** got.stats["times_a_year"] - 1
    assert np.isclose(got.stats["alpha"], alpha, rtol=1e-9)
    longest, peak, since, under = np.timedelta64(0, "ns"), 100_000.0, times[0], False
    for time, now in zip(times, equity, strict=True):
        if under or now < peak:
            longest = max(longest, time - since)
        under = now < peak
        if not under:
            peak, since = now, time
    assert np.isclose(got.stats["drawdown_days"], longest / np.timedelta64(1, "D"))
    assert got.stats["drawdown_days"] > 1


def test_what_is_refused():
    bars = made_bars()
    ok = {"bar": [30], "direction": [1]}
    for what, kwargs, message in (
        ({"bar": [30]}, {}, "direction: the column is missing"),
        ({"bar": [30], "direction": [1], "weight": [1.0]}, {}, "a direction and a weight"),
        ({"bar": [9_999], "direction": [1]}, {}, "expected a bar below 600"),
        ({**ok, "dollars": [-5.0]}, {}, "expected dollars, 0 or more, got -5"),
        ({**ok, "dollars": [5.0], "units": [1.0]}, {}, "the decisions have dollars too"),
        ({**ok, "hold": [0]}, {}, "expected 1 bar or more, got 0"),
        ({"bar": [30], "weight": [np.inf]}, {}, "weight"),
        (ok, {"overlap": "both"}, "overlap: expected"),
        (ok, {"size": {"shares": 1}}, "size: expected"),
        (ok, {"size": {"dollars": -1}}, "size: dollars"),
        (ok, {"cash": 0.0}, "cash is 0"),
        (ok, {"leverage": -1.0}, "leverage is -1"),
        (ok, {"costs": {"fees": 1}}, "unknown key"),
        (ok, {"costs": {"fee_bps": -1}}, "fee_bps"),
        (ok, {"fill": "open"}, "fill: expected"),
    ):
        with pytest.raises((barloom.RecipeError, barloom.DataError), match=message):
            barloom.backtest(bars, what, **kwargs)

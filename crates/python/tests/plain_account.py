"""An account in plain Python, written from the rules of docs/backtest.md alone, to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any


@dataclass
class Lot:
    """A position."""

    row: int  # of the table of decisions
    symbol: str
    side: int
    dollars: float
    entry: float
    entry_bar: int
    stop: float
    target: float
    last_bar: int | None
    carried: float = 0.0
    carry_bar: int = 0


@dataclass
class Account:
    """The rules, and what became of the account."""

    bars: dict[str, dict[str, list[float]]]
    cash: float
    size: tuple[str, float]
    overlap: str
    leverage: float
    partial: bool
    at_close: bool
    side_cost: float
    carry: float
    stop_first: bool
    costs_once: bool
    lots: list[Lot] = field(default_factory=list)
    marks: dict[str, tuple[float, int]] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    realized: float = 0.0
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(["overlapping", "cut", "no_room", "ruined"], 0)
    )
    ruined: bool = False

    def profit(self, lot: Lot, price: float, bar: int, is_exit: bool) -> float:
        ratio = price / lot.entry
        costs = self.side_cost * (1 + ratio if is_exit and not self.costs_once else 1)
        carry = self.carry * (bar - lot.carry_bar)
        return lot.dollars * (lot.side * (ratio - 1) - costs - carry) - lot.carried

    def equity(self) -> float:
        if self.ruined:
            return 0.0
        open_profits = (self.profit(lot, *self.marks[lot.symbol], False) for lot in self.lots)
        return self.cash + self.realized + sum(open_profits)

    def end(self, lot: Lot, price: float, bar: int, cause: str) -> None:
        pnl = self.profit(lot, price, bar, True)
        self.realized += pnl
        self.trades.append(
            {
                "row": lot.row,
                "symbol": lot.symbol,
                "side": lot.side,
                "entry_bar": lot.entry_bar,
                "exit_bar": bar,
                "entry": lot.entry,
                "exit": price,
                "dollars": lot.dollars,
                "pnl": pnl,
                "cause": cause,
            }
        )

    def close_all(self, lots: list[Lot], price: float, bar: int, cause: str) -> None:
        for lot in lots:
            self.end(lot, price, bar, cause)
        self.lots = [lot for lot in self.lots if lot not in lots]

    def of(self, symbol: str) -> list[Lot]:
        return [lot for lot in self.lots if lot.symbol == symbol]

    def touched(self, lot: Lot, low: float, high: float) -> tuple[bool, bool]:
        near = 2.0**-40
        lower, upper = (lot.stop, lot.target) if lot.side > 0 else (lot.target, lot.stop)
        down, up = low <= lower * (1 + near), high >= upper * (1 - near)
        return (down, up) if lot.side > 0 else (up, down)

    def open(self, order: dict[str, Any], price: float, dollars: float) -> None:
        if dollars <= 0:
            return
        side, bar, hold = order["direction"], order["bar"], order["hold"]
        self.lots.append(
            Lot(
                row=order["row"],
                symbol=order["symbol"],
                side=side,
                dollars=dollars,
                entry=price,
                entry_bar=bar,
                stop=price * (1 - side * order["stop"]),
                target=price * (1 + side * order["target"]),
                last_bar=None if hold is None else bar + hold - 1,
                carry_bar=bar,
            )
        )

    def room(self, wanted: float, equity: float) -> float:
        notional = sum(lot.dollars * self.marks[lot.symbol][0] / lot.entry for lot in self.lots)
        limit = self.leverage * equity / (1 + self.side_cost)
        left = limit - notional
        if wanted <= left + 1e-9 * limit:
            return wanted
        if self.partial and left > 1e-9 * limit:
            self.counts["cut"] += 1
            return left
        self.counts["no_room"] += 1
        return 0.0

    def wanted(self, order: dict[str, Any], price: float, equity: float) -> float:
        kind, value = order.get("size") or self.size
        return {
            "dollars": value,
            "fraction": value * equity / (1 + self.side_cost),
            "units": value * price,
        }[kind]

    def enter(self, order: dict[str, Any], price: float, equity: float) -> None:
        side, symbol = order["direction"], order["symbol"]
        if side == 0:
            return
        if self.ruined:
            self.counts["ruined"] += 1
            return
        wanted = self.wanted(order, price, equity)
        held = self.of(symbol)
        if self.overlap == "independent":
            self.open(order, price, wanted)
        elif not held:
            self.open(order, price, self.room(wanted, equity))
        elif self.overlap != "net":
            self.counts["overlapping"] += 1
        else:
            self.trade_difference(order, held[0], price, wanted, equity)

    def trade_difference(
        self, order: dict[str, Any], lot: Lot, price: float, wanted: float, equity: float
    ) -> None:
        bar, value = order["bar"], lot.dollars * price / lot.entry
        if lot.side != order["direction"]:
            self.close_all([lot], price, bar, "order")
            self.open(order, price, self.room(wanted, equity))
        elif abs(wanted - value) <= 1e-9 * value:
            return
        elif wanted < value:
            part = 1 - wanted / value
            if part >= 1:
                self.close_all([lot], price, bar, "order")
            else:
                sold = Lot(**{**lot.__dict__, "dollars": lot.dollars * part, "carried": lot.carried * part})
                self.end(sold, price, bar, "order")
                lot.dollars -= sold.dollars
                lot.carried -= sold.carried
        else:
            more = self.room(wanted - value, equity)
            if more > 0:
                units = lot.dollars / lot.entry + more / price
                lot.carried += lot.dollars * self.carry * (bar - lot.carry_bar)
                lot.carry_bar, lot.dollars = bar, lot.dollars + more
                lot.entry = lot.dollars / units
                lot.stop = lot.entry * (1 - lot.side * order["stop"])
                lot.target = lot.entry * (1 + lot.side * order["target"])
                hold = order["hold"]
                lot.last_bar = None if hold is None else bar + hold - 1

    def shrinks(self, order: dict[str, Any], price: float, equity: float) -> bool:
        held = self.of(order["symbol"])
        if not held:
            return False
        if order["direction"] == 0:
            return True
        value = held[0].dollars * price / held[0].entry
        return order["direction"] != held[0].side or self.wanted(order, price, equity) <= value

    def orders(self, now: list[dict[str, Any]], name: str) -> None:
        if not now:
            return
        price = {order["row"]: self.bars[order["symbol"]][name][order["bar"]] for order in now}
        for order in now:
            if self.ruined:
                break
            flips = [
                lot
                for lot in self.of(order["symbol"])
                if self.overlap == "flip" and order["direction"] == -lot.side
                or self.overlap == "net" and order["direction"] == 0
            ]
            self.close_all(flips, price[order["row"]], order["bar"], "order")
        equity = self.equity()
        if self.overlap == "net" and len(now) > 1:
            first = [one for one in now if self.shrinks(one, price[one["row"]], equity)]
            now = first + [one for one in now if one not in first]
        for order in now:
            self.enter(order, price[order["row"]], equity)

    def begin(self, symbol: str, bar: int) -> None:
        price = self.bars[symbol]["open"][bar]
        self.marks[symbol] = (price, bar)
        for lot in self.of(symbol):
            stopped, reached = self.touched(lot, price, price)
            if stopped or reached:
                self.close_all([lot], price, bar, "stop" if stopped else "target")

    def finish(self, symbol: str, bar: int) -> None:
        bars = self.bars[symbol]
        self.marks[symbol] = (bars["close"][bar], bar)
        for lot in self.of(symbol):
            # A position that was added to may have its barriers beyond the open.
            price = bars["open"][bar]
            beyond = self.touched(lot, price, price)
            stopped, reached = self.touched(lot, bars["low"][bar], bars["high"][bar])
            if any(beyond):
                self.close_all([lot], price, bar, "stop" if beyond[0] else "target")
            elif stopped and (self.stop_first or not reached):
                self.close_all([lot], lot.stop, bar, "stop")
            elif reached:
                self.close_all([lot], lot.target, bar, "target")
            elif lot.last_bar == bar:
                self.close_all([lot], bars["close"][bar], bar, "hold")

    def run(self, orders: list[dict[str, Any]]) -> list[float]:
        """The equity at each time; ``orders`` have ``row``, ``symbol``, ``bar``, ``direction``."""
        places = sorted(
            (bars["ts"][bar], index, symbol, bar)
            for index, (symbol, bars) in enumerate(self.bars.items())
            for bar in range(len(bars["ts"]))
        )
        times = sorted({place[0] for place in places})
        equity = []
        for time in times:
            here = [(symbol, bar) for ts, _, symbol, bar in places if ts == time]
            now = [one for one in orders if self.bars[one["symbol"]]["ts"][one["bar"]] == time]
            if not self.ruined:
                for symbol, bar in here:
                    self.begin(symbol, bar)
            if not self.at_close:
                self.orders(now, "open")
            if not self.ruined:
                for symbol, bar in here:
                    self.finish(symbol, bar)
            if self.at_close:
                self.orders(now, "close")
            if time != times[-1] and not self.ruined:
                for symbol, bar in here:
                    if bar == len(self.bars[symbol]["ts"]) - 1:
                        self.close_all(self.of(symbol), *self.marks[symbol], "end")
            value = self.equity()
            if value <= 0 and not self.ruined:
                for lot in list(self.lots):
                    self.close_all([lot], *self.marks[lot.symbol], "ruin")
                self.ruined, value = True, 0.0
            equity.append(value)
        return equity


def infinite(value: float | None) -> float:
    return inf if value is None else value

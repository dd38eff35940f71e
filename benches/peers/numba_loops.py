"""Compiled loops on all cores: numba with prange. Compilation is reported apart."""

import numpy as np
import numba
from numba import njit, prange

from market import CHANNELS, TOUCH

LN2 = np.float32(np.log(2))


@njit(parallel=True, error_model="numpy")
def cut(columns, last, t, out):
    """Windows of every channel, divided by their last values."""
    channels, _, lookback = out.shape
    for i in prange(len(t)):
        for c in range(channels):
            divisor = last[c, t[i] - 1]
            source, target = columns[c, t[i] - lookback:t[i]], out[c, i]
            for k in range(lookback):
                target[k] = source[k] / divisor


@njit(error_model="numpy")
def price(opens, highs, lows, closes, t, forward, s, stop_distance, target_distance):
    """Exit price and bars held of a trade that is not a hold."""
    entry = opens[t]
    stop, target = entry * (1 - s * stop_distance), entry * (1 + s * target_distance)
    stop_level, target_level = stop * (s + TOUCH), target * (s - TOUCH)
    for k in range(t, t + forward):
        if s * opens[k] <= stop_level or s * opens[k] >= target_level:
            return opens[k], k - t
        worst, best = (lows[k], highs[k]) if s > 0 else (highs[k], lows[k])
        if s * worst <= stop_level:
            return stop, k - t
        if s * best >= target_level:
            return target, k - t
    return closes[t + forward - 1], forward - 1


@njit(parallel=True, error_model="numpy")
def rewards(opens, highs, lows, closes, forward, side_cost, carry,
            t, direction, stop, target, dollars, equity, out):
    """Rewards by the metric `return`."""
    for i in prange(len(t)):
        s = float(direction[i])
        if s == 0:
            out[i] = 0.0
            continue
        exit_price, held = price(opens, highs, lows, closes, t[i], forward, s, stop[i], target[i])
        ratio = exit_price / opens[t[i]]
        unit = s * (ratio - 1) - side_cost * (1 + ratio) - carry * held
        out[i] = dollars[i] * unit / equity[i]


class Rewards:
    """Rewards alone."""

    def __init__(self, market, rows, threads):
        numba.set_num_threads(threads)
        self.prices = [np.ascontiguousarray(market.columns[name]) for name in CHANNELS[:4]]
        self.rules = market.rules
        self.out = np.zeros(rows)

    def build(self, draws):
        """Rewards `[n]`; no windows."""
        rules = self.rules
        rewards(*self.prices, rules.forward, rules.side_cost, rules.carry, draws.t,
                draws.direction, draws.stop, draws.target, draws.dollars, draws.equity, self.out)
        return None, self.out


class Windows:
    """Windows alone."""

    def __init__(self, market, rows, threads):
        numba.set_num_threads(threads)
        columns = [market.columns[name].astype(np.float32) for name in CHANNELS[:4]]
        columns.append(np.log1p(market.columns["volume"]).astype(np.float32))
        self.columns = np.stack(columns)
        self.last = np.stack([columns[3]] * 4 + [np.maximum(columns[4], LN2)])
        self.out = np.zeros((len(CHANNELS), rows, market.rules.lookback), np.float32)

    def build(self, draws):
        """Windows `[C, n, L]`; no rewards."""
        cut(self.columns, self.last, draws.t, self.out)
        return self.out, None


class Both:
    """Windows by one builder, rewards by another."""

    def __init__(self, windows, rewards):
        self.parts = windows, rewards

    def build(self, draws):
        """Windows `[C, n, L]` and rewards `[n]`."""
        return self.parts[0].build(draws)[0], self.parts[1].build(draws)[1]

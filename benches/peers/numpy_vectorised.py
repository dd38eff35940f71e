"""The pandas loop turned into whole-array NumPy: one fancy index a column, one mask a barrier."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from market import PRICES, TOUCH

LN2 = np.float32(np.log(2))


class Builder:
    """Windows and rewards of all samples at once."""

    def __init__(self, market, rows, threads):
        self.columns, self.rules = market.columns, market.rules

    def build(self, draws):
        """Windows `[C, n, L]` and rewards `[n]`."""
        return self.windows(draws.t), self.rewards(draws)

    def windows(self, t):
        start = t - self.rules.lookback
        cut = lambda column: sliding_window_view(column, self.rules.lookback)[start]
        prices = np.stack([cut(self.columns[name].astype(np.float32)) for name in PRICES])
        prices = prices / prices[3, :, -1:]
        volume = cut(np.log1p(self.columns["volume"]).astype(np.float32))
        volume = volume / np.maximum(volume[:, -1:], LN2)
        return np.concatenate([prices, volume[None]])

    def rewards(self, draws):
        future = {name: sliding_window_view(self.columns[name], self.rules.forward)[draws.t]
                  for name in PRICES}
        s = draws.direction.astype(np.float64)
        entry = future["open"][:, 0]
        stop = (entry * (1 - s * draws.stop))[:, None]
        target = (entry * (1 + s * draws.target))[:, None]
        long = (s > 0)[:, None]
        worst = np.where(long, future["low"], future["high"])
        best = np.where(long, future["high"], future["low"])
        sign = s[:, None]
        stop_level, target_level = stop * (sign + TOUCH), target * (sign - TOUCH)
        stopped = sign * worst <= stop_level
        reached = sign * best >= target_level
        touched = stopped | reached
        any_touch = touched.any(axis=1)
        first = np.where(any_touch, touched.argmax(axis=1), self.rules.forward - 1)
        row = np.arange(len(s))
        opened = future["open"][row, first]
        gap = (s * opened <= stop_level[:, 0]) | (s * opened >= target_level[:, 0])
        at_barrier = np.where(stopped[row, first], stop[:, 0], target[:, 0])
        exits = np.where(any_touch, np.where(gap, opened, at_barrier), future["close"][:, -1])
        costs = self.rules.side_cost * (1 + exits / entry) + self.rules.carry * first
        rewards = draws.dollars * (s * (exits / entry - 1) - costs) / draws.equity
        return np.where(s == 0, 0.0, rewards)

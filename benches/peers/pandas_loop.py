"""What a typical project does: a sample at a time, windows by `iloc`, a loop over the next bars."""

import numpy as np
import pandas as pd

from market import CHANNELS, PRICES, TOUCH

LN2 = np.float32(np.log(2))


class Builder:
    """Windows and rewards, sample by sample."""

    def __init__(self, market, rows, threads):
        self.frame = pd.DataFrame({name: market.columns[name] for name in CHANNELS})
        self.rules = market.rules

    def build(self, draws):
        """Windows `[C, n, L]` and rewards `[n]`."""
        windows, rewards = [], []
        for i in range(len(draws.t)):
            t = int(draws.t[i])
            windows.append(self.window(t))
            rewards.append(self.reward(t, int(draws.direction[i]), draws.stop[i],
                                       draws.target[i], draws.dollars[i], draws.equity[i]))
        return np.stack(windows, axis=1), np.array(rewards)

    def window(self, t):
        window = self.frame.iloc[t - self.rules.lookback:t]
        prices = window[list(PRICES)].astype(np.float32)
        prices = prices / prices["close"].iloc[-1]
        volume = np.log1p(window["volume"]).astype(np.float32)
        volume = volume / max(volume.iloc[-1], LN2)
        return np.vstack([prices.to_numpy().T, volume.to_numpy()])

    def reward(self, t, s, stop_distance, target_distance, dollars, equity):
        if s == 0:
            return 0.0
        future = self.frame.iloc[t:t + self.rules.forward]
        entry = future["open"].iloc[0]
        stop, target = entry * (1 - s * stop_distance), entry * (1 + s * target_distance)
        held, exit_price = len(future) - 1, future["close"].iloc[-1]
        for k, bar in enumerate(future.itertuples(index=False)):
            touched = touch(bar, s, stop, target)
            if touched is not None:
                held, exit_price = k, touched
                break
        costs = self.rules.side_cost * (1 + exit_price / entry) + self.rules.carry * held
        return dollars * (s * (exit_price / entry - 1) - costs) / equity


def touch(bar, s, stop, target):
    """The exit price on a bar that reaches a barrier: that comes within TOUCH of it."""
    stop_level, target_level = stop * (s + TOUCH), target * (s - TOUCH)
    if s * bar.open <= stop_level or s * bar.open >= target_level:
        return bar.open
    worst, best = (bar.low, bar.high) if s > 0 else (bar.high, bar.low)
    if s * worst <= stop_level:
        return stop
    if s * best >= target_level:
        return target
    return None

"""A generator that cuts windows with NumPy; rewards and meta fields it has from files."""

import os

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import market as markets
from market import CHANNELS

CHUNK = 1_024
LN2 = np.float32(np.log(2))


class Loader:
    """Windows cut as they are asked for; what else a batch has is in memory, as float32."""

    volume_ulps = 2

    def __init__(self, dataset, batch):
        market = markets.load(dataset)
        self.lookback = market.rules.lookback
        columns = [market.columns[name].astype(np.float32) for name in CHANNELS[:4]]
        columns.append(np.log1p(market.columns["volume"]).astype(np.float32))
        self.views = [sliding_window_view(column, self.lookback) for column in columns]
        self.last = [columns[3]] * 4 + [np.maximum(columns[4], LN2)]
        column = lambda name: np.load(os.path.join(dataset, f"{name}-00000.npy"))
        self.bar, self.meta = column("bar"), column("meta")
        self.reward = column("reward").astype(np.float32)
        self.samples, self.batch = len(self.bar), batch

    def epoch(self, number):
        order = self.order(number)
        for first in range(0, self.samples, self.batch):
            some = order[first:first + self.batch]
            yield self.windows(self.bar[some]), self.meta[some], self.reward[some]

    def windows(self, rows):
        out = np.empty((len(rows), len(CHANNELS), self.lookback), np.float32)
        for first in range(0, len(rows), CHUNK):
            t = rows[first:first + CHUNK]
            start, before = t - self.lookback, t - 1
            for channel, (view, last) in enumerate(zip(self.views, self.last)):
                divisors = last[before][:, None]
                np.divide(view[start], divisors, out=out[first:first + CHUNK, channel])
        return out

    def order(self, number):
        return np.random.default_rng(number).permutation(self.samples)

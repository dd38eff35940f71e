"""A generator that cuts windows with NumPy; rewards and meta fields it has from files."""

import itertools
import os

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import market as markets
from market import CHANNELS

CHUNK = 1_024
BUFFERS = 4
LN2 = np.float32(np.log(2))


class Loader:
    """Windows cut as they are asked for, into a few arrays in turn; what else a batch has is in
    memory, as float32."""

    volume_ulps = 2

    def __init__(self, dataset, batch):
        market = markets.load(dataset)
        self.lookback = market.rules.lookback
        columns = [market.columns[name].astype(np.float32) for name in CHANNELS[:4]]
        columns.append(np.log1p(market.columns["volume"]).astype(np.float32))
        # [T - L + 1, C, L] without a copy.
        view = sliding_window_view(np.stack(columns), self.lookback, axis=1)
        self.view = view.transpose(1, 0, 2)
        self.last = np.stack([columns[3]] * 4 + [np.maximum(columns[4], LN2)], axis=1)[:, :, None]
        column = lambda name: np.load(os.path.join(dataset, f"samples/00000.{name}.npy"))
        self.bar, self.meta = column("bar"), column("meta")
        self.reward = column("reward").astype(np.float32)
        self.samples, self.batch = len(self.bar), batch
        shape = (batch, len(CHANNELS), self.lookback)
        self.buffers = itertools.cycle([np.zeros(shape, np.float32) for _ in range(BUFFERS)])

    def epoch(self, number):
        order = self.order(number)
        for first in range(0, self.samples, self.batch):
            some = order[first:first + self.batch]
            yield self.windows(self.bar[some]), self.meta[some], self.reward[some]

    def windows(self, rows):
        out = next(self.buffers)[:len(rows)]
        for first in range(0, len(rows), CHUNK):
            t = rows[first:first + CHUNK]
            np.divide(self.view[t - self.lookback], self.last[t - 1], out=out[first:first + CHUNK])
        return out

    def order(self, number):
        return np.random.default_rng(number).permutation(self.samples)

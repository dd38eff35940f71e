"""The best that NumPy does for windows: outputs made once, chunks that stay in the cache."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from market import CHANNELS

CHUNK = 1_024
LN2 = np.float32(np.log(2))


class Builder:
    """Windows alone, into arrays that are reused."""

    def __init__(self, market, rows, threads):
        self.lookback = market.rules.lookback
        columns = [market.columns[name].astype(np.float32) for name in CHANNELS[:4]]
        columns.append(np.log1p(market.columns["volume"]).astype(np.float32))
        self.views = [sliding_window_view(column, self.lookback) for column in columns]
        self.last = [columns[3]] * 4 + [np.maximum(columns[4], LN2)]
        self.out = np.zeros((len(CHANNELS), rows, self.lookback), np.float32)
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads)

    def build(self, draws):
        """Windows `[C, n, L]`; no rewards."""
        chunks = range(0, len(draws.t), CHUNK)
        if self.threads == 1:
            for first in chunks:
                self.chunk(draws.t, first)
        else:
            list(self.pool.map(lambda first: self.chunk(draws.t, first), chunks))
        return self.out[:, :len(draws.t)], None

    def chunk(self, t, first):
        rows = t[first:first + CHUNK]
        start, before = rows - self.lookback, rows - 1
        for channel, (view, last) in enumerate(zip(self.views, self.last)):
            out = self.out[channel, first:first + len(rows)]
            np.divide(view[start], last[before][:, None], out=out)

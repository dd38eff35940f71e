"""Draws of the same distributions from NumPy's own generator."""

import numpy as np

from market import Draws


def draw(generator, market, n):
    """`n` samples' worth of draws: all ten fields, as Barloom takes ten."""
    t = market.positions[generator.integers(0, len(market.positions), n)]
    equity = generator.uniform(1e4, 1e5, n)
    balance = equity - generator.uniform(-5e3, 5e3, n)
    position = generator.integers(-1, 2, n, dtype=np.int8)
    sl_dist = generator.uniform(0.001, 0.05, n)
    tp_dist = generator.uniform(0.001, 0.10, n)
    direction = generator.integers(-1, 2, n, dtype=np.int8)
    acts = direction != 0
    dollars = generator.uniform(1e3, 5e4, n) * acts
    stop = generator.uniform(0.001, 0.05, n) * acts
    target = generator.uniform(0.001, 0.10, n) * acts
    state = (balance, position, sl_dist, tp_dist)
    return Draws(t, direction, stop, target, dollars, equity), state

"""Trains a small network on features with scalers that are fitted to the train part.

    python -m barloom.examples.train_features [BARS] [--epochs N]

The inputs are ten features of the last bar before t, as a snapshot: returns, volatility, indicators of
TA-Lib, the hour, and a function of Python. `standard` scalers are fitted to the train part alone, so
the inputs of the test part are scaled by means and deviations that were known before it began.

There are two targets, both of the next 8 bars:

- `up`: is the price higher after them? Over so few hours this is nearly chance. A network that beats
  the base rate by much here has seen the future. It is printed to show that.
- `size`: the logarithm of the absolute return. Volatility comes in clusters, so this can be learnt.

The base rate is what a constant achieves that knows the train part alone: its share of rises, or
its mean size. The script ends with an error if the network does not explain a twentieth of the
variance of `size`, or if it seems to know the direction.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import barloom

FORWARD = 8


def overnight(bars: Any) -> np.ndarray:
    """The last gap between a close and the next open, if more than 4 hours lie between them. Any function
    of one symbol's bars that does not look ahead is a feature."""
    hours = bars["ts"].diff().dt.total_seconds() / 3_600
    gap = np.log(bars["open"] / bars["close"].shift(1))
    return gap.where(hours > 4, 0.0).rolling(7).sum()  # of about one day


FEATURES = {
    "ret_{n}": {"of": "log(close / lag(close, {n}))", "n": [1, 7, 35]},
    "vol_{n}": {"of": "log(std(log(close / lag(close, 1)), {n}))", "n": [7, 70]},
    "range_7": "log(mean((high - low) / close, 7))",
    "rsi_14": "ta.rsi(close, 14)",
    "macd": "ta.macd(close, 12, 26, 9).macdhist / close",
    "hour": "time_of_day(tz='America/New_York')",
    "overnight": overnight,
}

RECIPE = {
    "features": FEATURES,
    "data": {
        "channels": ["close"],
        "snapshot": ["ret_1", "ret_7", "ret_35", "vol_7", "vol_70", "range_7", "rsi_14", "macd", "hour", "overnight"],
        "feature_history": "series",  # nights and weekends are no new beginning
    },
    "scaling": {"features": {"kind": "standard", "fit": "train", "clip": 5.0}},
    # Every bar once. The action is always the same: long, for 8 bars, without costs.
    "dataset": {"samples": "all", "positions": "sequential", "lookback": 1, "forward": FORWARD},
    "sampling": {"act_dir": 1},
    "reward": {
        "metric": "log_return",
        "barriers": "ignore",
        "fee_bps": 0.0,
        "slippage_bps": 0.0,
        "spread_bps": 0.0,
    },
    "split": {
        "embargo": FORWARD,
        "part": [{"name": "train", "fraction": 0.7}, {"name": "test", "fraction": 0.3}],
    },
}


def tensors(part: barloom.Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """The snapshots [n, K], and the targets up and size, both [n]."""
    batch = part[:]
    returns = torch.from_numpy(batch["reward"])
    # Prices are in steps: a return of 0 counts as half of the smallest step, a tenth of a basis point.
    size = torch.log(returns.abs().clamp(min=1e-5))
    return torch.from_numpy(batch["snapshot"]), (returns > 0).float(), size


def main() -> None:
    arguments = argparse.ArgumentParser(description="Predicts direction and size of returns.")
    arguments.add_argument("bars", nargs="?", help="a file; the bundled bars of SPY without")
    arguments.add_argument("--epochs", type=int, default=10)
    given = arguments.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # in so small a network they only wait for each other

    dataset = barloom.build_dataset(RECIPE, bars=given.bars or barloom.sample_bars())
    train, test = dataset["train"], dataset["test"]
    print(f"{given.bars or 'SPY'}: {len(train):,} bars to train, {len(test):,} later ones to test")
    fitted = train.scalers["snapshot"]["ret_1"]["parameters"][0]
    print(f"ret_1 of the train part: mean {fitted['mean']:+.6f}, std {fitted['std']:.6f}")

    x, up, size = tensors(train)
    mean, std, share = size.mean(), size.std(), up.mean()
    model = nn.Sequential(nn.Linear(x.shape[1], 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    cross_entropy = nn.functional.binary_cross_entropy_with_logits

    def losses(x: Tensor, up: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        logit, scaled = model(x).unbind(dim=1)
        return cross_entropy(logit, up), (scaled - (size - mean) / std).square().mean()

    for _ in range(given.epochs):
        model.train()
        for rows in torch.randperm(len(x)).split(256):
            optimizer.zero_grad()
            of_up, of_size = losses(x[rows], up[rows], size[rows])
            (of_up + of_size).backward()
            optimizer.step()

    model.eval()
    with torch.inference_mode():
        for name, (x, up, size) in (("train", (x, up, size)), ("test", tensors(test))):
            of_up, of_size = losses(x, up, size)
            base_up = cross_entropy(torch.logit(share).expand_as(up), up)
            base_size = ((size - mean) / std).square().mean()
            right = ((model(x)[:, 0] > 0).float() == up).float().mean()
            base_right = up.mean() if share > 0.5 else 1.0 - up.mean()
            explained = 1.0 - of_size / base_size
            print(f"{name}: up: loss {of_up:.4f}, base rate {base_up:.4f}")
            print(f"{name}: up: right {right:.1%}, base rate {base_right:.1%}")
            print(f"{name}: size: loss {of_size:.4f}, base rate {base_size:.4f}, explained {explained:.1%}")

    print("The size of the next return follows from past volatility. Its direction does not follow from")
    print("these features: the network is about as often right as the base rate, before any costs.")
    if explained < 0.05:
        sys.exit("the network does not explain the size of returns: something is wrong")
    if right > base_right + 0.05:
        sys.exit("the network seems to know the direction: look for data that was not known then")


if __name__ == "__main__":
    main()

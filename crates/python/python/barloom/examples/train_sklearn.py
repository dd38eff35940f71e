"""The same samples in scikit-learn: a dataset as an Arrow table, its columns as features.

    python -m barloom.examples.train_sklearn [BARS] [--samples N]

train_torch.py says what is learnt and what is not: `barrier`, which barrier a trade reaches
first, follows from their distances and from how much bars move. Here these are features by name.
The script ends with an error if the model does not explain a twentieth of the held-out variance.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingRegressor

import barloom

RECIPE = {
    "dataset": {"lookback": 64, "forward": 64},
    "sampling": {"act_sl": [0.002, 0.03], "act_tp": [0.002, 0.03]},
    "reward": {"metric": "barrier"},
    "split": {
        "embargo": 64,
        "part": [{"name": "train", "fraction": 0.8}, {"name": "test", "fraction": 0.2}],
    },
}
DRAWN = ["act_dir", "act_sl", "act_tp"]


def windows(table: pa.Table, channel: str) -> np.ndarray:
    """The windows of a channel: float32 [n, L], over the memory of the table."""
    column = table[channel].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def features(table: pa.Table) -> np.ndarray:
    """float64 [n, 5]: what was drawn, and two numbers that tell of the window."""
    closes = windows(table, "close")  # over the last close
    volatility = np.diff(np.log(closes), axis=1).std(axis=1)
    momentum = 1.0 - closes[:, 0]
    return np.column_stack([*(table[name].to_numpy() for name in DRAWN), volatility, momentum])


def main() -> None:
    arguments = argparse.ArgumentParser(description="Predicts how trades on real bars end.")
    arguments.add_argument("bars", nargs="?", help="a file; the bundled bars of SPY without")
    arguments.add_argument("--samples", type=int, default=100_000)
    given = arguments.parse_args()

    dataset = barloom.build_dataset(RECIPE, given.samples, bars=given.bars or barloom.sample_bars())
    train, test = dataset["train"].to_arrow(), dataset["test"].to_arrow()
    print(f"{given.bars or 'SPY'}: {len(train):,} samples to train, {len(test):,} held out, of later bars")

    model = HistGradientBoostingRegressor(max_iter=60, learning_rate=0.2, random_state=0)
    rewards = train["reward"].to_numpy()
    model.fit(features(train), rewards)

    held_out = test["reward"].to_numpy()
    of_model = np.square(model.predict(features(test)) - held_out).mean()
    of_constant = np.square(rewards.mean() - held_out).mean()
    print(f"held out: squared error {of_model:.4f}, of the constant {of_constant:.4f}")
    print(f"held out: explained {1.0 - of_model / of_constant:.1%}")

    # What a trade may expect, by its barriers alone: a near stop and a far target, and so on.
    for stop, target in ((0.005, 0.02), (0.01, 0.01), (0.02, 0.005)):
        (expected,) = model.predict([[1.0, stop, target, 0.004, 0.0]])
        print(f"long, stop {stop:.1%}, target {target:.1%}: {expected:+.2f}")
    if 1.0 - of_model / of_constant < 0.05:
        sys.exit("the model does not beat the constant predictor: something is wrong")


if __name__ == "__main__":
    main()

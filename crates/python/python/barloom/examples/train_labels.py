"""Trains a gradient-boosted classifier on triple-barrier labels, in purged folds.

    python -m barloom.examples.train_labels [BARS] [--folds N]

A label says what comes first in the next 64 bars: a rise of 2% (1), a fall of 2% (-1), or neither (0).
Labels of neighbouring bars share most of these bars, so a plain k-fold would test on what it trained
on. Here each fold leaves out the samples whose labels meet those of its test (docs/folds.md), and each
sample counts by its uniqueness.

For each fold the script prints two numbers on its test, against what a constant achieves that knows
the train shares alone:

- the log loss of the three classes. Calm times reach no barrier, and volatility comes in clusters,
  so this can be learnt;
- how often the direction is right where a barrier is reached. This is nearly chance. A model that
  beats the base rate by much here has seen the future. It is printed to show that.

The last lines have the mean and the spread over folds. The script ends with an error if the model does
not beat the constant in log loss, or if it seems to know the direction.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import barloom

CLASSES = np.array([-1, 0, 1])


def main() -> None:
    arguments = argparse.ArgumentParser(description="Predicts which barrier real prices reach first.")
    arguments.add_argument("bars", nargs="?", help="a file; the bundled bars of SPY without")
    arguments.add_argument("--folds", type=int, default=5)
    given = arguments.parse_args()

    dataset = barloom.dataset(
        given.bars or barloom.sample_bars(),
        features={
            "ret_{n}": {"of": "log(close / lag(close, {n}))", "n": [1, 7, 35]},
            "vol_{n}": {"of": "std(log(close / lag(close, 1)), {n})", "n": [7, 35, 140]},
            "range_7": "mean((high - low) / close, 7)",
            "rsi_14": "ta.rsi(close, 14)",
        },
        snapshot=["ret_1", "ret_7", "ret_35", "vol_7", "vol_35", "vol_140", "range_7", "rsi_14"],
        feature_history="series",  # nights and weekends are no new beginning
        label={"name": "tb", "kind": "triple_barrier", "horizon": 64, "up": 2, "down": 2, "scale": 0.01},
        weights="uniqueness",
        split={"kind": "purged_kfold", "folds": given.folds, "embargo": "2d"},
        lookback=2,
    )
    print(f"{given.bars or 'SPY'}: {len(dataset.folds)} folds")

    losses, directions = [], []
    for fold in dataset.folds:
        x, y, weight = fold["train"].xy()
        model = HistGradientBoostingClassifier(
            max_iter=40, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=200, random_state=0
        ).fit(x, y, sample_weight=weight)
        shares = np.array([weight[y == one].sum() for one in CLASSES]) / weight.sum()

        x, y, weight = fold["test"].xy()
        predicted = model.predict_proba(x)
        truth = np.searchsorted(CLASSES, y)
        loss = -np.average(np.log(predicted[np.arange(len(y)), truth]), weights=weight)
        constant = -np.average(np.log(shares[truth]), weights=weight)
        reached = y != 0
        up = predicted[reached, 2] > predicted[reached, 0]
        right = np.average(up == (y[reached] > 0), weights=weight[reached])
        base = np.average(np.full(reached.sum(), shares[2] > shares[0]) == (y[reached] > 0), weights=weight[reached])
        losses.append((loss, constant))
        directions.append((right, base))
        print(
            f"fold {fold.number}: {len(fold['train']):,} train, {fold.purged['train']} purged, "
            f"{len(y):,} test: log loss {loss:.3f}, of the constant {constant:.3f}; "
            f"direction right {right:.1%}, base rate {base:.1%}"
        )

    for name, pairs, form in (("log loss", losses, "{:.3f}"), ("direction", directions, "{:.1%}")):
        model, constant = np.array(pairs).T
        mean, spread, of_constant = (form.format(x) for x in (model.mean(), model.std(), constant.mean()))
        print(f"{name}: mean {mean}, spread over folds {spread}, of the constant {of_constant}")
    loss, constant = np.mean(losses, axis=0)
    right, base = np.mean(directions, axis=0)
    if loss > 0.97 * constant:
        sys.exit("the model does not beat the constant predictor: something is wrong")
    if right > base + 0.1:
        sys.exit("the model knows the direction too well: something leaks")


if __name__ == "__main__":
    main()

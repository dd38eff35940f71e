"""Trains a contextual bandit on every action of each state: which trade, or none.

    python -m barloom.examples.train_bandit [BARS] [--states N]

With ``actions = "grid"`` each state has the reward of every action, so nothing need be explored: the
value of each action is regressed on the state, and the policy takes the greatest. Actions are to
hold, or to go long or short with one of two stops and two targets.

The reward is the profit per dollar after 5 basis points of fees. On later bars the script prints what
policies earn a state: to trade at random, the one action that was best in training, the bandit, and
the best action within the bounds, which only hindsight knows (`best_reward`). The regret is less than
it. Prices of an index are hard to foretell, so the bandit learns above all when a trade does not pay
its fees. The script ends with an error if it does not beat trading at random by far.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import SplineTransformer

import barloom

FORWARD = 32
FEATURES = {
    "ret_{n}": {"of": "log(close / lag(close, {n}))", "n": [1, 7, 35]},
    "vol_{n}": {"of": "log(std(log(close / lag(close, 1)), {n}))", "n": [7, 35]},
    "rsi_14": "ta.rsi(close, 14)",
}
RECIPE = {
    "data": {
        "snapshot": ["ret_1", "ret_7", "ret_35", "vol_7", "vol_35", "rsi_14"],
        "feature_history": "series",  # nights and weekends are no new beginning
    },
    "features": FEATURES,
    "scaling": {"features": {"kind": "standard", "fit": "train", "clip": 4.0}},
    "dataset": {"lookback": 2, "forward": FORWARD},
    "sampling": {
        "actions": "grid",
        "act_dir": [0, 1, -1],
        "act_dollar": 1_000.0,
        "act_sl": {"choice": [0.01, 0.03]},
        "act_tp": {"choice": [0.01, 0.03]},
    },
    "reward": {"metric": ["pnl_pct"], "fee_bps": 5.0},
    "best": {},
    "split": {
        "embargo": FORWARD,
        "part": [{"name": "train", "fraction": 0.7}, {"name": "test", "fraction": 0.3}],
    },
}


def read(part: barloom.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inputs of each state [n, K], the reward of each action [n, A], and the best [n]."""
    batches = list(part.loader(4_096, group_actions=True))
    inputs, rewards, best = (
        np.concatenate([batch[name] for batch in batches])
        for name in ("snapshot", "reward", "best_reward")
    )
    return inputs[:, 0], rewards, best[:, 0]


def main() -> None:
    arguments = argparse.ArgumentParser(description="Chooses trades on real bars.")
    arguments.add_argument("bars", nargs="?", help="a file; the bundled bars of SPY without")
    arguments.add_argument("--states", type=int, default=40_000)
    given = arguments.parse_args()

    actions = 9  # hold, and 2 directions of 2 stops and 2 targets
    bars = given.bars or barloom.sample_bars()
    dataset = barloom.build_dataset(RECIPE, given.states * actions, bars=bars)
    listed = dataset.actions
    assert dataset.actions_per_state == actions == len(listed["act_dir"])
    (x, rewards, _), (test_x, test_rewards, best) = read(dataset["train"]), read(dataset["test"])
    print(f"{given.bars or 'SPY'}: {len(x):,} states to train, {len(test_x):,} held out, of later bars")

    spline = SplineTransformer(n_knots=4, degree=3).fit(x)
    # A heavy penalty, as little can be known: what is not sure stays near an action's mean.
    value = Ridge(alpha=3_000.0).fit(spline.transform(x), rewards)
    chosen = value.predict(spline.transform(test_x)).argmax(axis=1)
    fixed = int(rewards.mean(axis=0).argmax())
    policies = {
        "at random": test_rewards.mean(axis=1),
        "one action": test_rewards[:, fixed],
        "bandit": test_rewards[np.arange(len(test_x)), chosen],
    }
    for name, earned in policies.items():
        print(
            f"held out: {name}: {earned.mean() * 1e4:+.2f} bps a state, regret "
            f"{(best - earned).mean() * 1e4:.1f} bps"
        )
    print(f"held out: the best in hindsight: {best.mean() * 1e4:+.2f} bps a state")
    for action in np.unique(chosen):
        direction, stop, target = (listed[name][action] for name in ("act_dir", "act_sl", "act_tp"))
        what = {0: "hold", 1: "long", -1: "short"}[int(direction)]
        barriers = f", stop {stop:.0%}, target {target:.0%}" if direction else ""
        print(f"the bandit takes {(chosen == action).mean():6.1%}: {what}{barriers}")

    better = policies["bandit"] - policies["at random"]
    # States overlap: one in FORWARD counts.
    error = better.std() / np.sqrt(len(better) / FORWARD)
    if better.mean() < 2.0 * error:
        sys.exit("the bandit does not beat trading at random: something is wrong")


if __name__ == "__main__":
    main()

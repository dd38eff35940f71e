"""Trains a small network that predicts how a trade on real bars ends.

    python -m barloom.examples.train_torch [BARS] [--samples N] [--epochs N]

The inputs are what a sample holds: the window of bars before t, and the state and the action in
`meta`. The targets are two rewards of the same trade:

- `barrier`: -1 if the trade reached its stop first, 1 if its target, 0 if neither (or no trade). What
  is near is reached before what is far, and what is far is reached if bars move a lot: distances
  are in `meta`, and how much bars move is in the window. So this can be learnt from few samples,
  and it says nothing about where the price goes.
- `return`: profit over equity. Of a random trade it is noise less costs. Costs are known, and the
  drift of the training years, which is little of it: a network that beats the constant by much here
  has seen the future. It is printed to show that.

Training bars come before the held-out ones. Windows and labels stay in their part, so no held-out
sample shares a bar with a training one, and an embargo lies between. The constant predictor is
the mean of the training rewards. The script ends with an error if the network does not explain a
twentieth of the variance that it leaves in `barrier`.
"""

from __future__ import annotations

import argparse
import sys

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import barloom
from barloom.torch import IterableDataset

METRICS = ["barrier", "return"]


def recipe(samples: int) -> dict:
    return {
        "dataset": {"samples": samples, "lookback": 64, "forward": 64},
        "sampling": {"act_sl": [0.002, 0.03], "act_tp": [0.002, 0.03]},
        "reward": {"metric": METRICS},
        "split": {
            "embargo": 64,
            "part": [{"name": "train", "fraction": 0.8}, {"name": "test", "fraction": 0.2}],
        },
    }


class Network(nn.Module):
    """Windows [B, C, L] and meta [B, 9] to the expected rewards [B, 2]."""

    def __init__(self, channels: int, lookback: int, means: Tensor, scales: Tensor) -> None:
        super().__init__()
        self.register_buffer("means", means)
        self.register_buffer("scales", scales)
        self.layers = nn.Sequential(
            nn.Linear(channels * lookback + 9, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, len(METRICS)),
        )

    def forward(self, windows: Tensor, meta: Tensor) -> Tensor:
        # Windows are prices over the last close, all near 1: here as percent off it.
        percent = 100.0 * (windows[:, :4] - 1.0)
        inputs = [percent.flatten(1), windows[:, 4:].flatten(1), 4.0 * meta - 2.0]
        return self.layers(torch.cat(inputs, dim=1)) * self.scales + self.means


def main() -> None:
    arguments = argparse.ArgumentParser(description="Predicts how trades on real bars end.")
    arguments.add_argument("bars", nargs="?", help="a file; the bundled bars of SPY without")
    arguments.add_argument("--samples", type=int, default=400_000)
    arguments.add_argument("--epochs", type=int, default=2)
    given = arguments.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # in so small a network they only wait for each other

    dataset = barloom.build_dataset(recipe(given.samples), bars=given.bars or barloom.sample_bars())
    train, test = dataset["train"], dataset["test"]
    print(f"{given.bars or 'SPY'}: {len(train):,} samples to train, {len(test):,} held out, of later bars")

    # Means and scales of the training rewards, float32 [2].
    rewards = torch.from_numpy(train[: min(len(train), 50_000)]["reward"])
    means, scales = rewards.mean(dim=0), rewards.std(dim=0)
    model = Network(len(train.channels), train.lookback, means, scales)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)

    # Every epoch has samples of its own: a virtual dataset has as many as are wanted.
    batches = IterableDataset(train, 1_024, shuffle=True, fresh=True, drop_last=True)
    for epoch in range(given.epochs):
        total = torch.zeros(len(METRICS))
        for batch in DataLoader(batches, batch_size=None):
            error = (model(batch["windows"], batch["meta"]) - batch["reward"]) / scales
            losses = error.square().mean(dim=0)
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
            total += losses.detach()
        print(f"epoch {epoch}: training loss {losses_of(total / len(batches))}")

    # Squared errors on the held-out part, in units of the training rewards' variance.
    model.eval()
    of_model, of_constant = torch.zeros(len(METRICS)), torch.zeros(len(METRICS))
    with torch.inference_mode():
        for batch in IterableDataset(test, 4_096):
            predicted = model(batch["windows"], batch["meta"])
            of_model += ((predicted - batch["reward"]) / scales).square().sum(dim=0)
            of_constant += ((means - batch["reward"]) / scales).square().sum(dim=0)
    of_model, of_constant = of_model / len(test), of_constant / len(test)
    print(f"held out: network  {losses_of(of_model)}")
    print(f"held out: constant {losses_of(of_constant)}")
    explained = 1.0 - of_model / of_constant
    print("held out: explained " + ", ".join(f"{m} {x:.1%}" for m, x in zip(METRICS, explained)))
    if explained[0] < 0.05:
        sys.exit("the network does not beat the constant predictor: something is wrong")


def losses_of(values: Tensor) -> str:
    return ", ".join(f"{metric} {value:.4f}" for metric, value in zip(METRICS, values))


if __name__ == "__main__":
    main()

"""The market and the rules of a dataset that Barloom built, as plain arrays."""

import glob
import json
import os
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PRICES = ("open", "high", "low", "close")
CHANNELS = PRICES + ("volume",)

TOUCH = 2.0**-40
"""How near a price comes to a barrier that it reaches, as a fraction of the barrier."""


@dataclass
class Rules:
    """What a sample is: L, F and the costs. Entry at the next open, the stop first."""

    lookback: int
    forward: int
    side_cost: float
    carry: float


@dataclass
class Market:
    """Bars in arena order, and the positions t where a sample may stand."""

    columns: dict  # name -> [T] float64
    positions: np.ndarray  # [P] int64
    rules: Rules


@dataclass
class Draws:
    """The synthetic part of samples. Hold is direction 0 with 0 dollars, stop and target."""

    t: np.ndarray  # [n] int64, rows of the market
    direction: np.ndarray  # [n] int8
    stop: np.ndarray  # [n] float64
    target: np.ndarray
    dollars: np.ndarray
    equity: np.ndarray


def load(dataset):
    """The market of a dataset."""
    with open(os.path.join(dataset, "manifest.json"), encoding="utf-8") as file:
        recipe = json.load(file)["recipe"]
    reward = recipe["reward"]
    wanted = {"entry": "next_open", "barriers": "honour", "same_bar": "stop_first",
              "costs": "both_sides"}
    for key, value in wanted.items():
        if reward[key] != value:
            raise ValueError(f"reward.{key} is {reward[key]}: the peers know {value} alone")
    rules = Rules(
        lookback=recipe["dataset"]["lookback"],
        forward=recipe["dataset"]["forward"],
        side_cost=(reward["fee_bps"] + reward["slippage_bps"] + reward["spread_bps"] / 2) * 1e-4,
        carry=reward["carry_bps"] * 1e-4,
    )
    with pa.OSFile(os.path.join(dataset, "bars.arrow")) as file:
        table = pa.ipc.open_file(file).read_all()
    columns = {name: table[name].to_numpy() for name in CHANNELS}
    segments = table["segment"].to_pandas().fillna(-1).to_numpy().astype(np.int64)
    return Market(columns, positions(segments, rules), rules)


def positions(segments, rules):
    """Rows t with `[t - L, t)` and `[t, t + F)` in one segment."""
    found = []
    edges = np.flatnonzero(np.diff(segments)) + 1
    for start, end in zip(np.r_[0, edges], np.r_[edges, len(segments)]):
        if segments[start] >= 0 and end - start >= rules.lookback + rules.forward:
            found.append(np.arange(start + rules.lookback, end - rules.forward + 1))
    return np.concatenate(found).astype(np.int64)


def samples(dataset):
    """The samples of a dataset as one Arrow table."""
    files = sorted(glob.glob(os.path.join(dataset, "samples/*.parquet")))
    return pa.concat_tables([pq.read_table(file) for file in files])


def draws_of(table):
    """The draws that a dataset of one symbol holds."""
    if len(table["symbol"].combine_chunks().dictionary) != 1:
        raise ValueError("the check needs bars of one symbol")
    column = lambda name: np.array(table[name].to_numpy())
    return Draws(column("bar"), column("act_dir"), column("act_sl"), column("act_tp"),
                 column("act_dollar"), column("equity"))

"""A notebook: bars, a dataset, one's own signals, batches."""

# %% [markdown]
# # Barloom in a notebook
#
# Cells begin with `# %%`, as Jupyter (by jupytext), VS Code and Spyder read them. As a program it
# runs from top to bottom: `python -m barloom.examples.notebook [BARS]`.

# %%
from __future__ import annotations

import sys
from itertools import islice

import numpy as np
import pyarrow.compute as pc

import barloom

BARS = sys.argv[1] if len(sys.argv) > 1 else barloom.sample_bars()

# %% [markdown]
# ## Are the bars sound?

# %%
print(barloom.check(BARS)["text"])

# %% [markdown]
# ## A dataset
#
# Nothing is computed yet: samples are made when they are asked for, so a million take no room. Give
# `out="folder"` for files; their bits are the same.

# %%
cfg = {
    "dataset": {"lookback": 64, "forward": 32},
    "reward": {"metric": ["return", "r_multiple"], "fee_bps": 1.0, "spread_bps": 1.0},
}
ds = barloom.build_dataset(cfg, 1_000_000, seed=42, bars=BARS)
print(ds)
print("channels", ds.channels, "metrics", ds.metrics, "positions", ds.positions)

# %% [markdown]
# ## One sample, some samples, a table

# %%
sample = ds[0]
print("windows", sample["windows"].shape, "meta", sample["meta"].shape, "reward", sample["reward"])
for field, value in zip(ds.meta_fields, sample["meta"]):
    print(f"  {field:10} {value:.3f}")

# %%
table = ds.read(0, 50_000).to_arrow()
counts = table["exit_reason"].cast("string").value_counts().to_pylist()
print("exits", {row["values"]: row["counts"] for row in counts})
for direction, name in ((1, "long"), (-1, "short")):
    some = table.filter(pc.equal(table["act_dir"], direction))
    print(f"{name}: mean return {pc.mean(some['reward']).as_py():+.5f}, {len(some):,} trades")

# %% [markdown]
# ## Signals of one's own
#
# A moving average that crosses another: decided at the close of bar t - 1, so the trade is taken at
# the open of bar t, with a stop and a target. The same engine prices it, costs and all.

# %%
close = barloom.read_bars(BARS)["close"]


def average(length: int) -> np.ndarray:
    """The mean of the last so many closes, NaN where there are fewer: float64 [bars]."""
    sums = np.cumsum(np.insert(close, 0, 0.0))
    return np.append(np.full(length - 1, np.nan), (sums[length:] - sums[:-length]) / length)


side = np.sign(average(20) - average(100))
crossed = np.flatnonzero(side[1:-1] * side[:-2] < 0) + 1  # the bars at whose close it is known
signals = {
    "bar": crossed + 1,
    "direction": side[crossed],
    "dollars": np.full(len(crossed), 10_000.0),
    "stop": np.full(len(crossed), 0.01),
    "target": np.full(len(crossed), 0.02),
}

priced = barloom.price(BARS, signals, cfg=cfg)
pnl = priced["pnl"]  # NaN where a signal has no 32 bars left
known = np.isfinite(pnl)
print(f"{known.sum()} signals: {pnl[known].sum():+,.0f} dollars, {(pnl[known] > 0).mean():.0%} won")
print("mean bars held", np.nanmean(priced["held_bars"]))
print(priced)

# %% [markdown]
# ## Batches for a training loop
#
# Shuffled, in another order each epoch; NumPy arrays that `torch.from_dlpack` takes as they are.

# %%
loader = ds.loader(batch_size=4_096, shuffle=True, seed=1)
batches = iter(loader)
means = [batch["reward"][:, 0].mean() for batch in islice(batches, 50)]
print(f"{len(loader)} batches an epoch; mean return of the first 50: {np.mean(means):+.5f}")

# Where it is, for a checkpoint; another process goes on with the next batch.
state = loader.state_dict()
print(state)
other = ds.loader(batch_size=4_096, shuffle=True, seed=1)
other.load_state_dict(state)
assert np.array_equal(next(iter(other))["windows"], next(batches)["windows"])

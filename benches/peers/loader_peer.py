"""Measures one loader and prints one JSON object. Its batches are compared with Barloom's first.

    python loader_peer.py NAME --dataset FOLDER --repetitions 5 --workers 2 [--batches 40]

FOLDER is a dataset that Barloom built, in the format that the loader reads. A loader has

- `samples`: how many there are,
- `epoch(number)`: shuffled batches (windows [B, C, L], meta [B, 9], reward [B]) of float32,
- `order(number)`: the numbers of the samples in the order of that epoch.
"""

import argparse
import itertools
import json
import platform
import time

import numpy as np

import ulps
from peak import peak_rss_bytes

BATCH = 4_096
CHECKED = 4


def loader(name, dataset, workers):
    """The loader of that name. Modules are loaded when they are wanted."""
    if name == "loader-barloom":
        from loader_barloom import Loader
        return Loader(dataset, BATCH, workers)
    if name == "loader-torch-samples":
        from loader_torch import Samples
        return Samples(dataset, BATCH, workers)
    if name == "loader-torch-batches":
        from loader_torch import Batches
        return Batches(dataset, BATCH, workers)
    if name == "loader-pyarrow":
        from loader_pyarrow import Loader
        return Loader(dataset, BATCH)
    if name == "loader-numpy":
        from loader_numpy import Loader
        return Loader(dataset, BATCH)
    raise SystemExit(f"there is no loader {name}")


def check(loader, dataset):
    """`equal`, or what differs in the first batches."""
    import barloom
    ours = barloom.open(dataset)
    order = loader.order(0)
    if len(order) < CHECKED * BATCH or len(np.unique(order)) != len(order):
        return f"the order has {len(np.unique(order))} samples of {len(order)}"
    first = 0
    for batch in itertools.islice(loader.epoch(0), CHECKED):
        windows, meta, reward = (np.asarray(values) for values in batch)
        taken = ours.take(order[first:first + len(windows)])
        first += len(windows)
        if windows.shape != taken["windows"].shape or windows.dtype != np.float32:
            return f"windows are {windows.dtype} {windows.shape}"
        for channel, name in enumerate(ours.channels):
            apart = ulps.apart(taken["windows"][:, channel], windows[:, channel])
            if apart > (loader.volume_ulps if name == "volume" else 0):
                return f"{name}: windows differ by {apart} ulp"
        for name, values in ("meta", meta), ("reward", reward):
            if values.dtype != np.float32 or not np.array_equal(values, taken[name]):
                return f"{name} differs"
    return "equal"


def epoch(loader, number, batches):
    """Seconds and samples of an epoch, for one that reads a value of each array; of `batches`
    after the first one, where so many are asked for."""
    samples, start = 0, time.perf_counter()
    iterator = iter(loader.epoch(number))
    if batches:
        next(iterator)
        iterator, start = itertools.islice(iterator, batches), time.perf_counter()
    for windows, meta, reward in iterator:
        float(windows[0, 0, 0]), float(meta[0, 0]), float(reward[0])
        samples += len(windows)
    return time.perf_counter() - start, samples


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("loader")
    arguments.add_argument("--dataset", required=True)
    arguments.add_argument("--repetitions", type=int, default=5)
    arguments.add_argument("--workers", type=int, default=0)
    arguments.add_argument("--batches", type=int, default=0)
    options = arguments.parse_args()
    started = time.perf_counter()
    measured = loader(options.loader, options.dataset, options.workers)
    prepare = time.perf_counter() - started
    timed = [epoch(measured, number, options.batches) for number in range(options.repetitions + 1)]
    # Its own process's alone: workers have more.
    peak = peak_rss_bytes()
    extra = measured.extra() if hasattr(measured, "extra") else {}
    result = {"name": options.loader, "prepare_s": prepare, "cold_s": None, "warm_s": [],
              "samples": 0, "bytes": 0, "check": check(measured, options.dataset),
              "extra": extra | {"versions": versions()}, "peak_rss_bytes": peak}
    if result["check"] == "equal":
        seconds, samples = zip(*timed)
        row = sum(values[:1].nbytes for values in next(iter(measured.epoch(0))))
        result |= {"cold_s": seconds[0], "warm_s": seconds[1:], "samples": samples[0],
                   "bytes": samples[0] * row}
    print(json.dumps(result))


def versions():
    """Versions of Python and of the packages."""
    from importlib.metadata import version
    packages = ("numpy", "pyarrow", "torch", "barloom")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


if __name__ == "__main__":
    main()

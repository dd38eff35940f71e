"""Barloom's own loader through its Python package."""

import json
import os
import statistics
import time

import numpy as np

import barloom
from peak import peak_rss_bytes

LOOKUPS = 2_000


class Loader:
    """Opens a dataset and makes its first batch at once, to see how long that takes."""

    volume_ulps = 0

    def __init__(self, dataset, batch, threads):
        start = time.perf_counter()
        self.dataset = barloom.open(dataset)
        opened = time.perf_counter()
        self.loader = self.dataset.loader(batch, shuffle=True, threads=threads)
        next(iter(self.loader))
        first = time.perf_counter()
        self.seconds = {"first_batch_s": first - opened, "open_to_first_batch_s": first - start}
        with open(os.path.join(dataset, "manifest.json"), encoding="utf-8") as file:
            self.bars = sum(symbol["bars"] for symbol in json.load(file)["market"]["symbols"])
        self.samples, self.batch, self.threads = len(self.dataset), batch, threads

    def epoch(self, number):
        self.loader.set_epoch(number)
        for batch in self.loader:
            yield batch["windows"], batch["meta"], batch["reward"]

    def order(self, number):
        loader = self.dataset.loader(self.batch, shuffle=True, columns=["sample"], epoch=number)
        return np.concatenate([batch["sample"] for batch in loader])

    def extra(self):
        """What else there is to tell: memory so far, and samples that are looked up."""
        peak = peak_rss_bytes()
        # Times, four prices and volume.
        less = None if peak is None else float(peak - self.bars * 8 * 6)
        generator = np.random.default_rng(1)
        one = generator.integers(0, self.samples, LOOKUPS).tolist()
        some = generator.integers(0, self.samples, (LOOKUPS, 32))
        return self.seconds | {
            "peak_less_bars_bytes": less,
            "sample_s": median(lambda number: self.dataset[number], one),
            "batch_of_32_s": median(self.dataset.take, some),
        }


def median(look_up, keys):
    """The median seconds of a look-up."""
    seconds = []
    for key in keys:
        start = time.perf_counter()
        look_up(key)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)

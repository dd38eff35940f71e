"""PyArrow over a Parquet dataset: row groups in any order, shuffled within a buffer of some."""

import glob
import json
import os

import numpy as np
import pyarrow.parquet as pq

BUFFER_ROWS = 65_536


class Loader:
    """Reads what batches need, and nothing else."""

    volume_ulps = 0

    def __init__(self, dataset, batch):
        with open(os.path.join(dataset, "manifest.json"), encoding="utf-8") as file:
            recipe = json.load(file)["recipe"]
        self.channels, self.lookback = recipe["data"]["channels"], recipe["dataset"]["lookback"]
        with open(os.path.join(dataset, "scalers.json"), encoding="utf-8") as file:
            self.fields = json.load(file)["meta"]["fields"]
        names = [field["name"] for field in self.fields]
        self.columns = list(self.channels) + names + ["reward"]
        paths = sorted(glob.glob(os.path.join(dataset, "samples/*.parquet")))
        self.files = [pq.ParquetFile(path, memory_map=True) for path in paths]
        rows = [file.metadata.num_rows for file in self.files]
        self.first = np.concatenate([[0], np.cumsum(rows)[:-1]])
        self.samples, self.batch = sum(rows), batch

    def plan(self, number):
        """Files, row groups of each, and the order within each buffer."""
        generator = np.random.default_rng(number)
        for at in generator.permutation(len(self.files)):
            metadata = self.files[at].metadata
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            starts = self.first[at] + np.concatenate([[0], np.cumsum(sizes)[:-1]])
            groups = generator.permutation(len(sizes))
            each = max(1, BUFFER_ROWS // sizes[0])
            for first in range(0, len(groups), each):
                some = groups[first:first + each]
                numbers = np.concatenate([np.arange(starts[g], starts[g] + sizes[g]) for g in some])
                yield self.files[at], some, numbers, generator.permutation(len(numbers))

    def epoch(self, number):
        for file, groups, _, order in self.plan(number):
            rows = len(order)
            read, = file.iter_batches(batch_size=rows, row_groups=groups, columns=self.columns)
            windows = [read[name].flatten().to_numpy().reshape(rows, -1) for name in self.channels]
            meta = np.empty((rows, len(self.fields)), np.float32)
            for at, field in enumerate(self.fields):
                low, high = field["min"], field["max"]
                meta[:, at] = (read[field["name"]].to_numpy() - low) / (high - low)
            reward = read["reward"].to_numpy().astype(np.float32)
            for first in range(0, rows, self.batch):
                some = order[first:first + self.batch]
                out = np.empty((len(some), len(windows), self.lookback), np.float32)
                for channel, values in enumerate(windows):
                    out[:, channel] = values[some]
                yield out, meta[some], reward[some]

    def order(self, number):
        return np.concatenate([numbers[order] for _, _, numbers, order in self.plan(number)])

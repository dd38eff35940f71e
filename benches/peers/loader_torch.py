"""PyTorch's DataLoader over memory-mapped .npy files."""

import os

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler


def permutation(samples, number):
    """The order of an epoch."""
    generator = torch.Generator().manual_seed(number)
    return torch.randperm(samples, generator=generator).numpy()


class Files(Dataset):
    """The arrays of a dataset, mapped: a sample for a number, a batch for an array of them."""

    def __init__(self, dataset):
        mapped = lambda name: np.load(os.path.join(dataset, f"samples/00000.{name}.npy"), mmap_mode="c")
        # Rewards are cast once, so that nobody has to.
        arrays = mapped("windows"), mapped("meta"), mapped("reward").astype(np.float32)
        self.arrays = [np.asarray(values) for values in arrays]
        self.tensors = [torch.from_numpy(values) for values in self.arrays]

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, key):
        if isinstance(key, int):
            return tuple(values[key] for values in self.tensors)
        # Faster than indexing tensors, and than indexing arrays.
        return tuple(torch.from_numpy(values.take(key, axis=0)) for values in self.arrays)


class Numbers(Sampler):
    """The numbers of an epoch, one by one or in arrays of `batch`."""

    def __init__(self, samples, batch):
        self.samples, self.batch, self.number = samples, batch, 0

    def __len__(self):
        return -(-self.samples // (self.batch or 1))

    def __iter__(self):
        order = permutation(self.samples, self.number)
        if self.batch is None:
            return iter(order.tolist())
        return (order[first:first + self.batch] for first in range(0, len(order), self.batch))


class Loader:
    """What both have; workers stay from one epoch to the next."""

    volume_ulps = 0

    def __init__(self, dataset, batch, together, workers):
        files = Files(dataset)
        self.samples = len(files)
        self.numbers = Numbers(self.samples, batch if together else None)
        self.loader = DataLoader(
            files, sampler=self.numbers, batch_size=None if together else batch,
            num_workers=workers, persistent_workers=workers > 0,
        )

    def epoch(self, number):
        self.numbers.number = number
        return self.loader

    def order(self, number):
        return permutation(self.samples, number)


class Samples(Loader):
    """A map-style dataset: a sample at a time, collated to batches."""

    def __init__(self, dataset, batch, workers):
        super().__init__(dataset, batch, False, workers)


class Batches(Loader):
    """A batch sampler as the sampler: a batch at a time, indexed by an array."""

    def __init__(self, dataset, batch, workers):
        super().__init__(dataset, batch, True, workers)

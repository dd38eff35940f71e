"""Datasets for PyTorch's ``DataLoader``.

:class:`IterableDataset` gives whole batches, in the order of ``Dataset.loader``:

>>> import torch
>>> from barloom.torch import IterableDataset
>>> batches = IterableDataset(ds, batch_size=4096, shuffle=True)
>>> for batch in torch.utils.data.DataLoader(batches, batch_size=None, num_workers=2):
...     windows, meta, reward = batch["windows"], batch["meta"], batch["reward"]

A single process with threads is usually faster: ``num_workers=0`` or ``for batch in batches``.
Workers must send their batches to the training process, and threads need not.

:class:`MapDataset` gives samples by their numbers, for your own samplers.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.utils import data

from barloom._barloom import Dataset, Loader

__all__ = ["IterableDataset", "MapDataset"]


class IterableDataset(data.IterableDataset[dict[str, torch.Tensor]]):
    """Batches of a dataset, epoch after epoch, for ``DataLoader(..., batch_size=None)``.

    A batch is a dict of tensors over the memory of the loader's arrays, without a copy:
    ``windows`` float32 [B, C, L], ``snapshot`` float32 [B, K] if the recipe has one, ``meta`` float32
    [B, 9] and ``reward`` float32 [B] or [B, metrics] where samples have actions, labels and
    ``weight`` by name, and ``columns`` by name; ``ts`` is int64, ns since 1970 UTC, and ``symbol``
    int32.

    Args:
        dataset: The samples.
        batch_size: Samples of a batch, B.
        rank: The number of this process. None: the rank of ``torch.distributed`` if it is
            initialised, otherwise 0.
        world_size: The number of processes. None: the size of ``torch.distributed``, otherwise 1.
        epoch: The epoch of the first loop, from 0.
        threads: Threads that make batches; None for 1 in a worker and the loader's default elsewhere.
        options: The options of ``Dataset.loader``: ``shuffle``, ``seed``, ``drop_last``, ``fraction``,
            ``fresh``, ``group_actions``, ``columns``, ``layout``, ``prefetch``, ``split``, ``weights``.

    With N workers, the batches and their order are the same as with ``num_workers=0``: worker w
    makes every N-th batch, from batch w on. Each loop is one epoch, and the next loop is the next
    epoch. This holds for persistent workers (``persistent_workers``) and for new workers in each
    epoch. You need not call ``set_epoch``. A loop that takes a single batch has started its epoch.
    Two simultaneous loops with workers need two of these datasets.

    The ranks share the last samples of an epoch, so the last batches may be smaller. If fewer
    samples than ranks are left, some ranks make one step less. DistributedDataParallel waits
    for all ranks in each step, so pass ``drop_last=True`` with it.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1024,
        *,
        rank: int | None = None,
        world_size: int | None = None,
        epoch: int = 0,
        threads: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self._dataset, self._batch_size, self._options = dataset, batch_size, options
        self._rank, self._world_size, self._threads = rank, world_size, threads
        # Where the next loop begins, in memory that workers share: how often the main process said
        # so, the epoch, the place of its order. A worker tells those of the next epoch by it, but
        # not before its first batch, when all workers of this epoch know where they begin: new ones
        # by what it was when they were forked, those that stay as they were asked before.
        self._next = torch.tensor([0, epoch, 0]).share_memory_()
        self._when_forked: list[int] | None = None
        self._owner = os.getpid()
        # What the main process made of it last: where it is something else, workers have begun.
        self._known = self._next.tolist()
        # The loader of the last loop of this process.
        self._running: Loader | None = None
        # Refuses wrong options now. It also readies the bars, once for all workers.
        self._loader()
        _alive.add(self)

    def __iter__(self) -> _Epoch:
        self._own()
        begin = self._next.tolist()
        if _in_worker():
            begin, self._when_forked = self._when_forked or begin, None
        loader, state = self._state_at(*begin[1:])
        epoch = _Epoch(self, loader, begin, state)
        if not _in_worker():
            epoch.begin()
            self._running = loader
        return epoch

    def __len__(self) -> int:
        """Batches of an epoch, of this rank."""
        return len(self._loader(alone=True))

    @property
    def epoch(self) -> int:
        """The epoch that the next loop begins or continues."""
        self._own()
        return int(self._next[1])

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next loop. The epoch of a loaded state continues from that state.

        Args:
            epoch: Its number, from 0.
        """
        self._go_on(epoch, int(self._next[2]) if epoch == self.epoch else 0)

    def state_dict(self, *, epoch: int | None = None, step: int = 0) -> dict[str, Any]:
        """Returns the position of the loops: a small dict for a checkpoint, the same on all ranks.

        You can resume from it with other numbers of ranks, workers and threads, and another batch
        size. It is the state after the batches that this process made. Only the training loop
        knows the batches that it took from workers: pass ``epoch`` and ``step``, or use
        torchdata's ``StatefulDataLoader``.

        Args:
            epoch: The epoch of the state; None for the position of this process.
            step: The number of batches (per rank) that were taken in that epoch.
        """
        if _in_worker():
            return {}  # StatefulDataLoader keeps the state of a worker's epoch.
        if epoch is not None:
            return self._state_at(epoch, step * self._step_places())[1]
        self._own()
        if self._next.tolist() != self._known:
            raise RuntimeError(
                "workers make the batches, and this process does not know which were taken: "
                "give the epoch and how many were taken, state_dict(epoch=.., step=..), or use "
                "torchdata's StatefulDataLoader"
            )
        if self._running is not None:
            return self._running.state_dict()
        return self._state_at(*self._known[1:])[1]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Makes the next loop continue from a saved state.

        Args:
            state: The result of ``state_dict``.
        """
        if _in_worker():
            return
        if "worker" in state:
            raise ValueError(_OF_A_WORKER)
        self._loader().load_state_dict(state)  # refuses that of another order
        self._go_on(state["epoch"], state["position"])

    def _go_on(self, epoch: int, position: int) -> None:
        """The next loop begins there."""
        self._own()
        self._known = [int(self._next[0]) + 1, epoch, position]
        self._next[:] = torch.tensor(self._known)
        self._running = None

    def _begun(self, begin: list[int], epoch: int) -> None:
        """Tells that a loop that began at ``begin`` is in this epoch: the next is in that after."""
        after = [begin[0], epoch + 1, 0]
        if not _in_worker():
            self._known = after
        elif self._next.tolist() != begin:
            return  # Another worker has told, or the next loop has been told to begin elsewhere.
        self._next[:] = torch.tensor(after)

    def _own(self) -> None:
        """Parts with the process that this dataset came from, unless it has come to a worker."""
        if self._owner != os.getpid() and not _in_worker():
            self._next, self._owner = self._next.clone().share_memory_(), os.getpid()

    def _before_fork(self) -> None:
        if not _in_worker():
            self._own()
            self._when_forked = self._next.tolist()

    def _ranks(self) -> tuple[int, int]:
        rank, world_size = self._rank, self._world_size
        if distributed.is_available() and distributed.is_initialized():
            rank = distributed.get_rank() if rank is None else rank
            world_size = distributed.get_world_size() if world_size is None else world_size
        return rank or 0, 1 if world_size is None else world_size

    def _step_places(self) -> int:
        """Places of the order that a step of all ranks takes."""
        return self._batch_size * self._ranks()[1]

    def _loader(self, *, alone: bool = False) -> Loader:
        """A loader of this worker, or as if there were no others."""
        rank, world_size = self._ranks()
        worker, workers = (0, 1) if alone else _place()
        threads = self._threads
        if threads is None and _in_worker():
            threads = 1
        return self._dataset.loader(
            self._batch_size,
            rank=rank,
            world_size=world_size,
            threads=threads,
            worker=worker,
            workers=workers,
            **self._options,
        )

    def _state_at(self, epoch: int, position: int) -> tuple[Loader, dict[str, Any]]:
        """A loader, and the state from which it begins where all workers begin at ``position``."""
        loader = self._loader()
        state = loader.state_dict()
        position += _place()[0] * self._step_places()
        return loader, state | {
            "epoch": epoch,
            "position": min(position, state["order"]["count"]),
        }

    def __getstate__(self) -> dict[str, Any]:
        self._before_fork()
        # A process that is spawned has no torch.distributed to ask.
        rank, world_size = self._rank, self._world_size
        if distributed.is_available() and distributed.is_initialized():
            rank, world_size = self._ranks()
        return self.__dict__ | {"_rank": rank, "_world_size": world_size, "_running": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._next = self._next.share_memory_()  # a copy (of copy, or of pickle alone) is not yet
        _alive.add(self)


class _Epoch(Iterator[dict[str, torch.Tensor]]):
    """The batches of one epoch, from a state on; what ``StatefulDataLoader`` keeps the state of."""

    def __init__(
        self, dataset: IterableDataset, loader: Loader, begin: list[int], state: Mapping[str, Any]
    ) -> None:
        self._dataset, self._loader, self._begin = dataset, loader, begin
        self._go_to(state)

    def _go_to(self, state: Mapping[str, Any]) -> None:
        self._loader.load_state_dict(state)
        self._epoch: int = state["epoch"]
        # Made with the first batch: a loop that is resumed goes elsewhere before.
        self._batches: Iterator[dict[str, np.ndarray]] | None = None

    def begin(self) -> None:
        """Tells the dataset that this epoch has begun."""
        self._dataset._begun(self._begin, self._epoch)

    def __next__(self) -> dict[str, torch.Tensor]:
        if self._batches is None:
            if _in_worker():
                self.begin()
            self._batches = iter(self._loader)
        return _tensors(next(self._batches))

    def state_dict(self) -> dict[str, Any]:
        state = self._loader.state_dict()
        if state["epoch"] != self._epoch:  # there are no more batches
            state |= {"epoch": self._epoch, "position": state["order"]["count"]}
        return state | self._who()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        who = {key: value for key, value in state.items() if key in _WHO}
        if who != self._who():
            raise ValueError(f"{_OF_A_WORKER}: it is of {who or 'no worker'}, not {self._who()}")
        self._go_to({key: value for key, value in state.items() if key not in _WHO})
        self.begin()

    def _who(self) -> dict[str, int]:
        """Whose state it is, where it is that of one worker among several."""
        worker, workers = _place()
        if workers == 1:
            return {}
        step = self._dataset._step_places()
        return {"worker": worker, "workers": workers, "step_places": step}


_WHO = {"worker", "workers", "step_places"}
_OF_A_WORKER = (
    "the state is that of one DataLoader worker among several, which goes on with the number of "
    "workers, ranks and samples of a batch that it was saved with; IterableDataset.state_dict "
    "gives states for any"
)


class MapDataset(data.Dataset[dict[str, torch.Tensor]]):
    """Samples by their numbers, for ``DataLoader(..., batch_size=B)`` and samplers.

    Sample i is a dict of ``windows`` float32 [C, L] (``layout="BLC"``: [L, C]), ``snapshot`` float32
    [K] if the recipe has one, ``meta`` float32 [9], ``reward`` float32 [] or [metrics], and
    ``columns`` by name. ``ds[[3, 1, 2]]`` is a dict of
    batches, [B, C, L] and so on: ``DataLoader(ds, sampler=BatchSampler(..), batch_size=None)``
    gives these as they are and is faster than ``batch_size=B``, which takes batches apart and puts
    them together again.

    Args:
        dataset: The samples.
        columns: Names of further columns, as for ``Dataset.loader``.
        layout: ``"BCL"`` for windows [C, L] of a sample, ``"BLC"`` for [L, C].
    """

    def __init__(
        self, dataset: Dataset, *, columns: Sequence[str] = (), layout: str = "BCL"
    ) -> None:
        self._dataset, self._columns, self._layout = dataset, list(columns), layout
        self._take([0])  # refuses wrong arguments now, and readies the bars once for all workers

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int | Sequence[int] | torch.Tensor) -> dict[str, torch.Tensor]:
        if isinstance(index, Sequence) or getattr(index, "ndim", 0) > 0:
            return self._take(index)
        return {name: values[0] for name, values in self._take([int(index)]).items()}

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, torch.Tensor]]:
        """Samples that are made together, each a view of its row."""
        batch = self._take(indices)
        rows = zip(*(values.unbind() for values in batch.values()), strict=True)
        return [dict(zip(batch, row, strict=True)) for row in rows]

    def _take(self, indices: Any) -> dict[str, torch.Tensor]:
        taken = self._dataset.take(indices, columns=self._columns, layout=self._layout)
        return _tensors(taken)


def _tensors(batch: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The arrays of a batch as tensors over the same memory."""
    return {name: torch.from_numpy(_known_to_torch(values)) for name, values in batch.items()}


def _known_to_torch(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "M":
        return values.view(np.int64)
    return values.view(np.int32) if values.dtype == np.uint32 else values


def _in_worker() -> bool:
    return data.get_worker_info() is not None


def _place() -> tuple[int, int]:
    """The number of this worker and how many there are."""
    info = data.get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


_alive: weakref.WeakSet[IterableDataset] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: [dataset._before_fork() for dataset in list(_alive)])

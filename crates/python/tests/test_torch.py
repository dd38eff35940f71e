"""Datasets for PyTorch's DataLoader and torchdata's StatefulDataLoader."""

from __future__ import annotations

import copy
import gc
import io
import itertools
import json
import pickle
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import barloom
from conftest import in_memory

torch = pytest.importorskip("torch")

from torch.utils.data import (  # noqa: E402
    BatchSampler,
    DataLoader,
    RandomSampler,
    Subset,
    default_collate,
    random_split,
)
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

from barloom.torch import IterableDataset, MapDataset  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning"),
]

SAMPLES = 1_003
COLUMNS = ["sample"]
OPTIONS: dict[str, Any] = {"batch_size": 32, "shuffle": True, "columns": COLUMNS}


@pytest.fixture(scope="module")
def odd() -> barloom.Dataset:
    return in_memory(SAMPLES)


def order(batches: Iterable[dict[str, Any]]) -> list[list[int]]:
    return [batch["sample"].tolist() for batch in batches]


def flat(batches: list[list[int]]) -> list[int]:
    return [sample for batch in batches for sample in batch]


def epoch_of(dataset: barloom.Dataset, epoch: int, **options: Any) -> list[list[int]]:
    """The batches of an epoch as the loader underneath gives them."""
    return order(dataset.loader(**OPTIONS | options, epoch=epoch))


def loader_of(batches: IterableDataset, workers: int = 0, **options: Any) -> DataLoader:
    return DataLoader(batches, batch_size=None, num_workers=workers, **options)


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    equal = [np.array_equal(np.asarray(a[name]), np.asarray(b[name])) for name in a]
    return list(a) == list(b) and all(equal)


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_the_batches_are_the_loaders_for_any_number_of_workers(odd: barloom.Dataset, workers: int):
    batches = IterableDataset(odd, **OPTIONS)
    loader = loader_of(batches, workers)
    assert len(loader) == len(batches) == 32
    got = list(loader)
    expected = list(odd.loader(**OPTIONS))
    assert len(got) == len(expected)
    assert all(same(a, b) for a, b in zip(got, expected))
    assert sorted(flat(order(got))) == list(range(SAMPLES))


@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (2, True)])
def test_epochs_follow_each_other(odd: barloom.Dataset, workers: int, persistent: bool):
    batches = IterableDataset(odd, **OPTIONS)
    loader = loader_of(batches, workers, persistent_workers=persistent)
    for epoch in range(3):
        assert batches.epoch == epoch
        assert order(loader) == epoch_of(odd, epoch)
    batches.set_epoch(7)
    assert order(loader) == epoch_of(odd, 7)
    assert order(loader) == epoch_of(odd, 8)
    # A loop that is left has been.
    next(iter(loader))
    assert order(loader) == epoch_of(odd, 10)


def _late(worker: int) -> None:
    if worker == 1:
        time.sleep(60)


def test_a_worker_that_is_ended_before_it_begins(
    odd: barloom.Dataset, monkeypatch: pytest.MonkeyPatch
):
    """As one that is spawned, when the loop is left at the first batch."""
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.2)
    batches = IterableDataset(odd, **OPTIONS)
    loop = iter(loader_of(batches, 2, worker_init_fn=_late))
    assert next(loop)["sample"].tolist() == epoch_of(odd, 0)[0]
    del loop
    assert order(loader_of(batches, 2)) == epoch_of(odd, 1)


def test_loops_side_by_side_are_epochs_of_their_own(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    both = list(zip(batches, batches, strict=True))
    assert order(first for first, _ in both) == epoch_of(odd, 0)
    assert order(second for _, second in both) == epoch_of(odd, 1)
    assert batches.epoch == 2


def test_epochs_follow_each_other_from_loader_to_loader(odd: barloom.Dataset):
    """One dataset, other numbers of workers."""
    batches = IterableDataset(odd, epoch=5, **OPTIONS)
    for epoch, workers in enumerate((2, 0, 3, 1, 2), start=5):
        assert order(loader_of(batches, workers)) == epoch_of(odd, epoch)
    assert order(batches) == epoch_of(odd, 10)


def test_set_epoch_each_epoch_is_as_well(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    for workers in (0, 2):
        loader = loader_of(batches, workers)
        for epoch in range(3):
            batches.set_epoch(epoch)
            assert order(loader) == epoch_of(odd, epoch)


def test_workers_that_are_not_forked(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    loader = loader_of(batches, 2, multiprocessing_context="spawn")
    for epoch in range(2):
        assert order(loader) == epoch_of(odd, epoch)


@pytest.mark.parametrize("workers", [0, 2])
def test_ranks(odd: barloom.Dataset, workers: int):
    ranks = []
    for rank in range(3):
        batches = IterableDataset(odd, rank=rank, world_size=3, **OPTIONS)
        assert order(loader_of(batches, workers)) == epoch_of(odd, 0, rank=rank, world_size=3)
        ranks += flat(order(loader_of(batches, workers)))
    assert sorted(ranks) == list(range(SAMPLES)), "of the second epoch"


@pytest.mark.parametrize("workers", [0, 2])
def test_options_of_the_loader(workers: int):
    dataset = in_memory(
        1_003,
        dataset={"actions_per_state": 5},
        reward={"metric": ["return", "sharpe"]},
        split={"part": [{"name": "train", "fraction": 0.75}, {"name": "test", "fraction": 0.25}]},
    )
    options = {
        "batch_size": 10,
        "group_actions": True,
        "layout": "BLC",
        "fraction": 0.5,
        "fresh": True,
        "drop_last": True,
        "split": "test",
        "columns": ["ts", "symbol", "exit_reason", "reward_sharpe", "held_bars", "act_dir"],
    }
    got = list(loader_of(IterableDataset(dataset, epoch=3, **options), workers))
    expected = list(dataset.loader(epoch=3, **options))
    assert len(got) == len(expected) == 2
    for a, b in zip(got, expected):
        assert a["windows"].shape == (10, 12, 5) and a["reward"].shape == (10, 5, 2)
        assert (a["ts"].dtype, a["symbol"].dtype) == (torch.int64, torch.int32)
        assert np.array_equal(a["ts"].numpy(), b["ts"].astype(np.int64))
        assert same(
            {k: v for k, v in a.items() if k != "ts"}, {k: v for k, v in b.items() if k != "ts"}
        )


def test_wrong_options_are_refused_at_once(odd: barloom.Dataset):
    with pytest.raises(TypeError):
        IterableDataset(odd, shuffel=True)
    with pytest.raises(barloom.RecipeError, match="rank"):
        IterableDataset(odd, rank=3, world_size=2)
    with pytest.raises(KeyError):
        IterableDataset(odd, columns=["rewrad"])
    with pytest.raises(KeyError):
        MapDataset(odd, columns=["rewrad"])


def test_tensors_are_the_loaders_memory(odd: barloom.Dataset):
    arrays = []

    class Watched:
        """Notes the arrays that the loader gives."""

        def __init__(self, loader: barloom.Loader) -> None:
            self.loader = loader

        def __getattr__(self, name: str) -> Any:
            return getattr(self.loader, name)

        def __iter__(self) -> Any:
            for batch in self.loader:
                arrays.append({k: v.__array_interface__["data"][0] for k, v in batch.items()})
                yield batch

    class Seen(IterableDataset):
        def _loader(self, **options: Any) -> Any:
            return Watched(super()._loader(**options))

    kept = []
    for batch in Seen(odd, threads=2, **OPTIONS):
        assert {name: tensor.data_ptr() for name, tensor in batch.items()} == arrays[-1]
        kept.append((batch, {name: tensor.clone() for name, tensor in batch.items()}))
    gc.collect()
    assert len(kept) == 32 and all(same(a, b) for a, b in kept), "they keep their memory"


@pytest.mark.parametrize("threads", [None, 0, 3])
def test_threads_of_a_worker_are_one_unless_told(threads: int | None):
    class Counted(IterableDataset):
        def __iter__(self) -> Any:
            for batch in super().__iter__():
                mine = len([name for name in _thread_names() if name.startswith("barloom-loader")])
                yield batch | {"threads": mine}

    batches = Counted(in_memory(100_000), 2_048, threads=threads)
    # A thread has its name a moment after it is started.
    most = max(batch["threads"] for batch in itertools.islice(loader_of(batches, 1), 20))
    assert most == (1 if threads is None else threads)


def _thread_names() -> list[str]:
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


# States.


@pytest.mark.parametrize("stop", [0, 1, 5, 31, 32])
def test_resumed_in_the_middle_of_an_epoch(odd: barloom.Dataset, stop: int):
    batches = IterableDataset(odd, epoch=4, **OPTIONS)
    loop = iter(batches)
    taken = [next(loop)["sample"].tolist() for _ in range(stop)]
    text = json.dumps(batches.state_dict())
    assert len(text) < 300
    for workers, world_size in ((0, 1), (2, 1), (3, 1), (0, 3), (2, 2)):
        rest = []
        for rank in range(world_size):
            other = IterableDataset(odd, rank=rank, world_size=world_size, **OPTIONS)
            other.load_state_dict(json.loads(text))
            assert other.state_dict() == json.loads(text)
            other.set_epoch(other.epoch)  # which many training loops do
            rest.append(order(loader_of(other, workers)))
            assert other.epoch == (5 if stop < 32 else 6)
        steps = max(map(len, rest))
        joined = [rank[step] for step in range(steps) for rank in rest if step < len(rank)]
        whole = flat(epoch_of(odd, 4)) if stop < 32 else flat(taken + epoch_of(odd, 5))
        assert flat(taken) + flat(joined) == whole


def test_the_state_after_an_epoch_is_the_next_one(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    assert order(batches) == epoch_of(odd, 0)
    other = IterableDataset(odd, **OPTIONS)
    other.load_state_dict(batches.state_dict())
    assert other.epoch == 1
    assert order(other) == epoch_of(odd, 1)


def test_with_workers_the_training_loop_counts(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    loader = loader_of(batches, 2)
    loop = iter(loader)
    taken = [next(loop)["sample"].tolist() for _ in range(5)]
    with pytest.raises(RuntimeError, match="StatefulDataLoader"):
        batches.state_dict()
    state = batches.state_dict(epoch=0, step=5)
    del loop
    other = IterableDataset(odd, **OPTIONS)
    other.load_state_dict(state)
    assert taken + order(loader_of(other, 2)) == epoch_of(odd, 0)
    assert order(loader_of(other, 2)) == epoch_of(odd, 1)
    # The same dataset goes back, with workers that are there already.
    loader = loader_of(batches, 2, persistent_workers=True)
    assert order(loader) == epoch_of(odd, 1)
    batches.load_state_dict(state)
    assert taken + order(loader) == epoch_of(odd, 0)
    assert order(loader) == epoch_of(odd, 1)


def test_a_state_of_another_order_is_refused(odd: barloom.Dataset):
    state = IterableDataset(odd, **OPTIONS).state_dict()
    with pytest.raises(barloom.RecipeError, match="another order of samples"):
        IterableDataset(odd, **OPTIONS | {"shuffle": False}).load_state_dict(state)


def stateful(batches: IterableDataset, workers: int, **options: Any) -> Any:
    module = pytest.importorskip("torchdata.stateful_dataloader")
    return module.StatefulDataLoader(batches, batch_size=None, num_workers=workers, **options)


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("stop", [0, 3, 10, 31])
def test_stateful_resumes_in_the_middle_of_an_epoch(odd: barloom.Dataset, workers: int, stop: int):
    batches = IterableDataset(odd, epoch=2, **OPTIONS)
    loader = stateful(batches, workers)
    loop = iter(loader)
    taken = [next(loop)["sample"].tolist() for _ in range(stop)]
    saved = io.BytesIO()
    torch.save(loader.state_dict(), saved)
    del loop
    saved.seek(0)
    other = stateful(IterableDataset(odd, **OPTIONS), workers)
    other.load_state_dict(torch.load(saved))
    assert taken + order(other) == epoch_of(odd, 2)
    assert order(other) == epoch_of(odd, 3)
    assert order(other) == epoch_of(odd, 4)


@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (2, True)])
def test_stateful_goes_on_after_an_epoch(odd: barloom.Dataset, workers: int, persistent: bool):
    loader = stateful(IterableDataset(odd, **OPTIONS), workers, persistent_workers=persistent)
    assert order(loader) == epoch_of(odd, 0)
    assert order(loader) == epoch_of(odd, 1)
    state = copy.deepcopy(loader.state_dict())
    assert order(loader) == epoch_of(odd, 2)
    other = stateful(IterableDataset(odd, **OPTIONS), workers, persistent_workers=persistent)
    other.load_state_dict(state)
    assert order(other) == epoch_of(odd, 2)
    assert order(other) == epoch_of(odd, 3)


def test_stateful_of_workers_is_refused_elsewhere(odd: barloom.Dataset):
    """Workers are at places of their own, which are no others' with other steps."""
    loader = stateful(IterableDataset(odd, **OPTIONS), 2)
    loop = iter(loader)
    next(loop)
    workers = loader.state_dict()["_snapshot"]["_worker_snapshots"]
    state = workers["worker_1"]["fetcher_state"]["dataset_iter_state"]
    assert state["worker"] == 1 and state["position"] == 32
    other = IterableDataset(odd, **OPTIONS)
    with pytest.raises(ValueError, match="of one DataLoader worker among several"):
        iter(other).load_state_dict(state)
    with pytest.raises(ValueError, match="of one DataLoader worker among several"):
        other.load_state_dict(state)


def test_stateful_with_no_workers_goes_on_with_other_ranks(odd: barloom.Dataset):
    ranks, states = [], []
    for rank in range(2):
        loader = stateful(IterableDataset(odd, rank=rank, world_size=2, **OPTIONS), 0)
        loop = iter(loader)
        ranks.append([next(loop)["sample"].tolist() for _ in range(4)])
        states.append(loader.state_dict())
    other = stateful(IterableDataset(odd, **OPTIONS), 0)
    other.load_state_dict(states[0])
    taken = [batch for step in zip(*ranks) for batch in step]
    assert flat(taken) + flat(order(other)) == flat(epoch_of(odd, 0))


# Copies and processes.


def test_copies_go_their_own_way(odd: barloom.Dataset):
    batches = IterableDataset(odd, **OPTIONS)
    assert order(batches) == epoch_of(odd, 0)
    for other in (copy.deepcopy(batches), pickle.loads(pickle.dumps(batches))):
        assert order(loader_of(other, 2)) == epoch_of(odd, 1)
        assert order(loader_of(other, 2)) == epoch_of(odd, 2)
    assert order(batches) == epoch_of(odd, 1)


def _ranks_loops(rank: int, batches: IterableDataset, queue: Any) -> None:
    """What a rank does with a dataset that it was given."""
    torch.set_num_threads(1)
    loader = loader_of(batches, 2, multiprocessing_context="fork")
    queue.put((rank, [order(loader) for _ in range(3)]))


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_processes_that_are_given_a_dataset_count_for_themselves(
    odd: barloom.Dataset, context: str
):
    multiprocessing = torch.multiprocessing.get_context(context)
    queue = multiprocessing.Queue()
    batches = IterableDataset(odd, **OPTIONS)
    ranks = [
        multiprocessing.Process(target=_ranks_loops, args=(rank, batches, queue)) for rank in (0, 1)
    ]
    for process in ranks:
        process.start()
    try:
        for _ in ranks:
            _, epochs = queue.get(timeout=120)
            assert epochs == [epoch_of(odd, epoch) for epoch in range(3)]
    finally:
        for process in ranks:
            process.join(timeout=30)
            process.kill()
    assert order(batches) == epoch_of(odd, 0)


def test_workers_beside_a_loop_that_is_on(odd: barloom.Dataset):
    """A fork has its parent's loop, whose threads it has not."""
    batches = IterableDataset(odd, threads=2, **OPTIONS)
    loop = iter(batches)
    first = next(loop)["sample"].tolist()
    assert order(loader_of(IterableDataset(odd, **OPTIONS), 2)) == epoch_of(odd, 0)
    assert order(loader_of(batches, 2)) == epoch_of(odd, 1)
    assert [first, *order(loop)] == epoch_of(odd, 0)


# Samples by their numbers.


def test_map_style(odd: barloom.Dataset):
    samples = MapDataset(odd, columns=["sample", "ts"])
    assert len(samples) == SAMPLES
    one = samples[5]
    assert (one["windows"].shape, one["meta"].shape, one["reward"].shape) == ((5, 12), (9,), ())
    assert one["sample"] == 5 and one["ts"].dtype == torch.int64
    assert np.array_equal(one["windows"], odd[5]["windows"])
    assert samples[-1]["sample"] == samples[torch.tensor(SAMPLES - 1)]["sample"] == SAMPLES - 1
    batch = samples[[3, 1, 2]]
    assert (
        batch["sample"].tolist() == samples[torch.tensor([3, 1, 2])]["sample"].tolist() == [3, 1, 2]
    )
    with pytest.raises(IndexError):
        samples[SAMPLES]
    several = samples.__getitems__([9, 4])
    assert [sample["sample"].item() for sample in several] == [9, 4]
    assert same(default_collate(several), samples[[9, 4]])
    assert MapDataset(odd, layout="BLC")[0]["windows"].shape == (12, 5)


@pytest.mark.parametrize("workers", [0, 2])
def test_map_style_in_a_data_loader(odd: barloom.Dataset, workers: int):
    samples = MapDataset(odd, columns=COLUMNS)
    in_order = list(DataLoader(samples, batch_size=100, num_workers=workers))
    assert flat(order(in_order)) == list(range(SAMPLES))
    assert same(in_order[2], odd.take(range(200, 300), columns=COLUMNS))
    shuffled = DataLoader(samples, batch_size=100, shuffle=True, num_workers=workers)
    assert sorted(flat(order(shuffled))) == list(range(SAMPLES))
    whole = BatchSampler(RandomSampler(samples), 100, drop_last=False)
    at_once = order(DataLoader(samples, sampler=whole, batch_size=None, num_workers=workers))
    assert sorted(flat(at_once)) == list(range(SAMPLES))
    assert [len(batch) for batch in at_once] == [100] * 10 + [3]


def test_map_style_with_several_metrics(multi_ds: barloom.Dataset):
    batch = next(iter(DataLoader(MapDataset(multi_ds), batch_size=7)))
    assert batch["reward"].shape == (7, 2) and batch["windows"].shape == (7, 5, 12)


def test_map_style_with_a_distributed_sampler(odd: barloom.Dataset):
    samples = MapDataset(odd, columns=COLUMNS)
    seen = []
    for rank in range(3):
        sampler = DistributedSampler(samples, num_replicas=3, rank=rank, drop_last=False)
        seen += flat(order(DataLoader(samples, batch_size=50, sampler=sampler)))
    assert set(seen) == set(range(SAMPLES))


def test_map_style_in_parts_of_its_own(odd: barloom.Dataset):
    samples = MapDataset(odd, columns=COLUMNS)
    some = DataLoader(Subset(samples, [5, 3, 8]), batch_size=2)
    assert order(some) == [[5, 3], [8]]
    left, right = random_split(samples, [0.5, 0.5])
    both = flat(order(DataLoader(left, 100))) + flat(order(DataLoader(right, 100)))
    assert sorted(both) == list(range(SAMPLES))
    assert pickle.loads(pickle.dumps(samples))[7]["sample"] == 7

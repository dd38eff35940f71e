"""The order, shape and memory of a loader's batches."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import barloom
from conftest import assert_same, in_memory

SAMPLES = 1_003
"""No multiple of a batch."""


@pytest.fixture(scope="module")
def odd() -> barloom.Dataset:
    return in_memory(SAMPLES)


def order(loader: Any) -> list[list[int]]:
    """The numbers of the samples of the next epoch, batch by batch."""
    return [batch["sample"].tolist() for batch in loader]


def orders(dataset: barloom.Dataset, **options: Any) -> list[list[int]]:
    return order(dataset.loader(columns=["sample"], **options))


def joined(ranks: list[list[list[int]]]) -> list[list[int]]:
    """The samples of all ranks, step by step."""
    steps = max(map(len, ranks))
    return [flat([rank[step] for rank in ranks if step < len(rank)]) for step in range(steps)]


def flat(batches: list[list[int]]) -> list[int]:
    return [sample for batch in batches for sample in batch]


def threads_now() -> int:
    return len(os.listdir("/proc/self/task"))


def test_an_epoch_is_every_sample_once(odd: barloom.Dataset):
    in_order = orders(odd, batch_size=64)
    assert flat(in_order) == list(range(SAMPLES))
    assert [len(batch) for batch in in_order] == [64] * 15 + [43]
    shuffled = orders(odd, batch_size=64, shuffle=True)
    assert sorted(flat(shuffled)) == list(range(SAMPLES))
    assert flat(shuffled) != list(range(SAMPLES))
    assert shuffled != orders(odd, batch_size=64, shuffle=True, seed=1)


def test_batches_hold_their_samples(odd: barloom.Dataset, multi_ds: barloom.Dataset):
    columns = ["sample", "reward_return", "ts", "symbol", "act_dir", "exit_reason", "held_bars"]
    for dataset in (odd, multi_ds):
        for layout in ("BCL", "BLC"):
            for batch in dataset.loader(100, shuffle=True, columns=columns, layout=layout):
                assert_same(batch, dataset.take(batch["sample"], columns=columns, layout=layout))


@pytest.mark.parametrize("prefetch", [None, 1, 40])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_and_prefetch_cannot_be_seen(
    odd: barloom.Dataset, threads: int, prefetch: int | None
):
    for size in (1, 17, 256, 5_000):
        alone = orders(odd, batch_size=size, shuffle=True, threads=0)
        assert alone == orders(
            odd, batch_size=size, shuffle=True, threads=threads, prefetch=prefetch
        )


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_ranks_share_the_order(odd: barloom.Dataset, shuffle: bool, drop_last: bool):
    for size in (1, 16, 100, 999):
        options = {"shuffle": shuffle, "seed": 3, "drop_last": drop_last}
        alone = orders(odd, batch_size=size, **options)
        assert len(flat(alone)) == (SAMPLES // size * size if drop_last else SAMPLES)
        for world_size in (2, 3, 8):
            loaders = [
                odd.loader(size, columns=["sample"], rank=rank, world_size=world_size, **options)
                for rank in range(world_size)
            ]
            ranks = [order(loader) for loader in loaders]
            assert [len(loader) for loader in loaders] == [len(rank) for rank in ranks]
            assert max(map(len, ranks)) - min(map(len, ranks)) <= 1
            whole = orders(odd, batch_size=size * world_size, **options)
            assert joined(ranks) == whole
            if drop_last:
                assert len({len(rank) for rank in ranks}) == 1, "as many steps on each rank"
                assert {len(batch) for rank in ranks for batch in rank} <= {size}


def test_workers_take_steps_in_turn(odd: barloom.Dataset):
    options = {"batch_size": 30, "shuffle": True, "rank": 1, "world_size": 3}
    alone = orders(odd, **options)
    for workers in (1, 2, 5, 40):
        dealt = [
            orders(odd, worker=worker, workers=workers, **options) for worker in range(workers)
        ]
        assert [dealt[step % workers][step // workers] for step in range(len(alone))] == alone
        assert sum(map(len, dealt)) == len(alone)


def test_loops_are_epochs(odd: barloom.Dataset):
    loader = odd.loader(100, shuffle=True, columns=["sample"])
    assert (loader.epoch, loader.batch_size, len(loader)) == (0, 100, 11)
    epochs = [order(loader) for _ in range(3)]
    assert loader.epoch == 3
    for epoch, expected in enumerate(epochs):
        assert sorted(flat(expected)) == list(range(SAMPLES))
        assert orders(odd, batch_size=100, shuffle=True, epoch=epoch) == expected
        loader.set_epoch(epoch)
        assert loader.epoch == epoch
        assert order(loader) == expected
    assert epochs[0] != epochs[1] != epochs[2]
    # A loop that is left has been.
    loader.set_epoch(1)
    for _ in loader:
        break
    assert order(loader) == epochs[2]


def test_fresh_epochs_have_samples_of_their_own(odd: barloom.Dataset):
    options = {"batch_size": 100, "fresh": True, "shuffle": True, "columns": ["sample"]}
    loader = odd.loader(**options)
    for epoch in range(3):
        own = range(epoch * SAMPLES, (epoch + 1) * SAMPLES)
        assert sorted(flat(order(loader))) == list(own)
    more = in_memory(3 * SAMPLES)
    for batch in odd.loader(epoch=2, **options):
        assert np.array_equal(batch["windows"], more.take(batch["sample"])["windows"])


def test_a_fraction_is_the_first_of_the_order(odd: barloom.Dataset):
    for fraction, count in ((0.1, 100), (0.5, 502), (1e-9, 1), (1.0, SAMPLES)):
        assert flat(orders(odd, batch_size=64, fraction=fraction)) == list(range(count))
        part = flat(orders(odd, batch_size=64, fraction=fraction, shuffle=True))
        assert part == flat(orders(odd, batch_size=64, shuffle=True))[:count]
        # Another part each epoch.
        if count < SAMPLES:
            other = flat(orders(odd, batch_size=64, fraction=fraction, shuffle=True, epoch=1))
            assert len(set(other)) == count and other != part


def test_actions_of_a_state_stay_together(multi_ds: barloom.Dataset):
    columns = ["sample", "bar", "equity", "act_dollar"]
    loader = multi_ds.loader(32, shuffle=True, group_actions=True, columns=columns)
    seen: list[int] = []
    for batch in loader:
        states = len(batch["windows"])
        assert batch["windows"].shape == (states, 5, 12)
        assert batch["meta"].shape == (states, 5, 9)
        assert batch["reward"].shape == (states, 5, 2)
        assert batch["sample"].shape == batch["act_dollar"].shape == (states, 5)
        assert np.array_equal(
            batch["sample"] - batch["sample"][:, :1], np.tile(range(5), (states, 1))
        )
        assert (batch["bar"] == batch["bar"][:, :1]).all()
        assert (batch["equity"] == batch["equity"][:, :1]).all()
        every = multi_ds.take(batch["sample"].reshape(-1))
        assert np.array_equal(every["windows"].reshape(states, 5, 5, 12)[:, 0], batch["windows"])
        assert np.array_equal(every["meta"].reshape(states, 5, 9), batch["meta"])
        seen += batch["sample"].reshape(-1).tolist()
    # What is left of the last state is left out.
    assert sorted(seen) == list(range(1_000))
    last = next(iter(multi_ds.loader(4, group_actions=True, layout="BLC")))
    assert last["windows"].shape == (4, 12, 5)


@pytest.mark.parametrize("threads", [0, 2])
def test_resumed_anywhere_nothing_is_missed_or_seen_twice(odd: barloom.Dataset, threads: int):
    options = {"shuffle": True, "seed": 9, "columns": ["sample"], "threads": threads}
    for size, world_size, other_size, other_world in (
        (32, 1, 50, 3),
        (20, 3, 32, 2),
        (10, 8, 100, 1),
    ):
        start = [
            odd.loader(size, rank=rank, world_size=world_size, epoch=4, **options)
            for rank in range(world_size)
        ]
        whole = flat(joined([order(loader) for loader in start]))
        for stop in (0, 1, 3, 7):
            taken, states = [], []
            for rank in range(world_size):
                loader = odd.loader(size, rank=rank, world_size=world_size, epoch=4, **options)
                batches = iter(loader)
                taken.append([next(batches)["sample"].tolist() for _ in range(stop)])
                states.append(json.dumps(loader.state_dict()))
            assert len(set(states)) == 1, "the same on all ranks"
            assert len(states[0]) < 300
            rest = []
            for rank in range(other_world):
                loader = odd.loader(other_size, rank=rank, world_size=other_world, **options)
                loader.load_state_dict(json.loads(states[0]))
                assert loader.epoch == 4
                rest.append(order(loader))
                assert loader.epoch == 5
            assert flat(joined(taken)) + flat(joined(rest)) == whole


def test_a_state_before_and_after_an_epoch(odd: barloom.Dataset):
    loader = odd.loader(100, shuffle=True, columns=["sample"])
    first = loader.state_dict()
    epochs = [order(loader), order(loader)]
    second = loader.state_dict()
    for state, expected in (
        (first, epochs[0]),
        (second, orders(odd, batch_size=100, shuffle=True, epoch=2)),
    ):
        other = odd.loader(100, shuffle=True, columns=["sample"])
        other.load_state_dict(state)
        assert other.state_dict() == state
        assert order(other) == expected


def test_a_state_of_another_order_is_refused(odd: barloom.Dataset, ds: barloom.Dataset):
    state = odd.loader(100, shuffle=True).state_dict()
    for other in (
        odd.loader(100),
        odd.loader(100, shuffle=True, seed=1),
        odd.loader(100, shuffle=True, fresh=True),
        ds.loader(100, shuffle=True),
    ):
        with pytest.raises(barloom.RecipeError, match="another order of samples"):
            other.load_state_dict(state)
    for wrong in ({}, {"epoch": 1}, {"epoch": "x"}, None, [], state | {"more": 1}):
        with pytest.raises((barloom.RecipeError, TypeError)):
            odd.loader(100, shuffle=True).load_state_dict(wrong)


def test_batches_that_are_kept_stay_as_they_were(odd: barloom.Dataset):
    loader = odd.loader(8, shuffle=True, columns=["sample"], threads=2, prefetch=4)
    kept = []
    for epoch in range(3):
        loader.set_epoch(epoch)
        for batch in loader:
            kept.append((batch, {name: values.copy() for name, values in batch.items()}))
    for batch, copies in kept:
        assert_same(batch, copies)
    places = {batch["windows"].__array_interface__["data"][0] for batch, _ in kept}
    assert len(places) == len(kept)
    # One array of a batch is enough to keep its memory.
    windows, copied = kept[5][0]["windows"][2:3], kept[5][1]["windows"][2:3]
    del kept, batch, copies
    gc.collect()
    for _ in loader:
        pass
    assert np.array_equal(windows, copied)


def test_memory_is_used_again():
    dataset = in_memory(100_000)
    loader = dataset.loader(1_024, threads=1)
    places = {batch["windows"].__array_interface__["data"][0] for batch in loader}
    assert len(places) < 50


def test_batches_may_be_written_to(odd: barloom.Dataset):
    for batch in odd.loader(100, threads=0):
        assert all(values.flags.writeable for values in batch.values())
        batch["windows"] *= 2.0
        batch["reward"][:] = 0.0
    assert_same(next(iter(odd.loader(10))), odd[:10])


def test_numpy_and_torch_take_the_memory_as_it_is(odd: barloom.Dataset):
    torch = pytest.importorskip("torch")
    batch = next(iter(odd.loader(64, columns=["act_dollar", "sample", "act_dir", "held_bars"])))
    for name, values in batch.items():
        assert values.flags.c_contiguous
        assert np.shares_memory(values, np.from_dlpack(values)), name
        for tensor in (torch.from_dlpack(values), torch.from_numpy(values)):
            assert tensor.data_ptr() == values.__array_interface__["data"][0], name
            assert tensor.shape == values.shape
    tensor = torch.from_dlpack(batch["windows"])
    expected = tensor.clone()
    del batch, values
    gc.collect()
    for _ in odd.loader(64):
        pass
    assert torch.equal(tensor, expected), "the tensor keeps the memory"


def test_a_loop_that_is_left_leaves_no_thread(odd: barloom.Dataset):
    before = threads_now()
    for _ in range(20):
        for _ in odd.loader(4, threads=4):
            break
        batches = iter(odd.loader(4, threads=3))
        next(batches)
        del batches
    gc.collect()
    assert threads_now() <= before


def test_threads_of_python_share_a_loop(odd: barloom.Dataset):
    batches = iter(odd.loader(5, columns=["sample"], threads=2))
    seen: list[int] = []

    def take() -> None:
        for batch in batches:
            seen.extend(batch["sample"].tolist())

    takers = [threading.Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(timeout=30)
    assert sorted(seen) == list(range(SAMPLES))


def test_loops_side_by_side_are_epochs_of_their_own(odd: barloom.Dataset):
    loader = odd.loader(100, shuffle=True, columns=["sample"])
    pairs = list(zip(loader, loader, strict=True))
    for epoch in (0, 1):
        expected = orders(odd, batch_size=100, shuffle=True, epoch=epoch)
        assert [pair[epoch]["sample"].tolist() for pair in pairs] == expected


def test_parts_by_name():
    parts = [{"name": "train", "fraction": 0.75}, {"name": "test", "fraction": 0.25}]
    split = in_memory(1_000, split={"part": parts})
    loader = split.loader(50, split="test")
    assert len(loader) == 5
    assert_same(next(iter(loader)), split["test"][:50])
    with pytest.raises(KeyError, match="validation"):
        split.loader(50, split="validation")
    with pytest.raises(barloom.RecipeError, match="choose a part"):
        split.loader(50)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number of at least 1, got 0"),
        ({"rank": 2, "world_size": 2}, "rank: expected a number below world_size, 2, got 2"),
        ({"world_size": 0}, "world_size: expected a whole number of at least 1, got 0"),
        ({"worker": 1}, "worker: expected a number below workers, 1, got 1"),
        ({"fraction": 0.0}, "fraction: expected a number above 0 and up to 1, got 0"),
        ({"fraction": float("nan")}, "fraction: expected a number above 0 and up to 1, got NaN"),
        ({"layout": "CBL"}, "layout: expected"),
    ],
)
def test_options_that_cannot_be(odd: barloom.Dataset, options: dict, says: str):
    with pytest.raises(barloom.RecipeError) as caught:
        odd.loader(**options)
    assert says in str(caught.value)


def test_options_of_another_type(odd: barloom.Dataset):
    with pytest.raises(TypeError):
        odd.loader(batch_size="many")
    with pytest.raises(TypeError):
        odd.loader(shuffel=True)
    with pytest.raises(TypeError, match=r"(?s)expected a whole number.*'batch_size'"):
        odd.loader(batch_size=-1)
    with pytest.raises(KeyError, match='no "rewards"'):
        odd.loader(columns=["rewards"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_may_use_and_drop_what_it_has_of_its_parent(capfd: pytest.CaptureFixture[str]):
    """As DataLoader's workers are forked: with their parent's loops, but not with their threads."""
    dataset = in_memory(100_000)
    running = dataset.loader(1_000, threads=2)
    batches = iter(running)
    expected = next(batches)["reward"].tobytes()
    dataset.to_arrow()  # whatever threads that takes
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            del batches, running
            gc.collect()
            first = next(iter(dataset.loader(1_000, threads=2)))["reward"].tobytes()
            dataset.read(0, 500)
            ended = 0 if first == expected else 2
        finally:
            os._exit(ended)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    assert "panicked" not in capfd.readouterr().err
    assert len(list(batches)) == 99

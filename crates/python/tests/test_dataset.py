"""Samples by number, as tables, and over memory that is not copied."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import barloom
from conftest import CHANNELS, assert_same, in_memory, made_bars, small_recipe


def test_what_a_dataset_says_of_itself(ds: barloom.Dataset, multi_ds: barloom.Dataset):
    assert (len(ds), ds.lookback, ds.forward, ds.actions_per_state) == (1_000, 12, 8, 1)
    assert ds.channels == list(CHANNELS)
    assert (ds.metrics, multi_ds.metrics) == (["return"], ["return", "sharpe"])
    assert multi_ds.actions_per_state == 5
    assert ds.symbols == ["bars"]
    assert (ds.path, ds.part, ds.parts) == (None, None, [])
    # 600 bars in three segments, each without the first L and the last F - 1.
    assert ds.positions == 600 - 3 * (12 + 8 - 1)
    assert ds.recipe.to_dict()["data"]["max_gap"] != "auto"
    assert len(ds.meta_fields) == 9 and ds.meta_fields[0] == "equity"
    assert ds.meta_bounds.shape == (9, 2) and ds.meta_bounds.dtype == np.float64
    assert ds.meta_bounds[0].tolist() == [1e4, 1e5]
    assert "1000 samples" in repr(ds).replace(",", "")


def test_shapes_and_types(ds: barloom.Dataset, multi_ds: barloom.Dataset):
    one = ds[0]
    assert list(one) == ["windows", "meta", "reward"]
    assert (one["windows"].shape, one["meta"].shape) == ((5, 12), (9,))
    assert np.shape(one["reward"]) == ()
    several = ds[2:7]
    assert (several["windows"].shape, several["meta"].shape) == ((5, 5, 12), (5, 9))
    assert several["reward"].shape == (5,)
    assert multi_ds[0]["reward"].shape == (2,) and multi_ds[:3]["reward"].shape == (3, 2)
    for batch in (one, several):
        assert {np.asarray(values).dtype for values in batch.values()} == {np.dtype(np.float32)}
    last = ds.take([5, 6], layout="BLC")
    assert last["windows"].shape == (2, 12, 5)
    assert np.array_equal(last["windows"].transpose(0, 2, 1), ds[5:7]["windows"])


def test_indexing_is_that_of_a_list(ds: barloom.Dataset):
    every = ds[:]
    rows = lambda index: {name: values[index] for name, values in every.items()}
    for index in (0, 1, 999, -1, -1_000, np.int64(7), np.uint8(8)):
        assert_same(ds[index], {name: values[index] for name, values in every.items()})
    for index in (
        slice(3, 9), slice(None, None, -1), slice(-5, None), slice(990, 2_000), slice(0, 50, 7),
    ):  # fmt: skip
        assert_same(ds[index], rows(index))
    for index in (
        [3, 1, 2],
        [5, 5, -1],
        np.array([9, 0]),
        (4, 3),
        range(10, 4, -2),
        np.array([], int),
    ):
        assert_same(ds[index], rows(np.asarray(index, int)))
    assert ds[5:5]["windows"].shape == (0, 5, 12)
    items = ds.__getitems__([3, -1])
    assert isinstance(items, list)
    assert_same(items[0], ds[3])
    assert_same(items[1], ds[999])


@pytest.mark.parametrize("index", [1_000, -1_001, 2**40, -(2**40), 2**63])
def test_out_of_range_is_an_index_error(ds: barloom.Dataset, index: int):
    with pytest.raises(IndexError, match="1000"):
        ds[index]
    with pytest.raises(IndexError):
        ds[[0, index]]
    with pytest.raises(IndexError):
        ds.take([index])


def test_what_is_no_index_is_a_type_error(ds: barloom.Dataset):
    for index in (1.5, None, [0.5], [None], np.array([[1, 2]]), {1: 2}):
        with pytest.raises(TypeError):
            ds[index]
    with pytest.raises(KeyError, match="no parts"):
        ds["train"]
    with pytest.raises(KeyError, match="rewrad"):
        ds.take([0], columns=["rewrad"])
    with pytest.raises(barloom.RecipeError, match="layout"):
        ds.take([0], layout="LBC")


def test_a_list_of_samples_ends(ds: barloom.Dataset):
    assert sum(1 for _ in zip(range(2_000), ds)) == 1_000


def test_schema_tells_every_column(ds: barloom.Dataset):
    schema = ds.schema
    assert [field["name"] for field in schema] == ds.read().to_arrow().column_names
    fields = {field["name"]: field for field in schema}
    assert fields["close"]["shape"] == (ds.lookback,) and fields["close"]["role"] == "window"
    assert fields["mfe"] == {
        "name": "mfe", "dtype": "float64", "shape": (), "role": "outcome", "unit": "fraction",
        "doc": "largest favourable excursion between entry and exit, of the entry price",
        "names": [],
    }  # fmt: skip
    assert all(field["doc"] for field in schema)


def test_columns_by_name(ds: barloom.Dataset):
    names = [
        "sample", "symbol", "bar", "ts", "equity", "balance", "position", "sl_dist", "tp_dist",
        "act_dir", "act_dollar", "act_sl", "act_tp", "entry_price", "exit_price", "pnl",
        "held_bars", "exit_reason", "mfe", "mae", "reward_return",
    ]  # fmt: skip
    batch = ds.take([3, 999, 0], columns=names)
    assert list(batch) == ["windows", "meta", "reward", *names]
    table = ds.read()
    for name in names:
        assert batch[name].shape == (3,)
        stored = table["reward" if name == "reward_return" else name][[3, 999, 0]]
        if name == "symbol":
            stored = [ds.symbols.index(symbol) for symbol in stored]
        if name == "exit_reason":
            stored = [["none", "stop", "target", "horizon"].index(reason) for reason in stored]
        assert np.array_equal(batch[name], stored), name
    assert batch["ts"].dtype == "datetime64[ns]"
    assert np.array_equal(batch["ts"], made_bars()["ts"][batch["bar"]])
    assert np.array_equal(batch["entry_price"], made_bars()["open"][batch["bar"]])


def test_windows_are_bars_over_the_last_close(ds: barloom.Dataset):
    bars = made_bars()
    batch = ds.take(range(50), columns=["bar"])
    for window, bar in zip(batch["windows"], batch["bar"]):
        last = bars["close"][bar - 1].astype(np.float32)
        for channel, name in enumerate(CHANNELS[:4]):
            expected = bars[name][bar - 12 : bar].astype(np.float32) / last
            assert np.array_equal(window[channel], expected)


def test_tables(ds: barloom.Dataset):
    table = ds.read(10, 20)
    assert (len(table), table.num_rows) == (10, 10)
    assert table.column_names[:4] == ["sample", "symbol", "bar", "ts"]
    assert table["sample"].tolist() == list(range(10, 20))
    assert table["close"].shape == (10, 12) and table["close"].dtype == np.float32
    assert np.array_equal(table["close"], ds[10:20]["windows"][:, 3])
    with pytest.raises(KeyError, match="rewrad"):
        table["rewrad"]
    arrow = table.to_arrow()
    assert arrow.column_names == table.column_names
    assert arrow.schema.field("ts").type == pa.timestamp("ns", "UTC")
    assert arrow.schema.field("close").type.list_size == 12
    # The interface alone, which takes no copy.
    assert pa.table(table).equals(arrow)
    assert pa.RecordBatchReader.from_stream(table).read_all().equals(arrow)
    assert ds.read(1_000).num_rows == 0
    assert ds.read(998).num_rows == 2


def test_all_samples_as_tables(ds: barloom.Dataset):
    arrow = ds.to_arrow()
    assert arrow.num_rows == 1_000
    assert pa.table(ds).equals(arrow)
    assert arrow.slice(10, 10).combine_chunks().equals(ds.read(10, 20).to_arrow().combine_chunks())
    pandas = pytest.importorskip("pandas")
    frame = ds.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 1_000
    assert np.array_equal(frame["reward"].to_numpy(), ds.read()["reward"])
    assert frame["close"][7].dtype == np.float32
    polars = pytest.importorskip("polars")
    frame = ds.to_polars()
    assert frame.shape == (1_000, arrow.num_columns)
    assert np.array_equal(frame["close"].to_numpy(), ds[:]["windows"][:, 3])
    assert polars.DataFrame(ds).equals(frame)


def test_a_stream_comes_in_batches():
    big = in_memory(200_000)
    reader = pa.RecordBatchReader.from_stream(big)
    first = reader.read_next_batch()
    assert 0 < first.num_rows < 200_000
    assert first.num_rows + sum(batch.num_rows for batch in reader) == 200_000


def test_a_billion_samples_take_no_room():
    big = in_memory(10**9)
    assert len(big) == 10**9
    assert_same(big[5], in_memory()[5])
    assert big[-1]["windows"].shape == (5, 12)
    trillion = in_memory(10**12)
    assert trillion[10**12 - 1]["meta"].shape == (9,)


def test_arrays_are_writable_and_their_own(ds: barloom.Dataset):
    one = ds[4]
    one["windows"][:] = 0.0
    assert ds[4]["windows"].any()
    assert ds[4]["windows"].flags.c_contiguous and ds[4]["windows"].flags.writeable


def test_arrays_outlive_their_dataset():
    dataset = in_memory()
    batch, expected = dataset[10:20], dataset[10:20]["windows"].copy()
    alive = weakref.ref(dataset)
    del dataset
    gc.collect()
    assert alive() is None
    assert np.array_equal(batch["windows"], expected)


def test_pickled_in_memory(ds: barloom.Dataset, multi_ds: barloom.Dataset):
    for dataset in (ds, multi_ds):
        again = pickle.loads(pickle.dumps(dataset))
        assert again.recipe == dataset.recipe and len(again) == len(dataset)
        assert_same(again[:], dataset[:])
        assert_same(copy.deepcopy(dataset)[:], dataset[:])


def test_pickled_by_path_and_by_part(tmp_path: Path):
    parts = [{"name": "train", "fraction": 0.75}, {"name": "test", "fraction": 0.25}]
    cfg = small_recipe(split={"part": parts})
    stored = barloom.build_dataset(cfg, bars=made_bars(), out=tmp_path / "d", format="virtual")
    memory = barloom.build_dataset(cfg, bars=made_bars())
    for split in (stored, memory):
        assert pickle.loads(pickle.dumps(split)).parts == ["train", "test"]
        for part in split.parts:
            again = pickle.loads(pickle.dumps(split[part]))
            assert (again.part, again.path) == (part, split[part].path)
            assert_same(again[:], split[part][:])
    assert len(pickle.dumps(stored)) < 1_000


def test_another_process_makes_the_same_samples(tmp_path: Path, ds: barloom.Dataset):
    path = tmp_path / "ds.pickle"
    path.write_bytes(pickle.dumps(ds))
    code = (
        "import pickle, sys, hashlib; ds = pickle.load(open(sys.argv[1], 'rb'));"
        "print(hashlib.sha256(ds[:]['windows'].tobytes()).hexdigest())"
    )
    import hashlib

    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert run.stdout.strip() == hashlib.sha256(ds[:]["windows"].tobytes()).hexdigest(), run.stderr


def test_columns_that_every_batch_has_may_be_named(ds: barloom.Dataset):
    named = ds.take([3, 5], columns=["reward", "windows", "meta", "pnl"])
    assert list(named) == ["windows", "meta", "reward", "pnl"]
    assert_same(named, ds.take([3, 5], columns=["pnl"]))
    (batch,) = ds.loader(1_000, columns=["reward"])
    assert list(batch) == ["windows", "meta", "reward"]
    with pytest.raises(KeyError, match="columns: .* windows, meta, reward, sample"):
        ds.take([0], columns=["rewards"])


def test_to_pandas_gives_windows_as_arrays(ds: barloom.Dataset):
    pytest.importorskip("pandas")
    frame = ds.to_pandas()
    windows = ds[:]["windows"]
    assert frame["close"][7].dtype == np.float32
    assert np.array_equal(np.stack(frame["close"]), windows[:, ds.channels.index("close")])
    assert np.array_equal(ds.read()["close"], windows[:, ds.channels.index("close")])

"""Datasets from every kind of recipe and bars, and the same samples in memory and on disk."""

from __future__ import annotations

import glob
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import barloom
from conftest import CHANNELS, SPY, assert_same, made_bars, small_recipe

N = 5_000


def read_stored(folder: Path, dataset: barloom.Dataset) -> dict[str, np.ndarray]:
    """A stored dataset as pyarrow and NumPy read it: windows, and other columns by name."""

    if any(folder.glob("samples/*.npy")):
        names = {path.name.split(".")[1] for path in folder.glob("samples/*.npy")}
        shards = {name: sorted(glob.glob(f"{folder}/samples/*.{name}.npy")) for name in names}
        columns = {
            name: np.concatenate([np.load(path, mmap_mode="r") for path in paths])
            for name, paths in shards.items()
        }
        symbols = np.array(dataset.symbols)
        reasons = np.array(["none", "stop", "target", "horizon"])
        return columns | {
            "symbol": symbols[columns["symbol"]],
            "exit_reason": reasons[columns["exit_reason"]],
        }
    if any(folder.glob("samples/*.parquet")):
        table = pq.read_table(folder / "samples")
    else:
        files = [pa.memory_map(path) for path in sorted(glob.glob(f"{folder}/samples/*.arrow"))]
        table = pa.concat_tables([pa.ipc.open_file(file).read_all() for file in files])
    return columns_of(table, dataset.channels)


def columns_of(table: pa.Table, channels: list[str]) -> dict[str, np.ndarray]:
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = column.flatten().to_numpy().reshape(-1, column.type.list_size)
        elif pa.types.is_dictionary(column.type):
            columns[name] = np.array(column.to_pylist())
        else:
            columns[name] = column.to_numpy()
    columns["windows"] = np.stack([columns.pop(channel) for channel in channels], axis=1)
    return columns


def assert_same_bits(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert set(a) == set(b)
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        assert a[name].tobytes() == b[name].tobytes(), name


def given_bars(kind: str, tmp_path: Path) -> Any:
    bars = made_bars()
    if kind == "ns":
        return bars | {"ts": bars["ts"].astype(np.int64)}
    if kind == "strided":
        wide = {name: np.repeat(values, 2) for name, values in bars.items()}
        return {name: values[::2] for name, values in wide.items()}
    table = pa.table(bars)
    if kind == "pyarrow":
        return table
    if kind == "batch":
        return table.combine_chunks().to_batches()[0]
    if kind == "chunked":
        return pa.concat_tables([table.slice(0, 100), table.slice(100)])
    if kind in ("parquet", "glob", "csv"):
        first, rest = tmp_path / "bars-1.parquet", tmp_path / "bars-2.parquet"
        if kind == "glob":
            pq.write_table(table.slice(0, 200), first)  # the first gap
            pq.write_table(table.slice(200), rest)
            return [str(tmp_path / "bars-*.parquet")]
        pq.write_table(table, first)
        return first if kind == "parquet" else [os.fspath(first)]
    frame = pytest.importorskip("pandas").DataFrame(bars)
    if kind == "pandas":
        return frame
    if kind == "pandas, indexed":
        return frame.set_index("ts")
    if kind == "pandas, with a zone":
        return frame.assign(ts=frame["ts"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(bars)
    if kind == "polars, lazy":
        return pytest.importorskip("polars").DataFrame(bars).lazy()
    if kind == "by symbol":
        return {"bars": frame}
    return bars


@pytest.mark.parametrize(
    "kind",
    [
        "numpy", "ns", "strided", "pyarrow", "batch", "chunked", "parquet", "glob", "csv", "pandas",
        "pandas, indexed", "pandas, with a zone", "polars", "polars, lazy", "by symbol",
    ],
)  # fmt: skip
def test_bars_of_any_kind_give_the_same_samples(kind: str, tmp_path: Path, ds: barloom.Dataset):
    other = barloom.build_dataset(small_recipe(), bars=given_bars(kind, tmp_path))
    assert len(other) == len(ds) and other.positions == ds.positions
    assert_same_bits(other[:], ds[:])


def test_recipes_of_any_kind_give_the_same_samples(tmp_path: Path, ds: barloom.Dataset):
    recipe = barloom.Recipe(small_recipe())
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(), "utf-8")
    for cfg in (recipe, recipe.to_dict(), path, str(path)):
        assert_same_bits(barloom.build_dataset(cfg, bars=made_bars())[:], ds[:])


def test_samples_and_seed_go_before_the_recipe(ds: barloom.Dataset):
    assert len(barloom.build_dataset(bars=made_bars())) == 100_000
    more = barloom.build_dataset(small_recipe(), 2_000, 42, bars=made_bars())
    assert_same_bits(more[:1_000], ds[:])
    other = barloom.build_dataset(small_recipe(), 1_000, 43, bars=made_bars())
    assert not np.array_equal(other[:]["reward"], ds[:]["reward"])
    every = barloom.build_dataset(
        small_recipe(dataset={"positions": "sequential"}), "all", bars=made_bars()
    )
    assert len(every) == every.positions


def test_bars_that_the_recipe_names(spy: Path):
    cfg = {"data": {"bars": [str(spy)]}}
    named = barloom.build_dataset(cfg, 100)
    assert_same_bits(named[:], barloom.build_dataset(None, 100, bars=spy)[:])
    with pytest.raises(barloom.RecipeError, match="bars"):
        barloom.build_dataset(None, 100)


def test_several_symbols(tmp_path: Path):
    one, two = made_bars(seed=1), made_bars(seed=2)
    by_symbol = barloom.build_dataset(small_recipe(), bars={"ONE": one, "TWO": two})
    assert by_symbol.symbols == ["ONE", "TWO"]
    long = pa.concat_tables(
        [
            pa.table(bars).append_column("symbol", pa.array([name] * 600))
            for name, bars in (("ONE", one), ("TWO", two))
        ]
    )
    column = barloom.build_dataset(small_recipe(), bars=long)
    assert column.symbols == ["ONE", "TWO"]
    assert_same_bits(by_symbol[:], column[:])
    for name, bars in (("ONE", one), ("TWO", two)):
        pq.write_table(pa.table(bars), tmp_path / f"{name}.parquet")
    files = barloom.build_dataset(
        small_recipe(), bars=[tmp_path / "ONE.parquet", tmp_path / "TWO.parquet"]
    )
    assert_same_bits(files[:], column[:])


@pytest.mark.parametrize("format", ["parquet", "arrow", "npy"])
@pytest.mark.parametrize("actions", [1, 4])
def test_in_memory_is_what_is_stored(format: str, actions: int, tmp_path: Path, spy: Path):
    cfg = {
        "dataset": {"lookback": 33, "actions_per_state": actions},
        "reward": {"metric": ["return", "sharpe", "barrier"]},
        "output": {"shard_rows": 4_096},
    }
    memory = barloom.build_dataset(cfg, N, bars=spy)
    out = tmp_path / "dataset"
    stored = barloom.build_dataset(cfg, N, bars=spy, out=out, format=format)
    assert stored.path == str(out) and memory.path is None
    columns = read_stored(out, stored)
    for dataset in (memory, stored, barloom.open(out)):
        batch = dataset.take(
            range(N), columns=["reward_sharpe", "pnl", "ts", "held_bars", "sample"]
        )
        assert batch["windows"].tobytes() == columns["windows"].tobytes()
        assert batch["windows"].shape == columns["windows"].shape == (N, 5, 33)
        rewards = [columns[name] for name in ("reward", "reward_sharpe", "reward_barrier")]
        assert np.array_equal(batch["reward"], np.stack(rewards, axis=1).astype(np.float32))
        for name in ("reward_sharpe", "pnl", "ts", "held_bars", "sample"):
            assert batch[name].tobytes() == columns[name].tobytes(), name
        scaled = meta_of(columns, dataset)
        assert batch["meta"].tobytes() == scaled.tobytes()
        if format == "npy":
            assert columns["meta"].tobytes() == scaled.tobytes()
        table = columns_of(dataset.to_arrow(), dataset.channels)
        for name, values in table.items():
            assert values.tobytes() == columns[name].tobytes(), name


def meta_of(columns: dict[str, np.ndarray], dataset: barloom.Dataset) -> np.ndarray:
    """The nine meta fields as the format's documentation scales them."""
    low, high = dataset.meta_bounds.T
    fields = np.stack([columns[name].astype(np.float64) for name in dataset.meta_fields], axis=1)
    return ((fields - low) / (high - low)).astype(np.float32)


def test_a_virtual_dataset_on_disk(tmp_path: Path, ds: barloom.Dataset):
    virtual = barloom.build_dataset(
        small_recipe(), bars=made_bars(), out=tmp_path / "v", format="virtual"
    )
    assert not list((tmp_path / "v").glob("samples*"))
    assert_same_bits(virtual[:], ds[:])
    assert_same_bits(barloom.open(tmp_path / "v")[:], ds[:])


def test_threads_cannot_be_seen(tmp_path: Path):
    files = []
    for threads in (1, 3):
        out = tmp_path / str(threads)
        barloom.build_dataset(small_recipe(), N, bars=made_bars(), out=out, threads=threads)
        paths = [path for path in out.rglob("*") if path.is_file()]
        files.append({path.relative_to(out): path.read_bytes() for path in paths})
    assert files[0] == files[1]


def test_a_split_has_parts(tmp_path: Path):
    parts = [{"name": "train", "fraction": 0.75}, {"name": "test", "fraction": 0.25}]
    cfg = small_recipe(split={"embargo": 5, "part": parts})
    memory = barloom.build_dataset(cfg, bars=made_bars())
    stored = barloom.build_dataset(cfg, bars=made_bars(), out=tmp_path / "split")
    for split in (memory, stored, barloom.open(tmp_path / "split")):
        assert split.parts == ["train", "test"] and split.part is None
        train, test = split["train"], split["test"]
        assert (train.part, test.part, train.parts) == ("train", "test", [])
        assert (len(train), len(test)) == (750, 250)
        # Every label of the first part ends, with the embargo, before the first of the second.
        last = max(train.take(range(750), columns=["bar"])["bar"]) + 8
        first = min(test.take(range(250), columns=["bar"])["bar"])
        assert last + 5 <= first
        with pytest.raises(barloom.RecipeError, match=r'ds\["train"\], ds\["test"\]'):
            len(split)
        with pytest.raises(KeyError, match="train, test"):
            split["validation"]
    assert_same_bits(barloom.open(tmp_path / "split" / "test")[:], memory["test"][:])


def test_what_is_there_is_not_replaced_unless_told(tmp_path: Path):
    out = tmp_path / "dataset"
    build = lambda **options: barloom.build_dataset(
        small_recipe(), bars=made_bars(), out=out, **options
    )
    build()
    before = (out / "manifest.json").read_bytes()
    with pytest.raises(barloom.BarloomError, match="already exists"):
        build(seed=1)
    assert (out / "manifest.json").read_bytes() == before
    build(seed=1, overwrite=True)
    assert (out / "manifest.json").read_bytes() != before
    # It is whole: nothing is left to do.
    assert len(build(seed=1, resume=True)) == 1_000


def test_notes_tell_what_was_done_to_bars():
    bars = made_bars()
    bars["high"][50] = 1.0  # below the low
    with pytest.raises(barloom.DataError, match="high"):
        barloom.build_dataset(small_recipe(), bars=bars)
    dropped = barloom.build_dataset(small_recipe(data={"on_bad_bar": "drop"}), bars=bars)
    assert any("high_below_low" in note for note in dropped.notes)
    bars = made_bars()
    bars["volume"][7] = 0.0
    noted = barloom.build_dataset(small_recipe(), bars=bars)
    assert any(note.startswith("zero_volume: 1 time, ") for note in noted.notes)


def test_channels_of_ones_own():
    bars = made_bars() | {"Funding Rate": np.linspace(-1.0, 1.0, 600)}
    cfg = small_recipe(
        data={"channels": [*CHANNELS, "funding_rate"]}, scaling={"funding_rate": "none"}
    )
    dataset = barloom.build_dataset(cfg, bars=bars)
    assert dataset.channels == [*CHANNELS, "funding_rate"]
    batch = dataset.take([3, 4], columns=["bar"])
    for window, bar in zip(batch["windows"], batch["bar"]):
        assert np.array_equal(window[5], bars["Funding Rate"][bar - 12 : bar].astype(np.float32))


def test_importing_barloom_imports_no_torch():
    import subprocess
    import sys

    code = "import sys, barloom; sys.exit('torch' in sys.modules or 'pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_channels_in_place_of_a_recipes():
    bars = made_bars()
    bars["funding"] = bars["close"]
    cfg = small_recipe(
        data={"channels": ["close", "funding"]}, scaling={"funding": "zscore", "price": "minmax"}
    )
    ds = barloom.build_dataset(cfg, 100, bars=bars, channels=["Close"])
    assert ds.recipe.to_dict()["data"]["channels"] == ["close"]
    assert ds.recipe.to_dict()["scaling"] == {"price": "minmax"}
    with pytest.raises(barloom.RecipeError, match="has no scaler"):
        barloom.build_dataset(cfg, 100, bars=bars, channels=["close", "other"])


def test_bars_without_volume_need_no_recipe():
    bars = {name: values for name, values in made_bars().items() if name != "volume"}
    ds = barloom.build_dataset({"dataset": {"lookback": 12, "forward": 8}}, 1_000, bars=bars)
    assert ds.channels == ["open", "high", "low", "close"]
    assert any("no volume column" in note for note in ds.notes)
    assert ds.recipe.to_dict()["data"]["channels"] == ds.channels
    named = small_recipe(data={"channels": ["close", "volume"]})
    with pytest.raises(barloom.DataError, match="no column volume"):
        barloom.build_dataset(named, bars=bars)


def test_the_bundled_bars():
    bars = barloom.sample_bars()
    assert bars.num_rows == 40_832
    assert bars.column_names == ["symbol", "ts", "open", "high", "low", "close", "volume"]
    assert_same({"reward": barloom.build_dataset(None, 100, bars=bars)[:]["reward"]},
                {"reward": barloom.build_dataset(None, 100, bars=SPY)[:]["reward"]})


def test_keys_of_data_are_arguments():
    bars = made_bars()
    bars["high"][50] = 1.0
    cfg = small_recipe(data={"channels": ["close", "open"], "max_gap": "2h"})
    ds = barloom.build_dataset(cfg, 100, bars=bars, on_bad_bar="drop", channels=["close"])
    assert ds.channels == ["close"]
    assert any("dropped 1" in note for note in ds.notes)
    assert ds.recipe.to_dict()["data"]["max_gap"] == "2h"
    aggregated = barloom.build_dataset(small_recipe(), 100, bars=made_bars(), aggregate="2h")
    assert aggregated.recipe.to_dict()["data"]["aggregate"] == "2h"
    with pytest.raises(barloom.RecipeError, match="cfg: data.timezon: unknown key"):
        barloom.build_dataset(cfg, 100, bars=bars, timezon="UTC")


def test_metrics_that_are_clipped_often_are_warned_of():
    clipped = small_recipe(reward={"metric": ["return", "sharpe"], "clip": [-5.0, 5.0]})
    with pytest.warns(UserWarning, match=r"of the trades have a clipped sharpe \(clip = \[-5.0,5.0\]\)"):
        barloom.build_dataset(clipped, bars=made_bars())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        barloom.build_dataset(small_recipe(reward={"metric": "return"}), bars=made_bars())

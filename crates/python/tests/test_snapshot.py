"""Snapshots: values of the bar before a sample, in every kind of batch."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import barloom
from conftest import made_bars, small_recipe

COLUMNS = ["depth", "high", "close"]


def recipe(**more: dict[str, Any]) -> dict[str, Any]:
    scaling = {"depth": "none", "snapshot": {"close": "none"}}
    return small_recipe(data={"snapshot": COLUMNS}, scaling=scaling, **more)


@pytest.fixture(scope="module")
def bars() -> dict[str, np.ndarray]:
    table = made_bars()
    depth = np.arange(len(table["close"]), dtype=np.float64) % 37
    depth[::19] = np.nan
    return table | {"depth": depth}


@pytest.fixture(scope="module")
def snap(bars: dict[str, np.ndarray]) -> barloom.Dataset:
    return barloom.build_dataset(recipe(), bars=bars)


def test_values_are_those_of_the_bar_before(snap: barloom.Dataset, bars: dict[str, np.ndarray]):
    assert snap.snapshot_names == COLUMNS
    batch = snap.take(range(len(snap)), columns=["bar"])
    assert list(batch) == ["windows", "snapshot", "meta", "reward", "bar"]
    before = batch["bar"] - 1
    expected = [bars[name][before].astype(np.float32) for name in COLUMNS]
    expected[1] /= expected[2]
    assert np.array_equal(batch["snapshot"], np.stack(expected, axis=1))
    assert not np.isnan(batch["snapshot"]).any()
    one = snap[3]
    assert one["snapshot"].shape == (3,)
    assert np.array_equal(one["snapshot"], batch["snapshot"][3])
    field = next(field for field in snap.schema if field["name"] == "snapshot")
    assert (field["shape"], field["names"], field["role"]) == ((3,), COLUMNS, "snapshot")


def test_a_loader_gives_them(snap: barloom.Dataset):
    batch = next(iter(snap.loader(64, columns=["snapshot", "sample"])))
    assert np.array_equal(batch["snapshot"], snap[:64]["snapshot"])
    again = pickle.loads(pickle.dumps(snap))
    assert np.array_equal(again[:64]["snapshot"], batch["snapshot"])


def test_grouped_actions_have_one_each(bars: dict[str, np.ndarray]):
    ds = barloom.build_dataset(recipe(dataset={"actions_per_state": 5}), bars=bars)
    batch = next(iter(ds.loader(8, group_actions=True)))
    assert batch["snapshot"].shape == (8, 5, 3)
    assert (batch["snapshot"] == batch["snapshot"][:, :1]).all()


def test_tables_have_a_list_column(snap: barloom.Dataset):
    frame = snap.read(0, 10).to_pandas()
    assert np.array_equal(np.stack(frame["snapshot"]), snap[:10]["snapshot"])


def test_without_a_snapshot_there_is_none(ds: barloom.Dataset):
    assert ds.snapshot_names == [] and "snapshot" not in ds[0]
    with pytest.raises(KeyError, match="snapshot"):
        ds.take([0], columns=["snapshot"])


def test_torch_has_them(snap: barloom.Dataset):
    torch = pytest.importorskip("torch")
    from barloom.torch import MapDataset

    assert torch.equal(MapDataset(snap)[5]["snapshot"], torch.from_numpy(snap[5]["snapshot"]))


def test_npy_can_be_mapped(bars: dict[str, np.ndarray], tmp_path: Path):
    ds = barloom.build_dataset(recipe(output={"format": "npy"}), bars=bars, out=tmp_path / "out")
    stored = np.load(tmp_path / "out/samples/00000.snapshot.npy", mmap_mode="r")
    assert np.array_equal(stored, ds[:]["snapshot"])


def test_fitted_scalers_can_be_inverted(bars: dict[str, np.ndarray], tmp_path: Path):
    split = {"part": [{"name": "train", "fraction": 0.6}, {"name": "test", "fraction": 0.4}]}
    scaling = {
        "volume": {"kind": "standard", "clip": 50},
        "depth": {"kind": "quantile", "per": "symbol"},
        "snapshot": {"high": {"kind": "range", "fit": "all"}, "close": "none"},
    }
    tables = small_recipe(data={"snapshot": COLUMNS}, scaling=scaling, split=split)
    made = barloom.build_dataset(tables, bars=bars, out=tmp_path / "out")
    ds = barloom.open(tmp_path / "out")
    for part in ("train", "test"):
        assert ds[part].scalers == made["train"].scalers
    scalers = ds["test"].scalers
    assert list(scalers["channels"]) == ["volume"]
    assert sorted(scalers["snapshot"]) == ["depth", "high"]
    volume = scalers["channels"]["volume"]
    assert (volume["fit"], volume["per"], volume["clip"]) == ("train", "market", 50)
    batch = ds["test"].take(range(50), columns=["bar"])
    windows = ds["test"].inverse_transform("volume", batch["windows"][:, 4])
    assert windows.shape == (50, 12) and windows.dtype == np.float64
    last = bars["volume"][batch["bar"] - 1]
    assert np.allclose(windows[:, -1], last, rtol=1e-5, atol=1.0)
    high = ds["test"].inverse_transform("high", batch["snapshot"][:, 1])
    assert np.allclose(high, bars["high"][batch["bar"] - 1], rtol=1e-5)
    depth = ds["test"].inverse_transform("depth", batch["snapshot"][:, 0], symbol="bars")
    assert np.allclose(depth, bars["depth"][batch["bar"] - 1], atol=1e-4)
    # The only symbol needs no name.
    alone, named = (ds["test"].inverse_transform("depth", 0.5, **of) for of in ({}, {"symbol": "bars"}))
    assert alone == named
    with pytest.raises(KeyError, match="no symbol"):
        ds["test"].inverse_transform("depth", 0.5, symbol="other")
    with pytest.raises(KeyError, match="fitted"):
        ds["test"].inverse_transform("open", 0.5)

"""Supervised learning: labels in batches, folds, X and y, predictions, studies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import assert_same, made_bars, small_recipe

import barloom

FEATURES = {"ret": "log(close / lag(close, 1))", "vol": "std(log(close / lag(close, 1)), 10)"}
BARRIER = {"name": "tb", "kind": "triple_barrier", "horizon": 8, "up": 2, "down": 1, "scale": 0.01}
KFOLD = {"kind": "purged_kfold", "folds": 4, "embargo": 5}
CPCV = {"kind": "cpcv", "folds": 5, "test_folds": 2, "embargo": 3}
WALK = {"kind": "walk_forward", "train": 200, "test": 80, "validation": 40}


def made(label: Any = BARRIER, count: int = 600, seed: int = 7, **keys: Any) -> barloom.Dataset:
    keys = {"features": FEATURES, "snapshot": ["ret", "vol"], "lookback": 12, **keys}
    bars = keys.pop("bars", None) or made_bars(count, seed)
    return barloom.dataset(bars, label=label, **keys)


def keys_of(table: Any) -> list[tuple[Any, ...]]:
    return list(zip(table["symbol"], table["bar"], strict=True))


def test_batches_have_labels_and_no_action():
    labels = [BARRIER, {"name": "path", "kind": "path", "horizon": 5}]
    ds = made(labels, weights={"kind": "uniqueness", "of": "tb"}, samples=50)
    assert ds.labels == ["tb", "tb_return", "tb_bars", "tb_ambiguous", "path"]
    (batch,) = ds.loader(100)
    assert list(batch) == ["windows", "snapshot", *ds.labels, "weight"]
    assert batch["path"].shape == (50, 5) and batch["path"].dtype == np.float32
    assert batch["tb"].dtype == np.int8 and batch["weight"].dtype == np.float32
    # As the stored columns are, and as samples that are looked up.
    table = ds.read()
    for name in [*ds.labels, "weight"]:
        stored = table[name]
        assert np.array_equal(stored.reshape(batch[name].shape), batch[name]), name
    assert_same(ds[:50], batch)
    assert ds[3]["path"].shape == (5,) and ds[3]["tb"] == batch["tb"][3]
    assert ds.metrics == [] and "meta" not in batch
    with pytest.raises(KeyError, match='there is no "pnl"'):
        ds.loader(columns=["pnl"])
    assert ds.loader(columns=["bar", "tb"])
    by_hand = {role["name"]: role["role"] for role in ds.schema}
    assert by_hand["path"] == "label" and by_hand["weight"] == "weight"


def test_labels_are_those_of_a_plain_scan():
    bars, ds = made_bars(), made({"kind": "return", "horizon": [1, 6]})
    batch = ds[:]
    bar = ds.take(range(len(ds)), columns=["bar"])["bar"]
    for horizon in (1, 6):
        found = batch[f"y_{horizon}"]
        last = bar + horizon - 1
        # The labels of the last bars reach beyond them, and gaps end segments.
        known = np.isfinite(found)
        expected = np.log(bars["close"][last[known]] / bars["open"][bar[known]])
        assert np.allclose(found[known], expected, rtol=1e-12)
        assert (~known).sum() == 3 * (horizon - 1) and known[-1] == (horizon == 1)


def test_actions_and_labels_together():
    recipe = small_recipe() | {"label": [BARRIER]}
    batch = barloom.build_dataset(recipe, 200, bars=made_bars())[:]
    assert {"windows", "meta", "reward", "tb"} <= set(batch)
    recipe = small_recipe(dataset={"actions_per_state": 4}) | {"label": [BARRIER]}
    grouped = barloom.build_dataset(recipe, 200, bars=made_bars())
    (batch,) = grouped.loader(1000, group_actions=True)
    assert batch["tb"].shape == (50, 4) and (batch["tb"] == batch["tb"][:, :1]).all()


def test_the_best_action_is_priced_as_any_other():
    recipe = small_recipe(reward={"metric": ["return", "pnl"], "fee_bps": 3.0}) | {"best": {}}
    ds = barloom.build_dataset(recipe, 500, bars=made_bars())
    assert ds.labels == ["best_dir", "best_stop", "best_target", "best_reward", "regret"]
    batch = ds.take(range(500), columns=["bar", "equity", "act_dollar", "act_dir", "reward_return"])
    assert (batch["regret"] >= 0).all() and (batch["regret"] > 0).mean() > 0.9
    assert (batch["regret"] == batch["best_reward"] - batch["reward_return"]).all()
    acts = batch["act_dir"] != 0
    priced = barloom.price(
        made_bars(),
        {
            "bar": batch["bar"][acts],
            "direction": batch["best_dir"][acts],
            "dollars": batch["act_dollar"][acts],
            "stop": np.where(batch["best_dir"] == 0, 1, batch["best_stop"])[acts],
            "target": np.where(batch["best_dir"] == 0, 1, batch["best_target"])[acts],
            "equity": batch["equity"][acts],
        },
        forward=8,
        cfg={"reward": recipe["reward"]},
    )
    assert np.array_equal(priced["reward"], batch["best_reward"][acts])


def test_listed_actions_have_a_reward_each(tmp_path: Any):
    sampling = {
        "actions": "grid",
        "act_dir": [0, 1, -1],
        "act_dollar": 1_000.0,
        "act_sl": {"choice": [0.01, 0.03]},
        "act_tp": {"choice": [0.01, 0.02, 0.05]},
    }
    recipe = small_recipe(
        dataset={"samples": "all", "positions": "sequential"},
        sampling=sampling,
        reward={"metric": ["pnl"]},
    ) | {"best": {}}
    ds = barloom.build_dataset(recipe, bars=made_bars())
    actions = ds.actions
    assert ds.actions_per_state == 13 and list(actions) == ["act_dir", "act_dollar", "act_sl", "act_tp"]
    assert actions["act_dir"].tolist() == [0] + [1] * 6 + [-1] * 6
    assert actions["act_tp"].tolist()[:4] == [0.0, 0.01, 0.02, 0.05]
    states = len(ds) // 13
    (batch,) = ds.loader(10_000, group_actions=True, columns=["bar", "act_sl", "reward_pnl"])
    assert batch["reward"].shape == (states, 13) and batch["windows"].shape == (states, 5, 12)
    assert (batch["act_sl"] == actions["act_sl"]).all() and (batch["reward"][:, 0] == 0).all()
    # Each is what a decision of one's own would have earned.
    for k in range(1, 13):
        priced = barloom.price(
            made_bars(),
            {
                "bar": batch["bar"][:, 0],
                "direction": np.full(states, actions["act_dir"][k]),
                "dollars": np.full(states, 1_000.0),
                "stop": np.full(states, actions["act_sl"][k]),
                "target": np.full(states, actions["act_tp"][k]),
            },
            forward=8,
            cfg={"reward": recipe["reward"]},
        )
        assert np.array_equal(priced["reward"], batch["reward_pnl"][:, k])
    # The best action of the bounds is at least the best of the list.
    assert (batch["best_reward"][:, 0] >= batch["reward_pnl"].max(axis=1) - 1e-9).all()
    assert ds.write(tmp_path / "d").actions_per_state == 13
    assert_same(barloom.open(tmp_path / "d")[:100], ds[:100])
    assert barloom.verify(tmp_path / "d", full=True)
    with pytest.raises(barloom.RecipeError, match="13 listed actions; write 91 or 104"):
        barloom.build_dataset(recipe, 100, bars=made_bars())
    assert made().actions is None


def test_x_and_y():
    ds = made(weights="uniqueness")
    x, y, w = ds.xy()
    batch = ds[:]
    assert np.array_equal(x, batch["snapshot"]) and np.array_equal(y, batch["tb"])
    assert np.array_equal(w, batch["weight"]) and x.shape == (len(ds), 2)
    windows, y, _ = ds.xy("tb_return", inputs="windows", layout="BLC")
    assert windows.shape == (len(ds), 12, 5) and y.dtype == np.float64
    both, y, _ = ds.xy(["tb", "tb_bars"], inputs="both")
    assert list(both) == ["windows", "snapshot"] and list(y) == ["tb", "tb_bars"]
    assert np.array_equal(both["windows"], batch["windows"])
    assert made().xy()[2] is None
    with pytest.raises(barloom.RecipeError, match="expected \"snapshot\""):
        ds.xy(inputs="all")
    with pytest.raises(KeyError, match='there is no "x"'):
        ds.xy("x")
    plain = made(snapshot=None)
    assert plain.xy()[0].shape == (len(plain), 5, 12)
    with pytest.raises(barloom.RecipeError, match="needs a snapshot"):
        plain.xy(inputs="both")
    several = made({"fwd": {"kind": "return", "horizon": [1, 4]}})
    with pytest.raises(barloom.RecipeError, match="Name one of fwd_1, fwd_4"):
        several.xy()
    classes = made({"fwd": {"kind": "return", "horizon": 4, "classes": {"quantiles": 3, "fit": "all"}}})
    assert set(classes.xy()[1]) == {0, 1, 2} and classes.classes["fwd_4_class"]


def test_samples_without_the_label_are_left_out():
    labels = [BARRIER, {"name": "fwd", "kind": "return", "horizon": 100}]
    ds = made(labels, need=["tb"])
    all_y, some = ds[:]["fwd_100"], ds.xy("fwd_100")
    assert np.isnan(all_y).any() and not np.isnan(some[1]).any()
    assert len(some[0]) == len(some[1]) == np.isfinite(all_y).sum()


def test_folds_are_datasets_without_common_label_bars():
    for split, roles in ((KFOLD, 2), (CPCV, 2), (WALK, 3)):
        ds = made(split=split)
        assert len(ds.folds) == {"purged_kfold": 4, "cpcv": 10}.get(split["kind"], len(ds.folds)) > 1
        for fold in ds.folds:
            assert len(fold) == roles and list(fold)[0] == "train" and "test" in fold
            used = {}
            for name, part in fold.items():
                batch = part.take(range(len(part)), columns=["bar"])
                ends = batch["bar"] + batch["tb_bars"]  # the bar that reaches a barrier, or the last
                lives = zip(batch["bar"].tolist(), ends.tolist(), strict=True)
                used[name] = {at for t, end in lives for at in range(t, end + 1)}
            assert not used["train"] & used["test"], fold
            (start, end), *_ = fold.times("test")
            assert fold.groups[0].start == start and end > start
        assert sum(fold.purged["train"] for fold in ds.folds) > 0
        with pytest.raises(KeyError, match="fold 0 has the roles train"):
            ds.folds[0]["rest"]
    assert made().folds == [] and "samples train" in repr(ds.folds[0])
    assert ds.folds[0]["train"].folds == []


def test_predictions_are_matched_by_bar():
    ds = made(split=KFOLD)
    test = ds.folds[1]["test"]
    table = test.predict(lambda x: x[:, 0])
    assert table.column_names == ["symbol", "bar", "ts", "pred"]
    assert len(table) == test.decisions >= len(test)
    values = dict(zip(keys_of(table), table["pred"], strict=True))
    bar = test.take(range(len(test)), columns=["bar"])["bar"]
    inputs = test.xy()[0]
    symbol = ds.symbols[0]
    assert all(values[symbol, t] == x for t, x in zip(bar.tolist(), inputs[:, 0], strict=True))
    # The same in small batches, of several numbers, of windows, and of whole numbers.
    small = test.predict(lambda x: x, batch_size=7)
    assert small["pred"].shape == (len(table), 2)
    assert np.array_equal(small["pred"][:, 0], table["pred"])
    windows = test.predict(lambda x: x["windows"][:, 3, -1], inputs="both", batch_size=100)
    assert len(windows) == len(table)
    classes = test.predict(lambda x: (x[:, 0] > 0).astype(np.int8))
    assert classes["pred"].dtype == np.int64 and set(classes["pred"]) == {0, 1}


def test_the_last_bars_have_predictions_and_no_labels():
    ds = made(split=KFOLD)
    last = ds.folds[-1]["test"]
    table = last.predict(lambda x: x[:, 0])
    assert table["bar"].max() == 599 and len(table) > len(last)
    bar = last.take(range(len(last)), columns=["bar"])["bar"]
    assert bar.max() == 599 - 7


def test_wrong_predictions_are_refused():
    test = made(split=KFOLD).folds[0]["test"]
    for f, message in (
        (lambda x: 1.0, "expected a prediction for each of"),
        (lambda x: x[:5, 0], r"got an array of shape \[5\]"),
        (lambda x: np.array(["a"] * len(x)), "expected numbers"),
        (lambda x: x[:, :0], "at least one prediction"),
        (lambda x: x if len(x) == 40 else x[:, 0], "of shape"),
    ):
        with pytest.raises(barloom.DataError, match=message):
            test.predict(f, batch_size=40)
    with pytest.raises(TypeError, match="expected a function of X"):
        test.predict(3)
    with pytest.raises(barloom.RecipeError, match="batch_size"):
        test.predict(lambda x: x, batch_size=0)
    with pytest.raises(barloom.RecipeError, match="no folds"):
        made().cross_predict(lambda train: lambda x: x)
    with pytest.raises(TypeError, match="expected it to return a function"):
        made(split=KFOLD).cross_predict(lambda train: None)


def test_cross_predictions_and_paths():
    ds = made(split=CPCV)
    seen: list[str] = []

    def fit(train: barloom.Dataset):
        seen.append(train.part)
        mean = train.xy()[1].mean()
        return lambda x: np.full(len(x), mean)

    table = ds.cross_predict(fit)
    assert table.column_names == ["fold", "group", "symbol", "bar", "ts", "pred"]
    assert seen == [f"fold-{n:02}-train" for n in range(10)]
    # Each decision bar is tested by k = 2 of the N = 5 groups' choices: C(4, 1) = 4 folds.
    counts = np.unique(table["bar"], return_counts=True)[1]
    assert set(counts) == {4} and table["group"].min() == 0
    paths = ds.paths()
    assert len(paths) == 4 and all(len(path) == 5 for path in paths)
    tables = ds.paths(table)
    every = np.unique(table["bar"])
    for path, one in zip(paths, tables, strict=True):
        assert np.array_equal(one["bar"], every)
        assert (np.diff(one["ts"]) > np.timedelta64(0)).all()
        assert np.array_equal(one["fold"], path[one["group"]])
    with pytest.raises(barloom.DataError, match="lacks fold, group"):
        ds.paths(ds.folds[0]["test"].predict(lambda x: x))


def test_fit_gets_validation_where_it_asks_for_it():
    ds = made(split=WALK)
    got = []

    def fit(train: barloom.Dataset, validation: barloom.Dataset | None = None):
        got.append(validation.part)
        return lambda x: x[:, 0]

    assert len(ds.paths(ds.cross_predict(fit))) == 1
    assert got == [f"fold-{n:02}-validation" for n in range(len(ds.folds))] or len(got) < 11


def test_another_recipe_on_the_same_bars():
    ds = made(split=KFOLD)
    wider = ds.replace({"label.tb.up": 3, "dataset.lookback": 20})
    assert wider.lookback == 20 and wider.recipe.to_dict()["label"][0]["up"] == 3
    expected = made({**BARRIER, "up": 3}, split=KFOLD, lookback=20)
    assert_same(wider.folds[2]["train"][:], expected.folds[2]["train"][:])
    part = ds.folds[1]["train"].replace({"label.tb.down": 2})
    assert part.part == "fold-01-train"
    assert len(ds.replace(split={"kind": "purged_kfold", "folds": 3}).folds) == 3
    assert ds.replace(split=None).folds == []
    other = ds.replace({"label.fwd": {"kind": "return", "horizon": 3}, "label.tb": None})
    assert other.labels == ["fwd_3"]
    features = ds.replace({"features.ret": "close / lag(close, 2) - 1"})
    fresh = made(features={**FEATURES, "ret": "close / lag(close, 2) - 1"}, split=KFOLD)
    assert_same(features.folds[0]["train"][:], fresh.folds[0]["train"][:])
    with pytest.raises(barloom.RecipeError, match="no label x; the labels are: tb"):
        ds.replace({"label.x.up": 1})
    with pytest.raises(barloom.RecipeError, match="upp: unknown key"):
        ds.replace({"label.tb.upp": 1})


@pytest.mark.parametrize("format", ["parquet", "arrow", "npy", "virtual"])
def test_written_folds_open_with_the_same_bits(tmp_path: Any, format: str):
    label = {**BARRIER, "scale": "vol"}
    fwd = {"name": "fwd", "kind": "return", "horizon": 4, "classes": {"quantiles": 3}}
    ds = made([label, fwd], split=KFOLD, weights={"kind": "uniqueness", "of": "tb"})
    written = ds.write(tmp_path / "d", format=format)
    assert written.path == str(tmp_path / "d") and written.parts == ds.parts
    opened = barloom.open(tmp_path / "d")
    for name in ds.parts:
        assert_same(ds[name][:], opened[name][:])
    assert opened.folds[3]["train"].classes == ds.folds[3]["train"].classes
    assert ds.folds[0]["train"].classes != ds.folds[3]["train"].classes
    report = barloom.verify(tmp_path / "d", full=True)
    assert len(report["datasets"]) == 8
    alone = barloom.open(tmp_path / "d" / "fold-02-test")
    assert_same(alone[:], ds.folds[2]["test"][:])
    with pytest.raises(barloom.FileError, match="exists"):
        ds.write(tmp_path / "d")
    ds.write(tmp_path / "d", format="virtual", overwrite=True)


def test_weighted_loaders():
    ds = made(weights="uniqueness")
    weights = ds[:]["weight"]
    loader = ds.loader(64, shuffle=True, seed=5, weights=True, columns=["sample"])
    drawn = np.concatenate([batch["sample"] for _ in range(60) for batch in loader])
    assert len(drawn) == 60 * len(ds)
    counts = np.bincount(drawn, minlength=len(ds))
    expected = weights / weights.sum() * len(drawn)
    assert ((counts - expected) ** 2 / expected).sum() < len(ds) + 6 * np.sqrt(2 * len(ds))
    with pytest.raises(barloom.RecipeError, match="the samples have no weight"):
        made().loader(shuffle=True, weights=True)
    with pytest.raises(barloom.RecipeError, match="shuffle"):
        ds.loader(weights=True)


def memorising(train: barloom.Dataset):
    """A model that knows its train set by heart: the label of the nearest sample in time.

    Its input is the time of the bar before t, so it finds any test sample whose label it has seen
    or whose label bars overlap those of one that it has seen.
    """
    x, y, _ = train.xy("fwd_8")
    at = x[:, 0].astype(np.float64)
    order = np.argsort(at)
    at, y = at[order], y[order]

    def f(x: np.ndarray) -> np.ndarray:
        found = np.searchsorted(at, x[:, 0])
        left, right = np.clip(found - 1, 0, len(at) - 1), np.clip(found, 0, len(at) - 1)
        nearer = np.where(np.abs(at[left] - x[:, 0]) <= np.abs(at[right] - x[:, 0]), left, right)
        return np.sign(y[nearer])

    return f


def walk(seed: int, count: int = 240) -> dict[str, np.ndarray]:
    """Bars of a random walk, with their number as a column."""
    bars = made_bars(count, seed)
    bars["ts"] = bars["ts"][0] + np.arange(count) * np.timedelta64(1, "h")
    return {**bars, "number": np.arange(count, dtype=np.float64)}


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "purged_kfold", "folds": 12, "embargo": 8},
        {"kind": "cpcv", "folds": 6, "test_folds": 2, "embargo": 8},
        {"kind": "walk_forward", "train": 60, "test": 20, "embargo": 8},
    ],
    ids=lambda split: split["kind"],
)
def test_a_model_that_memorises_scores_at_chance(split: dict[str, Any]):
    """End to end: of 200 random walks, what was seen in training tells nothing of the tests."""
    right = total = 0
    for seed in range(200):
        ds = barloom.dataset(
            walk(seed),
            label={"name": "fwd", "kind": "return", "horizon": 8},
            snapshot=["number"],
            scaling={"snapshot": {"number": "none"}},
            lookback=2,
            split=split,
            cache=False,
        )
        preds = ds.cross_predict(memorising, batch_size=10_000)
        pred, bar = preds["pred"], preds["bar"]
        bars = walk(seed)
        # One bar in eight, so that the labels that are scored do not overlap.
        kept = (bar + 7 < 240) & (bar % 8 == seed % 8)
        # Each bar once, by its first fold.
        kept[kept] = np.isin(np.flatnonzero(kept), np.flatnonzero(kept)[np.unique(bar[kept], return_index=True)[1]])
        bar, pred = bar[kept], pred[kept]
        truth = np.sign(np.log(bars["close"][bar + 7] / bars["open"][bar]))
        right, total = right + int((pred == truth).sum()), total + len(truth)
    # 4.5 standard deviations of a binomial.
    assert total > 2_000
    assert abs(right - total / 2) < 4.5 * np.sqrt(total) / 2, (right, total)

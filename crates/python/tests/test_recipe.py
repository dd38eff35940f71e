"""Recipes: of dicts, texts and files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import barloom
from barloom import Recipe, RecipeError


def test_the_default_recipe():
    recipe = Recipe().to_dict()
    assert recipe["dataset"]["seed"] == 42
    assert recipe["dataset"]["samples"] == 100_000
    assert recipe["data"]["channels"] == "auto"
    assert recipe["reward"]["fee_bps"] == 5.0


def test_dict_text_and_file_are_the_same_recipe(tmp_path: Path):
    cfg = {"dataset": {"lookback": 128, "seed": 2**63 + 1}, "reward": {"metric": ["return", "car"]}}
    recipe = Recipe(cfg)
    assert recipe.to_dict()["dataset"]["lookback"] == 128
    assert recipe.to_dict()["dataset"]["seed"] == 2**63 + 1
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml(), "utf-8")
    assert Recipe.read(path) == Recipe.read(str(path)) == recipe
    assert Recipe(recipe.to_dict()) == recipe
    assert recipe != Recipe()


def test_values_of_numpy_tuples_paths_and_none(spy: Path):
    given = {
        "data": {"bars": [spy], "channels": ("close", "open")},
        "dataset": {"lookback": np.int64(32), "forward": None},
        "sampling": {"act_sl": np.array([0.01, 0.02])},
        "reward": {"fee_bps": np.float32(2.5)},
        "split": None,
    }
    plain = {
        "data": {"bars": [str(spy)], "channels": ["close", "open"]},
        "dataset": {"lookback": 32},
        "sampling": {"act_sl": [0.01, 0.02]},
        "reward": {"fee_bps": 2.5},
    }
    assert Recipe(given) == Recipe(plain)


def test_the_digest_leaves_out_paths_and_output():
    plain = Recipe().digest
    assert Recipe({"data": {"bars": ["x.csv"]}, "output": {"format": "npy"}}).digest == plain
    assert Recipe({"dataset": {"seed": 1}}).digest != plain


def test_recipes_are_copied_and_pickled():
    recipe = Recipe({"dataset": {"lookback": 7}})
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert copy.deepcopy(recipe) == recipe


def test_repr_reads_back():
    recipe = Recipe({"dataset": {"lookback": 7}})
    assert eval(repr(recipe), {"Recipe": Recipe}) == recipe


@pytest.mark.parametrize(
    ("cfg", "says"),
    [
        (
            {"dataset": {"lookbak": 5}},
            "dataset.lookbak: unknown key; did you mean dataset.lookback?",
        ),
        ({"rewards": {}}, "did you mean reward?"),
        ({"dataset": {"lookback": 0}}, "dataset.lookback: expected a whole number from 1"),
        ({"dataset": {"samples": 1.5}}, "dataset.samples:"),
        ({"dataset": 5}, "dataset: expected a table"),
        ({"reward": {"metric": "sharp"}}, 'did you mean "sharpe"?'),
        ({"reward": {"fee_bps": float("nan")}}, "reward.fee_bps:"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(cfg: dict, says: str):
    with pytest.raises(RecipeError) as caught:
        Recipe(cfg)
    assert says in str(caught.value)
    assert isinstance(caught.value, (ValueError, barloom.BarloomError))


def test_a_text_is_refused_by_line(tmp_path: Path):
    text = "[dataset]\nlookback = 5\nlookbak = 6\n"
    with pytest.raises(RecipeError, match=r":3: dataset.lookbak:"):
        Recipe.from_toml(text)
    path = tmp_path / "recipe.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=r"recipe\.toml:3: dataset.lookbak:"):
        Recipe.read(path)


def test_what_is_no_recipe_is_a_type_error():
    with pytest.raises(TypeError):
        barloom.build_dataset(5, 10)
    with pytest.raises(TypeError):
        Recipe({"dataset": {"lookback": object()}})
    with pytest.raises(TypeError):
        Recipe({"sampling": {"position": {1, 2}}})

"""`help()` says what every parameter is, and what a recipe takes."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import barloom


def public() -> Iterator[tuple[str, Any]]:
    """What a person meets: the names of the modules, and the methods and properties of classes."""
    modules = [barloom]
    try:
        modules.append(importlib.import_module("barloom.torch"))
    except ImportError:
        pass
    for module in modules:
        for name in module.__all__:
            if name.startswith("__"):
                continue
            thing = getattr(module, name)
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing) and not issubclass(thing, BaseException):
                for member, value in vars(thing).items():
                    if not member.startswith("_"):
                        yield f"{module.__name__}.{name}.{member}", getattr(thing, member, value)


PUBLIC = dict(public())


def parameters(thing: Any) -> list[str]:
    """The parameters of a call, but for self."""
    if not callable(thing):
        return []
    try:
        names = list(inspect.signature(thing).parameters)
    except ValueError:  # it is not called: another call gives one
        return []
    return [name for name in names if name != "self"]


def documented(doc: str) -> list[str]:
    """The names under ``Args:``."""
    section = re.search(r"^( *)Args:\n(.*?)(?=^\1\S|\Z)", inspect.cleandoc(doc), re.M | re.S)
    return re.findall(r"^    (\w+): \S", section[2], re.M) if section else []


def test_what_is_public_is_found():
    for name in ("build_dataset", "Dataset.loader", "Recipe.commented", "Table.to_pandas"):
        assert f"barloom.{name}" in PUBLIC
    assert parameters(barloom.Dataset.take) == ["indices", "columns", "layout"]
    assert parameters(barloom.Recipe) == ["cfg"]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_is_documented(name: str):
    thing = PUBLIC[name]
    doc = inspect.getdoc(thing)
    assert doc, f"{name} has no documentation"
    assert documented(doc) == parameters(thing)


def test_a_recipe_is_learnt_from_help():
    doc = inspect.getdoc(barloom.Recipe)
    for table, keys in barloom.Recipe().to_dict().items():
        assert f"[{table}]" in doc
        for key in keys:
            assert re.search(rf"^(# )?{key} = ", doc, re.M), f"{table}.{key}"
    for word in ("sharpe", "sortino", "calmar", "next_close", "ignore", "target_first", "until"):
        assert word in doc, word
    text = barloom.Recipe.commented()
    assert text.rstrip() in doc
    assert barloom.Recipe.from_toml(text) == barloom.Recipe.from_toml(barloom.Recipe.commented("v1"))
    assert 'formulas = "frel-v1"' in barloom.Recipe.commented("frel-v1")
    with pytest.raises(barloom.RecipeError, match='formulas: expected "v1" or "frel-v1"'):
        barloom.Recipe.commented("v2")


def test_help_says_what_windows_become():
    for to_pandas in (barloom.Dataset.to_pandas, barloom.Table.to_pandas):
        assert "float32" in to_pandas.__doc__
    assert '``ds[:]["windows"]``' in barloom.Dataset.to_pandas.__doc__

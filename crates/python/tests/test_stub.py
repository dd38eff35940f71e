"""The stub of the compiled half says what is there: names, parameters, defaults, properties."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

import barloom
from barloom import _barloom

STUB = ast.parse((Path(barloom.__file__).parent / "_barloom.pyi").read_text("utf-8"))

#: What every class has.
ALWAYS = {"__doc__", "__module__", "__hash__", "__new__", "__repr__", "__reduce__"}
COMPARISONS = {"__lt__", "__le__", "__gt__", "__ge__", "__ne__"}

Node = ast.FunctionDef


def signature_of(node: Node) -> list[tuple[str, str, str]]:
    """Name, kind and default of each parameter but self."""
    spec = node.args
    plain = [*spec.posonlyargs, *spec.args]
    defaults = [None] * (len(plain) - len(spec.defaults)) + list(spec.defaults)
    found = [(arg.arg, "plain", default) for arg, default in zip(plain, defaults)]
    found += [(arg.arg, "keyword", default) for arg, default in zip(spec.kwonlyargs, spec.kw_defaults)]
    if spec.kwarg:
        found.append((spec.kwarg.arg, "plain", None))
    texts = [(name, kind, "" if default is None else ast.unparse(default)) for name, kind, default in found]
    return [one for one in texts if one[0] not in ("self", "cls")]


def signature_there(call: Any) -> list[tuple[str, str, str]]:
    """The same of a compiled function. PyO3 writes a list as default as an ellipsis."""
    found = []
    for name, parameter in inspect.signature(call).parameters.items():
        kind = "keyword" if parameter.kind is parameter.KEYWORD_ONLY else "plain"
        default = parameter.default
        if default is parameter.empty:
            text = ""
        else:
            text = "()" if default is ... else repr(default)
        if name != "self":
            found.append((name, kind, text))
    return found


FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, Node)}
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
PUBLIC = {name: thing for name, thing in vars(_barloom).items() if not name.startswith("__")}


def test_every_name_is_in_the_stub():
    classes = {name for name, thing in PUBLIC.items() if inspect.isclass(thing)}
    assert set(CLASSES) == classes and {"Dataset", "Batches", "Pricer"} <= classes
    assert set(FUNCTIONS) == set(PUBLIC) - classes and "build" in FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_parameters_of_the_stub(name: str):
    assert signature_of(FUNCTIONS[name]) == signature_there(PUBLIC[name])


@pytest.mark.parametrize("name", CLASSES)
def test_classes_have_the_members_of_the_stub(name: str):
    there = vars(PUBLIC[name])
    methods: dict[str, list[Node]] = {}
    for node in CLASSES[name].body:
        if isinstance(node, Node):
            methods.setdefault(node.name, []).append(node)
    assert set(methods) - ALWAYS == set(there) - ALWAYS - COMPARISONS
    for member, nodes in methods.items():
        decorators = {ast.unparse(one) for node in nodes for one in node.decorator_list}
        thing = there.get(member)
        is_property = inspect.isgetsetdescriptor(thing) or isinstance(thing, property)
        assert ("property" in decorators) == is_property, member
        assert ("staticmethod" in decorators) == isinstance(thing, staticmethod), member
        if member == "__new__":
            assert signature_of(nodes[0]) == signature_there(PUBLIC[name])
        elif "property" not in decorators and not member.startswith("__"):
            assert signature_of(nodes[0]) == signature_there(getattr(PUBLIC[name], member)), member

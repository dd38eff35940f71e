"""Python's values as those of a recipe."""

import json
from os import PathLike, fspath
from typing import Any


def to_json(tables: dict[str, Any]) -> str:
    """A recipe's tables as JSON."""
    return json.dumps(tables, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, PathLike):
        return fspath(value)
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        raise TypeError(f"expected a list, got the set {value!r}, which has no order")
    raise TypeError(f"{value!r} is of no type that a recipe has")

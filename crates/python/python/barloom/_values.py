"""Python's values as those of a recipe."""

import json
import math
from os import PathLike, fspath
from typing import Any


def to_json(tables: dict[str, Any]) -> str:
    """A recipe's tables as JSON. A float that JSON has not is its name, which no key takes."""
    return json.dumps(_finite(tables), default=_plain)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, PathLike):
        return fspath(value)
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        raise TypeError(f"expected a list, got the set {value!r}, which has no order")
    if callable(value):
        raise TypeError(
            f"{value!r} is a function; pass it to build_dataset or barloom.features, under features"
        )
    raise TypeError(f"{value!r} is of no type that a recipe has")

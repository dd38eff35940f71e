"""Arrow tables as those of other libraries."""

from typing import Any


def to_arrow(table: Any) -> Any:
    """A ``pyarrow.Table`` over the same memory."""
    import pyarrow

    return pyarrow.table(table)


def to_pandas(table: Any) -> Any:
    """A ``pandas.DataFrame``; lists stay arrays, dictionaries become categories."""
    return to_arrow(table).to_pandas()


def to_polars(table: Any) -> Any:
    """A ``polars.DataFrame``."""
    import polars

    return polars.DataFrame(table)


def to_numpy(table: Any, name: str) -> Any:
    """A column as a NumPy array."""
    import numpy

    column = to_arrow(table)[name].combine_chunks()
    if hasattr(column, "chunks"):
        column = column.chunk(0)
    if hasattr(column, "flatten") and hasattr(column.type, "list_size"):
        flat = column.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), column.type.list_size)
    if hasattr(column, "dictionary"):
        return numpy.asarray(column.to_pylist(), dtype=object)
    return column.to_numpy(zero_copy_only=False)

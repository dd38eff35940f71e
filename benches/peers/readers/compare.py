"""Reads one folder of samples with the readers that people use and prints what each sees.

usage: compare.py [READER...]
BARLOOM names the command. Every reader gets the folder `samples` of a dataset, and no schema. Prints JSON: rows, and of each column the sum of its values as integers: bits of floats,
nanoseconds of times, CRC-32 of text. Exits with 1 where two readers differ.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
BARS = os.path.join(HERE, "../../../fixtures/spy_1h.parquet")
U64 = np.uint64


def total(values):
    """Sum of a column's values as integers, modulo 2^64; windows are flattened."""
    values = np.asarray(values)
    if values.dtype == object and isinstance(values[0], str):
        return sum(zlib.crc32(value.encode()) for value in values) % 2**64
    if values.dtype == object:
        values = np.stack([np.asarray(value) for value in values])
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]").astype(np.int64)
    if values.dtype.kind == "f":
        values = values.view(f"u{values.dtype.itemsize}")
    return int(values.astype(np.int64).view(U64).sum(dtype=U64))


def of_arrow(table):
    """Columns of an Arrow table as NumPy arrays."""
    import pyarrow as pa

    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        assert column.null_count == 0, name
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
            column = column.flatten()
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
        columns[name] = column.to_numpy(zero_copy_only=False)
    return table.num_rows, columns


def pyarrow(folder):
    import pyarrow.dataset

    return of_arrow(pyarrow.dataset.dataset(folder).to_table())


def pandas(folder):
    import pandas

    frame = pandas.read_parquet(folder)
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pandas.DatetimeTZDtype):
            column = column.dt.tz_localize(None)
        if isinstance(column.dtype, pandas.CategoricalDtype):
            column = column.astype(object)
        columns[name] = column.to_numpy()
    return len(frame), columns


def polars(folder):
    import polars

    frame = polars.scan_parquet(folder).collect()
    frame = frame.cast({polars.Categorical: polars.String})
    return frame.height, {name: frame[name].to_numpy() for name in frame.columns}


def duckdb(folder):
    import duckdb

    return of_arrow(duckdb.sql(f"select * from '{folder}/*.parquet'").to_arrow_table())


def datasets(folder):
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("parquet", data_dir=folder, split="train", cache_dir=cache)
        return of_arrow(rows.with_format("arrow")[:])


READERS = {"pyarrow": pyarrow, "pandas": pandas, "polars": polars, "duckdb": duckdb, "datasets": datasets}


def samples(into):
    """Builds the dataset and gives the folder of its samples."""
    dataset = os.path.join(into, "dataset")
    barloom = os.environ["BARLOOM"]
    recipe = os.path.join(HERE, "recipe.toml")
    command = [barloom, "build", "--quiet", "--config", recipe, "--bars", BARS, "--out", dataset]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folder = os.path.join(dataset, "samples")
    assert len(os.listdir(folder)) == 3, os.listdir(folder)
    return folder


def main():
    readers = sys.argv[1:] or list(READERS)
    seen = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = samples(scratch)
        for reader in readers:
            rows, columns = READERS[reader](folder)
            sums = {name: total(columns[name]) for name in sorted(columns)}
            seen[reader] = {"rows": rows, "sums": sums}
    first = seen[readers[0]]
    for reader in readers:
        print(f"{reader} {importlib.metadata.version(reader)}: {first['rows']} rows", file=sys.stderr)
        if seen[reader] != first:
            columns = set(first["sums"]) | set(seen[reader]["sums"])
            get = lambda who, name: seen[who]["sums"].get(name)
            wrong = sorted(c for c in columns if get(reader, c) != get(readers[0], c))
            sys.exit(f"{reader} and {readers[0]} differ: {seen[reader]['rows']} rows, {', '.join(wrong)}")
    json.dump({"readers": sorted(readers), **first}, sys.stdout, indent=2)
    print()


main()

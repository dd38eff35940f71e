"""PyArrow's Parquet writer on the very table that a Barloom dataset holds, shard by shard."""

import glob
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

DICTIONARIES = ["symbol", "exit_reason"]


class Writer:
    """Holds the shards of a dataset in memory and writes them again, as many files of the same
    rows, types and row groups: uncompressed, dictionaries for the two columns that are ones."""

    def __init__(self, dataset, out, threads):
        self.files = sorted(glob.glob(os.path.join(dataset, "samples/*.parquet")))
        self.shards = [pq.read_table(file).combine_chunks() for file in self.files]
        first = pq.ParquetFile(self.files[0]).metadata
        self.group_rows = first.row_group(0).num_rows
        windows = {name for name, kind in zip(self.shards[0].schema.names,
                                              self.shards[0].schema.types)
                   if kind.num_fields == 1 and "list" in str(kind)}
        self.statistics = [name for name in self.shards[0].schema.names if name not in windows]
        self.out, self.threads = out, threads

    def rows(self):
        """Samples in all shards."""
        return sum(len(shard) for shard in self.shards)

    def write(self):
        """Writes every shard."""
        os.makedirs(self.out, exist_ok=True)
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(self.shard, range(len(self.shards))))

    def shard(self, number):
        pq.write_table(
            self.shards[number], self.path(number), compression="none",
            use_dictionary=DICTIONARIES, write_statistics=self.statistics,
            row_group_size=self.group_rows,
        )

    def path(self, number):
        return os.path.join(self.out, os.path.basename(self.files[number]))

    def check(self):
        """Whether what was written reads back as what Barloom wrote."""
        for number, shard in enumerate(self.shards):
            if not pq.read_table(self.path(number)).equals(shard):
                return f"shard {number} reads back differently"
        return "equal"

    def bytes(self):
        """Bytes written."""
        return sum(os.path.getsize(self.path(number)) for number in range(len(self.shards)))

    def clear(self):
        """Removes what was written."""
        shutil.rmtree(self.out, ignore_errors=True)


class PlainWriter(Writer):
    """Writes the same rows as one table in one call, as most programs do: `write_table` with its
    own defaults, uncompressed."""

    def __init__(self, dataset, out, threads):
        super().__init__(dataset, out, threads)
        self.shards = [pa.concat_tables(self.shards)]

    def shard(self, number):
        pq.write_table(self.shards[number], self.path(number), compression="none")

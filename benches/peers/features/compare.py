"""Computes alpha158 with pandas and Polars and compares it with Barloom's.

BARLOOM names the command. Prints JSON: rows, features, and the values of each peer that are not
Barloom's, by feature. `cargo xtask bench --only features --peers` measures the time.
"""

import json
import os
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq

from alpha158 import PEERS, differ

HERE = os.path.dirname(os.path.abspath(__file__))
BARS = os.path.join(HERE, "../../../fixtures/spy_1h.parquet")


def ours(into):
    """Barloom's features of the fixture."""
    out = os.path.join(into, "features.parquet")
    recipe = os.path.join(HERE, "recipe.toml")
    command = [os.environ["BARLOOM"], "features", BARS, "--config", recipe, "--out", out, "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    table = pq.read_table(out)
    names = [name for name in table.column_names if name not in ("symbol", "ts")]
    return {name: table[name].to_pandas().to_numpy(dtype=float) for name in names}


def main():
    table = pq.read_table(BARS, columns=["open", "high", "low", "close", "volume"])
    columns = {name: table[name].to_numpy().astype(float) for name in table.column_names}
    with tempfile.TemporaryDirectory() as scratch:
        mine = ours(scratch)
    result = {"rows": table.num_rows, "features": len(mine)}
    for name, (table, compute) in PEERS.items():
        result[f"differ_{name}"] = differ(mine, compute(table(columns)))
    json.dump(result, sys.stdout, indent=2)
    print()


main()

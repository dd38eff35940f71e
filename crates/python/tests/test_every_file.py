"""Rows and closes of every file in ../shared/data, as pandas and pyarrow read them, against the table
that ``crates/doctor/tests/every_file.rs`` holds us to."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.feather as feather
import pytest

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "data"
TABLE = ROOT / "crates" / "doctor" / "tests" / "every_file.tsv"
PRICES = ["open", "high", "low", "close"]
OTHER_NAMES = {"open price": "open", "high price": "high", "low price": "low", "close price": "close"}
KLINES = ["time", *PRICES, "volume"]


def lines() -> list[list[str]]:
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()]
    return [row for row in rows if row[2] != "error" and "aggregate" not in row[1]]


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(io.BytesIO(raw))
        raw = archive.read(archive.namelist()[0])
    return raw.decode("utf-8-sig")


def frame(path: Path, keys: dict[str, str]) -> pd.DataFrame:
    """The prices of a file, a row a bar, by pandas alone."""
    if path.suffix == ".parquet":
        bars = pd.read_parquet(path)
    elif path.suffix == ".feather":
        bars = feather.read_table(path).to_pandas()
    else:
        text = text_of(path)
        skip = int(keys.get("skip_rows", 0))
        first = text.splitlines()[skip].split(",")
        headerless = sum(part.strip().replace(".", "", 1).isdigit() for part in first) >= 2
        if "names" in keys:
            options: dict[str, object] = {"names": keys["names"].split(" "), "header": 0}
        elif headerless:
            width = len(first)
            options = {"names": [*KLINES, *map(str, range(6, width))][:width], "header": None}
        else:
            options = {}
        bars = pd.read_csv(
            io.StringIO(text),
            skiprows=skip,
            thousands=keys.get("thousands"),
            skipinitialspace=True,
            **options,
        )
    if "wide" in keys:
        parts = bars.columns.str.rpartition(keys["wide"])
        symbols = dict.fromkeys(s for s, _, n in parts if n.lower() == "close" and s)
        of = [
            pd.DataFrame({p: bars[c] for p in PRICES for c in bars if c.lower() == f"{s.lower()}{keys['wide']}{p}"})
            for s in symbols
        ]
        return pd.concat([one.dropna(how="all") for one in of])
    if "rename" in keys:
        old, new = keys["rename"].split(" ")
        bars = bars.rename(columns={old: new})
    bars.columns = [OTHER_NAMES.get(str(c).strip().lower(), str(c).strip().lower()) for c in bars]
    bars = bars[PRICES].apply(lambda column: pd.to_numeric(column, errors="coerce"))
    return bars / float(keys.get("price_divisor", 1))


@pytest.mark.parametrize("row", lines(), ids=lambda row: row[0])
def test_rows_and_closes_are_those_of_pandas(row: list[str]) -> None:
    file, given, rows, _, dropped, low, high = row[:7]
    path = SHARED / file
    if not path.exists():
        pytest.skip("needs ../shared/data")
    keys = dict(key.split("=", 1) for key in given.split(";") if key)
    bars = frame(path, keys)
    sound = bars.dropna()
    top, bottom = sound["high"], sound["low"]
    sound = sound[
        (top >= bottom)
        & sound["open"].between(bottom, top)
        & sound["close"].between(bottom, top)
        & (sound > 0).all(axis=1)
    ]
    assert len(sound) == int(rows)
    assert len(bars) - len(sound) == int(dropped)
    assert np.isclose(sound["close"].min(), float(low), rtol=1e-15)
    assert np.isclose(sound["close"].max(), float(high), rtol=1e-15)

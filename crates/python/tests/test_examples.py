"""The examples run, and end as they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "intraday"


def ran(example: str, *arguments: str | Path) -> str:
    """What an example printed."""
    run = subprocess.run(
        [sys.executable, "-m", f"barloom.examples.{example}".removesuffix("."), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_train_torch():
    pytest.importorskip("torch")
    output = ran("train_torch", "--samples", "100000", "--epochs", "1")
    network, constant = (
        float(re.search(rf"held out: {who} +barrier ([0-9.]+)", output)[1])
        for who in ("network", "constant")
    )
    assert network < 0.95 * constant


def test_train_torch_on_another_market():
    """Minutes of a perpetual future, where they are at hand."""
    pytest.importorskip("torch")
    bars = DATA / "binance_um_FILUSDT_1m_ohlcv.parquet"
    if not bars.exists():
        pytest.skip(f"there is no {bars}")
    assert "held out: explained" in ran(
        "train_torch", bars, "--samples", "100000", "--epochs", "1"
    )


def test_train_sklearn():
    pytest.importorskip("sklearn")
    output = ran("train_sklearn", "--samples", "50000")
    near_stop, even, near_target = map(float, re.findall(r"target [0-9.]+%: ([+-][0-9.]+)", output))
    assert near_stop < even < near_target


def test_train_features():
    pytest.importorskip("torch")
    pytest.importorskip("pandas")  # the table of its function
    output = ran("train_features", "--epochs", "4")
    (explained,) = re.findall(r"test: size: .* explained ([0-9.]+)%", output)
    right, base = re.search(r"test: up: right ([0-9.]+)%, base rate ([0-9.]+)%", output).groups()
    assert float(explained) > 10 and float(right) < float(base) + 3


def test_train_labels():
    pytest.importorskip("sklearn")
    output = ran("train_labels", "--folds", "3")
    number = r"([0-9.]+)%?"
    loss, spread, constant = map(
        float,
        re.search(
            rf"log loss: mean {number}, spread over folds {number}, of the constant {number}", output
        ).groups(),
    )
    assert loss < 0.97 * constant and 0 < spread < loss and output.count(" purged, ") == 3


def test_train_bandit():
    pytest.importorskip("sklearn")
    output = ran("train_bandit")
    earned = dict(re.findall(r"held out: ([a-z ]+): ([+-][0-9.]+) bps", output))
    assert float(earned["at random"]) < float(earned["bandit"]) < float(earned["the best in hindsight"])


def test_notebook():
    output = ran("notebook")
    assert "1000000 samples" in output and re.search(r"\d+ signals: ", output)


def test_the_examples_are_listed():
    listed = ran("")
    names = ("notebook", "train_bandit", "train_features", "train_labels", "train_sklearn", "train_torch")
    for example in names:
        assert f"python -m barloom.examples.{example}\n" in listed

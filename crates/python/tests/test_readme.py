"""The training loop of the README runs as it stands there, and learns what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import barloom

README = Path(__file__).resolve().parents[3] / "README.md"


def scores(loop: str, folder: Path) -> tuple[float, float]:
    """The squared errors that the loop prints: of the model, and of the constant."""
    # A warning would be the first thing that a reader sees.
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", loop],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    says = r"held out: squared error ([0-9.]+), of the constant ([0-9.]+)\n"
    printed = re.fullmatch(says, run.stdout)
    assert printed, run.stdout
    of_model, of_constant = map(float, printed.groups())
    return of_model, of_constant


def test_the_training_loop_learns_from_windows_and_meta(tmp_path: Path):
    pytest.importorskip("torch")
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    (loop,) = (block for block in blocks if "held out" in block)
    of_both, of_constant = scores(loop, tmp_path)
    assert of_both < 0.9 * of_constant
    assert not list(tmp_path.iterdir())

    blind = loop.replace("torch.cat([ranges, ", "torch.cat([0 * ranges, ")
    assert blind != loop
    of_meta, _ = scores(blind, tmp_path)
    assert of_both < 0.98 * of_meta


@pytest.mark.parametrize("page", ["README.md", "docs/folds.md"])
def test_folds_are_used_as_the_pages_say(page: str):
    pytest.importorskip("pyarrow")
    text = (README.parent / page).read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (block,) = (block for block in blocks if "cross_predict" in block)
    names: dict[str, Any] = {"barloom": barloom}
    exec(block, names)
    predictions = names.get("preds", names.get("predictions"))
    assert len(predictions) == sum(fold["test"].decisions for fold in names["ds"].folds) > 40_000
    if "paths" in names:
        assert len(names["paths"]) == 5
        assert {len(path) for path in names["paths"]} == {len(predictions) // 5}

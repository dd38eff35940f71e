"""The training loop of the README runs as it stands there, and learns what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_training_loop_learns(tmp_path: Path):
    pytest.importorskip("torch")
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    (loop,) = (block for block in blocks if "held out" in block)
    # In a folder of its own, with the bundled bars; a warning would be the first thing a reader sees.
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", loop],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    printed = re.fullmatch(r"held out: squared error ([0-9.]+), of the constant ([0-9.]+)\n", run.stdout)
    assert printed, run.stdout
    of_model, of_constant = map(float, printed.groups())
    assert of_model < 0.85 * of_constant
    assert not list(tmp_path.iterdir())

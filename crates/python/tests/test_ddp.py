"""DistributedDataParallel: two processes that talk over the loopback device alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
distributed = pytest.importorskip("torch.distributed")

HERE = Path(__file__).parent


def ran(rendezvous: Path, world_size: int, batch_size: int) -> list[dict[str, Any]]:
    """What each rank printed."""
    ranks = [
        subprocess.Popen(
            [
                sys.executable,
                HERE / "ddp_rank.py",
                rendezvous,
                *map(str, [rank, world_size, batch_size]),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
        )
        for rank in range(world_size)
    ]
    try:
        ended = [rank.communicate(timeout=120) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    assert [rank.returncode for rank in ranks] == [0] * world_size, [errors for _, errors in ended]
    return [json.loads(output.splitlines()[-1]) for output, _ in ended]


@pytest.mark.skipif(not distributed.is_gloo_available(), reason="this torch has no gloo")
def test_two_ranks_train_as_one_with_batches_of_both(tmp_path: Path):
    (one,) = ran(tmp_path / "one", 1, 64)
    ranks = ran(tmp_path / "two", 2, 32)
    steps = [
        first + second for first, second in zip(*(rank["seen"] for rank in ranks), strict=True)
    ]
    assert steps == one["seen"]
    # Two epochs of 15 steps; what makes no whole step of both is left out.
    assert len(steps) == 30 and all(len(set(step)) == 64 for step in steps)
    for epoch in (steps[:15], steps[15:]):
        assert len({sample for step in epoch for sample in step}) == 960
    assert ranks[0]["parameters"] == ranks[1]["parameters"]
    np.testing.assert_allclose(ranks[0]["parameters"], one["parameters"], rtol=1e-9)

"""Ctrl-C gives the prompt back at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import SPY

SCRIPT = """
import sys, barloom
told = lambda done, total: done and print("working", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

# A billion samples need more room than there is, which a build without compression says at once.
BARS = "bars=sys.argv[1], out=sys.argv[2], progress=told"
RECIPE = "{'dataset': {'lookback': 8}, 'output': {'compression': '%s'}}"
CALLS = {
    # Lines with quotes are read one by one.
    "bars": (
        "from pathlib import Path; folder = Path(sys.argv[2] + '.csv'); folder.mkdir();"
        "lines = ''.join(f'\"{1_600_000_000 + 60 * i}\",1.5,2.5,0.5,1.5,{i}\\n' for i in range(500_000));"
        "[(folder / f'{i}.csv').write_text('time,open,high,low,close,volume\\n' + lines) for i in range(12)];"
        "told(1, 1); [barloom.read_bars(str(folder), cache=False, on_duplicate='last') for _ in range(100)]"
    ),
    "parquet": f"barloom.build_dataset({RECIPE % 'snappy'}, 10**9, {BARS})",
    "zstd": f"barloom.build_dataset({RECIPE % 'zstd'}, 10**9, {BARS})",
    "npy": f"barloom.build_dataset({RECIPE % 'none'}, 10**7, {BARS}, format='npy')",
    "verify": (
        f"barloom.build_dataset({RECIPE % 'none'}, 10**6, {BARS.replace('told', 'None')});"
        "[barloom.verify(sys.argv[2], full=True, progress=told) for _ in range(100)]"
    ),
    "loop": (
        "ds = barloom.build_dataset(None, 10**9, bars=sys.argv[1]);"
        "[told(1, 1) for _ in ds.loader(4096)]"
    ),
    "read": (
        "ds = barloom.build_dataset(None, 4 * 10**6, bars=sys.argv[1]); told(1, 1);"
        "[ds.read() for _ in range(100)]"
    ),
    "function": (
        "import time; f = lambda bars: (told(1, 1), time.sleep(0.1), bars['close'])[2];"
        "[barloom.features(sys.argv[1], {'x': f}) for _ in range(100)]"
    ),
    "price": (
        "import numpy as np; n = 10**7;"
        "actions = {'bar': np.arange(n) % 40_000, 'direction': np.ones(n), 'dollars': np.ones(n)};"
        "told(1, 1); [barloom.price(sys.argv[1], actions) for _ in range(100)]"
    ),
}


def interrupted(call: str, out: Path) -> float:
    """Seconds from SIGINT to the end of a process that was at work for a while."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(call=CALLS[call]), SPY, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "working\n":
                break
        time.sleep(0.3)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        took = time.monotonic() - sent
    finally:
        process.kill()
        process.wait()
    assert output.endswith("stopped\n"), errors
    assert process.returncode == 0
    return took


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_ends_it_within_a_second(call: str, tmp_path: Path):
    took = []
    for attempt in range(3):  # others may be busy on this machine
        out = tmp_path / f"dataset-{attempt}"
        took.append(interrupted(call, out))
        if call != "verify":
            assert not out.exists(), "what is not whole has no name"
        if took[-1] < 1.0:
            return
    pytest.fail(f"seconds from Ctrl-C to the prompt: {took}")

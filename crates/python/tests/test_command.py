"""The command `barloom`, as the package installs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import barloom

MODULE = [sys.executable, "-m", "barloom"]


def ran(*arguments: str | Path, cwd: Path, code: int = 0) -> str:
    """What a command printed to standard output; to standard error where it fails."""
    run = subprocess.run([*MODULE, *arguments], capture_output=True, text=True, timeout=120, cwd=cwd)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stderr if code else run.stdout


def test_it_builds_and_verifies(spy: Path, tmp_path: Path):
    options = ["--samples", "1000", "--lookback", "8", "--split", "train=0.8,test=0.2"]
    text = ran("build", spy, "--out", "d", *options, cwd=tmp_path)
    assert text.startswith("Built 1,000 samples in ")
    ds = barloom.open(tmp_path / "d")
    assert (ds.parts, len(ds["train"]), ds["test"].lookback) == (["train", "test"], 800, 8)
    (report, _) = json.loads(ran("verify", "d", "--json", cwd=tmp_path))["datasets"]
    assert report["verified"]["problems"] == []


def test_it_is_the_program_too(tmp_path: Path):
    assert ran("--version", cwd=tmp_path) == f"barloom {barloom.__version__}\n"
    script = Path(sys.executable).parent / "barloom"
    if not script.exists():
        pytest.skip("the package is not installed, so there is no script")
    run = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"barloom {barloom.__version__}\n"


def test_exit_codes(tmp_path: Path):
    assert "Usage: barloom" in ran("--help", cwd=tmp_path)
    assert "unexpected argument '--colour'" in ran("check", "--colour", cwd=tmp_path, code=2)
    assert "error: nowhere.csv: there is no such file" in ran(
        "check", "nowhere.csv", cwd=tmp_path, code=4
    )
    (tmp_path / "bad.csv").write_text("time,open,high,low,close\n1700000000,1,0.5,1,1\n")
    assert "1 bar is unusable" in ran("check", "bad.csv", cwd=tmp_path, code=3)


def test_the_bare_command_builds_the_demo(tmp_path: Path):
    assert "barloom inspect barloom-demo --sample 0" in ran(cwd=tmp_path)
    assert len(barloom.open(tmp_path / "barloom-demo")) == 100_000


def test_it_runs_again_in_one_process_and_in_another_thread(spy: Path, tmp_path: Path):
    script = """
import sys, threading
from barloom._command import main

codes = []
def build(out):
    codes.append(main(["build", sys.argv[1], "--out", out, "--samples", "500", "--threads", "2"]))

build("a")
build("b")
thread = threading.Thread(target=build, args=("c",))
thread.start()
thread.join()
assert codes == [0, 0, 0], codes
"""
    command = [sys.executable, "-c", script, str(spy)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    digests = {barloom.open(tmp_path / out).recipe.digest for out in "abc"}
    assert len(digests) == 1


def test_init_writes_what_help_tells(tmp_path: Path):
    assert ran("init", "-", cwd=tmp_path).rstrip() == barloom.Recipe.commented().rstrip()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_a_build_that_can_be_gone_on_with(
    sent: signal.Signals, code: int, spy: Path, tmp_path: Path
):
    options = ["--format", "npy", "--samples", "3e6", "--lookback", "8", "--threads", "1"]
    process = subprocess.Popen(
        [*MODULE, "build", spy, "--out", "d", *options],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        end = time.monotonic() + 60
        while not list(tmp_path.glob("d.incomplete/**/*.windows.npy")) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(sent)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, said
    assert sent.name in said and "--resume" in said and "Traceback" not in said
    assert not (tmp_path / "d").exists()
    assert (tmp_path / "d.incomplete").exists()


def test_ctrl_c_while_bars_are_read(tmp_path: Path):
    # Nothing is to be finished there, so the signal ends the process as it ends any.
    os.mkfifo(tmp_path / "bars.csv")
    process = subprocess.Popen([*MODULE, "check", tmp_path / "bars.csv", "--no-cache"])
    try:
        writer = os.open(tmp_path / "bars.csv", os.O_WRONLY)  # once it has opened the file
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        os.close(writer)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGINT

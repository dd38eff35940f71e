"""What is raised, and in which words: those of the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import barloom
from barloom import BarloomError, DataError, FileError, RecipeError, VerificationError
from conftest import HOUR_NS, made_bars, small_recipe


def test_classes():
    for error, base in (
        (RecipeError, ValueError),
        (DataError, ValueError),
        (VerificationError, ValueError),
        (FileError, OSError),
    ):
        assert issubclass(error, BarloomError) and issubclass(error, base)
        assert error.__module__ == "barloom"


def broken_bars(name: str, row: int, value: Any) -> dict[str, np.ndarray]:
    bars = made_bars()
    bars[name][row] = value
    return bars


@pytest.mark.parametrize(
    ("bars", "says"),
    [
        (broken_bars("high", 50, 1.0), "high"),
        (broken_bars("close", 3, np.nan), "close"),
        (broken_bars("open", 3, -5.0), "open"),
        (broken_bars("ts", 7, made_bars()["ts"][6]), "time"),
        ({name: values for name, values in made_bars().items() if name != "low"}, "low"),
        ({name: values for name, values in made_bars().items() if name != "ts"}, "time"),
        ({name: values[:10] for name, values in made_bars().items()}, "10"),
        ({name: values[:0] for name, values in made_bars().items()}, ""),
    ],
    ids=["high", "nan", "negative", "twice", "no low", "no ts", "few", "none"],
)
def test_bars_that_cannot_be(bars: dict[str, np.ndarray], says: str):
    with pytest.raises(DataError) as caught:
        barloom.build_dataset(small_recipe(), bars=bars)
    assert says in str(caught.value)


def test_bars_of_no_kind():
    for bars in (5, object(), [1, 2]):
        with pytest.raises(TypeError):
            barloom.build_dataset(small_recipe(), bars=bars)
    with pytest.raises(ValueError, match="lengths"):
        barloom.build_dataset(small_recipe(), bars=made_bars() | {"volume": np.ones(3)})


def test_files_that_cannot_be(tmp_path: Path):
    with pytest.raises(FileError, match=r"absent\.parquet"):
        barloom.build_dataset(small_recipe(), bars=tmp_path / "absent.parquet")
    with pytest.raises(BarloomError, match="absent"):
        barloom.open(tmp_path / "absent")
    with pytest.raises(FileError, match=r"absent\.toml"):
        barloom.build_dataset(tmp_path / "absent.toml")
    text = tmp_path / "bars.parquet"
    text.write_text("no bars at all")
    with pytest.raises((DataError, FileError), match=r"bars\.parquet"):
        barloom.build_dataset(small_recipe(), bars=text)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BarloomError):
        barloom.build_dataset(small_recipe(), bars=made_bars(), out=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"backend": "gpu"}, '"gpu" is not a backend; choose auto, cpu or cuda'),
        ({"n_samples": 0}, "dataset.samples"),
        ({"n_samples": "all"}, "sequential"),
        ({"n_samples": "many"}, "many"),
        ({"n_samples": 1.5}, "1.5"),
        ({"out": "x", "format": "parqet"}, "parqet"),
    ],
)
def test_arguments_that_cannot_be(options: dict[str, Any], says: str, tmp_path: Path):
    if "out" in options:
        options = options | {"out": tmp_path / "x"}
    with pytest.raises(RecipeError) as caught:
        barloom.build_dataset(small_recipe(), bars=made_bars(), **options)
    assert says in str(caught.value)


@pytest.mark.parametrize("options", [{"seed": "x"}, {"seed": 1.5}, {"out": 5}])
def test_arguments_of_another_type(options: dict[str, Any]):
    with pytest.raises(TypeError):
        barloom.build_dataset(small_recipe(), bars=made_bars(), **options)


def test_numbers_that_are_too_small():
    with pytest.raises((ValueError, OverflowError)):
        barloom.build_dataset(small_recipe(), -1, bars=made_bars())
    for seed in (-1, 2**64, True):
        with pytest.raises(TypeError, match=r"(?s)expected a whole number from 0 to 2\^64 - 1, .*'seed'"):
            barloom.build_dataset(small_recipe(), 10, seed, bars=made_bars())


def test_a_number_of_samples_is_no_bool():
    with pytest.raises(RecipeError, match="True"):
        barloom.build_dataset(small_recipe(), True, bars=made_bars())


@pytest.mark.parametrize("options", [{"format": "npy"}, {"overwrite": True}, {"resume": True}])
def test_what_is_of_files_needs_a_folder(options: dict[str, Any]):
    (argument,) = options
    with pytest.raises(RecipeError, match=f"{argument}: .* pass out .* or leave {argument} out"):
        barloom.build_dataset(small_recipe(), 10, bars=made_bars(), **options)


def test_errors_name_arguments(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.txt").write_text("years of work")
    barloom.build_dataset(small_recipe(), 10, bars=made_bars(), out=tmp_path / "whole")
    text = "01-02-2024 05-PM;10;12;9;11\n01-02-2024 06-PM;11;12;9;11\n"
    (tmp_path / "odd.csv").write_text(text)
    (tmp_path / "trades.csv").write_text("time,price,size\n1700000000,1,2\n1700000001,1,2\n")
    calls = {
        "out": lambda: barloom.build_dataset(None, 10, bars=made_bars(), out=tmp_path / "d"),
        "overwrite=True": lambda: barloom.build_dataset(
            small_recipe(), 10, bars=made_bars(), out=tmp_path / "whole"
        ),
        "bars": lambda: barloom.build_dataset(None, 10),
        "timezone": lambda: barloom.check(tmp_path / "odd.csv", timezone="Mars"),
        "aggregate=": lambda: barloom.read_bars(tmp_path / "trades.csv"),
        "": lambda: barloom.read_bars(tmp_path / "odd.csv"),
    }
    for says, call in calls.items():
        with pytest.raises(BarloomError) as caught:
            call()
        message = str(caught.value)
        assert says in message and " --" not in message and "'--" not in message, message


def test_rows_count_from_1_and_indices_from_0():
    with pytest.raises(DataError, match=r"row 51 \(index 50\): "):
        barloom.build_dataset(small_recipe(), bars=broken_bars("high", 50, 1.0))
    actions = {"bar": [20, 30], "direction": [1, 5], "dollars": [1.0, 1.0]}
    with pytest.raises(DataError, match="direction: index 1: "):
        barloom.price(made_bars(), actions, forward=8)


def test_what_a_gpu_would_do_is_said_where_there_is_none():
    try:
        barloom.build_dataset(small_recipe(), bars=made_bars(), backend="cuda")[0]
    except BarloomError as error:
        assert "CUDA" in str(error) or "cuda" in str(error)


@pytest.mark.parametrize("format", ["parquet", "arrow", "npy", "virtual"])
def test_verify(format: str, tmp_path: Path):
    out = tmp_path / "dataset"
    barloom.build_dataset(small_recipe(), bars=made_bars(), out=out, format=format)
    for report in (
        barloom.verify(out),
        barloom.verify(str(out), full=True),
        barloom.verify(out, rows=7),
    ):
        (found,) = report["datasets"]
        assert found["problems"] == [] and found["path"] == str(out)
    if format != "virtual":
        assert barloom.verify(out, rows=7)["datasets"][0]["samples"] == 7
        assert barloom.verify(out, full=True)["datasets"][0]["samples"] == 1_000
    name = (
        "recipe.toml"
        if format == "virtual"
        else next(out.glob("samples/*")).relative_to(out).as_posix()
        if format != "npy"
        else "samples/00000.windows.npy"
    )
    damaged = bytearray((out / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (out / name).write_bytes(damaged)
    with pytest.raises(VerificationError) as caught:
        barloom.verify(out)
    assert name in str(caught.value)
    (found,) = caught.value.report["datasets"]
    assert len(found["problems"]) >= 1
    assert " --" not in str(caught.value) + str(found["problems"]), "options of the command line"


def test_check_looks_at_every_file(tmp_path: Path):
    good = "time,open,high,low,close\n1700000000,1,2,1,2\n1700000060,2,3,2,3\n"
    (tmp_path / "a.csv").write_text("time,open\n1,2\n")
    (tmp_path / "b.csv").write_text(good)
    report = barloom.check(tmp_path)
    assert [unread["file"] for unread in report["unreadable"]] == [str(tmp_path / "a.csv")]
    assert report["rows"] == 2 and "unreadable (1)" in report["text"]
    with pytest.raises(DataError):
        barloom.check(tmp_path / "a.csv")


def test_bars_that_are_widened_or_below_zero(tmp_path: Path):
    bars = tmp_path / "bars.csv"
    bars.write_text("time,open,high,low,close\n1700000000,3,2,1,2\n1700000060,2,3,2,3\n")
    with pytest.raises(DataError, match="widen"):
        barloom.read_bars(bars)
    table = barloom.read_bars(bars, on_bad_bar="widen").to_pandas()
    assert list(table["high"]) == [3.0, 3.0]
    bars.write_text("time,open,high,low,close\n1700000000,3,4,-1,-1\n1700000060,-2,3,-2,3\n")
    assert barloom.check(bars)["errors"] == 0
    assert list(barloom.read_bars(bars).to_pandas()["close"]) == [-1.0, 3.0]
    with pytest.raises(DataError, match="zero or negative"):
        barloom.build_dataset(small_recipe(), bars=bars)


def test_verify_looks_at_all_parts(tmp_path: Path):
    parts = [{"name": name, "fraction": 0.25} for name in ("a", "b", "c", "d")]
    out = tmp_path / "split"
    barloom.build_dataset(small_recipe(split={"part": parts}), bars=made_bars(), out=out)
    assert len(barloom.verify(out)["datasets"]) == 4
    for part in ("b", "d"):
        (out / part / "recipe.toml").write_text("")
    with pytest.raises(VerificationError) as caught:
        barloom.verify(out)
    problems = [len(found["problems"]) for found in caught.value.report["datasets"]]
    assert [count > 0 for count in problems] == [False, True, False, True]
    with pytest.raises(BarloomError):
        barloom.verify(tmp_path / "absent")


def test_check(tmp_path: Path, spy: Path):
    good = barloom.check(spy)
    assert good["errors"] == 0
    assert good["series"][0]["rows"] == 40_832
    bars = made_bars()
    bars["high"][[50, 60]] = 1.0
    report = barloom.check(bars)
    assert report["errors"] == 2
    (finding,) = [found for found in report["findings"] if found["severity"] == "error"]
    assert finding["count"] == 2 and "high" in finding["kind"]
    assert [place["row"] for place in finding["places"]] == [51, 61]
    assert finding["kind"] in report["text"]
    with pytest.raises(FileError, match="absent"):
        barloom.check(tmp_path / "absent.csv")


def test_check_counts_warnings_and_shares():
    bars = made_bars()
    for name in ("open", "high", "low", "close"):
        bars[name][200] *= 100.0
    report = barloom.check(bars)
    kinds = [(found["severity"], found["kind"], found["count"]) for found in report["findings"]]
    assert kinds == [("warning", "gap", 2), ("warning", "price_scale", 1)]
    assert (report["errors"], report["warnings"]) == (0, 3)
    (series,) = report["series"]
    assert (series["share"], series["missing_share"]) == (1.0, 0.0)
    hours = [series[name] / HOUR_NS for name in ("median_step_ns", "longest_step_ns", "max_gap_ns")]
    assert hours == [1, 25, 10]


@pytest.fixture(scope="module")
def command() -> str:
    """The command line: `BARLOOM`, or what the repository built last."""
    root = Path(__file__).resolve().parents[3]
    built = [root / "target" / profile / "barloom" for profile in ("release", "debug")]
    there = [path for path in built if path.exists()]
    found = sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)
    command = os.environ.get("BARLOOM") or next(map(os.fspath, found), None) or shutil.which("barloom")
    if command is None:
        pytest.skip("there is no command line: build it, or name it in BARLOOM")
    return command


@pytest.mark.parametrize(
    "recipe",
    [
        "[dataset]\nlookbak = 5\n",
        "[dataset]\nlookback = 0\n",
        "[reward]\nmetric = 'sharp'\n",
        "[data]\nbars = ['absent.parquet']\n",
        "[data]\nchannels = ['open', 'nothing']\n",
        "[dataset]\nlookback = 100000\n",
    ],
)
def test_the_words_are_the_command_lines(recipe: str, command: str, spy: Path, tmp_path: Path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe)
    bars = [] if "absent" in recipe else ["--bars", os.fspath(spy)]
    run = subprocess.run(
        [
            command,
            "build",
            "--config",
            path,
            *bars,
            "--out",
            tmp_path / "d",
            "--backend",
            "cpu",
            "--quiet",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    with pytest.raises(BarloomError) as caught:
        barloom.build_dataset(path, bars=spy if bars else None, backend="cpu")
    assert str(caught.value) in run.stderr
    kind = {2: RecipeError, 3: DataError, 4: FileError}[run.returncode]
    assert isinstance(caught.value, kind)

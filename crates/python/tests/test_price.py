"""Decisions of one's own, priced as samples are: against a plain loop, and against samples."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import barloom
from conftest import PRICES, made_bars, small_recipe

FORWARD = 40
SIDE_COST = (5.0 + 1.0 + 2.0 / 2.0) * 1e-4
"""Of the default recipe, and so is what follows."""

DAY_NS = 86_400_000_000_000
RESULTS = ("entry_price", "exit_price", "pnl", "held_bars", "exit_reason", "reward")


class Trade(NamedTuple):
    entry_price: float
    exit_price: float
    pnl: float
    held_bars: int
    exit_reason: str


def priced_plainly(
    bars: dict[str, np.ndarray],
    t: int,
    direction: int,
    dollars: float,
    stop: float,
    target: float,
    *,
    entry: str = "next_open",
    barriers: str = "honour",
    same_bar: str = "stop_first",
    costs: str = "both_sides",
    carry: float = 0.0,
) -> Trade:
    """A trade bar by bar, as docs/rewards.md describes it; a barrier that is NaN is none."""
    opens, highs, lows, closes = (bars[name] for name in PRICES)
    at_open = entry == "next_open"
    paid = float(opens[t] if at_open else closes[t])
    if direction == 0:
        return Trade(paid, paid, 0.0, 0, "none")
    last = t + FORWARD - 1
    got, held, reason = float(closes[last]), last - t, "horizon"
    stop = -math.inf * direction if math.isnan(stop) else paid * (1.0 - direction * stop)
    target = math.inf * direction if math.isnan(target) else paid * (1.0 + direction * target)
    touch = 2.0**-40
    at_stop, at_target = stop * (1.0 + direction * touch), target * (1.0 - direction * touch)
    for bar in range(t if at_open else t + 1, last + 1) if barriers == "honour" else ():
        begin, low, high = float(opens[bar]), float(lows[bar]), float(highs[bar])
        stopped = low <= at_stop if direction > 0 else high >= at_stop
        reached = high >= at_target if direction > 0 else low <= at_target
        if direction * begin <= direction * at_stop:
            got, held, reason = begin, bar - t, "stop"
        elif direction * begin >= direction * at_target:
            got, held, reason = begin, bar - t, "target"
        elif stopped and (not reached or same_bar == "stop_first"):
            got, held, reason = stop, bar - t, "stop"
        elif reached:
            got, held, reason = target, bar - t, "target"
        else:
            continue
        break
    paid_costs = SIDE_COST if costs == "once" else SIDE_COST * (1.0 + got / paid)
    unit = direction * (got / paid - 1.0) - paid_costs - carry * held
    return Trade(paid, got, dollars * unit, held, reason)


def segment_ends(ts: np.ndarray, max_gap_ns: int) -> np.ndarray:
    """Of each bar, one past the last bar of its segment."""
    steps = np.diff(ts.astype(np.int64))
    ends = np.append(np.flatnonzero(steps > max_gap_ns) + 1, len(ts))
    return ends[np.searchsorted(ends, np.arange(len(ts)), "right")]


def decisions(rng: np.random.Generator, count: int, bars: int) -> dict[str, np.ndarray]:
    """Random ones, some without barriers."""
    stop, target = rng.uniform(0.002, 0.03, (2, count))
    stop[rng.random(count) < 0.2] = np.nan
    target[rng.random(count) < 0.2] = np.nan
    return {
        "bar": rng.integers(0, bars, count),
        "direction": rng.integers(-1, 2, count).astype(np.int8),
        "dollars": rng.uniform(1e3, 5e4, count),
        "stop": stop,
        "target": target,
    }


@pytest.fixture(scope="module")
def spy_bars(spy: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(spy)
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.mark.parametrize(
    "reward",
    [
        {},
        {"entry": "next_close"},
        {"same_bar": "target_first"},
        {"barriers": "ignore"},
        {"costs": "once", "carry_bps": 0.5},
        {"entry": "next_close", "same_bar": "target_first", "carry_bps": 3.0},
    ],
    ids=lambda reward: ", ".join(map(str, reward.values())) or "default",
)
def test_as_a_plain_loop_prices(reward: dict[str, Any], spy_bars: dict[str, np.ndarray]):
    count, bars = 3_000, len(spy_bars["ts"])
    actions = decisions(np.random.default_rng(len(reward)), count, bars)
    # The ends of segments, and of the bars.
    ends = segment_ends(spy_bars["ts"], 5 * DAY_NS)
    actions["bar"][:200] = bars - 200 + np.arange(200)
    edge = ends[0]
    assert edge < bars, "the fixture has a gap of more than five days"
    actions["bar"][200:400] = edge - FORWARD - 100 + np.arange(200)
    cfg = {"data": {"max_gap": "5d"}, "reward": {"metric": ["return", "pnl", "pnl_pct"], **reward}}
    table = barloom.price(spy_bars, actions, forward=FORWARD, cfg=cfg)
    assert table.num_rows == count
    result = {name: table.to_arrow()[name].to_pylist() for name in table.column_names}
    keys = {key: value for key, value in reward.items() if key != "carry_bps"}
    carry = reward.get("carry_bps", 0.0) * 1e-4
    reasons = set()
    for row in range(count):
        t, direction, dollars, stop, target = (actions[name][row] for name in actions)
        assert result["bar"][row] == t
        got = {name: result[name][row] for name in (*RESULTS, "reward_pnl", "reward_pnl_pct")}
        if t + FORWARD > ends[t]:
            assert set(got.values()) == {None}
            continue
        trade = priced_plainly(
            spy_bars, int(t), int(direction), float(dollars), stop, target, carry=carry, **keys
        )
        assert trade == tuple(got[name] for name in Trade._fields), (row, t)
        assert got["reward_pnl"] == trade.pnl
        assert got["reward"] == pytest.approx(trade.pnl / 10_000.0, rel=1e-14)
        reasons.add(trade.exit_reason)
    barriers = set() if reward.get("barriers") == "ignore" else {"stop", "target"}
    assert reasons == {"none", "horizon"} | barriers


@pytest.mark.filterwarnings("ignore:reward.metric. car:UserWarning")
@pytest.mark.parametrize("entry", ["next_open", "next_close"])
def test_as_samples_are_priced(entry: str, spy: Path):
    metrics = ["sharpe", "return", "barrier", "r_multiple", "log_return", "sortino", "calmar", "car"]
    cfg = {
        "dataset": {"lookback": 5, "forward": 30},
        "reward": {"metric": metrics, "entry": entry, "carry_bps": 0.1},
    }
    dataset = barloom.build_dataset(cfg, 5_000, bars=spy)
    samples = dataset.read()
    actions = {
        "bar": samples["bar"],
        "direction": samples["act_dir"],
        "dollars": samples["act_dollar"],
        # A sample that holds has no barriers.
        "stop": np.where(samples["act_dir"] == 0, np.nan, samples["act_sl"]),
        "target": np.where(samples["act_dir"] == 0, np.nan, samples["act_tp"]),
        "equity": samples["equity"],
    }
    table = barloom.price(spy, actions, cfg=cfg, forward=30)
    for name in ("entry_price", "exit_price", "pnl", "held_bars", "ts", "reward"):
        assert table[name].tobytes() == samples[name].tobytes(), name
    for metric in metrics[1:]:
        assert table[f"reward_{metric}"].tobytes() == samples[f"reward_{metric}"].tobytes(), metric
    assert table["exit_reason"].tolist() == samples["exit_reason"].tolist()
    # The recipe says how far.
    again = barloom.price(spy, actions, cfg=dataset.recipe)
    assert again.to_arrow().equals(table.to_arrow())


def test_a_decision_by_time_is_at_the_first_bar_from_then_on():
    bars = made_bars()
    ts = bars["ts"]
    times = np.array([ts[0] - 1, ts[7], ts[7] + 1, ts[199] + 1, ts[599], ts[599] + 1])
    actions = {"ts": times, "direction": np.ones(6, np.int8), "dollars": np.full(6, 1e3)}
    table = barloom.price(bars, actions, forward=1).to_arrow()
    # Before the first bar, and within the gap before bar 200, there is none.
    assert table["bar"].to_pylist() == [None, 7, 8, None, 599, None]
    entries = [None, *bars["open"][[7, 8]], None, bars["open"][599], None]
    assert table["entry_price"].to_pylist() == entries
    assert table["ts"].to_pylist()[-1] is None
    ns = actions | {"ts": times.astype("datetime64[ns]").astype(np.int64)}
    assert barloom.price(bars, ns, forward=1).to_arrow().equals(table)
    pandas = pytest.importorskip("pandas")
    zoned = pandas.DataFrame(actions)
    zoned["ts"] = zoned["ts"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    assert barloom.price(bars, zoned, forward=1).to_arrow().equals(table)
    polars = pytest.importorskip("polars")
    assert barloom.price(bars, polars.DataFrame(actions), forward=1).to_arrow().equals(table)


def test_no_horizon_across_a_gap():
    bars = made_bars()  # with gaps after 199 and 299
    actions = {"bar": np.arange(600), "direction": np.ones(600), "dollars": np.full(600, 1e3)}
    pnl = barloom.price(bars, actions, forward=8)["pnl"]
    for first, end in ((0, 200), (200, 300), (300, 600)):
        assert np.isfinite(pnl[first : end - 7]).all()
        assert np.isnan(pnl[end - 7 : end]).all()


def test_several_symbols():
    bars = {"ONE": made_bars(seed=1), "TWO": made_bars(seed=2)}
    actions = pa.table(
        {
            "symbol": ["TWO", "ONE", "TWO", None],
            "bar": [5, 5, 300, 5],
            "direction": [1, -1, 1, 1],
            "dollars": [1e3, 1e3, 2e3, 1e3],
        }
    )
    table = barloom.price(bars, actions, forward=4).to_arrow()
    assert table["symbol"].to_pylist() == ["TWO", "ONE", "TWO", None]
    opens = [bars["TWO"]["open"][5], bars["ONE"]["open"][5], bars["TWO"]["open"][300], None]
    assert table["entry_price"].to_pylist() == opens
    without = actions.drop_columns("symbol")
    with pytest.raises(barloom.DataError, match=r"symbol: the column is missing.* 2 symbols"):
        barloom.price(bars, without, forward=4)
    unknown = actions.set_column(0, "symbol", pa.array(["TWO", "THREE", "TWO", None]))
    with pytest.raises(barloom.DataError, match=r'symbol: index 1: .*"THREE"'):
        barloom.price(bars, unknown, forward=4)


def test_columns_that_are_not_used_are_told(caplog: pytest.LogCaptureFixture):
    actions = {"bar": [10], "direction": ["long"], "dollars": [1e3], "stop_loss": [0.01]}
    barloom.price(made_bars(), actions, forward=4)
    assert "unused columns: stop_loss" in caplog.text


def test_directions_by_their_words():
    bars = made_bars()
    words = {"bar": [10, 20, 30], "direction": ["long", "short", "hold"], "dollars": [1e3] * 3}
    signs = words | {"direction": [1, -1, 0]}
    priced = [barloom.price(bars, actions, forward=4).to_arrow() for actions in (words, signs)]
    assert priced[0].equals(priced[1])
    sides = {"bar": [10, 20, 30], "side": ["buy", "SELL", None], "dollars": [1e3] * 3}
    by_side = barloom.price(bars, sides, forward=4).to_arrow()
    assert by_side.slice(0, 2).equals(priced[0].slice(0, 2))
    says = 'index 1: expected long or buy, short or sell, or hold, got "up"'
    with pytest.raises(barloom.DataError, match=says):
        barloom.price(bars, words | {"direction": ["long", "up", "hold"]}, forward=4)


def test_times_of_bars_look_ahead_unless_it_is_said_when_they_were_known():
    bars = made_bars()
    times = bars["ts"][10:60]
    signals = {"ts": times, "direction": np.ones(50, int), "dollars": np.full(50, 1e3)}
    with pytest.warns(UserWarning, match=r'50 of 50 times .*known_at="close"') as caught:
        warned = barloom.price(bars, signals, forward=4)
    assert caught[0].filename == __file__, "the warning names the caller's line"
    assert warned["bar"].tolist() == list(range(10, 60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        at_open = barloom.price(bars, signals, forward=4, known_at="open")
        at_close = barloom.price(bars, signals, forward=4, known_at="close")
        at_close_of_bar = barloom.price(
            bars, signals, forward=4, cfg={"reward": {"entry": "next_close"}}
        )
    assert at_open.to_arrow().equals(warned.to_arrow())
    assert at_close["bar"].tolist() == list(range(11, 61))
    assert at_close["entry_price"].tolist() == bars["open"][11:61].tolist()
    assert at_close_of_bar["entry_price"].tolist() == bars["close"][10:60].tolist()
    with pytest.raises(barloom.RecipeError, match='known_at: expected "open" or "close"'):
        barloom.price(bars, signals, known_at="later")


def test_a_pricer_reads_its_bars_once(spy: Path):
    pricer = barloom.Pricer(spy, forward=24)
    for stop in (0.01, 0.02, 0.03):
        signals = {"bar": [100, 200], "direction": ["buy", "sell"]}
        once = pricer.price(signals, dollars=1e3, stop=stop, target=0.05)
        whole = signals | {"dollars": [1e3] * 2, "stop": [stop] * 2, "target": [0.05] * 2}
        assert once.to_arrow().equals(barloom.price(spy, whole, forward=24).to_arrow())
    begin = time.perf_counter()
    for _ in range(20):
        pricer.price(signals, dollars=1e3)
    looped = time.perf_counter() - begin
    begin = time.perf_counter()
    barloom.price(spy, signals, forward=24, dollars=1e3)
    # A call waits for its worker at most one tick of 50 ms, whatever the bars.
    assert looped / 20 < time.perf_counter() - begin + 0.05
    own = signals | {"dollars": [5e3, 5e3]}
    pnl = [pricer.price(own, dollars=dollars)["pnl"].tolist() for dollars in (None, 1.0)]
    assert pnl[0] == pnl[1], "a column comes before an argument"


def test_signals_of_other_forms():
    pandas = pytest.importorskip("pandas")
    bars = made_bars()
    times = pandas.DatetimeIndex(bars["ts"][[10, 20, 30]])
    table = {"ts": bars["ts"][[10, 20, 30]], "direction": [1, -1, 0], "dollars": [1e3] * 3}
    expected = barloom.price(bars, table, forward=4, known_at="close").to_arrow()

    def priced(signals: Any) -> pa.Table:
        return barloom.price(bars, signals, forward=4, known_at="close", dollars=1e3).to_arrow()

    assert priced(pandas.Series([1, -1, 0], index=times)).equals(expected)
    assert priced(pandas.Series(["buy", "sell", "hold"], index=times, name="x")).equals(expected)
    # Whatever the index is called: yfinance has Date and Datetime.
    for name in ("Date", "Datetime", "date", "ts", "Open time"):
        series = pandas.Series([1, -1, 0], index=times.rename(name))
        assert priced(series).equals(expected), name
        assert priced(series.to_frame("direction")).equals(expected), name
        if name != "Open time":
            assert priced(series.to_frame("Direction").reset_index()).equals(expected), name
    records = [{"Date": ts, "side": side} for ts, side in zip(times, ("buy", "sell", "hold"))]
    assert priced(records).equals(expected)
    zoned = pandas.Series([1, -1, 0], index=times.tz_localize("UTC").rename("Date"))
    assert priced(zoned).equals(expected)
    # A table of two symbols has them in a level of the index.
    two = {"ONE": bars, "TWO": bars}
    both = {name: [*values] * 2 for name, values in table.items()}
    both["symbol"] = ["ONE"] * 3 + ["TWO"] * 3
    of_two = barloom.price(two, both, forward=4, known_at="close").to_arrow()
    for names in (["Ticker", "Date"], ["symbol", "Datetime"], [None, None], ["Symbol", "ts"]):
        levels = pandas.MultiIndex.from_product([["ONE", "TWO"], times], names=names)
        series = pandas.Series([1, -1, 0] * 2, index=levels)
        for signals in (series, series.to_frame("direction"), series.to_frame("side")):
            got = barloom.price(two, signals, forward=4, known_at="close", dollars=1e3)
            assert got.to_arrow().equals(of_two), names
    milliseconds = times.as_unit("ms").astype("int64").tolist()
    orders = [
        {"id": "1", "timestamp": ms, "datetime": "?", "side": side, "info": {"fee": 1}}
        for ms, side in zip(milliseconds, ("buy", "sell", "hold"))
    ]
    assert priced(orders).equals(expected)
    # ccxt's bars are bars.
    ohlcv = [
        [int(ts), *(float(bars[name][k]) for name in (*PRICES, "volume"))]
        for k, ts in enumerate(bars["ts"].astype("datetime64[ms]").astype(int))
    ]
    again = barloom.price(ohlcv, table, forward=4, known_at="close").to_arrow()
    assert again.drop_columns("symbol").equals(expected.drop_columns("symbol"))
    for signals, says in [
        (ohlcv, "are bars"),
        ([1, 0, -1], "a list of directions"),
        (np.array([1, -1]), "an array of directions"),
        (pandas.Series([1, -1, 0]), "DatetimeIndex"),
        (times, "a column by itself"),
        ([{"ts": 1}, 5], "expected a table"),
    ]:
        with pytest.raises(TypeError, match=says):
            priced(signals)
    with pytest.raises(barloom.DataError, match="dollars: the column is missing"):
        barloom.price(bars, pandas.Series([1, -1, 0], index=times), forward=4)


def test_equity_scales_returns():
    bars = made_bars()
    actions = {"bar": [10, 10], "direction": [1, 1], "dollars": [1e3, 1e3], "equity": [1e4, 2e4]}
    reward = barloom.price(bars, actions, forward=4)["reward"]
    assert reward[0] == pytest.approx(2.0 * reward[1])


def test_nulls_and_no_decisions():
    bars = made_bars()
    actions = pa.table(
        {
            "bar": [3, None, 3, 3],
            "direction": [1, 1, None, 1],
            "dollars": [1e3, 1e3, 1e3, 1e3],
            "stop": [None, 0.1, 0.1, float("nan")],
        }
    )
    table = barloom.price(bars, actions, forward=4).to_arrow()
    assert [pnl is None for pnl in table["pnl"].to_pylist()] == [False, True, True, False]
    assert table["pnl"][0] == table["pnl"][3]
    none = {"bar": np.array([], int), "direction": np.array([], int), "dollars": np.array([])}
    assert barloom.price(bars, none).num_rows == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bar": [600, 3]}, "bar: index 0: expected a bar below 600, got 600"),
        ({"bar": [3, -1]}, "bar: index 1: expected a bar below 600, got -1"),
        (
            {"direction": [1, 2]},
            "direction: index 1: expected 1 (long), -1 (short) or 0 (hold), got 2",
        ),
        ({"dollars": [1e3, -1.0]}, "dollars: index 1: expected dollars, 0 or more, got -1"),
        ({"dollars": [np.nan, 1.0]}, "dollars: index 0: expected dollars, 0 or more, got NaN"),
        ({"stop": [0.1, 0.0]}, "stop: index 1: expected a fraction above 0, or null, got 0"),
        ({"equity": [0.0, 1.0]}, "equity: index 0: expected dollars above 0, got 0"),
        ({"dollars": None}, "dollars: the column is missing"),
        ({"bar": None}, "bar: this column and ts are both missing"),
        ({"direction": ["up", "down"]}, "direction:"),
        ({"bar": ["3", "x"]}, "bar:"),
        ({"bar": [3.0, 3.5]}, "bar: index 1"),
        ({"bar": None, "ts": ["2020-01-03", "soon"]}, "ts:"),
    ],
)
def test_decisions_that_cannot_be(change: dict[str, Any], says: str):
    actions = {"bar": [3, 4], "direction": [1, -1], "dollars": [1e3, 1e3]} | change
    with pytest.raises(barloom.DataError) as caught:
        barloom.price(made_bars(), {k: v for k, v in actions.items() if v is not None}, forward=4)
    assert says in str(caught.value)


def test_arguments_that_cannot_be():
    bars = made_bars()
    with pytest.raises(TypeError):
        barloom.price(bars, 5)
    with pytest.raises(barloom.RecipeError, match=r"dataset\.forward"):
        barloom.price(bars, {"bar": [1], "direction": [1], "dollars": [1.0]}, forward=0)
    with pytest.raises(ValueError, match="lengths"):
        barloom.price(bars, {"bar": [1, 2], "direction": [1], "dollars": [1.0]})


def test_a_million_decisions_in_a_blink(spy_bars: dict[str, np.ndarray]):
    actions = decisions(np.random.default_rng(0), 1_000_000, len(spy_bars["ts"]) - 64)
    table = pa.table(actions)
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        barloom.price(spy_bars, table)
        took.append(time.perf_counter() - begin)
    assert min(took) < 2.0


def test_small_recipe_is_the_default_one_in_rewards():
    recipe = barloom.Recipe(small_recipe()).to_dict()["reward"]
    assert (recipe["fee_bps"], recipe["slippage_bps"], recipe["spread_bps"]) == (5.0, 1.0, 2.0)


KERNELS = Path(__file__).resolve().parents[2] / "backend-cuda"
PRICED_ON = """
import sys
import pyarrow as pa
import barloom
from test_price import decisions_of_any_kind, FORWARD
from conftest import made_bars

cfg = {"reward": {"metric": ["return", "sharpe", "calmar", "car", "barrier"]}}
signals = decisions_of_any_kind()
for backend in ("cpu", "cuda", "auto"):
    table = barloom.price(
        made_bars(), signals, cfg=cfg, forward=FORWARD, known_at="open", backend=backend
    )
    with pa.OSFile(f"{sys.argv[1]}/{backend}.arrow", "wb") as file:
        table = pa.table(table)
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
"""


def decisions_of_any_kind(count: int = 5_000) -> dict[str, np.ndarray]:
    """Longs, shorts and holds at any bar, some without a stop or a target, or a horizon."""
    rng = np.random.default_rng(3)
    distances = np.array([0.001, 0.01, 0.05, 0.3, math.nan])
    return {
        "bar": rng.integers(0, 600, count),
        "direction": rng.integers(-1, 2, count),
        "dollars": rng.uniform(1e3, 5e4, count),
        "stop": distances[rng.integers(0, 5, count)],
        "target": distances[rng.integers(0, 5, count)],
        "equity": rng.uniform(1e4, 1e5, count),
    }


def priced_on_device(folder: Path, kernels: Path) -> subprocess.CompletedProcess[str]:
    """Prices in a process of its own, whose `libcuda.so.1` runs kernels on the host."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("needs a C++ compiler: c++, or CXX")
    driver = KERNELS / "tests" / "emulator" / "driver.cpp"
    flags = ["-x", "c++", "-std=c++17", "-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    library = folder / "libcuda.so.1"
    subprocess.run([compiler, *flags, "-I", kernels, driver, "-o", library], check=True)
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {"LD_LIBRARY_PATH": str(folder), "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, "-c", PRICED_ON, folder],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the driver for the host is for Linux")
def test_a_gpu_prices_to_the_cpus_bits(tmp_path: Path):
    ran = priced_on_device(tmp_path, KERNELS / "kernels")
    assert ran.returncode == 0, ran.stderr
    cpu, cuda, auto = (
        pa.ipc.open_file(tmp_path / f"{backend}.arrow").read_all()
        for backend in ("cpu", "cuda", "auto")
    )
    assert cpu.num_rows == 5_000 and cpu["reward"].null_count < 1_500
    reasons = set(cpu["exit_reason"].to_pylist())
    assert reasons == {None, "none", "stop", "target", "horizon"}
    for other in (cuda, auto):
        assert cpu.schema == other.schema
        for name in cpu.column_names:
            ours, theirs = (table[name].combine_chunks() for table in (cpu, other))
            if pa.types.is_floating(ours.type):
                ours, theirs = (column.view(pa.int64()) for column in (ours, theirs))
            assert ours.equals(theirs), name


@pytest.mark.skipif(sys.platform != "linux", reason="the driver for the host is for Linux")
def test_a_gpu_that_prices_otherwise_is_not_believed(tmp_path: Path):
    kernels = tmp_path / "kernels"
    shutil.copytree(KERNELS / "kernels", kernels)
    text = (kernels / "trade.cuh").read_text()
    wrong = text.replace("return s * (exit / entry - 1.0)", "return s * (exit / entry - 1.0000001)")
    assert wrong != text
    (kernels / "trade.cuh").write_text(wrong)
    ran = priced_on_device(tmp_path, kernels)
    assert ran.returncode != 0
    assert "FileError" in ran.stderr and "gives other bits than the CPU" in ran.stderr


@pytest.mark.parametrize("backend", ["gpu", "CUDA", ""])
def test_a_backend_that_is_none(backend: str):
    with pytest.raises(barloom.BarloomError, match="is not a backend; choose auto, cpu or cuda"):
        barloom.Pricer(made_bars(), forward=FORWARD, backend=backend)

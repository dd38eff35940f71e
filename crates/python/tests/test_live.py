"""Live input: pushed bars give the windows of a dataset that has them, and errors change nothing."""

import datetime

import numpy as np
import pytest

import barloom

MINUTE = np.timedelta64(60, "s")
START = np.datetime64("2024-03-04", "ns")
RECIPE = {
    "data": {"channels": ["close", "volume", "ret", "rsi"], "snapshot": ["hour"], "max_gap": "30m"},
    "features": {
        "ret": "log(close / lag(close, 1))",
        "rsi": "ta.rsi(close, 7)",
        "hour": "at('1h', close) / close",
    },
    "dataset": {
        "lookback": 16,
        "forward": 4,
        "samples": "all",
        "positions": "sequential",
    },
    "scaling": {
        "ret": {"kind": "standard", "fit": "all", "per": "market", "clip": 5},
        "rsi": "none",
        "hour": "none",
    },
    "sampling": {},
}


def arrays(rows=2_000, seed=1):
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.002, rows)))
    open_ = np.concatenate([[100.0], close[:-1]])
    volume = np.floor(draw.random(rows) * 1000)
    ts = START + np.arange(rows) * MINUTE
    high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
    return {"ts": ts, "open": open_, "high": high, "low": low, "close": close, "volume": volume}


def cut(bars, rows):
    return {name: values[rows] for name, values in bars.items()}


def pushed(live, bars, rows, symbol="bars"):
    for row in rows:
        values = {name: column[row] for name, column in bars.items() if name != "ts"}
        live.push(symbol, bars["ts"][row], **values)


def dataset(bars, **more):
    return barloom.build_dataset({**RECIPE, **more}, bars=bars)


def unscaled(**more):
    """The recipe without fitted scalers, so that datasets of different bars have the same."""
    return {**RECIPE, "scaling": {"ret": "none", "rsi": "none", "hour": "none"}, **more}


def test_pushed_bars_give_the_windows_of_a_dataset_that_has_them():
    bars = arrays()
    whole = barloom.build_dataset(unscaled(), bars=bars)
    part = barloom.build_dataset(unscaled(), bars=cut(bars, slice(0, 1_200)))
    live = barloom.Live(part)
    assert live.symbols == ["bars"] and live.columns == ["open", "high", "low", "close", "volume"]
    at = whole.to_pandas()["bar"].to_numpy() if len(whole) else []
    samples = whole[:]
    by_bar = {int(t): sample for sample, t in enumerate(at)}
    compared = 0
    for row in range(1_200, 2_000):
        pushed(live, bars, [row])
        assert live.ready()
        sample = by_bar.get(row + 1)
        if sample is not None:
            np.testing.assert_array_equal(live.window(), samples["windows"][sample])
            np.testing.assert_array_equal(live.snapshot("bars"), samples["snapshot"][sample])
            compared += 1
    assert compared > 700
    window = live.window()
    assert window.shape == (4, 16) and window.dtype == np.float32
    assert live.snapshot().shape == (1,)
    # A table of the same bars gives the same, and so does a history.
    by_table = barloom.Live(part)
    by_table.push(cut(bars, slice(1_200, 2_000)))
    np.testing.assert_array_equal(by_table.window(), window)
    of_history = barloom.Live(part, history=cut(bars, slice(0, 1_900)))
    pushed(of_history, bars, range(1_900, 2_000))
    np.testing.assert_array_equal(of_history.window(), window)


def test_fitted_scalers_are_those_of_the_dataset():
    bars = arrays(1_500)
    live = barloom.Live(dataset(cut(bars, slice(0, 1_000))))
    pushed(live, bars, range(1_000, 1_500))
    fitted = dataset(cut(bars, slice(0, 1_000)))
    ret = np.log(bars["close"][-16:] / bars["close"][-17:-1])
    np.testing.assert_allclose(fitted.inverse_transform("ret", live.window()[2]), ret, atol=1e-9)


def test_a_batch_has_all_symbols():
    both = {"A": arrays(800, 1), "B": arrays(800, 2)}
    features = {**RECIPE["features"], "rank": "coalesce(cs_rank(close / lag(close, 5)), 0.5)"}
    recipe = unscaled(features=features)
    recipe["data"] = {**RECIPE["data"], "snapshot": ["hour", "rank"]}
    recipe["scaling"] = {"features": "none"}
    ds = barloom.build_dataset(recipe, bars={name: cut(one, slice(0, 790)) for name, one in both.items()})
    live = barloom.Live(ds)
    for row in range(790, 800):
        pushed(live, both["A"], [row], "A")
        assert not live.ready("A")
        with pytest.raises(barloom.DataError, match="A is not ready: .* call close"):
            live.window("A")
        if row < 799:
            pushed(live, both["B"], [row], "B")
    live.close(both["A"]["ts"][799])
    assert live.ready("A")
    batch = live.batch()
    assert batch["windows"].shape == (2, 4, 16) and batch["snapshot"].shape == (2, 2)
    assert batch["ready"].tolist() == [True, True]
    np.testing.assert_array_equal(batch["last_ts"], [both["A"]["ts"][799], both["B"]["ts"][798]])
    np.testing.assert_array_equal(batch["windows"][1], live.window("B"))
    np.testing.assert_array_equal(batch["snapshot"][0], live.snapshot("A"))
    live.push({"symbol": ["B"], "ts": [START + 2_000 * MINUTE], "open": [1.0], "high": [1.0], "low": [1.0],
               "close": [1.0], "volume": [1.0]})
    live.close()
    batch = live.batch()
    assert batch["ready"].tolist() == [True, False] and np.isnan(batch["windows"][1]).all()
    with pytest.raises(TypeError, match="there are 2 symbols; pass symbol"):
        live.window()
    with pytest.raises(KeyError, match="no symbol C"):
        live.window("C")


def test_times_in_every_form_are_the_same():
    bars = arrays(600)
    ds = barloom.build_dataset(unscaled(), bars=cut(bars, slice(0, 599)))
    ts = bars["ts"][599]
    ns = int(ts.astype(np.int64))
    when = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=ns // 1000)
    new_york = datetime.timezone(datetime.timedelta(hours=-5))
    forms = [ts, ns, np.int64(ns), when, when.astimezone(new_york), when.replace(tzinfo=None)]
    try:
        import pandas

        forms += [pandas.Timestamp(ts), pandas.Timestamp(when), pandas.Timestamp(ts).as_unit("s")]
    except ImportError:
        pass
    values = {name: column[599] for name, column in bars.items() if name != "ts"}
    for form in forms:
        live = barloom.Live(ds)
        live.push("bars", form, **values)
        assert live.batch()["last_ts"][0] == ts, form
    with pytest.raises(TypeError):
        live.push("bars", True, **values)
    with pytest.raises(TypeError, match="ts is missing"):
        live.push("bars", **values)
    local = unscaled()
    local["data"] = {**RECIPE["data"], "timezone": "America/New_York"}
    live = barloom.Live(barloom.build_dataset(local, bars=cut(bars, slice(0, 599))))
    with pytest.raises(TypeError, match="a time without a zone"):
        live.push("bars", when.replace(tzinfo=None), **values)


def test_a_saved_state_goes_on_with_the_same_bits():
    bars = arrays(1_000)
    ds = barloom.build_dataset(unscaled(), bars=cut(bars, slice(0, 600)))
    live = barloom.Live(ds)
    pushed(live, bars, range(600, 800))
    again = barloom.Live(ds)
    again.load_state_dict(live.state_dict())
    for one in (live, again):
        pushed(one, bars, range(800, 1_000))
    np.testing.assert_array_equal(live.window(), again.window())
    assert live.state_dict() == again.state_dict()
    with pytest.raises(barloom.RecipeError, match="pushed already"):
        again.load_state_dict(live.state_dict())
    with pytest.raises(barloom.RecipeError, match="not the state of a Live"):
        barloom.Live(ds).load_state_dict({"live": b"no"})


def test_errors_leave_the_state_as_it_was():
    bars = arrays(700)
    live = barloom.Live(barloom.build_dataset(unscaled(), bars=cut(bars, slice(0, 699))))
    state, window = live.state_dict(), live.window()
    values = {name: column[699] for name, column in bars.items() if name != "ts"}
    ts = bars["ts"][699]
    for change, match in (
        ({"high": 1.0}, "high is below low"),
        ({"close": None}, "a price is missing"),
        ({"volume": -1.0}, "volume is negative"),
    ):
        with pytest.raises(barloom.DataError, match=match):
            live.push("bars", ts, **{**values, **change})
    with pytest.raises(barloom.DataError, match="comes after one at 2024-03-04"):
        live.push("bars", bars["ts"][698], **values)
    with pytest.raises(barloom.DataError, match="the bar has no volume; pass open, high"):
        live.push("bars", ts, **{name: x for name, x in values.items() if name != "volume"})
    with pytest.raises(barloom.RecipeError, match="no symbol \"SPY\"; it has bars"):
        live.push("SPY", ts, **values)
    with pytest.raises(TypeError, match="close: expected a number"):
        live.push("bars", ts, **{**values, "close": "high"})
    with pytest.raises(barloom.DataError, match="push bars in time order"):
        live.push(cut(bars, slice(600, 700)))
    with pytest.raises(barloom.DataError, match="the join funding: no feature"):
        live.push_join("funding", ts, rate=1.0)
    with pytest.raises(barloom.DataError, match="the recipe has no such join"):
        barloom.Live(dataset(bars), joins={"funding": "nothing.csv"})
    assert live.state_dict() == state
    np.testing.assert_array_equal(live.window(), window)


def test_records_of_slower_series_are_taken(tmp_path):
    bars = arrays(900)
    times = START + np.arange(0, 900, 45) * MINUTE
    rates = np.arange(len(times), dtype=float)
    lines = "".join(f"{ts.astype(np.int64)},{rate}\n" for ts, rate in zip(times, rates))
    (tmp_path / "funding.csv").write_text("ts,rate\n" + lines)
    join = {"name": "funding", "files": [str(tmp_path / "funding.csv")], "time": "ts"}
    recipe = unscaled(features={"rate": "join.funding.rate"}, scaling={"features": "none"})
    recipe["data"] = {"channels": ["close", "rate"], "join": [join]}
    live = barloom.Live(barloom.build_dataset(recipe, bars=cut(bars, slice(0, 500))))
    for row in range(500, 900):
        for known in np.flatnonzero(times == bars["ts"][row]):
            live.push_join("funding", times[known], rate=rates[known])
        pushed(live, bars, [row])
        opens = bars["ts"][row - 15 : row + 1]
        expected = [rates[times < ts + MINUTE][-1] for ts in opens]
        np.testing.assert_array_equal(live.window()[1], np.float32(expected))
    with pytest.raises(barloom.DataError, match="is late"):
        live.push_join("funding", times[-1], rate=1.0)

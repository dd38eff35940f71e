"""alpha158 with pandas and with Polars, and the values that differ from Barloom's."""

import numpy as np
import pandas as pd
import polars as pl

WINDOWS = [5, 10, 20, 30, 60]
# A part of a value, or of 0.001: the sums of both peers drift. That of the squared correlation is
# absolute.
TOLERANCE, RSQUARE = 1e-6, 1e-4


def place(values, d, find):
    """Places of extremes from 1 at the oldest row; neither peer has a function for them."""
    out = np.empty(len(values))
    for row in range(min(d - 1, len(values))):
        out[row] = find(values[: row + 1]) + 1
    if len(values) >= d:
        windows = np.lib.stride_tricks.sliding_window_view(values, d)
        out[d - 1 :] = find(windows, axis=1) + 1
    return out


def with_pandas(bars):
    o, h, l, c, v = (bars[name] for name in ["open", "high", "low", "close", "volume"])
    e = 1e-12
    out = {}
    top, bottom, span = np.maximum(o, c), np.minimum(o, c), h - l + e
    out |= {"KMID": (c - o) / o, "KLEN": (h - l) / o, "KMID2": (c - o) / span}
    out |= {"KUP": (h - top) / o, "KUP2": (h - top) / span}
    out |= {"KLOW": (bottom - l) / o, "KLOW2": (bottom - l) / span}
    out |= {"KSFT": (2 * c - h - l) / o, "KSFT2": (2 * c - h - l) / span}
    out |= {"OPEN0": o / c, "HIGH0": h / c, "LOW0": l / c, "VWAP0": (h + l + c) / 3 / c}
    row = pd.Series(np.arange(len(c), dtype=float))
    lnv = np.log(v + 1)
    dc, dv = c - c.shift(1), v - v.shift(1)
    rc, rv = c / c.shift(1), np.log(v / v.shift(1) + 1)
    up, down = (dc > 0).astype(float), (dc < 0).astype(float)
    w = (rc - 1).abs() * v
    gains = {"": (dc.clip(lower=0), (-dc).clip(lower=0), dc.abs())}
    gains["V"] = (dv.clip(lower=0), (-dv).clip(lower=0), dv.abs())
    of = lambda x, d: x.rolling(d, min_periods=1)
    for d in WINDOWS:
        rolling, rows = of(c, d), of(row, d)
        mean, std, slope = rolling.mean(), rolling.std(), rolling.cov(row) / rows.var()
        high, low = of(h, d).max(), of(l, d).min()
        first, last = place(h.to_numpy(), d, np.argmax), place(l.to_numpy(), d, np.argmin)
        out[f"ROC{d}"] = c.shift(d) / c
        out[f"MA{d}"] = mean / c
        out[f"STD{d}"] = std / c
        out[f"BETA{d}"] = slope / c
        out[f"RSQR{d}"] = (rolling.corr(row) ** 2).where(std > 2e-5)
        out[f"RESI{d}"] = (c - mean - slope * (row - rows.mean())) / c
        out[f"MAX{d}"], out[f"MIN{d}"] = high / c, low / c
        out[f"QTLU{d}"], out[f"QTLD{d}"] = rolling.quantile(0.8) / c, rolling.quantile(0.2) / c
        out[f"RANK{d}"] = rolling.rank(pct=True)
        out[f"RSV{d}"] = (c - low) / (high - low + e)
        out[f"IMAX{d}"], out[f"IMIN{d}"] = first / d, last / d
        out[f"IMXD{d}"] = (first - last) / d
        out[f"CORR{d}"] = rolling.corr(lnv).where((std > 2e-5) & (of(lnv, d).std() > 2e-5))
        kept = (of(rc, d).std() > 2e-5) & (of(rv, d).std() > 2e-5)
        out[f"CORD{d}"] = of(rc, d).corr(rv).where(kept)
        ups, downs = of(up, d).mean(), of(down, d).mean()
        out[f"CNTP{d}"], out[f"CNTN{d}"], out[f"CNTD{d}"] = ups, downs, ups - downs
        for prefix, (gain, loss, change) in gains.items():
            gain, loss, change = (of(x, d).sum() for x in (gain, loss, change))
            out[f"{prefix}SUMP{d}"] = gain / (change + e)
            out[f"{prefix}SUMN{d}"] = loss / (change + e)
            out[f"{prefix}SUMD{d}"] = (gain - loss) / (change + e)
        out[f"VMA{d}"], out[f"VSTD{d}"] = of(v, d).mean() / (v + e), of(v, d).std() / (v + e)
        out[f"WVMA{d}"] = of(w, d).std() / (of(w, d).mean() + e)
    return {name: np.asarray(values, dtype=float) for name, values in out.items()}


def with_polars(bars):
    o, h, l, c, v = (pl.col(name) for name in ["open", "high", "low", "close", "volume"])
    row = pl.col("row")
    e = 1e-12
    out = {}
    top, bottom = pl.max_horizontal(o, c), pl.min_horizontal(o, c)
    span = h - l + e
    out |= {"KMID": (c - o) / o, "KLEN": (h - l) / o, "KMID2": (c - o) / span}
    out |= {"KUP": (h - top) / o, "KUP2": (h - top) / span}
    out |= {"KLOW": (bottom - l) / o, "KLOW2": (bottom - l) / span}
    out |= {"KSFT": (2 * c - h - l) / o, "KSFT2": (2 * c - h - l) / span}
    out |= {"OPEN0": o / c, "HIGH0": h / c, "LOW0": l / c, "VWAP0": (h + l + c) / 3 / c}
    lnv = (v + 1).log()
    dc, dv = c - c.shift(1), v - v.shift(1)
    rc, rv = c / c.shift(1), (v / v.shift(1) + 1).log()
    up = (dc > 0).fill_null(False).cast(pl.Float64)
    down = (dc < 0).fill_null(False).cast(pl.Float64)
    w = (rc - 1).abs() * v
    gains = {"": (dc.clip(0), (-dc).clip(0), dc.abs()), "V": (dv.clip(0), (-dv).clip(0), dv.abs())}
    kept = lambda x, condition: pl.when(condition).then(x)
    numpy = {name: bars[name].to_numpy() for name in ["high", "low"]}
    places = {}
    for d in WINDOWS:
        least = {"window_size": d, "min_samples": 1}
        mean, std = c.rolling_mean(**least), c.rolling_std(**least)
        pair = {"window_size": d, "min_samples": 1}
        slope = pl.rolling_cov(c, row, **pair) / row.rolling_var(**least)
        high, low = h.rolling_max(**least), l.rolling_min(**least)
        places[f"high{d}"] = place(numpy["high"], d, np.argmax)
        places[f"low{d}"] = place(numpy["low"], d, np.argmin)
        first, last = pl.col(f"high{d}"), pl.col(f"low{d}")
        out[f"ROC{d}"] = c.shift(d) / c
        out[f"MA{d}"] = mean / c
        out[f"STD{d}"] = std / c
        out[f"BETA{d}"] = slope / c
        out[f"RSQR{d}"] = kept(pl.rolling_corr(c, row, **pair) ** 2, std > 2e-5)
        out[f"RESI{d}"] = (c - mean - slope * (row - row.rolling_mean(**least))) / c
        out[f"MAX{d}"], out[f"MIN{d}"] = high / c, low / c
        quantile = lambda q: c.rolling_quantile(q, interpolation="linear", **least)
        out[f"QTLU{d}"], out[f"QTLD{d}"] = quantile(0.8) / c, quantile(0.2) / c
        rank = c.rolling_rank(method="average", **least)
        out[f"RANK{d}"] = rank / pl.min_horizontal(row + 1, pl.lit(float(d)))
        out[f"RSV{d}"] = (c - low) / (high - low + e)
        out[f"IMAX{d}"], out[f"IMIN{d}"] = first / d, last / d
        out[f"IMXD{d}"] = (first - last) / d
        varies = lambda x: x.rolling_std(**least) > 2e-5
        corr = pl.rolling_corr(c, lnv, **pair)
        out[f"CORR{d}"] = kept(corr, varies(c) & varies(lnv))
        corr = pl.rolling_corr(rc, rv, **pair)
        out[f"CORD{d}"] = kept(corr, varies(rc) & varies(rv))
        ups, downs = up.rolling_mean(**least), down.rolling_mean(**least)
        out[f"CNTP{d}"], out[f"CNTN{d}"], out[f"CNTD{d}"] = ups, downs, ups - downs
        for prefix, sums in gains.items():
            gain, loss, change = (x.rolling_sum(**least) for x in sums)
            out[f"{prefix}SUMP{d}"] = gain / (change + e)
            out[f"{prefix}SUMN{d}"] = loss / (change + e)
            out[f"{prefix}SUMD{d}"] = (gain - loss) / (change + e)
        out[f"VMA{d}"] = v.rolling_mean(**least) / (v + e)
        out[f"VSTD{d}"] = v.rolling_std(**least) / (v + e)
        out[f"WVMA{d}"] = w.rolling_std(**least) / (w.rolling_mean(**least) + e)
    table = bars.with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias("row"), **places)
    table = table.lazy().select(**out).collect()
    return {name: table[name].to_numpy() for name in out}


def differ(ours, theirs):
    """The number of values that are not equal, by feature."""
    counts = {}
    for name, values in ours.items():
        other = theirs[name].astype(float)
        most = TOLERANCE * np.maximum(np.abs(values), 1e-3)
        close = np.abs(values - other) <= (RSQUARE if name.startswith("RSQR") else most)
        wrong = int((~(close | np.isnan(values) & np.isnan(other))).sum())
        if wrong:
            counts[name] = wrong
    return counts


PEERS = {"pandas": (pd.DataFrame, with_pandas), "polars": (pl.DataFrame, with_polars)}

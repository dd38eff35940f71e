#!/usr/bin/env python3
"""Reads a Barloom dataset of any format, with NumPy and pyarrow and nothing of Barloom.

    python read_dataset.py DATASET [FIRST ROWS]     prints some samples
    python read_dataset.py --compare A B            says whether two hold the same samples

It follows format.md beside it; `Virtual` is its section "A virtual dataset's samples".
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.stride_tricks import sliding_window_view

STATE = ["equity", "balance", "position", "sl_dist", "tp_dist"]
ACTION = ["act_dir", "act_dollar", "act_sl", "act_tp"]
FIELDS = ["symbol", "bar", "ts", *STATE, *ACTION]
BATCH_ROWS = 4096  # of an Arrow file's record batches


def open_dataset(path):
    """Opens the dataset in a folder; with a split, each part is a folder of its own."""
    manifest = json.loads((Path(path) / "manifest.json").read_text("utf-8"))
    if manifest["format_version"] != 2:
        raise ValueError(f"{path} is of format version {manifest['format_version']}, not 2")
    kinds = {"parquet": Parquet, "arrow": Arrow, "npy": Npy, "virtual": Virtual}
    return kinds[manifest["format"]](Path(path), manifest)


class Dataset:
    def __init__(self, path, manifest):
        self.path, self.manifest, self.recipe = path, manifest, manifest["recipe"]
        self.samples = manifest["samples"]
        self.channels = self.recipe["data"]["channels"]
        self.snapshot_names = self.recipe["data"].get("snapshot", [])
        self.lookback = self.recipe["dataset"]["lookback"]
        self.symbols = np.array([s["symbol"] for s in manifest["market"]["symbols"]])

    def scaler(self, channel):
        """How a channel is scaled: what stands under its name, or for prices under `price`."""
        return self.recipe["scaling"].get(channel) or self.recipe["scaling"]["price"]

    def snapshot_scaler(self, column):
        """How a column of the snapshot is scaled: what stands under `snapshot`, or as a channel."""
        return self.recipe["scaling"].get("snapshot", {}).get(column) or self.scaler(column)

    def check(self, first, rows):
        if not 0 <= first < first + rows <= self.samples:
            raise IndexError(f"samples [{first}, {first + rows}) of {self.samples}")


class Stored(Dataset):
    """Samples in shards; a format is how some rows of a column of a shard are read."""

    def column(self, name, first, rows):
        """Any column by its name: `reward`."""
        self.check(first, rows)
        pieces = []
        for shard in self.manifest["shards"]:
            start, end = max(first - shard["first"], 0), first + rows - shard["first"]
            if start < (end := min(end, shard["rows"])):
                files = [self.path / f["name"] for f in shard["files"]]
                pieces.append(self.read(files, name, start, end))
        return np.concatenate(pieces)

    def windows(self, first, rows):
        """float32 [rows, C, L]: scaled bars before t, channels in recipe order, oldest first."""
        return np.stack([self.column(c, first, rows) for c in self.channels], axis=1)

    def snapshot(self, first, rows):
        """float32 [rows, K]: scaled values of the bar before t, columns in recipe order."""
        if not self.snapshot_names:
            return np.empty((rows, 0), np.float32)
        return self.column("snapshot", first, rows)

    def fields(self, first, rows):
        """Where the samples stand and what was drawn for them: a dict of arrays [rows]."""
        return {name: self.column(name, first, rows) for name in FIELDS}


def to_numpy(column):
    """A pyarrow column as NumPy: lists of L values as [rows, L], dictionaries as strings."""
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        return array.flatten().to_numpy().reshape(-1, array.type.list_size)
    if pa.types.is_dictionary(array.type):
        return np.array(array.dictionary.to_pylist())[array.indices.to_numpy()]
    return array.to_numpy()


class Parquet(Stored):
    def read(self, files, name, start, end):
        with pq.ParquetFile(files[0]) as file:
            groups = range(file.num_row_groups)
            edge = np.cumsum([0] + [file.metadata.row_group(g).num_rows for g in groups])
            wanted = [g for g in groups if edge[g] < end and start < edge[g + 1]]
            column = file.read_row_groups(wanted, columns=[name])[name]
            return to_numpy(column.slice(start - edge[wanted[0]], end - start))


class Arrow(Stored):
    def read(self, files, name, start, end):
        with pa.memory_map(str(files[0])) as source:
            file, skipped = pa.ipc.open_file(source), start // BATCH_ROWS
            batches = [file.get_batch(b) for b in range(skipped, -(-end // BATCH_ROWS))]
            column = pa.chunked_array([batch[name] for batch in batches])
            return to_numpy(column.slice(start - skipped * BATCH_ROWS, end - start))


class Npy(Stored):
    def read(self, files, name, start, end):
        (file,) = (f for f in files if f.name.split(".", 1)[1] == f"{name}.npy")
        values = np.load(file, mmap_mode="r")[start:end]
        return self.symbols[values] if name == "symbol" else values

    def windows(self, first, rows):
        return self.column("windows", first, rows)


GAMMA = 0x9E3779B97F4A7C15  # the step of SplitMix64


def mix(z):
    """SplitMix64's output function. Arrays of uint64 wrap, as they should."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB
    return z ^ (z >> 31)


def ten_words(seed):
    """The first ten outputs of xoshiro256++ of each seed."""
    rotated = lambda x, k: (x << k) | (x >> (64 - k))
    a, b, c, d = (mix(seed + k * GAMMA % 2**64) for k in (1, 2, 3, 4))
    words = []
    for _ in range(10):
        words.append(rotated(a + d, 23) + a)
        c, d, t = c ^ a, d ^ b, b << 17
        a, b, c, d = a ^ d, b ^ c, c ^ t, rotated(d, 45)
    return words


def below(u, k):
    """The high 64 bits of u * k. Python's integers hold all 128."""
    return (u.astype(object) * k >> 64).astype(np.int64)


def copies(weights, count):
    """How many ranks each position of a series has, by its weight and number of positions."""
    if weights[0] is None:
        return np.ones(len(weights), np.int64)
    greatest = max(w for w, p in zip(weights, count) if p)
    x = [w / greatest if p else 0.0 for w, p in zip(weights, count)]
    total = 0.0
    for share in x:  # Not sum(), which may add more exactly.
        total += share
    ranks = [int(share / total * 2.0**61 / p) if p else 0 for share, p in zip(x, count)]
    return np.array(ranks) // math.gcd(*ranks)


def drawn(u, how):
    """What 64 random bits stand for: a range [lo, hi], an equal choice or a constant."""
    if isinstance(how, list):
        return how[0] + (u >> 11).astype(np.float64) * 2.0**-53 * (how[1] - how[0])
    choice = np.array(how["choice"] if isinstance(how, dict) else [how])
    return choice[below(u, len(choice))]


def sum_in_lanes(x):
    """The sum of each row; value k goes to lane k % 8, which fixes the order of additions."""
    lanes = np.zeros((8, len(x), 1))
    for k in range(x.shape[1]):
        lanes[k % 8, :, 0] += x[:, k]
    return sum(lanes[1:], lanes[0])


class Virtual(Dataset):
    """Samples that are made when they are read."""

    def __init__(self, path, manifest):
        super().__init__(path, manifest)
        if {"label", "weights"} & set(self.recipe) or "kind" in (self.recipe.get("split") or {}):
            raise ValueError("virtual datasets with labels or folds: open them with barloom.open")
        with pa.memory_map(str(path / "bars.arrow")) as source:
            table = pa.ipc.open_file(source).read_all()
        self.bars = {c: to_numpy(table[c]) for c in {"ts", "close", *self.channels, *self.snapshot_names}}
        self.series = np.cumsum([0] + [s["bars"] for s in manifest["market"]["symbols"]])
        self.find_positions(to_numpy(table["segment"].fill_null(-1)))

    def find_positions(self, segment):
        """Sets, of each run of positions, the row of its first position, how many ranks each
        position has, and the ranks [0, V) of the run."""
        part = self.manifest["part"] or {"index": 0, "start_ns": None, "end_ns": None}
        split = self.recipe.get("split") or {"embargo": 0, "lookback_from": "part", "part": [0]}
        last_part = part["index"] + 1 == len(split["part"])
        embargo = 0 if last_part else split["embargo"]
        since = -(2**63) if part["start_ns"] is None else part["start_ns"]
        until = 2**63 - 1 if part["end_ns"] is None else part["end_ns"]
        ts, self.start, room, of = self.bars["ts"].astype(np.int64), [], [], []
        weights = self.weights()
        edges = np.flatnonzero(np.diff(segment, prepend=-2, append=-2))
        ready = self.ready(segment)
        for start, end in zip(edges[:-1], edges[1:]):
            at = np.searchsorted(self.series, start, "right")
            if segment[start] < 0 or weights[at - 1] == 0:
                continue
            a, b = self.series[at - 1], self.series[at]
            # Labels lie in the part, less an embargo where bars of the series follow it.
            label, stop = a + np.searchsorted(ts[a:b], [since, until])
            stop = max(stop - embargo, label) if stop < b else stop
            label, stop = max(label, start), min(stop, end)
            first = start if split["lookback_from"] == "history" else label
            t = max(first + self.lookback, label)
            end = max(stop - self.recipe["dataset"]["forward"] + 1, t)
            changes = np.flatnonzero(np.diff(ready[t:end], prepend=False, append=False)) + t
            self.start += changes[::2].tolist()
            room += (changes[1::2] - changes[::2]).tolist()
            of += [at - 1] * (len(changes) // 2)
        if sum(room) != self.manifest["positions"]:
            raise ValueError(f"{sum(room)} positions, not {self.manifest['positions']}")
        count = np.bincount(of, room, len(weights))
        self.copies = copies(weights, count)[of]
        self.start, self.end_rank = np.array(self.start), np.cumsum(room * self.copies)
        self.first_rank = self.end_rank - room * self.copies

    def ready(self, segment):
        """Which rows have all inputs: no value is missing in the window before, or in the snapshot
        of the row before."""
        ready = np.ones(len(segment) + 1, bool)
        for names, reach in (self.channels, self.lookback), (self.snapshot_names, 1):
            for values in (self.bars[name] for name in names):
                with np.errstate(over="ignore"):
                    missing = ~np.isfinite(values.astype(np.float32)) & (segment >= 0)
                before = np.cumsum(np.concatenate([[0], missing]))
                ready[reach:] &= before[reach:] == before[:-reach]
        return ready

    def weights(self):
        """The weight of each series; None for each where all positions have one rank."""
        given = self.recipe["dataset"].get("symbol_weights", "length")
        if isinstance(given, str):
            return [1.0 if given == "equal" else None] * len(self.symbols)
        return [given[s] if s in given else given["*"] for s in self.symbols]

    def draw(self, first, rows):
        """The rows of the bars at which the samples stand, and their nine fields by name."""
        self.check(first, rows)
        recipe, how = self.recipe["dataset"], dict(self.recipe["sampling"])
        base = mix(np.array([recipe["seed"]], np.uint64))
        if self.manifest["part"] and self.manifest["part"]["index"]:
            base = mix(base ^ self.manifest["part"]["index"])
        i = np.arange(first, first + rows, dtype=np.uint64)
        state = i // recipe["actions_per_state"]
        # Four words of state a sample: seeds four steps apart share none.
        words = [ten_words(base + n * (4 * GAMMA % 2**64)) for n in (state, i)]
        rank_word, *words = words[0][:6] + words[1][6:]
        sequential, count = recipe["positions"] == "sequential", int(self.end_rank[-1])
        rank = (state % count).astype(np.int64) if sequential else below(rank_word, count)
        at = np.searchsorted(self.end_rank, rank, "right")

        how["balance"] = how["balance_offset"]
        for side in ("position", "act_dir"):
            how[side] = {"choice": np.array(how[side], np.int8)}
        out = {name: drawn(word, how[name]) for name, word in zip(STATE + ACTION, words)}
        out["balance"] = out["equity"] - out["balance"]
        for name in ACTION[1:]:
            out[name][out["act_dir"] == 0] = 0
        return self.start[at] + (rank - self.first_rank[at]) // self.copies[at], out

    def fields(self, first, rows):
        row, out = self.draw(first, rows)
        at = np.searchsorted(self.series, row, "right") - 1
        where = {"symbol": self.symbols[at], "bar": row - self.series[at]}
        return {**where, "ts": self.bars["ts"][row], **out}

    def windows(self, first, rows):
        row, _ = self.draw(first, rows)
        return np.stack([self.window(channel, row) for channel in self.channels], axis=1)

    def snapshot(self, first, rows):
        row, _ = self.draw(first, rows)
        out, close = np.empty((rows, len(self.snapshot_names)), np.float32), self.bars["close"]
        for k, name in enumerate(self.snapshot_names):
            x, last_close = self.bars[name][row - 1], close[row - 1]
            if isinstance(self.snapshot_scaler(name), dict):
                out[:, k] = self.fitted("snapshot", name, row - 1)
                continue
            out[:, k] = {
                "none": lambda: x.astype(np.float32),
                "last_close": lambda: x.astype(np.float32) / last_close.astype(np.float32),
                "log_return": lambda: (np.log(x) - np.log(last_close)).astype(np.float32),
            }[self.snapshot_scaler(name)]()
        return out

    def fitted(self, kind, name, row):
        """What a scaler of the manifest makes of the values of a column in these rows: float64."""
        scaler, x = self.manifest["scalers"][kind][name], self.bars[name][row]
        y = np.full(x.shape, np.nan)
        series = np.searchsorted(self.series, row, "right") - 1
        for at, p in enumerate(scaler["parameters"]):
            here = slice(None) if scaler["per"] == "market" else series == at
            v = x[here]
            if p["kind"] == "quantile":
                knots = np.array(p["knots"])
                k = np.clip(np.searchsorted(knots, v, "right"), 1, len(knots) - 1)
                with np.errstate(divide="ignore", invalid="ignore"):
                    place = (k - 1 + (v - knots[k - 1]) / (knots[k] - knots[k - 1])) / (len(knots) - 1)
                y[here] = np.where(v < knots[0], 0.0, np.where(v >= knots[-1], 1.0, place))
                continue
            less = p.get("mean", p.get("median", p.get("min")))
            by = p.get("std", p.get("scale")) or p["max"] - p["min"]
            y[here] = (v - less) / by
        clip = scaler.get("clip")
        return np.clip(y, -clip, clip) if clip else y

    def window(self, channel, row):
        """The windows [rows, L] of a channel that end before these rows, scaled."""
        x = sliding_window_view(self.bars[channel], self.lookback)[row - self.lookback]
        close, scaler = self.bars["close"][row - 1, None], self.scaler(channel)
        if isinstance(scaler, dict):
            rows = row[:, None] + np.arange(-self.lookback, 0)
            return self.fitted("channels", channel, rows).astype(np.float32)
        if scaler == "last":
            x = x.astype(np.float32)
            return x / (x[:, -1:] + np.float32(1e-12))
        if scaler == "none":
            return x.astype(np.float32)
        if scaler == "last_close":
            return x.astype(np.float32) / close.astype(np.float32)
        if scaler == "log1p_last":
            logs = np.log1p(x).astype(np.float32)
            return logs / np.maximum(logs[:, -1:], np.float32(np.log(2.0)))
        if scaler == "log_return":
            return (np.log(x) - np.log(close)).astype(np.float32)
        x = x + 0.0  # -0 becomes 0
        low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
        less, by = low, high - low
        if scaler == "zscore":
            less = sum_in_lanes(x) / self.lookback
            by = np.sqrt(sum_in_lanes((x - less) * (x - less)) / self.lookback)
        flat = (low == high) | (by == 0)
        return np.where(flat, 0, (x - less) / np.where(flat, 1, by)).astype(np.float32)


def tolerance(scaler, x, y):
    """How far a window that was made here may be from the stored one.

    Without logarithms, not at all. With them, as NumPy's and those of Rust's libm may differ in
    the last bit: float64 log1p then now and then rounds to another float32, and one ulp in each
    of two is at most four in their quotient; two logs below 745 are 2.3e-13 off in a difference.
    """
    ulp = np.spacing(np.maximum(np.abs(x), np.abs(y)))
    known = {"log1p_last": 4 * ulp, "log_return": ulp + 2.5e-13}
    return known.get(scaler, 0 * ulp) if isinstance(scaler, str) else 0 * ulp


def difference(a, b):
    """The first thing in which two datasets differ, or None."""
    shape = lambda data: (data.samples, data.channels, data.lookback, data.snapshot_names)
    if shape(a) != shape(b):
        return "how many samples, which channels, L, or the snapshot"
    one_is_made = isinstance(a, Virtual) != isinstance(b, Virtual)
    for first in range(0, a.samples, BATCH_ROWS):
        rows = min(BATCH_ROWS, a.samples - first)
        x, y = a.fields(first, rows), b.fields(first, rows)
        wrong = {name: x[name] != y[name] for name in FIELDS}
        x, y = a.windows(first, rows), b.windows(first, rows)
        for c, channel in enumerate(a.channels):
            near = tolerance(one_is_made and a.scaler(channel), x[:, c], y[:, c])
            wrong[channel] = ~(np.abs(x[:, c] - y[:, c]) <= near).all(axis=1)
        x, y = a.snapshot(first, rows), b.snapshot(first, rows)
        for k, name in enumerate(a.snapshot_names):
            near = tolerance(one_is_made and a.snapshot_scaler(name), x[:, k], y[:, k])
            wrong[f"snapshot {name}"] = ~(np.abs(x[:, k] - y[:, k]) <= near)
        for name, samples in wrong.items():
            if samples.any():
                return f"{name} of sample {first + samples.argmax()}"


def main(arguments):
    match arguments:
        case ["--compare", a, b]:
            found = difference(open_dataset(a), open_dataset(b))
            sys.exit(f"they differ in {found}" if found else None)
        case [path, *span] if not path.startswith("-"):
            first, rows = map(int, span or (0, 4))
            data = open_dataset(path)
            windows = data.windows(first, rows)
            print("windows", windows.shape, windows.dtype, "sum", windows.sum(dtype=np.float64))
            for name, values in zip(data.snapshot_names, data.snapshot(first, rows).T):
                print(f"snapshot {name}", *values[:4])
            for name, values in data.fields(first, rows).items():
                print(f"{name:10} {values.dtype!s:14}", *values[:4])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

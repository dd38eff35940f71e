"""Measures one peer and prints one JSON object. Its output is compared with Barloom's first.

    python peer.py NAME --dataset CHECK --rows 1000000 --repetitions 5 --threads 2 [--out DIR]

CHECK is a Parquet dataset that Barloom built; what does not equal it is not timed.
"""

import argparse
import json
import platform
import time

import numpy as np

import market as markets
import ulps
from draws import draw
from peak import peak_rss_bytes

PRICE_ULPS, VOLUME_ULPS, REWARD_TOLERANCE = 0, 2, 1e-9


def builder(name, market, rows, threads):
    """The peer of that name. Modules are loaded when they are wanted."""
    if name == "pandas-loop":
        from pandas_loop import Builder
        return Builder(market, rows, threads)
    if name == "numpy-vectorised":
        from numpy_vectorised import Builder
        return Builder(market, rows, threads)
    if name == "numpy-windows":
        from numpy_inplace import Builder
        return Builder(market, rows, threads)
    import numba_loops
    if name == "numba-windows":
        return numba_loops.Windows(market, rows, threads)
    if name == "numba-rewards":
        return numba_loops.Rewards(market, rows, threads)
    if name == "numpy-numba":
        from numpy_inplace import Builder
        return numba_loops.Both(Builder(market, rows, threads),
                                numba_loops.Rewards(market, rows, threads))
    raise SystemExit(f"there is no peer {name}")


def check(built, table, lookback):
    """`equal`, or what differs."""
    windows, rewards = built
    if windows is not None:
        for channel, name in enumerate(markets.CHANNELS):
            ours = table[name].combine_chunks().flatten().to_numpy().reshape(-1, lookback)
            apart = ulps.apart(ours, windows[channel])
            if apart > (VOLUME_ULPS if name == "volume" else PRICE_ULPS):
                return f"{name}: windows differ by {apart} ulp"
    if rewards is not None:
        ours = table["reward"].to_numpy()
        apart = np.abs(ours - rewards) > REWARD_TOLERANCE * np.maximum(np.abs(ours), 1e-6)
        if apart.any():
            i = int(apart.argmax())
            return f"reward of sample {i}: {ours[i]} against {rewards[i]}"
    return "equal"


def seconds(work):
    """How long work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_builder(options):
    """Checks a builder on Barloom's draws, then times it with NumPy's."""
    market = markets.load(options.dataset)
    table = markets.samples(options.dataset)
    ours = markets.draws_of(table)
    if options.peer == "pandas-loop":
        table = table.slice(0, 500)
        ours = markets.draws_of(table)
    checker = builder(options.peer, market, len(ours.t), options.threads)
    start = time.perf_counter()
    built = checker.build(ours)
    first_call = time.perf_counter() - start  # numba compiles here
    verdict = check(built, table, market.rules.lookback)
    result = {"check": verdict, "extra": {"first_call_s": first_call, "versions": versions()}}
    if verdict != "equal":
        return result
    del checker, built, table
    peer = builder(options.peer, market, options.rows, options.threads)
    generator = np.random.default_rng(42)
    times = [seconds(lambda: peer.build(draw(generator, market, options.rows)[0]))
             for _ in range(options.repetitions + 1)]
    return result | {"cold_s": times[0], "warm_s": times[1:], "samples": options.rows}


def measure_writer(options):
    """Checks PyArrow's files against Barloom's, then times the writing."""
    from arrow_writer import PlainWriter, Writer
    kind = PlainWriter if options.peer == "pyarrow-plain" else Writer
    writer = kind(options.dataset, options.out, options.threads)
    times = []
    try:
        for _ in range(options.repetitions + 1):
            writer.clear()
            times.append(seconds(writer.write))
        verdict, size = writer.check(), writer.bytes()
    finally:
        writer.clear()
    result = {"check": verdict, "extra": {"versions": versions()}}
    if verdict != "equal":
        return result
    return result | {"cold_s": times[0], "warm_s": times[1:], "samples": writer.rows(),
                     "bytes": size}


def versions():
    """Versions of Python and of the packages."""
    from importlib.metadata import version
    packages = ("numpy", "pandas", "numba", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("peer")
    arguments.add_argument("--dataset", required=True)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--repetitions", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--out")
    options = arguments.parse_args()
    measure = measure_writer if options.peer.startswith("pyarrow") else measure_builder
    result = {"name": options.peer, "prepare_s": 0.0, "cold_s": None, "warm_s": [],
              "samples": 0, "bytes": 0} | measure(options)
    print(json.dumps(result | {"peak_rss_bytes": peak_rss_bytes()}))


if __name__ == "__main__":
    main()

"""Turns market bars into training datasets for trading agents.

>>> import barloom
>>> cfg = {"dataset": {"lookback": 64}, "reward": {"metric": "barrier"}}
>>> ds = barloom.build_dataset(cfg, 1_000_000, bars=barloom.sample_bars())  # or "data/*.parquet"
>>> for batch in ds.loader(batch_size=4096, shuffle=True):
...     windows, meta, reward = batch["windows"], batch["meta"], batch["reward"]

``help(barloom.Recipe)`` lists every key of ``cfg``. Batches are NumPy
arrays without a copy. ``torch.from_dlpack`` and ``torch.from_numpy`` accept them, and
``barloom.torch`` has datasets for PyTorch's ``DataLoader``. Errors are subclasses of ``ValueError`` and ``OSError``.

``python -m barloom`` is the command ``barloom``; ``python -m barloom.examples`` lists programs that
train.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from . import _barloom, _bars, _functions, _progress, _signals, _supervised
from ._backtest import Result, backtest
from ._barloom import Dataset, Loader, Recipe, Table, __version__
from ._errors import (
    BarloomError,
    DataError,
    FileError,
    LeakError,
    NondeterministicError,
    RecipeError,
    VerificationError,
)
from ._feature import Feature, feature
from ._leaktest import LeakTest, leaktest
from ._live import Live
from ._supervised import Fold

__all__ = [
    "BarloomError",
    "DataError",
    "Dataset",
    "Feature",
    "FileError",
    "Fold",
    "LeakError",
    "LeakTest",
    "Live",
    "Loader",
    "NondeterministicError",
    "Pricer",
    "Recipe",
    "RecipeError",
    "Result",
    "Table",
    "VerificationError",
    "__version__",
    "backtest",
    "build_dataset",
    "check",
    "dataset",
    "feature",
    "features",
    "leaktest",
    "open",
    "price",
    "read_bars",
    "sample_bars",
    "verify",
]


_supervised.add_to(Dataset)


def build_dataset(
    cfg: Mapping[str, Any] | str | PathLike[str] | Recipe | None = None,
    n_samples: int | str | None = None,
    seed: int | None = None,
    *,
    bars: Any = None,
    features: Mapping[str, Any] | None = None,
    cache: bool = True,
    out: str | PathLike[str] | None = None,
    format: str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    backend: str = "auto",
    device: int | None = None,
    threads: int | None = None,
    progress: bool | _progress.Tell | None = None,
    **data: Any,
) -> Dataset:
    """Builds a dataset, in memory or in a folder.

    Args:
        cfg: The recipe: a dict of its tables, the path of a TOML file, a ``Recipe``, or None for
            the default one. ``help(barloom.Recipe)`` lists its keys: lookback, channels, metrics,
            costs, fills, the split into parts.
        n_samples: The number of samples, or ``"all"`` with sequential positions. None: the recipe's.
        seed: The seed of all draws. None: the recipe's, which is 42 by default.
        bars: Paths or globs of files, a pyarrow, pandas or polars table, a dict of NumPy arrays by
            column (``ts`` as datetime64 or ns, ``open``, ...), or a dict of such tables by symbol.
            None: the bars that the recipe names.
        features: Features beside the recipe's, as for ``barloom.features``: expressions, and
            functions of bars. They may also be under ``features`` of a dict as ``cfg``.
        cache: True to cache the parsed tables of large text files in ``$XDG_CACHE_HOME/barloom``
            (``~/.cache/barloom``), 8 GiB at most. The bars are the same; changed files are parsed
            again.
        out: The folder to write. None: samples are made when you read them. This takes no time and
            no disk space for any number of samples, and gives the same bits.
        format: The format of the folder: ``"parquet"``, ``"arrow"``, ``"npy"`` or ``"virtual"``.
        overwrite: True to replace an existing dataset.
        resume: True to resume a stopped build.
        backend: The backend that makes the samples: ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU
            if there is one with room for the bars. The samples are the same.
        device: The number of the GPU, as the driver lists them; None for the first.
        threads: The number of threads; None for one per core. The samples are the same.
        progress: True to show a progress bar, or a function that is called with (done, total).
            None: a bar on a terminal and in a notebook.
        data: Keys of ``[data]`` in place of the recipe's, as for ``read_bars``:
            ``timezone="America/New_York"``, ``on_bad_bar="drop"``, ``channels=["close"]``.

    Raises:
        RecipeError: The recipe or an argument is invalid.
        DataError: The bars are unusable, or a function of bars fails or gives no numbers.
        FileError: A file cannot be read or written, or the output already exists.
        LeakError: A function of bars looks ahead.
        NondeterministicError: A function of bars gives other values when it is called again.
    """
    cfg, own = _functions.of_recipe(cfg, features, bars)
    with _progress.shown(progress, "building") as tell:
        return _barloom.build(
            cfg,
            n_samples,
            seed,
            _bars.given(bars),
            cache,
            out,
            format,
            overwrite,
            resume,
            backend,
            device,
            threads,
            tell,
            data,
            own,
        )


def dataset(
    bars: Any = None,
    *,
    features: Mapping[str, Any] | None = None,
    channels: Sequence[str] | None = None,
    snapshot: Sequence[str] | None = None,
    label: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    weights: str | Sequence[str] | Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    lookback: int | None = None,
    scaling: Mapping[str, Any] | None = None,
    where: str | None = None,
    session: str | None = None,
    need: str | Sequence[str] | None = None,
    samples: int | str | None = None,
    seed: int | None = None,
    reward: Mapping[str, Any] | None = None,
    sampling: Mapping[str, Any] | None = None,
    best: Mapping[str, Any] | None = None,
    forward: int | None = None,
    cache: bool = True,
    backend: str = "auto",
    device: int | None = None,
    threads: int | None = None,
    **data: Any,
) -> Dataset:
    """Makes a dataset in memory from keywords: ``build_dataset`` for people.

    >>> ds = barloom.dataset(
    ...     "bars.parquet",
    ...     features={"ret": "log(close / lag(close, 1))", "rsi": "ta.rsi(close, 14)"},
    ...     snapshot=["ret", "rsi"],
    ...     label={"kind": "triple_barrier", "horizon": 64, "up": 2, "down": 2, "scale": 0.01},
    ...     split={"kind": "purged_kfold", "folds": 5},
    ... )
    >>> X, y, w = ds.folds[0]["train"].xy()

    Without ``reward``, ``sampling`` and ``best`` samples have no action and no reward, and there is one for
    each labelled bar, in order.

    Args:
        bars: As for ``build_dataset``.
        features: As for ``build_dataset``.
        channels: The columns of the windows; None for prices and the volume.
        snapshot: The columns of the snapshot, one value each: of the bar before t.
        label: A label, a dict of the keys under ``[[label]]`` of a recipe (docs/labels.md), which is
            called ``y`` if it has no ``name``; a list of such dicts; or a dict of them by name.
        weights: Kinds of weights, ``"uniqueness"`` or a list, or the table ``[weights]``.
        split: The table ``[split]``: folds, or parts.
        lookback: L, the bars of a window; None: 64.
        scaling: The table ``[scaling]``. Columns other than prices and the volume that it does not
            name keep their values: their scaler is ``"none"``.
        where: An expression: decision bars are those for which it is true on row t-1.
        session: The hours of decision bars, ``"09:30-16:00 America/New_York"``.
        need: The labels that a labelled bar must have, or ``"all"``.
        samples: The number of samples, or ``"all"``. None: with labels and without actions each
            labelled bar once.
        seed: The seed of all draws.
        reward: The table ``[reward]``; with it actions are drawn and priced.
        sampling: The table ``[sampling]``; as ``reward``.
        best: The table ``[best]``, ``{}`` for its defaults: the best action and the regret.
        forward: F, the bars on which an action is priced.
        cache: As for ``build_dataset``.
        backend: As for ``build_dataset``.
        device: As for ``build_dataset``.
        threads: As for ``build_dataset``.
        data: Further keys of ``[data]``, as for ``build_dataset``.

    Raises:
        RecipeError: An argument is invalid.
        DataError: The bars are unusable.
        FileError: A file cannot be read.
        LeakError: A function of bars looks ahead.
    """
    of_columns = {"channels": channels, "snapshot": snapshot}
    data |= {key: value for key, value in of_columns.items() if value is not None}
    cfg = _supervised.recipe_of(label, weights, data, scaling)
    of_dataset = {
        "lookback": lookback,
        "forward": forward,
        "where": where,
        "session": session,
        "need": need,
    }
    cfg["dataset"] = {key: value for key, value in of_dataset.items() if value is not None}
    if reward is None and sampling is None and best is None:
        sampling = {"actions": "none"}
    tables = {"split": split, "reward": reward, "sampling": sampling, "best": best}
    cfg |= {name: table for name, table in tables.items() if table is not None}
    return build_dataset(
        cfg,
        samples,
        seed,
        bars=bars,
        features=features,
        cache=cache,
        backend=backend,
        device=device,
        threads=threads,
    )


def open(
    path: str | PathLike[str], *, backend: str = "auto", device: int | None = None
) -> Dataset:
    """Opens the dataset in a folder, in any format. The folder of a part opens that part.

    Samples are made again from the dataset's recipe and bars. The bits are the stored ones, and
    this is faster than reading them. ``verify`` compares the two.

    Args:
        path: The folder.
        backend: The backend that makes the samples, as for ``build_dataset``.
        device: The number of the GPU, as for ``build_dataset``.

    Raises:
        FileError: The folder has no complete dataset, or a file cannot be read.
        DataError: A file is damaged.
    """
    return _barloom.open(path, backend, device)


def verify(
    path: str | PathLike[str],
    *,
    rows: int = 1000,
    full: bool = False,
    seed: int = 0,
    backend: str = "auto",
    device: int | None = None,
    threads: int | None = None,
    progress: bool | _progress.Tell | None = None,
) -> dict[str, Any]:
    """Verifies a dataset: compares checksums, then makes samples again and compares their bits.

    Args:
        path: The folder of the dataset, or of one part.
        rows: The number of random samples of each part to make again.
        full: True to make all samples again.
        seed: The seed that chooses the samples.
        backend: The backend that makes the samples, as for ``build_dataset``.
        device: The number of the GPU, as for ``build_dataset``.
        threads: As for ``build_dataset``.
        progress: As for ``build_dataset``.

    Returns:
        ``{"datasets": [...]}`` with, for each part, its ``path``, ``files``, ``bytes``, the number of
        compared ``samples``, and ``problems``, which is empty. With features, ``features`` has the
        number ``compared``, the names ``skipped`` and ``because``, the reason.

    Raises:
        VerificationError: The dataset has faults; ``error.report`` is the report.
    """
    with _progress.shown(progress, "verifying") as tell:
        report = _barloom.verify(path, rows, full, seed, backend, device, threads, tell)
    problems = [problem for dataset in report["datasets"] for problem in dataset["problems"]]
    if problems:
        counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(str(problem) for problem in problems)
        error = VerificationError(f"{fspath(path)} failed verification: {counted}\n{lines}")
        error.report = report
        raise error
    return report


def read_bars(bars: Any, *, cache: bool = True, **data: Any) -> Table:
    """Reads bars in every form that ``build_dataset`` accepts.

    Args:
        bars: As for ``build_dataset``: Parquet, Arrow, CSV, JSON, Databento DBN, tables.
        cache: As for ``build_dataset``.
        data: The keys of ``[data]`` in a recipe. ``timezone``: the zone of times without a zone.
            ``stamp``: ``"open"`` or ``"close"``. ``interval``: the length of a bar (``"1m"``,
            ``"1d"``, ``"1mo"``). ``rename``: other names, ``{"Last": "close"}``. ``on_duplicate``:
            ``"first"`` or ``"last"`` of rows with equal times. ``on_bad_bar``: ``"drop"`` or
            ``"widen"``. ``aggregate``: ``"5m"`` builds bars from trades, or coarser bars from
            bars. ``anchor``: the start of their days, ``"17:00 America/New_York"``. ``channels``:
            some of the columns; by default all.

    Returns:
        A table with ``symbol``, ``ts`` (the bar's open, ns UTC), ``open``, ``high``, ``low``,
        ``close`` and the other columns. ``pyarrow.table`` and ``polars.DataFrame`` accept it, and
        it has ``to_pandas()``.

    Raises:
        RecipeError: A key or its value is invalid.
        DataError: The bars are unusable.
        FileError: A file cannot be read.
    """
    return _barloom.read(_bars.given(bars), {"data": data}, "channels" not in data, cache)


def check(bars: Any, *, cache: bool = True, **data: Any) -> dict[str, Any]:
    """Finds faults in bars, in every form that ``build_dataset`` accepts.

    Args:
        bars: As for ``build_dataset``.
        cache: As for ``build_dataset``.
        data: The settings for reading them, as for ``read_bars``.

    Returns:
        The report. ``errors`` is the number of unusable bars, and ``warnings`` the number of other
        findings. ``text`` is the report for people. ``findings`` has the details: ``kind``,
        ``severity``, ``count`` and the first ten ``places`` of each. Rows and lines count from 1,
        as in editors. ``unreadable`` lists unreadable files, each with its ``file`` and ``problem``.

    Raises:
        DataError: These bars cannot be aggregated by ``aggregate``.
    """
    return _barloom.check(_bars.given(bars), {"data": data}, "channels" not in data, cache)


def features(
    bars: Any, features: Mapping[str, Any], *, cache: bool = True, **data: Any
) -> Table:
    """Computes features of bars: columns by expressions and functions, none of which looks ahead.

    >>> table = barloom.features(
    ...     "bars.parquet", {"ret": "log(close / lag(close, 1))", "rsi": "ta.rsi(close, 14)"}
    ... )
    >>> table.to_pandas()

    >>> def spread(bars):  # a pandas table of one symbol's bars
    ...     return (bars["high"] - bars["low"]).rolling(20).mean()
    >>> table = barloom.features("bars.parquet", {"spread": spread, "z": "zscore(spread, 60)"})

    Args:
        bars: As for ``build_dataset``.
        features: Names with expressions, as under ``[features]`` in a recipe (docs/features.md). They
            may name each other. ``{"mom_{n}": {"of": "close / lag(close, {n})", "n": [5, 20]}}`` is a
            family. A function of bars gives a number for each row (``barloom.feature``); ``leaktest``
            tests it first, so it is called some 60 times on the first rows.
        cache: As for ``build_dataset``.
        data: The keys of ``[data]`` in a recipe, as for ``read_bars``. ``max_gap``,
            ``feature_history`` and ``feature_warmup`` say which rows have values.

    Returns:
        A table with a row for each bar: ``symbol``, ``ts`` (the bar's open, ns UTC) and the features
        in their order. A value is missing (null) where it needs rows before the segment. It is known
        at the bar's close.

    Raises:
        RecipeError: An expression is wrong; the message has its place and the remedy.
        DataError: The bars are unusable, or a function fails or gives no numbers.
        FileError: A file cannot be read.
        LeakError: A function looks ahead.
        NondeterministicError: A function gives other values when it is called again.
    """
    written, own = _functions.separated(features, bars)
    return _barloom.features(_bars.given(bars), {"data": data, "features": written}, cache, own)


def sample_bars() -> Table:
    """Returns the bundled bars like ``read_bars``: 40,832 hourly bars of SPY, 1998 to 2021.

    They come from the repository QuantConnect/Lean (Copyright QuantConnect Corporation), under the
    Apache License 2.0. Times were converted to UTC, and prices were divided by 10,000.
    """
    return _barloom.sample_bars()


class Pricer:
    """Prices decisions on bars. It reads and prepares the bars once.

    >>> pricer = barloom.Pricer("bars.parquet", forward=24)
    >>> for threshold in (0.5, 0.6, 0.7):
    ...     table = pricer.price(signals(threshold), dollars=1_000.0, known_at="close")

    Args:
        bars: As for ``build_dataset``; None for the bars that ``cfg`` names.
        forward: F, the number of bars on which a decision is priced; None: the recipe's, 64 by default.
        cfg: The recipe, as for ``build_dataset``; its ``reward`` table has costs, fills and metrics
            (docs/rewards.md).
        cache: As for ``build_dataset``.
        backend: The backend that computes prices: ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU if
            there is one with room for the bars. The bits are the same. The bars are copied to the
            GPU first, so it is worth it only for millions of decisions.
        device: The number of the GPU, as the driver lists them.

    Raises:
        RecipeError: The recipe or an argument is invalid.
        DataError: The bars are unusable.
        FileError: A file cannot be read, or the GPU fails.
    """

    def __init__(
        self,
        bars: Any,
        *,
        forward: int | None = None,
        cfg: Mapping[str, Any] | str | PathLike[str] | Recipe | None = None,
        cache: bool = True,
        backend: str = "cpu",
        device: int | None = None,
    ) -> None:
        self._pricer = _barloom.pricer(cfg, _bars.given(bars), forward, cache, backend, device)

    def price(
        self,
        signals: Any,
        *,
        known_at: str | None = None,
        dollars: float | None = None,
        stop: float | None = None,
        target: float | None = None,
    ) -> Table:
        """Prices decisions on the bars.

        Args:
            signals: As for ``barloom.price``.
            known_at: As for ``barloom.price``.
            dollars: As for ``barloom.price``.
            stop: As for ``barloom.price``.
            target: As for ``barloom.price``.

        Returns:
            The table of ``barloom.price``.
        """
        return self._price(signals, known_at, dollars=dollars, stop=stop, target=target)

    def _price(self, signals: Any, known_at: str | None, **filled: float | None) -> Table:
        table, told = self._pricer.price(_signals.table_of(signals, **filled), known_at)
        for warning in told:
            warnings.warn(warning, UserWarning, stacklevel=3)
        return table


def price(
    bars: Any,
    signals: Any,
    *,
    forward: int | None = None,
    cfg: Mapping[str, Any] | str | PathLike[str] | Recipe | None = None,
    cache: bool = True,
    known_at: str | None = None,
    dollars: float | None = None,
    stop: float | None = None,
    target: float | None = None,
    backend: str = "cpu",
    device: int | None = None,
) -> Table:
    """Prices your own decisions by the same rules as samples (docs/rewards.md).

    In a loop, use ``Pricer``, which reads the bars once.

    Args:
        bars: As for ``build_dataset``; None for the bars that ``cfg`` names.
        signals: A table, a dict of arrays or a list of dicts, with a row for each decision and the
            columns ``bar`` (the index of bar t within its series, from 0) or ``ts`` (a time),
            ``symbol`` if there are several, ``direction`` or ``side`` (1, -1, 0, or "long",
            "short", "hold", "buy", "sell"; "sell" opens a short) and ``dollars``. Optional columns
            are ``stop`` and ``target`` (fractions of the entry price; null or NaN for none) and
            ``equity`` (dollars for the metric ``return``, 10,000 by default). It may also be a
            pandas Series of directions by time. Other columns are ignored with a warning in the
            log. If both ``bar`` and ``ts`` are given, they must mean the same bar. Each row opens
            its own trade.
        forward: F, the number of bars on which a decision is priced; None: the recipe's, 64 by default.
        cfg: The recipe, as for ``build_dataset``; its ``reward`` table has costs, fills, metrics.
        cache: As for ``build_dataset``.
        known_at: The moment at which a decision was known. ``"open"``: the open of its bar, so it
            enters at that bar. A time between the opens of bars enters at the next bar.
            ``"close"``: the close of its bar, so it enters at the next bar. Use this for signals
            that are computed from whole bars. The entry is at the open of the bar; with
            ``entry="next_close"`` or ``formulas="frel-v1"`` it is at the close.
            None: like ``"open"``, with a warning if nearly all times are the opens of bars.
            Such signals usually know the whole bar and would look one bar ahead.
        dollars: The notional of all decisions, without such a column.
        stop: The stop of all decisions, without such a column.
        target: The target of all decisions, without such a column.
        backend: As for ``Pricer``.
        device: As for ``Pricer``.

    Returns:
        A table with a row for each decision: ``bar``, ``ts`` (open time of bar t), ``symbol``,
        ``entry_price``, ``exit_price``, ``pnl`` (dollars), ``held_bars``, ``mfe``, ``mae`` (the largest
        favourable and adverse excursion, fractions of the entry price), ``exit_reason`` (none,
        stop, target, horizon), ``reward`` and ``reward_<metric>`` of further metrics. Values are
        null if a decision has no bar, or if a gap interrupts its ``forward`` bars.

    Raises:
        RecipeError: The recipe or an argument is invalid.
        DataError: The bars or the decisions are unusable.
        FileError: A file cannot be read.
    """
    pricer = Pricer(
        bars, forward=forward, cfg=cfg, cache=cache, backend=backend, device=device
    )
    return pricer._price(signals, known_at, dollars=dollars, stop=stop, target=target)

"""Market bars into training datasets for trading agents.

>>> import barloom
>>> cfg = {"dataset": {"lookback": 64}, "reward": {"metric": "barrier"}}
>>> ds = barloom.build_dataset(cfg, 1_000_000, bars=barloom.sample_bars())  # or "data/*.parquet"
>>> for batch in ds.loader(batch_size=4096, shuffle=True):
...     windows, meta, reward = batch["windows"], batch["meta"], batch["reward"]

``help(barloom.Recipe)`` lists every key of ``cfg``. Arrays are NumPy's, over memory that is not
copied; ``torch.from_dlpack`` and ``torch.from_numpy`` take them as they are, and ``barloom.torch``
has datasets for PyTorch's ``DataLoader``. Errors are subclasses of ``ValueError`` and ``OSError``.

``python -m barloom`` is the command ``barloom``; ``python -m barloom.examples`` lists programs that
train.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from . import _barloom, _bars, _progress, _signals
from ._barloom import Dataset, Loader, Recipe, Table, __version__
from ._errors import BarloomError, DataError, FileError, RecipeError, VerificationError

__all__ = [
    "BarloomError",
    "DataError",
    "Dataset",
    "FileError",
    "Loader",
    "Pricer",
    "Recipe",
    "RecipeError",
    "Table",
    "VerificationError",
    "__version__",
    "build_dataset",
    "check",
    "open",
    "price",
    "read_bars",
    "sample_bars",
    "verify",
]


def build_dataset(
    cfg: Mapping[str, Any] | str | PathLike[str] | Recipe | None = None,
    n_samples: int | str | None = None,
    seed: int | None = None,
    *,
    bars: Any = None,
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
        n_samples: How many samples; ``"all"`` with sequential positions. None: the recipe's.
        seed: The seed of every draw. None: the recipe's, which is 42 unless it says otherwise.
        bars: Paths or globs of files, a pyarrow, pandas or polars table, a dict of NumPy arrays by
            column (``ts`` as datetime64 or ns, ``open``, ...), or a dict of such tables by symbol.
            None: what the recipe names.
        cache: Whether what large text files parse to is kept for the next time, in
            ``$XDG_CACHE_HOME/barloom`` (``~/.cache/barloom``), 8 GiB at most. The bars are the
            same; a file that changed is parsed anew.
        out: The folder to write. None: samples are made when they are asked for, which takes no
            time and no room, whatever their number, and gives the same bits.
        format: Of the folder: ``"parquet"``, ``"arrow"``, ``"npy"`` or ``"virtual"``.
        overwrite: Whether a dataset that is there may be replaced.
        resume: Whether to go on with what a build that was stopped left.
        backend: What makes the samples: ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU if there is
            one that has room for the bars. The samples are the same.
        device: The number of the GPU, as the driver lists them; None for the first.
        threads: How many threads work; None for one a core. The samples are the same.
        progress: Whether to show a bar, or a function that is called with (done, total); None for a
            bar on a terminal and in a notebook.
        data: Keys of ``[data]`` in place of the recipe's, as for ``read_bars``:
            ``timezone="America/New_York"``, ``on_bad_bar="drop"``, ``channels=["close"]``.

    Raises:
        RecipeError: The recipe or an argument can't be.
        DataError: The bars can't be used.
        FileError: A file can't be read or written, or is there already.
    """
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
        )


def open(
    path: str | PathLike[str], *, backend: str = "auto", device: int | None = None
) -> Dataset:
    """Opens the dataset in a folder, of any format, or one part of a split by its own folder.

    Its samples are made anew from its recipe and bars, which gives the bits that are stored and
    takes less time than reading them; ``verify`` compares the two.

    Args:
        path: The folder.
        backend: What makes the samples, as for ``build_dataset``.
        device: The number of the GPU, as for ``build_dataset``.

    Raises:
        FileError: There is no whole dataset in the folder, or a file can't be read.
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
    """Checks the files of a dataset, makes samples of it again and compares them.

    Args:
        path: The folder of the dataset, or of one part.
        rows: How many samples of each part are made again, chosen at random.
        full: Whether all are made again.
        seed: Chooses which.
        backend: What makes the samples, as for ``build_dataset``.
        device: The number of the GPU, as for ``build_dataset``.
        threads: As for ``build_dataset``.
        progress: As for ``build_dataset``.

    Returns:
        ``{"datasets": [...]}``, of each part its ``path``, ``files``, ``bytes``, ``samples`` that
        were compared, and ``problems``, which is empty.

    Raises:
        VerificationError: The dataset is not what it says; ``error.report`` is what would have
            been returned.
    """
    with _progress.shown(progress, "verifying") as tell:
        report = _barloom.verify(path, rows, full, seed, backend, device, threads, tell)
    problems = [problem for dataset in report["datasets"] for problem in dataset["problems"]]
    if problems:
        counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(str(problem) for problem in problems)
        error = VerificationError(f"{fspath(path)} is not what it says: {counted}\n{lines}")
        error.report = report
        raise error
    return report


def read_bars(bars: Any, *, cache: bool = True, **data: Any) -> Table:
    """Reads bars in every form that ``build_dataset`` takes, as its recipe's ``[data]`` says.

    Args:
        bars: As for ``build_dataset``: Parquet, Arrow, CSV, JSON, Databento DBN, tables.
        cache: As for ``build_dataset``.
        data: The keys of ``[data]`` in a recipe: ``timezone`` of times that name none; ``stamp``,
            ``"open"`` or ``"close"``; ``interval``, the length of a bar (``"1m"``, ``"1d"``, ``"1mo"``);
            ``rename={"Last": "close"}``; ``on_duplicate``, ``"first"`` or ``"last"`` of several rows
            with one time; ``on_bad_bar``, ``"drop"`` or ``"widen"``; ``aggregate="5m"`` to make bars of trades, or coarser bars
            of bars, and ``anchor="17:00 America/New_York"`` for where their days begin; ``channels``
            for some of the columns, all if it is left out.

    Returns:
        A table of ``symbol``, ``ts`` (the bar's open, ns UTC), ``open``, ``high``, ``low``,
        ``close`` and the other columns, for ``pyarrow.table``, ``polars.DataFrame`` and
        ``to_pandas()``.

    Raises:
        RecipeError: A key or its value can't be.
        DataError: The bars can't be used.
        FileError: A file can't be read.
    """
    return _barloom.read(_bars.given(bars), {"data": data}, "channels" not in data, cache)


def check(bars: Any, *, cache: bool = True, **data: Any) -> dict[str, Any]:
    """Looks for what is wrong with bars, in every form that ``build_dataset`` takes.

    Args:
        bars: As for ``build_dataset``.
        cache: As for ``build_dataset``.
        data: How to read them, as for ``read_bars``.

    Returns:
        The report: ``errors``, the number of bars that can't be used, ``warnings``, the number of
        other findings, ``text``, the report as a person reads it, and what is found in detail:
        ``findings``, each with its ``kind``, ``severity``, ``count`` and first ten ``places``. Rows
        and lines count from 1, as editors count them. Of several files, ``unreadable``
        lists those that can't be read, each with its ``file`` and ``problem``.

    Raises:
        DataError: The bars that ``aggregate`` wishes for are not to be had of these.
    """
    return _barloom.check(_bars.given(bars), {"data": data}, "channels" not in data, cache)


def sample_bars() -> Table:
    """Gives the bundled bars: 40,832 hourly bars of SPY, 1998 to 2021, as ``read_bars`` gives them.

    They come from the repository QuantConnect/Lean (Copyright QuantConnect Corporation), under the
    Apache License 2.0; times were turned into UTC and prices divided by 10,000.
    """
    return _barloom.sample_bars()


class Pricer:
    """Bars made ready for pricing decisions, as often as wanted: they are read and prepared once.

    >>> pricer = barloom.Pricer("bars.parquet", forward=24)
    >>> for threshold in (0.5, 0.6, 0.7):
    ...     table = pricer.price(signals(threshold), dollars=1_000.0, known_at="close")

    Args:
        bars: As for ``build_dataset``; None for what ``cfg`` names.
        forward: F, the bars that a decision is judged on; None: the recipe's, 64 by default.
        cfg: The recipe, as for ``build_dataset``; its ``reward`` table says costs, fills, metrics
            (docs/rewards.md).
        cache: As for ``build_dataset``.
        backend: What computes prices: ``"cpu"``, ``"cuda"``, or ``"auto"`` for a GPU where there is
            one that has room for the bars. The bits are the same. A GPU pays where one pricer prices
            millions of decisions, as the bars are copied to it first.
        device: The GPU, by the number that the driver lists it under.

    Raises:
        RecipeError: The recipe or an argument can't be.
        DataError: The bars can't be used.
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
    """Prices your own decisions as the rewards of samples are priced (docs/rewards.md).

    In a loop, use ``Pricer``, which reads the bars once.

    Args:
        bars: As for ``build_dataset``; None for what ``cfg`` names.
        signals: A table, a dict of arrays or a list of dicts, with a row for each decision and the
            columns ``bar`` (the index of bar t within its series, from 0) or ``ts`` (a time), ``symbol`` where
            there are several, ``direction`` or ``side`` (1, -1, 0, or "long", "short", "hold",
            "buy", "sell"; "sell" opens a short), ``dollars``, and optionally ``stop`` and
            ``target`` (fractions of the entry price; null or NaN for none) and ``equity`` (dollars,
            10,000 by default, by which ``return`` is measured). Or a pandas Series of directions by
            time. Other columns are not used; a warning is logged. With ``bar`` and ``ts`` both, they
            must mean the same bar. Each row opens a trade of its own.
        forward: F, the bars that a decision is judged on; None: the recipe's, 64 by default.
        cfg: The recipe, as for ``build_dataset``; its ``reward`` table says costs, fills, metrics.
        cache: As for ``build_dataset``.
        known_at: When a decision was known. ``"open"``: at the open of its bar, so it enters at that
            bar; a time between the opens of bars enters at the next one. ``"close"``: at the close
            of its bar, as a signal computed from a table of bars is, so it enters at the next bar.
            The entry is at the open of that bar; with ``entry="next_close"`` or
            ``formulas="frel-v1"`` at its close, so that ``"close"`` then enters at the close of the
            next bar.
            None: as ``"open"``, with a warning where nearly all times are the opens of bars, as such
            signals most often know the whole bar and would look one bar ahead.
        dollars: The notional of each decision, where there is no such column.
        stop: The stop of each decision, where there is no such column.
        target: The target of each decision, where there is no such column.
        backend: As for ``Pricer``.
        device: As for ``Pricer``.

    Returns:
        A table with a row for each decision: ``bar``, ``ts`` (open time of bar t), ``symbol``,
        ``entry_price``, ``exit_price``, ``pnl`` (dollars), ``held_bars``, ``mfe``, ``mae`` (the largest
        favourable and adverse excursion, fractions of the entry price), ``exit_reason`` (none,
        stop, target, horizon), ``reward`` and ``reward_<metric>`` of further metrics. Null where a
        decision has no bar, or no ``forward`` bars without a gap.

    Raises:
        RecipeError: The recipe or an argument can't be.
        DataError: The bars or the decisions can't be used.
        FileError: A file can't be read.
    """
    pricer = Pricer(
        bars, forward=forward, cfg=cfg, cache=cache, backend=backend, device=device
    )
    return pricer._price(signals, known_at, dollars=dollars, stop=stop, target=target)

"""The compiled half of barloom."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, final, overload

import numpy as np
import numpy.typing as npt

from ._supervised import Fold

__all__: list[str]
__version__: str

# Bars as `_bars.given` makes them: paths, Arrow tables by symbol, or None.
_Bars = list[str] | dict[str, Any] | None
_Cfg = Mapping[str, Any] | str | PathLike[str] | Recipe | None
# The names of columns, and the function that computes them from all bars. It also takes a function
# that tells whether to stop.
_Own = tuple[list[str], Callable[[Table, Callable[[], bool]], list[npt.NDArray[np.float64]]]] | None
_Tell = Callable[[int, int], object] | None

@final
class Recipe:
    """Everything that determines a dataset but the bars.

    ``Recipe()`` is the default recipe, ``Recipe.from_toml(text)`` reads a text and
    ``Recipe.read(path)`` a file; ``Recipe(cfg)`` takes a dict with the tables and keys of the
    TOML, ``{"dataset": {"lookback": 128}}``.
    """

    def __new__(cls, cfg: _Cfg = None) -> Recipe: ...
    @staticmethod
    def from_toml(text: str) -> Recipe: ...
    @staticmethod
    def read(path: str | PathLike[str]) -> Recipe: ...
    @staticmethod
    def commented(formulas: str = "v1") -> str: ...
    def to_toml(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    @property
    def digest(self) -> str: ...
    def __eq__(self, value: object, /) -> bool: ...

@final
class Dataset:
    """Samples of a recipe and bars: on disk, or in memory where they are made when asked for.

    ``len(ds)`` samples; ``ds[i]`` and ``ds[a:b]`` and ``ds[[3, 1, 2]]`` are dicts of arrays, the
    same as a loader's batches: ``windows`` float32 [C, L] (or [B, C, L]), ``snapshot`` float32 [K]
    if the recipe has one, ``meta`` float32 [9], scaled, and ``reward`` float32 where samples have
    actions, and labels by their names. A dataset with a split has parts, ``ds["train"]``, and no
    samples of its own; one with folds has ``ds.folds``.
    """

    @property
    def path(self) -> str | None: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def parts(self) -> list[str]: ...
    @property
    def part(self) -> str | None: ...
    @property
    def channels(self) -> list[str]: ...
    @property
    def snapshot_names(self) -> list[str]: ...
    @property
    def metrics(self) -> list[str]: ...
    @property
    def schema(self) -> list[dict[str, Any]]: ...
    @property
    def meta_fields(self) -> list[str]: ...
    @property
    def meta_bounds(self) -> npt.NDArray[np.float64]: ...
    @property
    def scalers(self) -> dict[str, dict[str, Any]]: ...
    def inverse_transform(
        self, name: str, x: npt.ArrayLike, *, symbol: str | None = None
    ) -> npt.NDArray[np.float64]: ...
    @property
    def symbols(self) -> list[str]: ...
    @property
    def lookback(self) -> int: ...
    @property
    def forward(self) -> int: ...
    @property
    def actions_per_state(self) -> int: ...
    @property
    def actions(self) -> dict[str, npt.NDArray[Any]] | None: ...
    @property
    def positions(self) -> int: ...
    @property
    def notes(self) -> list[str]: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int, /) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | npt.NDArray[Any], /) -> dict[str, npt.NDArray[Any]]: ...
    @overload
    def __getitem__(self, key: str, /) -> Dataset: ...
    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]: ...
    def take(
        self,
        indices: Sequence[int] | npt.NDArray[Any],
        *,
        columns: Sequence[str] = (),
        layout: str = "BCL",
    ) -> dict[str, npt.NDArray[Any]]: ...
    def read(self, start: int = 0, stop: int | None = None) -> Table: ...
    def to_arrow(self) -> Any: ...
    def to_pandas(self) -> Any: ...
    def to_polars(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def loader(
        self,
        batch_size: int = 1024,
        *,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
        fraction: float = 1.0,
        fresh: bool = False,
        group_actions: bool = False,
        columns: Sequence[str] = (),
        layout: str = "BCL",
        rank: int = 0,
        world_size: int = 1,
        epoch: int = 0,
        threads: int | None = None,
        prefetch: int | None = None,
        split: str | None = None,
        worker: int = 0,
        workers: int = 1,
        weights: bool = False,
    ) -> Loader: ...
    @property
    def folds(self) -> list[Fold]: ...
    @property
    def decisions(self) -> int: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def classes(self) -> dict[str, list[float]]: ...
    def xy(
        self,
        label: str | Sequence[str] | None = None,
        *,
        inputs: str | None = None,
        layout: str = "BCL",
    ) -> tuple[Any, Any, npt.NDArray[np.float32] | None]: ...
    def predict(
        self,
        f: Callable[[Any], Any],
        *,
        inputs: str | None = None,
        batch_size: int = 4096,
        layout: str = "BCL",
    ) -> Table: ...
    def cross_predict(
        self,
        fit: Callable[..., Callable[[Any], Any]],
        *,
        inputs: str | None = None,
        batch_size: int = 4096,
        layout: str = "BCL",
    ) -> Table: ...
    @overload
    def paths(self, predictions: None = None) -> list[npt.NDArray[np.int64]]: ...
    @overload
    def paths(self, predictions: object) -> list[Table]: ...
    def replace(self, changes: Mapping[str, Any] | None = None, **keys: Any) -> Dataset: ...
    def write(
        self,
        out: str | PathLike[str],
        *,
        format: str | None = None,
        overwrite: bool = False,
        threads: int | None = None,
        progress: bool | _Tell = None,
    ) -> Dataset: ...

@final
class Loader:
    """Batches of a dataset, epoch after epoch.

    Each ``for`` loop over it is one epoch, the next one after that of the loop before. A batch is
    a dict of NumPy arrays over memory of the loader, without a copy: ``windows`` float32 [B, C, L]
    (``layout="BLC"``: [B, L, C]), ``snapshot`` float32 [B, K] if the recipe has one, ``meta`` float32
    [B, 9], scaled, ``reward`` float32 [B] (or [B, metrics]), and the columns that were asked for by
    name. With ``group_actions=True`` B counts states, and all but windows are [B, actions, ...].
    """

    @property
    def epoch(self) -> int: ...
    def __iter__(self) -> Batches: ...
    def __len__(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    def set_epoch(self, epoch: int) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...

@final
class Batches(Iterator[dict[str, npt.NDArray[Any]]]):
    """The batches of one epoch."""

    def __iter__(self) -> Batches: ...
    def __next__(self) -> dict[str, npt.NDArray[Any]]: ...
    def __length_hint__(self) -> int: ...

@final
class Table:
    """Columns in Arrow's memory, which pyarrow, pandas and polars take as they are.

    ``table[name]`` is a NumPy array; that and ``to_arrow`` and ``to_pandas`` need pyarrow.
    """

    @property
    def column_names(self) -> list[str]: ...
    @property
    def num_rows(self) -> int: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: str, /) -> npt.NDArray[Any]: ...
    def to_arrow(self) -> Any: ...
    def to_pandas(self) -> Any: ...
    def to_polars(self) -> Any: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class Pricer:
    """Bars that are ready for pricing."""

    def price(self, decisions: object, known_at: str | None) -> tuple[Table, list[str]]: ...

@final
class Live:
    """The state of ``barloom.Live``."""

    @property
    def symbols(self) -> list[str]: ...
    @property
    def columns(self) -> list[str]: ...
    def push(self, symbol: str, ts: int, values: dict[str, float | None]) -> None: ...
    def push_bars(self, bars: _Bars) -> None: ...
    def close(self, ts: int | None) -> None: ...
    def push_join(
        self, name: str, ts: int, symbol: str | None, values: dict[str, float | None]
    ) -> None: ...
    def ready(self, symbol: str) -> bool: ...
    def window(self, symbol: str) -> npt.NDArray[np.float32]: ...
    def snapshot(self, symbol: str) -> npt.NDArray[np.float32]: ...
    def batch(self) -> dict[str, npt.NDArray[Any]]: ...
    def state(self) -> bytes: ...
    def load(self, state: bytes) -> None: ...

def table(columns: object) -> Table: ...
def folds(dataset: Dataset) -> list[dict[str, Any]]: ...
def decision_rows(dataset: Dataset) -> npt.NDArray[np.int64]: ...
def times(dataset: Dataset, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]: ...
def inputs(
    dataset: Dataset, rows: npt.NDArray[np.int64], layout: str
) -> dict[str, npt.NDArray[np.float32]]: ...
def predictions(
    dataset: Dataset,
    others: list[tuple[str, npt.NDArray[np.int64]]],
    rows: npt.NDArray[np.int64],
    pred: npt.NDArray[Any],
    width: int,
) -> Table: ...
def replaced(dataset: Dataset, recipe: _Cfg) -> Dataset: ...
def write(
    dataset: Dataset,
    out: str | PathLike[str],
    format: str | None,
    overwrite: bool,
    threads: int | None,
    progress: _Tell,
) -> Dataset: ...
def command(arguments: Sequence[str]) -> int: ...
def sample_bars() -> Table: ...
def build(
    cfg: _Cfg,
    n_samples: int | str | None,
    seed: int | None,
    bars: _Bars,
    cache: bool,
    out: str | PathLike[str] | None,
    format: str | None,
    overwrite: bool,
    resume: bool,
    backend: str,
    device: int | None,
    threads: int | None,
    progress: _Tell,
    data: dict[str, Any],
    own: _Own,
) -> Dataset: ...
def verify(
    path: str | PathLike[str],
    rows: int,
    full: bool,
    seed: int,
    backend: str,
    device: int | None,
    threads: int | None,
    progress: _Tell,
) -> dict[str, Any]: ...
def check(bars: _Bars, cfg: _Cfg, all_columns: bool, cache: bool) -> dict[str, Any]: ...
def read(bars: _Bars, cfg: _Cfg, all_columns: bool, cache: bool) -> Table: ...
def features(bars: _Bars, cfg: _Cfg, cache: bool, own: _Own) -> Table: ...
def pricer(
    cfg: _Cfg,
    bars: _Bars,
    forward: int | None,
    cache: bool,
    backend: str,
    device: int | None,
) -> Pricer: ...
def backtest_rules(
    cfg: _Cfg,
    given: _Bars,
    predictions: object | None,
    hold: int | None,
    cash: float,
    size: tuple[str, float],
    overlap: str,
    leverage: float,
    partial: bool,
    cache: bool,
) -> tuple[dict[str, Any], Table, Table]: ...
def backtest(
    cfg: _Cfg,
    given: _Bars,
    table: object,
    targets: bool,
    cash: float,
    size: tuple[str, float],
    overlap: str,
    leverage: float,
    partial: bool,
    known_at: str | None,
    cache: bool,
) -> tuple[dict[str, Any], Table, Table]: ...
def open(
    path: str | PathLike[str], backend: str = "auto", device: int | None = None
) -> Dataset: ...
def from_stored(
    recipe: str,
    bars: bytes,
    part: str | None,
    backend: str,
    device: int | None,
) -> Dataset: ...
def live(
    dataset: Dataset,
    history: _Bars,
    joins: dict[str, list[str]],
    attributes: str | None,
    cache: bool,
) -> Live: ...

"""Supervised learning on datasets: folds, X and y, predictions, as methods of ``Dataset``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from . import _barloom, _progress
from ._barloom import Dataset, Table
from ._errors import DataError, RecipeError

#: The value of an integer label that is missing: of a class, and of the bars of a barrier.
_MISSING = {"int8": -128, "int32": -1}

#: The best action, which is no label of its own.
_BEST = {"best_dir", "best_stop", "best_target", "best_reward", "regret"}

#: Samples that are gathered at a time.
_ROWS = 8192


class Group(NamedTuple):
    """A test interval of a fold: bars that open from ``start`` on and before ``end``."""

    number: int
    start: np.datetime64
    end: np.datetime64


class Fold(Mapping[str, Any]):
    """A fold of a dataset: its roles by name, each a dataset. ``fold["train"]``, ``fold["test"]``.

    ``Dataset.folds`` makes them. ``number`` counts from 0. ``groups`` are its test intervals.
    ``purged`` and ``embargoed`` count, by role, the labelled bars that were left out as their labels
    meet bars of another role, or by the embargo alone.

    Args:
        dataset: The dataset with all folds.
        record: The fold's number, groups, and roles.
    """

    def __init__(self, dataset: Any, record: Mapping[str, Any]) -> None:
        self._dataset, self._roles = dataset, record["roles"]
        self.number: int = record["number"]
        self.groups = [Group(number, *_times(times)) for number, *times in record["groups"]]
        self.purged: dict[str, int] = {name: role["purged"] for name, role in self._roles.items()}
        self.embargoed: dict[str, int] = {
            name: role["embargoed"] for name, role in self._roles.items()
        }

    def times(self, role: str) -> list[tuple[np.datetime64, np.datetime64]]:
        """The time intervals of a role: each the first open, and the end, which is not in it.

        Args:
            role: Its name.
        """
        return [_times(times) for times in self._of(role)["times"]]

    def __getitem__(self, role: str) -> Any:
        return self._dataset[self._of(role)["part"]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._roles)

    def __len__(self) -> int:
        return len(self._roles)

    def __repr__(self) -> str:
        roles = ", ".join(f"{name} {len(self[name])}" for name in self)
        return f"Fold {self.number}: samples {roles}"

    def _of(self, role: str) -> Mapping[str, Any]:
        if role not in self._roles:
            raise KeyError(f"{role}: fold {self.number} has the roles {', '.join(self._roles)}")
        return self._roles[role]


def _times(times: Sequence[int]) -> tuple[np.datetime64, np.datetime64]:
    start, end = (np.datetime64(time, "ns") for time in times)
    return start, end


def folds(self: Dataset) -> list[Fold]:
    """The folds of the split, each with its roles as datasets. Empty where the split has none."""
    return [Fold(self, record) for record in _barloom.folds(self)]


def xy(
    self: Dataset,
    label: str | Sequence[str] | None = None,
    *,
    inputs: str | None = None,
    layout: str = "BCL",
) -> tuple[Any, Any, np.ndarray | None]:
    """All samples for supervised learning: ``X, y, w = train.xy()``.

    Args:
        label: The column that is y, or a list of columns for a dict of arrays. None for the only
            label: its class where it has one, else its first column.
        inputs: X: ``"snapshot"`` float32 [n, K], ``"windows"`` float32 [n, C, L], or ``"both"`` for a
            dict of both. None for the snapshot if there is one, else the windows.
        layout: ``"BCL"`` for windows [n, C, L], ``"BLC"`` for [n, L, C].

    Returns:
        X, y and the weights float32 [n], or None without weights. Samples that lack the label are
        left out.

    Raises:
        RecipeError: There are several labels and none is named, or the inputs are not there.
        KeyError: There is no such column.
    """
    dataset, inputs = self, _inputs_of(self, inputs)
    is_one = label is None or isinstance(label, str)
    names = [label or _only_label(dataset)] if is_one else list(label)
    arrays: dict[str, np.ndarray] = {}
    count, begin = len(dataset), 0
    held = {"both": ("windows", "snapshot")}.get(inputs, (inputs,))
    has_weight = any(field["role"] == "weight" for field in dataset.schema)
    wanted = [*held, *names, *(["weight"] if has_weight else [])]
    for batch in dataset.loader(min(_ROWS, max(count, 1)), columns=names, layout=layout):
        rows = len(batch["windows"])
        for name in wanted:
            if begin == 0:
                shape, dtype = batch[name].shape[1:], batch[name].dtype
                arrays[name] = np.empty((count, *shape), dtype)
            arrays[name][begin : begin + rows] = batch[name]
        begin += rows
    missing = [_is_missing(arrays[name]) for name in names]
    kept = ~np.logical_or.reduce(missing)
    if not kept.all():
        arrays = {name: values[kept] for name, values in arrays.items()}
    x = arrays[inputs] if inputs != "both" else {name: arrays[name] for name in held}
    y = arrays[names[0]] if is_one else {name: arrays[name] for name in names}
    return x, y, arrays.get("weight")


def _is_missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    elif str(values.dtype) in _MISSING:
        missing = values == _MISSING[str(values.dtype)]
    else:
        missing = np.zeros(values.shape, bool)
    return missing.reshape(len(values), -1).any(axis=1)


def _only_label(dataset: Any) -> str:
    """The column that is y where none is named."""
    columns = [name for name in dataset.labels if name not in _BEST]
    tables = dataset.recipe.to_dict().get("label", [])
    if not columns:
        if "reward" in {field["name"] for field in dataset.schema}:
            return "reward"
        raise RecipeError("label: the samples have no label; add a table label to the recipe")
    if len(tables) == 1:
        classes = [name for name in columns if name.endswith("_class")]
        name = tables[0]["name"]
        found = classes or ([name] if name in columns else columns)
        if len(found) == 1:
            return found[0]
        columns = found
    raise RecipeError(f"label: which of the labels is y? Name one of {', '.join(columns)}")


def _inputs_of(dataset: Any, inputs: str | None) -> str:
    has_snapshot = bool(dataset.snapshot_names)
    if inputs is None:
        return "snapshot" if has_snapshot else "windows"
    if inputs not in ("snapshot", "windows", "both"):
        raise RecipeError(f'inputs: expected "snapshot", "windows" or "both", got {inputs!r}')
    if inputs != "windows" and not has_snapshot:
        raise RecipeError(
            f'inputs: {inputs!r} needs a snapshot, and the samples have none; add data.snapshot = '
            '[...] to the recipe, or pass inputs="windows"'
        )
    return inputs


def predict(
    self: Dataset,
    f: Callable[[Any], Any],
    *,
    inputs: str | None = None,
    batch_size: int = 4096,
    layout: str = "BCL",
) -> Table:
    """Predicts on all decision bars, also on those without labels.

    Args:
        f: A function of X, as ``xy`` gives it, of some bars. It gives one number a bar, [n], or
            several, [n, P].
        inputs: As for ``xy``.
        batch_size: The number of bars that it is called with at a time.
        layout: As for ``xy``.

    Returns:
        A table with ``symbol``, ``bar``, ``ts`` and ``pred``. The prediction of bar t was made of
        rows before t, and acts at bar t.

    Raises:
        DataError: The function gives another number of predictions than of bars, or no numbers.
    """
    rows = _barloom.decision_rows(self)
    return _table(self, [], rows, _predicted(self, f, rows, inputs, batch_size, layout))


def _predicted(
    dataset: Any, f: Any, rows: np.ndarray, inputs: str | None, batch_size: int, layout: str
) -> np.ndarray:
    """What a function gives for rows of the market: float64 or int64, [n] or [n, P]."""
    inputs = _inputs_of(dataset, inputs)
    if not callable(f):
        raise TypeError(f"f: expected a function of X, got {type(f).__name__}")
    if batch_size < 1:
        raise RecipeError(f"batch_size: expected 1 or more, got {batch_size}")
    results: list[np.ndarray] = []
    for begin in range(0, len(rows), batch_size):
        some = rows[begin : begin + batch_size]
        found = _barloom.inputs(dataset, some, layout)
        results.append(_numbers(f(found if inputs == "both" else found[inputs]), len(some)))
    if not results:
        return np.empty(0)
    shapes = {one.shape[1:] for one in results}
    if len(shapes) > 1:
        text = " and ".join(sorted(f"[n, {shape[0]}]" if shape else "[n]" for shape in shapes))
        raise DataError(f"f: gave predictions of shape {text}; give as many a bar each time")
    return np.concatenate(results)


def _numbers(result: Any, rows: int) -> np.ndarray:
    if hasattr(result, "detach"):  # a tensor
        result = result.detach().cpu()
    values = np.asarray(result)
    if values.ndim not in (1, 2) or len(values) != rows:
        raise DataError(
            f"f: expected a prediction for each of {rows} bars, [{rows}] or [{rows}, P], got an array "
            f"of shape {list(values.shape)}"
        )
    if values.ndim == 2 and values.shape[1] == 0:
        raise DataError("f: expected at least one prediction a bar, got none")
    if values.dtype.kind not in "biuf":
        raise DataError(f"f: expected numbers, got values of type {values.dtype}")
    values = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _table(dataset: Any, others: list[tuple[str, np.ndarray]], rows: Any, pred: np.ndarray) -> Any:
    width = pred.shape[1] if pred.ndim == 2 else 1
    return _barloom.predictions(
        dataset, others, rows, np.ascontiguousarray(pred.reshape(-1)), width
    )


def cross_predict(
    self: Dataset,
    fit: Callable[..., Callable[[Any], Any]],
    *,
    inputs: str | None = None,
    batch_size: int = 4096,
    layout: str = "BCL",
) -> Table:
    """Trains a model on each fold and predicts on its test bars, none of which it has seen.

    >>> preds = ds.cross_predict(lambda train: model.fit(*train.xy()[:2]).predict)

    Args:
        fit: A function of a fold's ``train``, a dataset, that gives the function that ``predict``
            takes. If it has a parameter ``validation``, it gets that role too, or None.
        inputs: As for ``predict``.
        batch_size: As for ``predict``.
        layout: As for ``predict``.

    Returns:
        A table with ``fold``, ``group`` (the number of the fold's test interval), ``symbol``,
        ``bar``, ``ts`` and ``pred``: all decision bars of all tests. A bar that several folds test
        has a row for each.

    Raises:
        RecipeError: The split has no folds.
        DataError: As for ``predict``.
    """
    all_folds = folds(self)
    if not all_folds:
        raise RecipeError(
            "cross_predict: the split has no folds; choose split.kind = "
            '"purged_kfold", "walk_forward" or "cpcv"'
        )
    takes_validation = _takes_validation(fit)
    columns: list[tuple[np.ndarray, ...]] = []
    for fold in all_folds:
        roles = {"validation": fold.get("validation")} if takes_validation else {}
        f = fit(fold["train"], **roles)
        test = fold["test"]
        rows = _barloom.decision_rows(test)
        try:
            pred = _predicted(test, f, rows, inputs, batch_size, layout)
        except TypeError as error:
            if callable(f):
                raise
            raise TypeError(
                f"fit: expected it to return a function of X, got {type(f).__name__}"
            ) from error
        columns.append((np.full(len(rows), fold.number), _group_of(test, fold, rows), rows, pred))
    filled = [one for one in columns if len(one[2])] or columns[:1]
    number, group, rows, pred = (np.concatenate(parts) for parts in zip(*filled, strict=True))
    return _table(self, [("fold", number), ("group", group)], rows, pred)


def _takes_validation(fit: Callable[..., Any]) -> bool:
    try:
        return "validation" in inspect.signature(fit).parameters
    except (TypeError, ValueError):
        return False


def _group_of(dataset: Any, fold: Fold, rows: np.ndarray) -> np.ndarray:
    """The number of the test interval that each row is in."""
    times = _barloom.times(dataset, rows)
    group = np.full(len(rows), -1)
    for one in fold.groups:
        start, end = one.start.astype(np.int64), one.end.astype(np.int64)
        group[(times >= start) & (times < end)] = one.number
    return group


def paths(self: Dataset, predictions: Any = None) -> list[Any]:
    """The paths of the folds: whole histories of tests, in which each bar is tested once.

    Folds that each test one interval have one path. Combinatorial folds (``cpcv``) of N groups that
    test k of them have k/N of as many paths as there are folds.

    Args:
        predictions: The table of ``cross_predict``, or another with its columns. It needs pyarrow.

    Returns:
        For each path the number of the fold that tests each group, int64 [groups]. With
        predictions, for each path the table of its predictions, in the order of time.

    Raises:
        DataError: The table lacks columns.
    """
    of_group: dict[int, list[int]] = {}
    for fold in folds(self):
        for group in fold.groups:
            of_group.setdefault(group.number, []).append(fold.number)
    count = min((len(numbers) for numbers in of_group.values()), default=0)
    groups = sorted(of_group)
    found = [np.array([of_group[group][path] for group in groups]) for path in range(count)]
    if predictions is None:
        return found
    import pyarrow

    table = pyarrow.table(predictions)
    lacking = {"fold", "group", "symbol", "ts"} - set(table.column_names)
    if lacking:
        raise DataError(
            f"predictions: the table lacks {', '.join(sorted(lacking))}; pass that of cross_predict"
        )
    fold, group = (table[name].to_numpy() for name in ("fold", "group"))
    known = np.full(max([group.max(initial=0), *groups], default=0) + 1, -1)
    tables = []
    for path in found:
        known[groups] = path
        rows = np.flatnonzero(fold == known[group])
        ts = table["ts"].to_numpy()[rows]
        ordered = table.take(rows[np.argsort(ts, kind="stable")])
        tables.append(_barloom.table(ordered))
    return tables


def replace(self: Dataset, changes: Mapping[str, Any] | None = None, **keys: Any) -> Dataset:
    """The same bars with another recipe, for studies: what does not change is not computed again.

    >>> wider = ds.replace({"label.tb.up": 3, "dataset.lookback": 32})

    Args:
        changes: Values by keys of the recipe. A label is chosen by its name: ``label.tb.up``. None
            takes the key out.
        keys: Whole tables by their names: ``split={"kind": "purged_kfold", "folds": 5}``.

    Returns:
        A dataset in memory; the same part, where this is one.

    Raises:
        RecipeError: There is no such label, or the recipe is wrong.
    """
    recipe = self.recipe.to_dict()
    for path, value in {**(changes or {}), **keys}.items():
        _change(recipe, path, value)
    replaced = _barloom.replaced(self, recipe)
    return replaced if self.part is None else replaced[self.part]


def _change(recipe: dict[str, Any], path: str, value: Any) -> None:
    keys = path.split(".")
    table: Any = recipe
    if keys[0] == "label" and len(keys) > 1:
        labels = recipe.setdefault("label", [])
        named = [at for at, label in enumerate(labels) if label["name"] == keys[1]]
        if len(keys) == 2:
            _change_label(labels, named, keys[1], value)
            return
        if not named:
            names = ", ".join(label["name"] for label in labels) or "none"
            raise RecipeError(f"{path}: there is no label {keys[1]}; the labels are: {names}")
        table, keys = labels[named[0]], keys[2:]
    *parents, last = keys
    for key in parents:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise RecipeError(f"{path}: {key} is no table of the recipe")
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value


def _change_label(labels: list[Any], named: list[int], name: str, value: Any) -> None:
    for at in reversed(named):
        del labels[at]
    if value is not None:
        labels.insert(named[0] if named else len(labels), {"name": name, **value})


def write(
    self: Dataset,
    out: str | PathLike[str],
    *,
    format: str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool | _progress.Tell | None = None,
) -> Dataset:
    """Writes the dataset to a folder, with all parts of its split, and opens it there.

    Args:
        out: The folder.
        format: ``"parquet"``, ``"arrow"``, ``"npy"`` or ``"virtual"``; None for the recipe's.
        overwrite: True to replace an existing dataset.
        threads: The number of threads; None for one per core. The bits are the same.
        progress: As for ``build_dataset``.

    Raises:
        FileError: A file cannot be written, or there is a dataset already.
    """
    with _progress.shown(progress, "building") as tell:
        return _barloom.write(self, out, format, overwrite, threads, tell)


def add_to(dataset: type[Dataset]) -> None:
    """Makes the functions of this module methods of the class of datasets."""
    dataset.folds = property(folds)
    for method in (xy, predict, cross_predict, paths, replace, write):
        setattr(dataset, method.__name__, method)


#: Columns that have a scaler by default.
_PRICES = ("open", "high", "low", "close", "volume")


def recipe_of(
    label: Any, weights: Any, data: Mapping[str, Any], scaling: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The tables of a recipe for labels, weights and columns as ``barloom.dataset`` takes them."""
    recipe: dict[str, Any] = {}
    if label is not None:
        if isinstance(label, Mapping) and "kind" not in label:
            label = [{"name": name, **one} for name, one in label.items()]
        elif isinstance(label, Mapping):
            label = [label]
        recipe["label"] = [{"name": "y", **one} for one in label]
    if weights is not None:
        if isinstance(weights, str):
            weights = [weights]
        recipe["weights"] = dict(weights) if isinstance(weights, Mapping) else {"kind": list(weights)}
    scaling = dict(scaling or {})
    for place in ("channels", "snapshot"):
        columns = data.get(place)
        if columns is None or isinstance(columns, str):
            continue
        own = [name for name in columns if name.lower() not in _PRICES]
        scalers = {**dict.fromkeys(own, "none"), **scaling.get(place, {})}
        if scalers:
            scaling[place] = scalers
    if scaling:
        recipe["scaling"] = scaling
    if data:
        recipe["data"] = dict(data)
    return recipe

"""Progress of what takes long."""

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Iterator

#: A function that receives the number of finished samples and of all samples.
Tell = Callable[[int, int], None]


@contextmanager
def shown(progress: bool | Tell | None, what: str) -> Iterator[Tell | None]:
    """Yields the receiver of progress: the caller's function, a bar, or None.

    ``progress=None`` shows a bar on a terminal and in a notebook; True shows one anywhere.
    """
    if callable(progress):
        yield progress
        return
    if progress is None:
        progress = sys.stderr.isatty() or _in_notebook()
    if not progress:
        yield None
        return
    bar = _bar(what)
    try:
        yield bar
    finally:
        bar.close()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _bar(what: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Line(what)
    return _Tqdm(tqdm(desc=what, unit=" samples", unit_scale=True, leave=False))


class _Tqdm:
    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def __call__(self, done: int, total: int) -> None:
        self.bar.total = total or None
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        self.bar.close()


def _rounded(speed: float) -> int:
    """Three significant digits of it."""
    return int(float(f"{speed:.3g}"))


class _Line:
    """A line that is written again and again, where there is no tqdm."""

    def __init__(self, what: str) -> None:
        self.what, self.begin, self.width = what, time.monotonic(), 0

    def __call__(self, done: int, total: int) -> None:
        speed = done / max(time.monotonic() - self.begin, 1e-9)
        text = f"{self.what}: {done:,} of {total:,} samples, {_rounded(speed):,} a second"
        sys.stderr.write("\r" + text.ljust(self.width))
        sys.stderr.flush()
        self.width = len(text)

    def close(self) -> None:
        if self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()

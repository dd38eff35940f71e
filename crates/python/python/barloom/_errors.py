"""The exceptions of barloom."""

from __future__ import annotations

from typing import Any


class BarloomError(Exception):
    """The base class of all exceptions of barloom."""


class RecipeError(BarloomError, ValueError):
    """An invalid argument or recipe."""


class DataError(BarloomError, ValueError):
    """Unusable bars, or an unusable dataset."""


class VerificationError(BarloomError, ValueError):
    """A dataset that failed its verification."""

    #: The report of ``verify``.
    report: dict[str, Any]


class FileError(BarloomError, OSError):
    """A file that cannot be read or written, or a device that failed."""


class LeakError(BarloomError, ValueError):
    """A function of bars that looks ahead."""


class NondeterministicError(BarloomError, ValueError):
    """A function of bars that gives other values when it is called again."""


for _error in (
    BarloomError,
    RecipeError,
    DataError,
    VerificationError,
    FileError,
    LeakError,
    NondeterministicError,
):
    _error.__module__ = "barloom"

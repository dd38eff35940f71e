"""What barloom raises: the words are the command line's."""


class BarloomError(Exception):
    """Everything that barloom raises of its own."""


class RecipeError(BarloomError, ValueError):
    """An argument or a recipe that can't be."""


class DataError(BarloomError, ValueError):
    """Bars, or a dataset, that can't be used as they are."""


class VerificationError(BarloomError, ValueError):
    """A dataset that is not what it says."""


class FileError(BarloomError, OSError):
    """A file that can't be read or written, or a device that failed."""


for _error in (BarloomError, RecipeError, DataError, VerificationError, FileError):
    _error.__module__ = "barloom"

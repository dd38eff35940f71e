"""The command ``barloom``, as this package installs it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence

from . import _barloom


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command in this process and returns its exit code.

    Args:
        arguments: What stands behind ``barloom``; None for those of this process.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    # The command catches Ctrl-C itself where it has something to finish.
    # Python allows no other thread to set that; and what the command set once stays.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _barloom.command(["barloom", *arguments])

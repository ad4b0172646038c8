"""A child process that does not outlive its parent for long (Linux; elsewhere nothing happens)."""

from __future__ import annotations

import ctypes
import signal
import sys

_TELL_OF_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)
_C_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """In a child: SIGTERM when the parent is gone, also when it was killed."""
    if _C_LIBRARY is not None:
        _C_LIBRARY.prctl(_TELL_OF_PARENTS_DEATH, signal.SIGTERM)

"""Import this before the client of Redis: it then loads without OpenTelemetry.

The client has figures of its own, which nobody asks it for; for these it loads the metrics of
OpenTelemetry wherever they are installed, 2.3 MiB in each process. `hub.tracing` loads what it
needs when a collector is named.
"""

from __future__ import annotations

import sys
from importlib import import_module

_HIDDEN = "opentelemetry"


def _load() -> None:
    """The client takes a package that is hidden for one that is not installed."""
    if "redis" in sys.modules or _HIDDEN in sys.modules:
        return
    sys.modules[_HIDDEN] = None  # type: ignore[assignment]  # the import then fails
    try:
        import_module("redis")
    finally:
        del sys.modules[_HIDDEN]


_load()

"""What the web processes share: the main process loads it once, before it forks.

Memory that nobody writes to belongs to all of them together. It opens nothing: no connection, no
thread and no greenlet crosses a fork.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from gevent import monkey  # type: ignore[import-untyped]

from hub.config import Settings
from hub.errors import Misconfigured

_LOADED = (
    "hub.bootstrap.following",
    "hub.bootstrap.hub",
    "hub.bootstrap.metrics_page",
    "hub.web.app",
    "prometheus_client.exposition",
    "prometheus_client.mmap_dict",
    "prometheus_client.values",
)
# What a process that forks, waits for its children and hears signals must have from the system.
_AS_IT_IS = {
    "os": ("close", "fork", "forkpty", "waitpid"),
    "signal": ("getsignal", "signal"),
    "time": ("sleep",),
}
_for_greenlets: dict[tuple[str, str], Callable[..., Any]] = {}


def load(settings: Settings) -> Any:
    """Patch for greenlets, import the hub, read its project: the `Lookout` that did, or None.

    For the main process, once its own parts are made. It begins no greenlet itself.
    """
    monkey.patch_all()
    for name, functions in _AS_IT_IS.items():
        module = import_module(name)
        for function in functions:
            _for_greenlets[name, function] = getattr(module, function)
            setattr(module, function, monkey.get_original(name, function))
    for name in _LOADED:
        import_module(name)
    lookout = _lookout(settings)
    gc.collect()
    gc.freeze()  # a collection would write to what is shared
    return lookout


def finish_patching() -> None:
    """In a forked process: greenlets also where the main process could not have them."""
    for (name, function), patched in _for_greenlets.items():
        setattr(import_module(name), function, patched)


def _lookout(settings: Settings) -> Any:
    """None where plug-ins are installed: what they open as they load, each process has to open."""
    if import_module("hub.bootstrap.plug_ins").are_there_any():
        return None
    lookout = import_module("hub.bootstrap.lookout").Lookout(settings.project, settings.environment)
    with suppress(Misconfigured, OSError):  # each process reads them again, and says what is wrong
        lookout.first()
    return lookout

"""The one place where the parts meet: `open_hub(settings)` gives a hub that is ready to work.

Its names are imported when they are first asked for: `hub check` needs neither database nor
services, and a person waits for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.bootstrap.hub import Hub, open_hub
    from hub.bootstrap.preflight import check_server, check_values
    from hub.bootstrap.project import (
        LoadedProject,
        compile_project,
        config_values,
        read_project,
        read_settings,
    )

_HOMES = {
    "Hub": "hub.bootstrap.hub",
    "LoadedProject": "hub.bootstrap.project",
    "check_server": "hub.bootstrap.preflight",
    "compile_project": "hub.bootstrap.project",
    "config_values": "hub.bootstrap.project",
    "check_values": "hub.bootstrap.preflight",
    "open_hub": "hub.bootstrap.hub",
    "read_project": "hub.bootstrap.project",
    "read_settings": "hub.bootstrap.project",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)


__all__ = [
    "Hub",
    "LoadedProject",
    "check_server",
    "check_values",
    "compile_project",
    "config_values",
    "open_hub",
    "read_project",
    "read_settings",
]

"""The one place where the parts meet: `open_hub(settings)` gives a hub that is ready to work."""

from hub.bootstrap.hub import Hub, check_server, check_values, open_hub
from hub.bootstrap.project import LoadedProject, compile_project, read_project

__all__ = [
    "Hub",
    "LoadedProject",
    "check_server",
    "check_values",
    "compile_project",
    "open_hub",
    "read_project",
]

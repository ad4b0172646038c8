"""The one place where the parts meet: `open_hub(settings)` gives a hub that is ready to work."""

from hub.bootstrap.hub import Hub, open_hub
from hub.bootstrap.project import LoadedProject, read_project

__all__ = ["Hub", "LoadedProject", "open_hub", "read_project"]

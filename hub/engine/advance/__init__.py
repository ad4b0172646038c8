"""What happens next, decided without any I/O: workflow + journal → commands, notes, an ending."""

from hub.engine.advance.commands import (
    Command,
    Finished,
    LeaveTurn,
    Pause,
    Perform,
    ReplyNow,
    TakeTurn,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts
from hub.engine.advance.machine import Machine

__all__ = [
    "Command",
    "Facts",
    "Failure",
    "Finished",
    "LeaveTurn",
    "Machine",
    "Pause",
    "Perform",
    "ReplyNow",
    "TakeTurn",
]

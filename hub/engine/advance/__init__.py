"""What happens next, decided without any I/O: workflow + journal → commands, notes, an ending."""

from hub.engine.advance.commands import (
    Asked,
    Asking,
    AwaitEvent,
    Command,
    EmitEvent,
    Event,
    Finished,
    LeaveTurn,
    Pause,
    Perform,
    ReplyNow,
    StartRun,
    TakeTurn,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts
from hub.engine.advance.machine import Machine

__all__ = [
    "Asked",
    "Asking",
    "AwaitEvent",
    "Command",
    "EmitEvent",
    "Event",
    "Facts",
    "Failure",
    "Finished",
    "LeaveTurn",
    "Machine",
    "Pause",
    "Perform",
    "ReplyNow",
    "StartRun",
    "TakeTurn",
]

"""What an RQ job does: it wakes this process's runner and is done."""

from __future__ import annotations

import threading
from uuid import UUID

_heard = threading.Event()


def bell() -> threading.Event:
    """Set whenever there may be work."""
    return _heard


def work(run_id: str) -> None:
    """The one function of the hub's jobs (S17). The id is a hint: the runner asks the database."""
    UUID(run_id)
    _heard.set()

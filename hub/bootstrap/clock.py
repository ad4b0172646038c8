"""The system's clock, and ids that sort by time."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """The host's clock, in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


def new_id() -> UUID:
    """A version 7 UUID (RFC 9562): milliseconds first, so that rows lie in the order of time."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)

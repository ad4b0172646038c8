"""Where and when something was measured: figures belong to a machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True)
class Machine:
    """One measurement's circumstances. `load`: processes that wanted to run, before and after."""

    command: str
    day: str
    processors: int
    system: str
    python: str
    load: tuple[float, ...]

    @classmethod
    def now(cls, command: str) -> Self:
        """What it is like before the measurement."""
        return cls(
            command=command,
            day=f"{datetime.now(UTC):%Y-%m-%d}",
            processors=len(os.sched_getaffinity(0)),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            load=(os.getloadavg()[0],),
        )

    def later(self) -> Self:
        """The same machine after the measurement."""
        return replace(self, load=(*self.load, os.getloadavg()[0]))

    def told(self) -> str:
        """One sentence for terminal and page."""
        load = " and ".join(f"{each:.1f}" for each in self.load)
        when = "before it" if len(self.load) == 1 else "before and after it"
        return (
            f"Measured on {self.day} with `{self.command}`: {self.processors} cores,"
            f" {self.system}, Python {self.python}, load {load} {when}."
        )

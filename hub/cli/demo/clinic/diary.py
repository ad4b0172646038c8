"""The times of the mock clinic: who has one, and who took it just now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

SERVICES = ("Consultation", "Cleaning", "Whitening")
PROVIDERS = ("Dr. Adams", "Dr. Baker")
TIMES = ("9:00 AM", "11:15 AM", "2:30 PM", "2:45 PM", "4:00 PM")


@dataclass(frozen=True)
class Booked:
    """One booking, without anything of a card."""

    number: str
    visit: str
    wish: Mapping[str, str]


class Diary:
    """Which times are free. All of it is in memory, and gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}  # time → visit
        self._numbers = count(42)
        self.booked: list[Booked] = []

    def free(self, day: str) -> list[str]:
        """The times of a day that nobody has."""
        with self._lock:
            return [each for each in TIMES if f"{day} {each}" not in self._held]

    def hold(self, visit: str, slot: str) -> bool:
        """Keep a time for a visitor; false when another one has it."""
        with self._lock:
            return self._held.setdefault(slot, visit) == visit

    def release(self, visit: str) -> None:
        """A visitor wants nothing any more."""
        with self._lock:
            self._held = {slot: by for slot, by in self._held.items() if by != visit}

    def book(self, visit: str, wish: Mapping[str, str]) -> Booked:
        """The visitor has paid."""
        with self._lock:
            made = Booked(f"M-{next(self._numbers)}", visit, dict(wish))
            self.booked.append(made)
            return made

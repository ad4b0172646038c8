"""The rows of the trade that are about time, played with a false clock: `make time-rows`.

Deadlines, polls, reminders, windows and changed clocks of C, R and K, in the tests that need no
web, no worker and no wait: of days and weeks nothing is waited for.
"""

from __future__ import annotations

import sys

import pytest

ROWS = (
    *("C-12", "X11", "X12", "X15"),  # polls, leases, deadlines of a call
    *("R-01", "R-03", "R-09", "R-16", "R-18", "R-23", "R-28"),
    *("X26", "X28", "X31"),  # what lapsed, and reminders that move
    *("K-04", "K-05", "K-06", "K-07", "X36", "X37"),
)
FILES = (
    *(
        f"workflows/tests/{name}.yaml"
        for name in (
            *("book-by-phone", "booking-schedule", "booking-watchdog", "reconcile-booking"),
            *("slot-checkout", "check-slots", "session-waiver", "session-reschedule"),
            *("job-reminders", "booking-reminders", "booking-mail", "tidy-bookings"),
        )
    ),
    "tests/unit/domain/bookings/test_hours.py",
    "tests/integration/bookings/test_booking_rules.py",
    "tests/integration/bookings/test_booking_lives.py",
    "tests/integration/domain/test_sessions.py",
    "tests/integration/domain/test_session_days.py",
    "tests/integration/domain/test_slots.py",
    "tests/integration/domain/test_slot_ends.py",
)


def spelled(row: str) -> tuple[str, ...]:
    """How tests may write a row in their names: `R-03`, `R_03` or `R03`."""
    return tuple(dict.fromkeys((row, row.replace("-", "_"), row.replace("-", ""))))


def chosen() -> str:
    """What `pytest -k` is told."""
    return " or ".join(name for row in ROWS for name in spelled(row))


class Stopwatch:
    """What the tests take themselves, without the start of servers and of this program."""

    def __init__(self) -> None:
        self.seconds, self.tests = 0.0, 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of a test is over."""
        if report.when == "call":
            self.seconds += report.duration
            self.tests += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        terminalreporter.write_line(f"{self.tests} tests took {self.seconds:.1f} s together")


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-k", chosen(), *FILES, *sys.argv[1:]], plugins=[Stopwatch()]))

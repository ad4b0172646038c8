"""Where the hub asks for the time of day: in one place, and never to measure how long (E13)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HUB = Path(__file__).parents[2] / "hub"
THE_HOSTS = re.compile(
    r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.(?:time|time_ns|localtime|gmtime|ctime))\("
    r"|from time import [^\n]*\b(?:time|time_ns|localtime|gmtime|sleep)\b"
)
WAITING = re.compile(r"\.wait\((?!\))|gevent\.(?:sleep|Timeout)\(|sigtimedwait\(|\.settimeout\(")
CLOCK = "bootstrap/clock.py"
ON_ONE_MACHINE = {
    "bootstrap/checked.py",  # against the times of files
    "cli/demo/command.py",
    "cli/demo/page/opening.py",
    "cli/demo/stage.py",
    "cli/platforms.py",  # the day that is asked of a page
}
# The way in: signatures have a time, and what is received gets one, as who watches does. Runs ask
# the database.
THE_WAY_IN = {"bootstrap/hub.py", "bootstrap/in_force.py", "web/endpoints.py", "web/streams.py"}
# The time in a proof for Google, which Google compares with its own clock; nothing is stored.
SIGNED_FOR_GOOGLE = "connectors/google/tokens.py"


@cache
def sources() -> dict[str, str]:
    """The text of every module by its path."""
    return {
        str(path.relative_to(HUB)): path.read_text("utf-8") for path in sorted(HUB.rglob("*.py"))
    }


def those_with(pattern: str | re.Pattern[str]) -> set[str]:
    return {path for path, text in sources().items() if re.search(pattern, text)}


def test_E13_the_hosts_clock_is_read_in_one_place():
    assert those_with(THE_HOSTS) == {CLOCK, SIGNED_FOR_GOOGLE}


def test_E13_nothing_that_works_on_runs_is_given_the_hosts_clock():
    given = those_with(r"\bSystemClock\b") | those_with(r"\b(?:hub|makings|_makings)\.clock\b")

    assert given - {CLOCK} - ON_ONE_MACHINE <= THE_WAY_IN


def test_E13_waits_inside_a_process_use_the_monotonic_clock():
    """Python's own waits are monotonic; who waits has no time of day to compute a wait from."""
    waiting = those_with(WAITING)
    of_the_day = those_with(THE_HOSTS) | those_with(r"\bclock\.now\b|SystemClock")

    assert {"worker/runner.py", "storage/answers.py", "queue.py", "web/server.py"} <= waiting
    by_counting = {"cli/starting.py", "cli/demo/stage.py"}  # tell a time, and wait by counting
    assert waiting & of_the_day <= by_counting

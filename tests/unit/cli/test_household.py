"""How `hub dev` shows the lines of its children, and what it makes of their ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli.household import Deaths, Household, for_people, how_it_ended
from hub.config import Settings


@pytest.fixture
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_five_deaths_of_one_child_within_a_minute_are_too_many():
    deaths = Deaths()

    assert [deaths.count("web", at) for at in (0, 15, 30, 45)] == [False] * 4
    assert not deaths.count("worker", 46)
    assert deaths.count("web", 60)
    assert not deaths.count("web", 76)


def test_the_end_of_a_child_is_told_by_its_signal_or_exit_code():
    assert how_it_ended(-9) == "was killed by signal 9"
    assert how_it_ended(2) == "ended with exit code 2"


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.timeout(60)
def test_a_child_that_cannot_live_is_started_again_and_then_given_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    child = (
        "import os, signal, sys\n"
        "os.kill(os.getpid(), 9) if sys.argv[1] == 'worker' else signal.pause()"
    )
    program = [sys.executable, "-c", child]

    with Household(Settings.from_environment({}, project=tmp_path), program=program) as household:
        code = household.wait()

    told = capfd.readouterr().err.splitlines()
    assert code == 1
    assert told[:4] == ["hub: worker was killed by signal 9; started again"] * 4
    assert told[4].startswith("hub: worker was killed by signal 9, the 5th time within a minute")
    assert len(told) == 5


def test_a_json_line_of_a_child_is_shown_for_people():
    line = (
        '{"at":"2025-10-20T12:00:01.500+00:00","level":"info","logger":"hub.web",'
        '"message":"request","status":202,"runs":["r1"],"workflow":""}\n'
    )

    shown = for_people(line)

    assert shown is not None
    assert shown.text == "12:00:01 request status=202 runs=['r1']"
    assert shown.is_calm


def test_a_traceback_is_shown_below_its_event_and_never_hidden():
    shown = for_people('{"level":"error","message":"it failed","exception":"Traceback …"}')

    assert shown is not None
    assert shown.text == "it failed\nTraceback …"
    assert not shown.is_calm


def test_what_is_not_json_stays_as_it_is():
    shown = for_people("Segmentation fault\n")

    assert shown is not None
    assert (shown.text, shown.is_calm) == ("Segmentation fault", False)
    assert for_people("\n") is None

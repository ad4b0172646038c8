"""How `hub dev` shows the lines of its children, and what it makes of their ends."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli.household import Deaths, Household, for_people, how_it_ended
from hub.config import Settings
from hub.errors import NotPossible
from tests.processes.house import free_port


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


# A web that ends the first time as the test says, before it listens; a worker that goes on.
STARTS_SECOND = """
import os, pathlib, signal, socket, sys
first = pathlib.Path(os.environ["HUB_PROJECT"]) / "first"
if sys.argv[1] == "web":
    if not first.exists():
        first.touch()
        {end}
    listening = socket.create_server((os.environ["HUB_HOST"], int(os.environ["HUB_PORT"])))
signal.pause()
"""


def starting(project: Path, end: str) -> Household:
    """Children of which the web ends that way while it starts."""
    settings = Settings.from_environment({"HUB_PORT": str(free_port())}, project=project)
    program = [sys.executable, "-c", STARTS_SECOND.format(end=end)]
    return Household(settings, program=program)


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.timeout(60)
def test_a_child_that_is_killed_while_it_starts_is_started_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    with starting(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)") as household:
        household.wait_for_port()
        assert household.missing() is None

    assert capfd.readouterr().err == "hub: web was killed by signal 9; started again\n"


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.timeout(60)
def test_a_child_that_ends_by_itself_while_it_starts_is_a_mistake_and_not_started_again(
    tmp_path: Path,
):
    with (
        starting(tmp_path, "sys.exit(2)") as household,
        pytest.raises(NotPossible, match="web did not start"),
    ):
        household.wait_for_port()


def test_a_json_line_of_a_child_is_shown_for_people():
    line = (
        '{"at":"2025-10-20T12:00:01.500+00:00","level":"info","logger":"hub.web",'
        '"message":"request","status":202,"runs":["r1"],"workflow":""}\n'
    )

    shown = for_people(line)

    assert shown is not None
    assert shown.text == "12:00:01 request status=202 runs=['r1']"
    assert shown.is_calm


def test_S15_what_callers_send_begins_no_line_of_its_own():
    event = {"message": "request", "path": "/x\nweb    | 12:00:00 all is well"}

    shown = for_people(json.dumps(event))

    assert shown is not None
    assert shown.text == "request path=/x\\nweb    | 12:00:00 all is well"


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

"""Logs: one event, one line (S15)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import logs
from hub.bootstrap.secrets import Secrets

Lines = Callable[[], list[Any]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged, as the lines that came out."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    logs.configure("info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    logs.hide(lambda value: value)


def test_S15_an_event_is_one_line_of_json_with_its_extra_fields(lines: Lines):
    logging.getLogger("hub.test").info("a run %s", "ended", extra={"run_id": "r1"})
    logging.getLogger("hub.test").info("request", extra={"data": {"status": 202, "runs": ["r1"]}})

    first, second = lines()
    assert (first["message"], first["level"], first["run_id"]) == ("a run ended", "info", "r1")
    assert (second["status"], second["runs"]) == (202, ["r1"])


def test_what_is_below_the_level_is_not_said(lines: Lines):
    logging.getLogger("hub.test").debug("too much")

    assert lines() == []


def test_S15_line_breaks_and_terminal_signs_are_escaped(lines: Lines):
    logging.getLogger("hub.test").warning("first\nsecond \x1b[31m \x85 \u2028 %s", "\x7f")

    (event,) = lines()
    assert event["message"] == "first\nsecond \x1b[31m \x85 \u2028 \x7f"


def test_S15_a_fault_keeps_its_traceback_in_the_same_line(lines: Lines):
    try:
        json.loads("no json")
    except ValueError:
        logging.getLogger("hub.test").exception("it failed")

    (event,) = lines()
    assert "JSONDecodeError: Expecting value" in event["exception"]


def test_S6_what_a_thing_says_of_itself_is_searched_as_well(lines: Lines):
    logs.hide(Secrets(["API"], {"API": "s3cret-value"}).hide)

    hostile = {"problem": ValueError("s3cret-value"), 7: {b"s3cret-value", ("s3cret-value",)}}
    logging.getLogger("hub.test").info("it failed", extra={"data": hostile})

    (event,) = lines()
    assert event["problem"] == "[API]"
    assert sorted(event["7"], key=str) == [["[API]"], "b'[API]'"]


def test_S6_secrets_are_taken_out_of_every_field(lines: Lines):
    logs.hide(
        lambda event: {name: str(each).replace("s3cret", "*") for name, each in event.items()}
    )

    logging.getLogger("hub.test").info("token s3cret", extra={"header": "Bearer s3cret"})

    (event,) = lines()
    assert (event["message"], event["header"]) == ("token *", "Bearer *")


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text() | st.integers(), max_size=5))
def test_S15_no_line_is_longer_than_8_kib_or_leaves_ascii(message: str, extra: dict[str, Any]):
    """S15."""
    record = logging.LogRecord("hub", logging.INFO, "", 0, "%s", (message * 300,), None)
    vars(record).update({"data": {name: f"{value}" * 2000 for name, value in extra.items()}})

    line = logs.JsonLines().format(record)

    assert len(line) < logs.LARGEST_LINE
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["level"] == "info"


def test_S15_every_line_said_about_a_request_carries_its_ids(lines: Lines):
    marker = logs.about(request_id="q1")
    inner = logs.about(run_id="r1")
    logging.getLogger("a.library").warning("what a library says")
    logs.forget(inner)
    logging.getLogger("hub.test").info("later")
    logs.forget(marker)
    logging.getLogger("hub.test").info("afterwards")

    said, later, afterwards = lines()
    assert (said["request_id"], said["run_id"]) == ("q1", "r1")
    assert later["request_id"] == "q1"
    assert "run_id" not in later
    assert "request_id" not in afterwards


def test_S15_what_callers_send_cannot_take_the_place_of_an_id(lines: Lines):
    marker = logs.about(request_id="q1")
    logging.getLogger("hub.test").info("said", extra={"data": {"request_id": "forged"}})
    logging.getLogger("hub.test").info("said", extra={"request_id": "q2"})
    logs.forget(marker)

    forged, known = lines()
    assert (forged["request_id"], forged["data.request_id"]) == ("q1", "forged")
    assert known["request_id"] == "q2"


def test_S15_a_line_that_must_be_cut_keeps_its_ids(lines: Lines):
    marker = logs.about(request_id="q1", run_id="r1")
    logging.getLogger("hub.test").info("x", extra={f"field_{i}": "y" * 100 for i in range(200)})
    logs.forget(marker)

    (line,) = lines()
    assert (line["request_id"], line["run_id"]) == ("q1", "r1")


def test_threads_and_tasks_side_by_side_keep_their_own_ids(lines: Lines):
    def work(run_id: str) -> None:
        marker = logs.about(run_id=run_id)
        for _ in range(20):
            logging.getLogger("hub.test").info("mine %s", run_id)
        logs.forget(marker)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [f"r{number}" for number in range(16)]))

    assert [line for line in lines() if line["message"] != f"mine {line['run_id']}"] == []

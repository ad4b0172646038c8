"""Logs: one event, one line (S15)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import logs

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

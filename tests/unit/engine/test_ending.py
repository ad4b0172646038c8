"""How a run ends, and what is said to a caller who still waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.engine.advance import Failure, Finished
from hub.engine.ending import broken_response, ending_of, final_response
from hub.engine.start import Start
from hub.storage.runs import Ending
from tests.unit.engine.small_project import FILES, load

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
RUN = UUID(int=7)
FULL = Failure("full", "no room", step="one", attempts=1)


def start(failed: str = "") -> Start:
    """The start of a run of `book`, whose `respond` may have `failed`."""
    old = "    otherwise: Later.\n"
    text = FILES["workflows/book.yaml"].replace(old, old + failed)
    workflow = load({**FILES, "workflows/book.yaml": text}).workflows["book"]
    return Start(workflow, {"payload": {"comment": "Hi"}}, {}, NOON)


def said(finished: Finished, failed: str = "") -> tuple[int, Any, bool]:
    row = final_response(start(failed), ending_of(finished), finished, RUN)
    return row["status"], row["body"], row["failed"]


@pytest.mark.parametrize(
    ("finished", "status", "frees_key"),
    [
        (Finished(), "succeeded", False),
        (Finished(value="yes", has_returned=True), "succeeded", False),
        (Finished(value="yes", status=399, has_returned=True), "succeeded", False),
        (Finished(value="no", status=400, has_returned=True), "succeeded", True),
        (Finished(failure=FULL), "failed", True),
    ],
)
def test_a_refusal_succeeds_but_frees_its_key(finished: Finished, status: str, *, frees_key: bool):
    ending = ending_of(finished)
    assert (ending.status, ending.frees_key) == (status, frees_key)


def test_a_failure_is_kept_with_its_doubt():
    doubtful = Failure("outcome_unknown", "who knows", is_maybe_done=True)
    ending = ending_of(Finished(failure=doubtful))
    assert (ending.error, ending.is_maybe_done) == (doubtful.as_row(), True)


def test_the_value_that_was_returned_is_kept_as_json():
    assert ending_of(Finished(value={"at": NOON}, has_returned=True)).result == {
        "at": "2025-10-20T12:00:00Z"
    }
    assert ending_of(Finished()).result is None


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        (Finished(value={"a": 1}, has_returned=True), (200, {"a": 1}, False)),
        (Finished(value="no", status=409, has_returned=True), (409, "no", False)),
        (Finished(), (200, {"status": "succeeded", "run_id": str(RUN)}, False)),
        (Finished(failure=FULL), (500, {"error": "full", "run_id": str(RUN)}, True)),
        (
            Finished(failure=Failure("taken", "no", attempts=0, status=409)),
            (409, {"error": "taken", "run_id": str(RUN)}, True),
        ),
        (
            Finished(failure=Failure("not_found", "no", attempts=1, status=404)),
            (500, {"error": "not_found", "run_id": str(RUN)}, True),
        ),
    ],
)
def test_what_a_caller_hears_who_has_had_no_reply(
    finished: Finished, expected: tuple[int, Any, bool]
):
    assert said(finished) == expected


def test_headers_of_a_return_go_out():
    finished = Finished(value="yes", headers={"X-One": "1"}, has_returned=True)
    row = final_response(start(), ending_of(finished), finished, RUN)
    assert row["headers"] == {"X-One": "1"}


def test_failed_says_it_in_the_authors_words():
    failed = "    failed: Sorry, ${{ payload.comment | default('you') }}.\n"
    assert said(Finished(failure=FULL), failed) == (500, "Sorry, Hi.", True)


def test_words_that_cannot_be_found_leave_the_plain_answer():
    failed = "    failed: Sorry, ${{ payload.phone | required }}.\n"
    body = {"error": "full", "run_id": str(RUN)}
    assert said(Finished(failure=FULL), failed) == (500, body, True)


def test_a_cancelled_run_has_an_answer_too():
    row = final_response(start(), Ending("cancelled"), None, RUN)
    assert (row["status"], row["body"]["error"], row["failed"]) == (500, "cancelled", True)


def test_a_run_that_the_hub_failed_on_has_an_answer_too():
    row = broken_response(ending_of(Finished(failure=FULL)), RUN)
    assert row == {
        "status": 500,
        "body": {"error": "full", "run_id": str(RUN)},
        "headers": {},
        "failed": True,
    }

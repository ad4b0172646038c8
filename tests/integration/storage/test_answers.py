"""A waiting request learns of its run's answer: first writer wins, and a signal wakes it."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import text

from hub.storage import runs
from hub.storage.answers import Answer, AnswerBoard, settle, stored_answer
from hub.storage.runs import Ending
from tests.integration.storage.office import PATIENCE, at_once

LISTENERS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE application_name = 'hub-answers' AND query = 'LISTEN hub_answers'"
    " AND state = 'idle' AND datname = current_database()"
)


def reply(run_id, body, status=200) -> Answer:
    return Answer(run_id, status, body, {"x-answer": "1"})


def announce(connection, payload):
    connection.execute(text("SELECT pg_notify('hub_answers', :payload)"), {"payload": str(payload)})


def respond(office, owned, body):
    def responding(connection):
        runs.lock(connection, owned)
        runs.respond(connection, owned, reply(owned.id, body).as_row())

    office.ask(responding)


# ----------------------------------------------------------------------------- first writer wins


def test_I13_there_is_no_answer_before_somebody_writes_one(office):
    owned = office.claimed(is_awaited=True)

    assert stored_answer(office.engine, owned.id) is None
    assert stored_answer(office.engine, uuid4()) is None


@pytest.mark.parametrize("body", [{"b": 1, "a": [None, 1e16, 0.1]}, "text", None, 0, False, []])
def test_I13_an_answer_is_read_back_as_it_was_written(office, body):
    owned = office.claimed(is_awaited=True)

    respond(office, owned, body)

    found = stored_answer(office.engine, owned.id)
    assert found == reply(owned.id, body)
    assert found is not None
    assert repr(found.body) == repr(body)


def test_I13_a_reply_before_the_deadline_is_the_answer(office):
    owned = office.claimed(is_awaited=True)
    respond(office, owned, "reply")

    answer = settle(office.engine, owned.id, reply(owned.id, "otherwise"))

    assert answer.body == "reply"


def test_I13_a_reply_behind_the_deadline_comes_too_late(office):
    owned = office.claimed(is_awaited=True)
    answer = settle(office.engine, owned.id, reply(owned.id, "otherwise", 202))

    respond(office, owned, "reply")

    assert answer == reply(owned.id, "otherwise", 202)
    assert stored_answer(office.engine, owned.id) == answer


def test_I13_the_first_of_two_replies_is_the_answer(office):
    owned = office.claimed(is_awaited=True)

    respond(office, owned, "first")
    respond(office, owned, "second")

    found = stored_answer(office.engine, owned.id)
    assert found is not None
    assert found.body == "first"


def test_I13_reply_and_deadlines_at_once_agree_on_one_answer(office):
    owned = office.claimed(is_awaited=True)

    def write(index):
        if index == 0:
            respond(office, owned, "reply")
            return stored_answer(office.engine, owned.id)
        return settle(office.engine, owned.id, reply(owned.id, f"otherwise {index}"))

    answers = at_once(12, write)

    assert answers == [stored_answer(office.engine, owned.id)] * 12


def test_I7_a_repeat_of_what_is_answered_does_not_wait_for_a_step_of_the_run(office, open_engine):
    owned = office.claimed(is_awaited=True)
    respond(office, owned, "reply")

    with open_engine().begin() as step:
        runs.lock(step, owned)
        answer = settle(office.engine, owned.id, reply(owned.id, "otherwise"))

    assert answer.body == "reply"


def test_I13_a_reply_that_is_rolled_back_leaves_the_answer_open(office, open_engine):
    owned = office.claimed(is_awaited=True)
    with open_engine().connect() as connection:
        runs.lock(connection, owned)
        runs.respond(connection, owned, reply(owned.id, "lost").as_row())
        connection.rollback()

    answer = settle(office.engine, owned.id, reply(owned.id, "otherwise"))

    assert answer.body == "otherwise"


def test_I13_the_run_goes_on_behind_its_deadline(office):
    owned = office.claimed(is_awaited=True)
    settle(office.engine, owned.id, reply(owned.id, "otherwise"))

    office.end(owned, Ending("succeeded"))

    assert office.status(owned.id) == "succeeded"


def test_a_run_that_is_not_there_is_answered_with_what_is_said_at_the_deadline(office):
    otherwise = reply(uuid4(), "otherwise")

    assert settle(office.engine, otherwise.run_id, otherwise) == otherwise


# ------------------------------------------------------------------------------------ the signal


class Signals:
    """What the board of a test heard; a signal, unlike a look at the row, is counted."""

    def __init__(self, board: AnswerBoard, run_id) -> None:
        self._came = threading.Event()
        self.expectation = board.expect(run_id)
        self._wake = self.expectation.wake
        self.expectation.wake = self._heard  # type: ignore[method-assign]

    def _heard(self, answer: Answer | None) -> None:
        self._wake(answer)
        self._came.set()

    def came(self) -> bool:
        return self._came.wait(PATIENCE)

    def has_come(self) -> bool:
        return self._came.is_set()


@pytest.fixture
def board(office, database):
    """A board that listens."""
    board = AnswerBoard(database.replace("postgresql+psycopg://", "postgresql://"))
    board.start()
    office.until(lambda: office.rows(LISTENERS))
    yield board
    board.stop()


def test_I13_a_reply_wakes_who_waits_for_it(office, board):
    owned = office.claimed(is_awaited=True)
    signals = Signals(board, owned.id)

    respond(office, owned, "reply")

    assert signals.came()
    assert signals.expectation.wait(0) == reply(owned.id, "reply")
    assert stored_answer(office.engine, owned.id) == reply(owned.id, "reply")


def test_I13_the_end_of_a_run_wakes_with_the_answer_that_the_row_holds(office, board):
    first, late = office.claimed(is_awaited=True), office.claimed(is_awaited=True)
    settle(office.engine, late.id, reply(late.id, "otherwise"))
    told = [Signals(board, each.id) for each in (first, late)]

    for each in (first, late):
        office.ask(
            lambda db, each=each: runs.end(
                db, each, Ending("succeeded"), response=reply(each.id, "the end").as_row()
            )
        )

    assert all(each.came() for each in told)
    assert told[0].expectation.wait(0) == reply(first.id, "the end")
    assert told[1].expectation.wait(0) == reply(late.id, "otherwise")


def test_I13_an_answer_that_is_too_long_for_a_signal_is_read_from_the_row(office, board):
    owned = office.claimed(is_awaited=True)
    signals = Signals(board, owned.id)

    respond(office, owned, "ä" * 4_000)

    assert signals.came()
    assert signals.expectation.wait(0) is None
    assert stored_answer(office.engine, owned.id) == reply(owned.id, "ä" * 4_000)


def test_I13_the_signal_comes_with_the_commit_and_not_before(office, board, open_engine):
    owned, other = office.claimed(is_awaited=True), office.claimed(is_awaited=True)
    early, later = Signals(board, owned.id), Signals(board, other.id)
    with open_engine().begin() as connection:
        runs.lock(connection, owned)
        runs.respond(connection, owned, reply(owned.id, "reply").as_row())
        respond(office, other, "other")
        assert later.came()
        assert not early.has_come()

    assert early.came()


def test_I13_all_who_wait_for_one_run_are_woken_and_nobody_else(office, board):
    owned, other = office.claimed(is_awaited=True), office.claimed(is_awaited=True)
    waiting = [Signals(board, owned.id) for _ in range(3)]
    apart = Signals(board, other.id)

    respond(office, owned, "reply")

    assert all(each.came() for each in waiting)
    assert not apart.has_come()


def test_I13_who_has_gone_is_not_woken(office, board):
    owned = office.claimed(is_awaited=True)
    gone, staying = Signals(board, owned.id), Signals(board, owned.id)
    with gone.expectation:
        """The request is answered."""

    respond(office, owned, "reply")

    assert staying.came()
    assert not gone.has_come()


def test_a_signal_that_names_no_run_wakes_nobody_and_does_no_harm(office, board):
    owned = office.claimed(is_awaited=True)
    signals = Signals(board, owned.id)

    for payload in ("", "nonsense", "0" * 5000, f"{owned.id} {{", f"{owned.id} [1]"):
        office.ask(lambda db, payload=payload: announce(db, payload))
    office.ask(lambda connection: announce(connection, owned.id))

    assert signals.came()


def test_I13_a_board_that_lost_its_connection_listens_again(office, board):
    owned = office.claimed(is_awaited=True)
    signals = Signals(board, owned.id)
    before = office.rows(LISTENERS)
    for listener in before:
        cut = text("SELECT pg_terminate_backend(:pid, 10000)").bindparams(pid=listener.pid)
        office.ask(lambda db, cut=cut: db.execute(cut))

    def is_heard() -> bool:
        office.ask(lambda db: announce(db, owned.id))
        return signals.has_come()

    office.until(is_heard)


def test_I13_a_reply_while_nobody_listens_is_found_by_a_look_at_the_row(office):
    owned = office.claimed(is_awaited=True)
    deaf = AnswerBoard("postgresql://nobody@127.0.0.1:1/nothing")
    deaf.start()
    with deaf.expect(owned.id) as expectation:
        respond(office, owned, "reply")
        expectation.wait(PATIENCE)
        found = stored_answer(office.engine, owned.id)
    deaf.stop()

    assert found == reply(owned.id, "reply")


def test_a_wait_ends_at_the_latest_when_its_time_is_over(board):
    with board.expect(uuid4()) as expectation:
        expectation.wait(0)
        expectation.wait(-1)


def test_a_board_that_never_listened_can_be_stopped():
    AnswerBoard("postgresql://nobody@127.0.0.1:1/nothing").stop()

"""What callers were told unasked becomes the answer of the run (I7)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from hub.storage import runs
from hub.storage.answers import Answer, stored_answer
from hub.storage.told import ToldAnswers


def later(run_id):
    return Answer(run_id, 202, {"status": "later"})


@pytest.fixture
def told(office):
    told = ToldAnswers(office.engine)
    yield told
    told.stop()


def test_I7_it_is_stored_whether_the_run_has_answered_meanwhile_or_not(office, told):
    answered, silent = office.claimed(is_awaited=True), office.claimed(is_awaited=True)
    own = Answer(answered.id, 200, {"status": "done"}).as_row()
    office.ask(lambda db: runs.respond(db, answered, own))

    for each in (answered, silent):
        told.tell(later(each.id))

    for each in (answered, silent):
        office.until(lambda each=each: stored_answer(office.engine, each.id) == later(each.id))


def test_I7_a_row_that_somebody_works_on_is_left_until_it_is_free_and_keeps_no_other_waiting(
    office, told, open_engine
):
    busy, free = office.claimed(is_awaited=True), office.claimed(is_awaited=True)
    with open_engine().begin() as connection:
        connection.execute(text("SELECT FROM runs WHERE id = :id FOR UPDATE"), {"id": busy.id})
        for each in (busy, free):
            told.tell(later(each.id))
        office.until(lambda: stored_answer(office.engine, free.id) == later(free.id))
        assert stored_answer(office.engine, busy.id) is None

    office.until(lambda: stored_answer(office.engine, busy.id) == later(busy.id))


def test_I7_what_the_database_does_not_take_at_the_end_is_said(caplog):
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    told = ToldAnswers(engine)
    told.tell(later(uuid4()))

    told.stop()

    assert "1 answers that callers were told are not stored" in caplog.text

"""What the journal remembers, and which of it waits to be stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.engine.advance import Failure
from hub.engine.advance.journal import Entry, Journal
from tests.fakes.clock import START, FakeClock

ERROR = Failure("full", "no room", step="a").as_row()


def test_a_note_waits_until_it_is_stored():
    journal = Journal()
    journal.note("a", "if", "succeeded", result=1)
    assert [note.path for note in journal.notes()] == ["a"]
    journal.forget_notes()
    assert journal.notes() == []
    assert [entry.path for entry in journal.entries()] == ["a"]


def test_what_was_stored_before_is_no_note():
    assert Journal([Entry("a", "if", "succeeded")]).notes() == []


def test_inputs_key_and_beginning_stay_as_first_noted():
    clock = FakeClock()
    journal = Journal(timer=clock.now)
    journal.note("a", "call", "started", inputs={"x": 1})
    clock.advance(timedelta(seconds=3))
    journal.note("a", "call", "succeeded", result=2)
    (note,) = journal.notes()
    assert (note.inputs, note.result) == ({"x": 1}, 2)
    assert (note.began_at, note.ended_at) == (START, START + timedelta(seconds=3))


def test_the_same_again_is_no_new_note():
    journal = Journal([Entry("a", "call", "started", inputs=1)])
    journal.note("a", "call", "started", inputs=2)
    assert journal.notes() == []


@pytest.mark.parametrize("status", ["started", "retrying"])
def test_what_goes_on_has_not_ended(status):
    assert Journal([Entry("a", "do", status)]).ended("a") is None


def test_a_failed_step_fails_again_in_the_same_way():
    journal = Journal([Entry("a", "do", "failed", error=ERROR)])
    with pytest.raises(Failure) as failed:
        journal.ended("a")
    assert failed.value.as_row() == ERROR


@pytest.mark.parametrize(
    ("path", "was_begun"), [("loop[1]/", True), ("loop[1]/in[0]/", True), ("loop[0]/", False)]
)
def test_an_item_was_begun_when_something_of_it_is_stored(path, was_begun):
    journal = Journal([Entry("loop[1]/in[0]/a", "do", "succeeded")])
    assert journal.was_begun(path) is was_begun


def test_what_is_noted_now_was_not_begun_by_an_earlier_owner():
    journal = Journal()
    journal.note("loop[0]/a", "if", "succeeded")
    assert journal.was_begun("loop[0]/") is False

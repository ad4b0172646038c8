"""One path of one run emits once, whoever asks for it again (E6)."""

from __future__ import annotations

from datetime import timedelta

from hub.storage import events


def emit(office, run_id, path):
    def emitting(connection):
        return events.emit(
            connection, name="door.opened", key="one", data={}, run_id=run_id, path=path
        )

    return office.ask(emitting)


def listen(office, run_id):
    office.ask(lambda connection: events.listen(connection, run_id, [("door.opened", "one")]))


def test_E6_an_event_that_was_emitted_is_not_emitted_again_and_wakes_nobody_twice(office):
    emitter, sleeper = office.claimed(), office.claimed()
    listen(office, sleeper.id)
    office.wait(sleeper)

    first = emit(office, emitter.id, "told")
    (woken,) = office.claim()
    office.wait(woken, timedelta(hours=1))
    again = emit(office, emitter.id, "told")
    other = emit(office, emitter.id, "told-again")

    assert first.event is not None
    assert first.woken == (sleeper.id,)
    assert (again.event, again.woken) == (None, ())
    assert other.woken == (sleeper.id,)
    assert office.count("events") == 2

"""The journal of a run: what was begun stays as it was begun, what came of it is added."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.storage import once, runs, steps
from hub.storage.once import Held, OnceKey
from hub.storage.steps import StepRow
from tests.integration.storage.office import WORKFLOW, at_once

SEND = StepRow(
    path="notify/send",
    kind="do",
    status="started",
    step_id="send",
    action="slack.post",
    attempts=1,
    key="run/notify/send",
    inputs={"text": "hello"},
)


@pytest.fixture
def journal(office):
    """Writes rows for one run in one transaction each, and reads them all."""
    run_id = office.accepted()

    def writing(*rows):
        office.ask(lambda connection: steps.write(connection, run_id, rows))
        return office.ask(lambda connection: steps.load(connection, run_id))

    return writing


def test_E7_what_was_begun_is_read_back_as_it_was_written(journal):
    assert journal(SEND) == [SEND]


def test_E7_what_may_be_missing_is_read_back_as_missing(journal):
    row = StepRow(path="a", kind="vars", status="succeeded")

    (found,) = journal(row)

    assert replace(found, result=None) == row


@pytest.mark.parametrize("value", [0, "", False, [], {}, "null", 1.5, 1e16, {"~instant": "x"}])
def test_E7_results_of_all_kinds_come_back(journal, value):
    (found,) = journal(replace(SEND, status="succeeded", inputs=[value], result=value))

    assert (found.inputs, found.result) == ([value], value)
    assert type(found.result) is type(value)


def test_E7_inputs_and_key_stay_as_first_written(journal):
    journal(SEND)

    (found,) = journal(
        replace(
            SEND,
            status="succeeded",
            attempts=2,
            inputs={"text": "other"},
            key="another",
            result={"ts": "1"},
        )
    )

    assert (found.inputs, found.key) == (SEND.inputs, SEND.key)
    assert (found.status, found.attempts, found.result) == ("succeeded", 2, {"ts": "1"})


def test_E7_the_end_of_a_step_is_noted_and_its_begin_is_kept(office, journal):
    journal(SEND)
    (begun,) = office.rows("SELECT started_at, ended_at FROM steps")
    journal(replace(SEND, status="succeeded"))
    (ended,) = office.rows("SELECT started_at, ended_at FROM steps")

    assert begun.ended_at is None
    assert ended.started_at == begun.started_at < ended.ended_at


def test_E7_an_entry_of_another_run_is_another_entry(office, journal):
    other = office.accepted()
    journal(SEND)

    office.ask(lambda connection: steps.write(connection, other, [replace(SEND, attempts=9)]))

    assert [row.attempts for row in journal()] == [1]


def test_E7_entries_keep_the_order_in_which_they_began(journal):
    first, second, third = (replace(SEND, path=path) for path in ("z", "a", "m"))
    journal(first, second)

    found = journal(third, replace(first, status="succeeded"))

    assert [row.path for row in found] == ["z", "a", "m"]


def test_E9_the_next_try_of_a_step_has_its_time(office, journal):
    (found,) = journal(replace(SEND, status="retrying", due_in=timedelta(minutes=5)))

    (row,) = office.rows("SELECT now() AS now")
    assert found.due_at is not None
    assert timedelta(minutes=4) < found.due_at - row.now <= timedelta(minutes=5)


def test_E6_an_entry_that_is_rolled_back_was_never_written(office, journal, open_engine):
    owned = office.claim()[0]
    with open_engine().connect() as connection:
        runs.lock(connection, owned)
        steps.write(connection, owned.id, [SEND])
        connection.rollback()

    assert journal() == []


def test_E20_a_run_again_gets_the_results_that_it_goes_on_from(office):
    old, new = office.accepted(), office.accepted()
    kept, repeated = replace(SEND, path="a", status="succeeded"), replace(SEND, path="b")
    office.ask(lambda connection: steps.write(connection, old, [kept, repeated]))

    office.ask(lambda db: steps.copy_journal(db, source=old, target=new, paths=["a"]))

    assert office.ask(lambda connection: steps.load(connection, new)) == [kept]


# ------------------------------------------------------------------------------------- once keys


@pytest.fixture
def key_of(office):
    """The key of a step of a new run."""
    return lambda path="send", digest=b"d": OnceKey(
        WORKFLOW, "send", digest, office.accepted(), path
    )


def take(office, key):
    return office.ask(lambda connection: once.take(connection, key))


def succeed(office, key, result):
    office.ask(lambda connection: once.succeed(connection, key, result))


def give_up(office, key, *, is_maybe_done):
    office.ask(lambda db: once.give_up(db, key, is_maybe_done=is_maybe_done))


def test_E8_a_key_is_taken_by_one_of_all_runs(office, key_of):
    keys = [key_of() for _ in range(16)]

    found = at_once(16, lambda index: take(office, keys[index]).by)

    assert sorted(found) == ["ours"] + ["started"] * 15


def test_E8_the_run_that_has_the_key_has_it_again_after_a_crash(office, key_of):
    key = key_of()

    assert [take(office, key), take(office, key)] == [Held("ours")] * 2


def test_E8_another_step_of_the_same_run_does_not_have_the_key(office, key_of):
    key = key_of()
    take(office, key)

    assert take(office, replace(key, path="again")) == Held("started")


def test_E8_later_runs_get_the_result_of_the_first(office, key_of):
    first = key_of()
    take(office, first)
    succeed(office, first, {"sid": "SM1"})

    assert take(office, key_of()) == Held("succeeded", {"sid": "SM1"})
    assert take(office, key_of(digest=b"other")) == Held("ours")


def test_E8_a_step_that_failed_for_sure_leaves_the_key_to_others(office, key_of):
    first = key_of()
    take(office, first)

    give_up(office, first, is_maybe_done=False)

    assert take(office, key_of()) == Held("ours")


def test_E8_a_step_that_may_have_happened_is_never_done_again(office, key_of):
    first = key_of()
    take(office, first)

    give_up(office, first, is_maybe_done=True)

    assert take(office, key_of()) == Held("unknown")


def test_E8_a_run_without_the_key_changes_nothing_of_it(office, key_of):
    first, other = key_of(), key_of()
    take(office, first)

    succeed(office, other, {"sid": "SM2"})
    give_up(office, other, is_maybe_done=True)
    give_up(office, other, is_maybe_done=False)

    assert take(office, key_of()) == Held("started")


@pytest.mark.parametrize(
    ("error", "held"),
    [({"code": "x", "maybe_done": True}, "unknown"), ({"code": "x", "maybe_done": False}, "ours")],
)
def test_E8_a_run_that_ends_between_two_tries_frees_what_did_not_happen(
    office, key_of, error, held
):
    key = key_of(path=SEND.path)
    take(office, key)
    tried = replace(SEND, status="retrying", error=error)
    office.ask(lambda connection: steps.write(connection, key.run_id, [tried]))

    office.ask(lambda connection: once.abandon(connection, key.run_id))

    assert take(office, key_of()).by == held


def test_E8_a_run_that_ends_keeps_what_it_got_done(office, key_of):
    key = key_of()
    take(office, key)
    succeed(office, key, "done")

    office.ask(lambda connection: once.abandon(connection, key.run_id))

    assert take(office, key_of()) == Held("succeeded", "done")

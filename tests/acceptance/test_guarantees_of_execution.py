"""What working on a run guarantees, on the project's own flows (E1 … E5, E11, E15, E17)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import make_url, text

from hub.queue import QUEUE, WORK, RunJob
from hub.storage import runs, tables
from hub.storage.runs import LEASE
from tests.acceptance.booked_once import accepted_booking, is_booked_once
from tests.acceptance.conftest import OpenStory
from tests.acceptance.crashes import Deaths, Killed, on_round, stops_after
from tests.acceptance.story import DAY, HOUR, SAMPLE_TIME, Story


def all_rows(hub: Story) -> dict[str, list[str]]:
    """Every row of every table."""
    with hub.transaction() as db:
        return {
            table.name: sorted(str(row) for row in db.execute(table.select()))
            for table in tables.metadata.sorted_tables
        }


# --------------------------------------------------------------------------------- E1, E2: states


def test_E1_every_change_of_state_is_a_row_of_history(hub: Story):
    lead = hub.holder()
    hub.slack.is_busy(retry_after=30)
    run = accepted_booking(hub, lead)

    hub.work_all()
    hub.later(HOUR)

    changes = [change.status for change in hub.changes(run)]
    assert changes == ["queued", "running", "waiting", "running", "succeeded"]
    assert hub.run(run).line.status == changes[-1]


def test_E1_a_run_that_has_ended_never_changes(hub: Story):
    run = accepted_booking(hub, hub.holder())
    claimed = hub.claim()
    hub.hub.executor.work(claimed, is_stopping=lambda: False)
    before = all_rows(hub)

    with hub.transaction() as db:
        assert runs.request_cancel(db, run) == "succeeded"
    hub.hub.executor.work(claimed, is_stopping=lambda: False)
    hub.later(30 * DAY)

    assert hub.run(run).line.status == "succeeded"
    assert all_rows(hub)["runs"] == before["runs"]
    assert all_rows(hub)["run_history"] == before["run_history"]


def test_E2_every_accepted_run_ends_after_the_last_fault(hub: Story):
    leads = [hub.holder(f"Lead {n}") for n in range(12)]
    accepted = [accepted_booking(hub, lead, call=f"c{n}") for n, lead in enumerate(leads)]
    runs.claim(hub.hub.database, worker="dies", most=3)
    for _ in range(3):
        hub.hub.executor.work(hub.claim(), is_stopping=stops_after(2))
    hub.slack.is_busy(retry_after=60)
    hub.slack.fails_with("internal_error")
    hub.slack.fails_with("channel_not_found")
    with pytest.raises(Killed), Deaths(hub.hub.database).at(9):
        hub.work_all()

    hub.leases_run_out()
    hub.work_all()
    hub.later(HOUR)

    assert {hub.run(run).line.status for run in accepted} == {"succeeded"}
    assert [line for line in hub.runs() if line.ended_at is None] == []


# ------------------------------------------------------------------------------- E3, E4, E5: leases


def test_E3_a_run_is_owned_by_a_lease_of_30_seconds_by_the_databases_clock(hub: Story):
    run = accepted_booking(hub, hub.holder())

    claimed = hub.claim()

    (row,) = hub.rows(tables.runs, id=run)
    assert timedelta(seconds=30) == LEASE
    assert row.lease_until - claimed.claimed_at == LEASE
    assert row.token == claimed.token == 1


def test_E3_two_workers_never_own_one_run(hub: Story):
    lead = hub.lead()
    for n in range(6):
        hub.call_ends(lead, "no_answer", call=f"c{n}", is_worked=False)

    first = runs.claim(hub.hub.database, worker="first", most=4)
    second = runs.claim(hub.hub.database, worker="second", most=4)

    assert (len(first), len(second)) == (4, 2)
    assert not {run.id for run in first} & {run.id for run in second}


def test_E3_a_row_that_somebody_has_locked_is_passed_over(hub: Story):
    lead = hub.lead()
    locked, free = (
        hub.call_ends(lead, "no_answer", call=call, is_worked=False).run_id for call in "ab"
    )

    with hub.transaction() as db:
        db.execute(text("SELECT 1 FROM runs WHERE id = :id FOR UPDATE"), {"id": locked})
        claimed = runs.claim(hub.hub.database, worker="story", most=10)

    assert [run.id for run in claimed] == [free]


def test_E3_each_owner_has_a_larger_token_and_renews_only_its_own_lease(hub: Story):
    run = accepted_booking(hub, hub.holder())
    first = hub.claim()
    hub.leases_run_out()
    second = hub.claim()
    (before,) = hub.rows(tables.runs, id=run)

    runs.renew(hub.hub.database, [first])
    assert hub.rows(tables.runs, id=run)[0].lease_until == before.lease_until

    runs.renew(hub.hub.database, [second])
    assert hub.rows(tables.runs, id=run)[0].lease_until > before.lease_until
    assert second.token > first.token


def test_E4_an_owner_that_lost_its_lease_changes_nothing(hub: Story):
    lead = hub.holder()
    accepted_booking(hub, lead)
    frozen = hub.claim()
    hub.leases_run_out()
    hub.work_all()  # somebody else does it
    before = all_rows(hub)

    hub.hub.executor.work(frozen, is_stopping=lambda: False)

    assert all_rows(hub) == before
    assert len(hub.slack.requests) == 1


@pytest.mark.parametrize("others_finish", [True, False])
def test_E4_a_worker_that_is_frozen_at_any_step_and_woken_changes_nothing_more(
    open_story: OpenStory, database: str, *, others_finish: bool
):
    breaks_locks_soon = make_url(database).update_query_dict(
        {"options": "-c idle_in_transaction_session_timeout=500ms"}
    )
    hub = open_story()
    freezes = open_story(HUB_DATABASE_URL=breaks_locks_soon.render_as_string(hide_password=False))
    for number in range(1, 8):
        lead = hub.holder(f"Lead {number}")
        run = accepted_booking(hub, lead, call=f"c{number}")

        def frozen() -> None:
            assert hub.leases_run_out() == 1
            if others_finish:
                hub.work_all()
            else:
                hub.claim()

        claimed = freezes.claim()
        freezes.hub.executor.work(claimed, is_stopping=on_round(number, frozen))
        hub.leases_run_out()
        hub.work_all()

        assert hub.run(run).line.status == "succeeded"
        assert is_booked_once(hub, lead)
        assert sum(f"Lead {number} booked" in text for text in hub.slack.texts) == 1
    assert hub.faults() == []


def test_E5_a_run_whose_owner_died_goes_on_elsewhere_without_an_operator(hub: Story):
    lead = hub.holder()
    run = accepted_booking(hub, lead)
    hub.claim()
    hub.work_all()
    assert hub.run(run).line.status == "running"  # nobody takes what is owned

    assert hub.leases_run_out() == 1
    hub.work_all()

    assert hub.run(run).line.status == "succeeded"
    assert is_booked_once(hub, lead)
    assert [change.why for change in hub.changes(run)][2] == "the lease ran out"


# ----------------------------------------------------------------------------------- E11: timers


def test_E11_a_timer_is_a_row_that_survives_a_restart_and_fires_once_and_never_early(
    hub: Story, open_story: OpenStory
):
    lead = hub.holder()
    hub.slack.is_busy(retry_after=300)
    run = accepted_booking(hub, lead)
    hub.work_all()
    (row,) = hub.rows(tables.runs, id=run)
    assert (row.status, row.worker, row.lease_until) == ("waiting", None, None)

    restarted, other = open_story(), open_story()
    restarted.later(timedelta(seconds=295))
    assert hub.slack.messages == []

    with restarted.transaction() as db:
        db.execute(text("UPDATE runs SET due_at = now() WHERE status = 'waiting'"))
        db.execute(text("UPDATE steps SET due_at = now() WHERE status = 'retrying'"))
    first = runs.claim(restarted.hub.database, worker="first", most=5)
    second = runs.claim(other.hub.database, worker="second", most=5)
    for claimed in (*first, *second):
        restarted.hub.executor.work(claimed, is_stopping=lambda: False)

    assert (len(first), len(second)) == (1, 0)
    assert len(hub.slack.messages) == 1
    assert hub.run(run).line.status == "succeeded"


def test_E11_nobody_is_in_the_way_while_a_run_waits(hub: Story):
    waiting, other = hub.holder("Ada"), hub.holder("Grace")
    hub.slack.is_busy(retry_after=300)
    hub.books(waiting, SAMPLE_TIME)

    hub.books(other, SAMPLE_TIME)

    assert [text[:12] for text in hub.slack.texts] == ["Grace booked"]


# --------------------------------------------------------------------------------- E15: versions


def test_E15_a_run_works_with_the_version_it_was_accepted_with(
    hub: Story, open_story: OpenStory, project: Path
):
    accepted_booking(hub, hub.holder("Ada"))
    announce = project / "workflows" / "announce-appointment.yaml"
    announce.write_text(announce.read_text().replace("#bookings", "#elsewhere"))

    changed = open_story()
    changed.work_all()
    changed.books(changed.holder("Grace"), SAMPLE_TIME)

    assert [message.channel for message in hub.slack.messages] == ["#bookings", "#elsewhere"]


def test_E15_a_run_works_when_its_file_is_gone(hub: Story, open_story: OpenStory, project: Path):
    lead = hub.holder()
    run = accepted_booking(hub, lead)
    (project / "workflows" / "vapi-call-ended.yaml").unlink()

    removed = open_story()
    removed.work_all()

    assert removed.run(run).line.status == "succeeded"
    assert is_booked_once(removed, lead)
    assert removed.call_ends(lead, "no_answer", call="c2").status == 404


# ------------------------------------------------------------------------------- E17: the queue


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    with Redis.from_url(redis_url) as connection:
        yield Queue(QUEUE, connection=connection, job_class=RunJob, serializer=JSONSerializer)


def test_E17_a_message_carries_a_run_id_and_nothing_else(hub: Story, queue: Queue):
    run = accepted_booking(hub, hub.lead())

    connection = queue.connection
    name = connection.blmove(queue.key, queue.key, timeout=30)  # rung behind the request
    job = Job.fetch(str(run), connection=connection, serializer=JSONSerializer)

    assert name == str(run).encode()
    assert (job.func_name, list(job.args), job.kwargs) == (WORK, [str(run)], {})
    kept = {
        str(value)
        for key in connection.scan_iter("*")
        if connection.type(key) == b"hash"
        for value in connection.hgetall(key).values()
    }
    assert not any("appointment_booked" in value for value in kept)


def test_E17_lost_repeated_and_forged_messages_change_nothing(hub: Story, queue: Queue):
    lead = hub.holder()
    run = accepted_booking(hub, lead)
    queue.empty()
    for named in (run, run, uuid4()):
        queue.enqueue_call(WORK, args=(str(named),))

    hub.work_all()
    hub.work_all()

    assert hub.run(run).line.status == "succeeded"
    assert is_booked_once(hub, lead)
    assert len(hub.slack.messages) == 1

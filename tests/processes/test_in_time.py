"""Nobody comes late: timers over restarts and an upgrade, and what a dead owner left (E5, E11)."""

from __future__ import annotations

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import HANG, Answer
from tests.figures import Figure
from tests.processes.house import LEASE_SECONDS, House, until

MOST_LATE = 5.0  # seconds, of E5 and of E11
PAUSES = (5, 6, 7, 9)  # seconds; the processes are replaced meanwhile


def test_E11_timers_fire_once_and_in_time_over_restarts_and_an_upgrade(
    house: House, receiver: FakeReceiver, figure: Figure
):
    _, worker = house.start_both()
    lead = house.lead()
    receiver.then(*(Answer(503, headers={"Retry-After": str(pause)}) for pause in PAUSES))
    house.send_all([lambda: house.post("calls-out", {"lead_id": str(lead)})] * len(PAUSES))
    sleeping = "SELECT id, due_at FROM runs WHERE status = 'waiting'"
    due = until(
        lambda: (rows := house.rows(sleeping)) and len(rows) == len(PAUSES) and rows, "all sleep"
    )

    for _ in range(2):  # one after the other, so that a worker lives all the time
        following = house.start_worker()
        assert worker.terminate() == 0
        upgrade = house.start("upgrade", "-m", "hub", "db", "upgrade")
        assert upgrade.running.wait(30) == 0, upgrade.lines
        worker = following
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": len(PAUSES)}
    late = []
    for row in due:
        (woken,) = house.rows(
            "SELECT at FROM run_history WHERE run_id = :id AND token = 2 AND status = 'running'",
            id=row.id,
        )
        late.append((woken.at - row.due_at).total_seconds())
    assert min(late) >= 0
    assert max(late) <= MOST_LATE
    assert len(receiver.requests) == 2 * len(PAUSES)  # one refusal and one success of each
    figure("E11", f"{len(late)} timers over 2 restarts, late at most {max(late):.1f} s, none early")


def test_E2_E5_a_run_of_a_killed_owner_is_taken_over_within_lease_and_sweep(
    house: House, receiver: FakeReceiver, figure: Figure
):
    _, killed = house.start_both()
    lead = house.lead()
    receiver.then(HANG)
    (run_id,) = house.send_all([lambda: house.post("calls-out", {"lead_id": str(lead)})])
    until(lambda: receiver.requests, "the worker is in the call")
    house.start_worker()

    killed.kill()
    (died,) = house.rows("SELECT clock_timestamp() AS at")
    lease_until = house.run(run_id).lease_until
    house.wait_for_the_end()
    receiver.release()

    assert house.run(run_id).status == "succeeded"
    (taken,) = house.rows(
        "SELECT at FROM run_history WHERE run_id = :id AND token = 2 AND status = 'running'",
        id=run_id,
    )
    assert taken.at > lease_until
    after = (taken.at - died.at).total_seconds()
    assert after <= LEASE_SECONDS + MOST_LATE
    figure("E5", f"taken over {after:.1f} s after the death, with a lease of {LEASE_SECONDS} s")

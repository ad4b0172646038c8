"""Waits with a real database: the run is a row until its time, its event or its answer comes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from hub.storage.runs import request_cancel
from tests.fakes.clock import FakeClock
from tests.integration.engine.workshop import Shop, step

WAIT = """\
steps:
  - id: before
    do: ledger.write
    with: {text: before}
  - id: door
    wait: {for: door.opened, key: "${{ inputs.key }}"}
    timeout: 10m
  - id: after
    do: ledger.write
    with: {text: "opened by ${{ steps.door.data.by }}"}
"""
ENDED = "SELECT count(*) AS n FROM event_waits"


def due_in(shop: Shop, run: UUID) -> timedelta:
    (row,) = shop.rows("SELECT due_at - clock_timestamp() AS left FROM runs WHERE id = :id", id=run)
    left: timedelta = row.left
    return left


def test_a_run_sleeps_until_its_event_comes(shop: Shop):
    shop.learn(WAIT)
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("waiting", ["before"])
    assert timedelta(minutes=9) < due_in(shop, run) <= timedelta(minutes=10)

    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["before", "opened by Ada"])
    assert shop.steps(run)["door"].result["event"] == "door.opened"
    assert shop.rows(ENDED)[0].n == 0


def test_an_event_that_came_before_the_wait_counts(shop: Shop):
    shop.learn(WAIT)
    run = shop.start()
    shop.emit("door.opened", data={"by": "Ada"})

    shop.work()

    assert shop.run(run).status == "succeeded"
    assert shop.history(run) == ["queued", "running", "succeeded"]


def test_an_event_from_before_the_run_does_not_count(shop: Shop):
    shop.learn(WAIT)
    shop.emit("door.opened", data={"by": "Ada"})
    run = shop.start()

    shop.work()

    assert shop.run(run).status == "waiting"


@pytest.mark.parametrize(("name", "key"), [("door.opened", "two"), ("door.closed", "one")])
def test_events_of_another_name_or_key_wake_nobody(shop: Shop, name: str, key: str):
    shop.learn(WAIT)
    run = shop.start()
    shop.work()

    shop.emit(name, key, {"by": "Ada"})

    assert due_in(shop, run) > timedelta(minutes=9)


def test_an_event_that_comes_after_the_time_is_up_is_too_late(shop: Shop):
    shop.learn(WAIT)
    run = shop.start()
    shop.work()
    shop.time_is_up(run)
    shop.emit("door.opened", data={"by": "Ada"})

    shop.work()

    assert shop.run(run).error["code"] == "timeout"


def test_an_event_that_comes_while_the_run_lies_down_is_not_missed(shop: Shop):
    """The sleeper looked, found nothing, and has not lain down yet: now the event is emitted."""
    shop.learn(WAIT)
    run = shop.start()
    shop.world.script["before"] = [lambda: None]
    (claimed,) = shop.claim()
    with shop.engine.connect() as other:
        shop.hold_event_lock(other, "door.opened", "one")
        working = shop.work_apart(claimed)
        shop.until_somebody_waits_for_a_lock()
        shop.emit_on(other, "door.opened", "one", {"by": "Ada"})
        other.commit()
    working.result()

    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["before", "opened by Ada"])


def test_each_run_takes_an_event_once_and_several_runs_may_take_the_same(shop: Shop):
    body = """\
steps:
  - id: first
    wait: {for: door.opened, key: one}
  - id: second
    wait: {for: [door.opened, door.closed], key: one}
  - id: after
    do: ledger.write
    with: {text: "${{ steps.first.event }} ${{ steps.second.event }}"}
"""
    shop.learn(body.replace("key: one", 'key: "${{ inputs.key }}"'))
    runs = [shop.start(), shop.start()]
    shop.work()
    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()
    assert [shop.run(each).status for each in runs] == ["waiting", "waiting"]

    shop.emit("door.closed")
    shop.work()

    assert [shop.run(each).status for each in runs] == ["succeeded", "succeeded"]
    assert shop.ledger == ["door.opened door.closed"] * 2


def test_two_waits_side_by_side_take_two_events(shop: Shop):
    wait = "wait: {for: door.opened, key: '${{ inputs.key }}'}"
    shop.learn(
        "steps:\n  - id: both\n    parallel:\n"
        f"      left:\n        - id: one\n          {wait}\n"
        f"      right:\n        - id: two\n          {wait}\n"
        "  - id: after\n    do: ledger.write\n"
        "    with: {text: '${{ steps.one.data.by }} ${{ steps.two.data.by }}'}\n"
    )
    run = shop.start()
    shop.work()
    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()
    assert shop.run(run).status == "waiting"

    shop.emit("door.opened", data={"by": "Bob"})
    shop.work()

    assert shop.ledger == ["Ada Bob"]


def test_a_wait_that_ignores_some_events_takes_the_next(shop: Shop):
    shop.learn(
        WAIT.replace('"}\n    timeout', '", only_if: "event.data.by != \'Bob\'"}\n    timeout')
    )
    run = shop.start()
    shop.work()
    shop.emit("door.opened", data={"by": "Bob"})
    shop.work()
    assert shop.run(run).status == "waiting"

    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()

    assert shop.ledger == ["before", "opened by Ada"]


@pytest.mark.parametrize(
    ("more", "status", "ledger"),
    [
        ("", "failed", ["before"]),
        ("    on_timeout: continue\n", "succeeded", ["before", "closed"]),
        ("    on_timeout:\n      - continue: {data: {by: nobody}}\n", "succeeded", None),
        ("    on_timeout:\n      - fail: too_late\n", "failed", ["before"]),
        ("    on_error: continue\n", "succeeded", ["before", "closed"]),
    ],
)
def test_what_follows_when_the_time_is_up(shop: Shop, more: str, status: str, ledger):
    after = WAIT.replace("    timeout: 10m\n", f"    timeout: 10m\n{more}")
    if "continue" in more:
        after = after.replace(
            '"opened by ${{ steps.door.data.by }}"',
            "\"${{ steps.door.data.by | default('closed') }}\"",
        )
    shop.learn(after)
    run = shop.start()
    shop.work()

    shop.time_is_up(run)
    shop.work()

    assert shop.run(run).status == status
    assert shop.ledger == (ledger or ["before", "nobody"])
    if status == "failed":
        assert shop.run(run).error["code"] == ("too_late" if "too_late" in more else "timeout")


def test_a_wait_of_some_time_and_a_wait_until_a_date(shop: Shop):
    shop.learn(
        "steps:\n  - id: nap\n    wait: 30m\n  - id: long_ago\n"
        "    wait: {until: '${{ run.started_at }}'}\n" + step("ledger.write", "done")
    )
    run = shop.start()
    shop.work()
    assert timedelta(minutes=29) < due_in(shop, run) <= timedelta(minutes=30)

    shop.time_is_up(run)
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["done"])


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=str)
def test_E13_a_wait_until_some_time_from_now_does_not_see_a_host_whose_clock_jumps(
    shop: Shop, clock: FakeClock, jump: timedelta
):
    shop.runs_clock = None  # the database's, as in earnest
    shop.learn(
        "steps:\n  - id: nap\n    wait: {until: \"${{ now() | plus('30m') }}\"}\n"
        + step("ledger.write", "done")
    )
    run = shop.start()
    shop.work()
    clock.advance(jump)
    assert timedelta(minutes=29) < due_in(shop, run) <= timedelta(minutes=30)

    shop.wake()
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("waiting", [])
    assert timedelta(minutes=29) < due_in(shop, run) <= timedelta(minutes=30)


@pytest.mark.parametrize("wait", ["30m", "{until: \"${{ run.started_at | plus('30m') }}\"}"])
def test_a_wait_for_a_time_may_time_out_as_well(shop: Shop, wait: str):
    nap = f"steps:\n  - id: nap\n    wait: {wait}\n    timeout: 5m\n    on_timeout: continue\n"
    shop.learn(nap + "  - if: steps.nap is timed_out\n    return: short\n")
    run = shop.start()
    shop.work()
    assert timedelta(minutes=4) < due_in(shop, run) <= timedelta(minutes=5)

    shop.time_is_up(run)
    shop.work()

    assert (shop.run(run).status, shop.run(run).result) == ("succeeded", "short")


def test_a_wait_within_a_block_ends_with_the_time_of_the_block(shop: Shop):
    shop.learn(
        "steps:\n  - id: block\n    timeout: 5m\n    on_error:\n"
        + step("ledger.write", "late").replace("  - ", "      - ").replace("\n    ", "\n        ")
        + "    steps:\n      - id: door\n"
        "        wait: {for: door.opened, key: '${{ inputs.key }}'}\n        on_timeout: continue\n"
    )
    run = shop.start()
    shop.work()
    assert due_in(shop, run) <= timedelta(minutes=5)

    shop.time_is_up(run)
    shop.work()

    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "timeout")
    assert shop.ledger == ["late"]


def test_E2_no_wait_of_a_cancelled_run_is_without_end(shop: Shop):
    last = "on_cancel:\n  - id: word\n    wait: {for: door.closed, key: '${{ inputs.key }}'}\n"
    shop.learn("timeout: 2h\n" + WAIT + last)
    run = shop.start()
    shop.work()
    with shop.engine.begin() as connection:
        request_cancel(connection, run)
    shop.work()
    assert due_in(shop, run) <= timedelta(hours=2)

    shop.time_is_up(run)
    shop.work()

    assert shop.run(run).status == "cancelled"

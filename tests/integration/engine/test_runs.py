"""The life of a run: cancelling, timeouts, modes, turns, stopping, loops side by side."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event

from hub.engine.gate import TestDestinations
from hub.errors import Permanent, Transient
from hub.storage.hand import Hand
from hub.storage.runs import WAITS_FOR_TURN, request_cancel
from tests.integration.engine.workshop import INPUTS, PATIENCE, Crash, Shop, step


def cancel(shop: Shop, run: UUID) -> None:
    with shop.engine.begin() as connection:
        request_cancel(connection, run)


# ------------------------------------------------------------------------------- cancel and timeout


def test_a_sleeping_run_is_cancelled(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Transient("unavailable", "later")]
    run = shop.start()
    shop.work()
    cancel(shop, run)
    shop.work()
    assert shop.run(run).status == "cancelled"
    assert shop.history(run) == ["queued", "running", "waiting", "running", "cancelled"]
    assert shop.world.said == ["one"]


def test_a_running_run_is_cancelled_before_its_next_step(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one") + step("ledger.write", "two"))
    run = shop.start()
    shop.world.script["one"] = [lambda: cancel(shop, run)]
    shop.work()
    assert shop.run(run).status == "cancelled"
    assert shop.steps(run)["one"].status == "succeeded"
    assert shop.ledger == []


def test_a_cancel_that_comes_in_the_last_step_comes_too_late(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    run = shop.start()
    shop.world.script["one"] = [lambda: cancel(shop, run)]
    shop.work()
    assert shop.run(run).status == "succeeded"


def test_a_run_that_takes_longer_than_its_timeout_fails(shop: Shop):
    shop.learn("timeout: 1h\nsteps:\n" + step("letter.send", "one") + step("letter.send", "two"))
    run = shop.start()
    late = "UPDATE runs SET deadline = now() - interval '1 s'"
    shop.world.script["one"] = [lambda: shop.do(late)]
    shop.work()
    assert shop.run(run).error["code"] == "timeout"
    assert shop.world.said == ["one"]


def test_the_time_of_an_enclosing_step_ends_what_is_tried_in_it(shop: Shop):
    callee = "inputs: {}\nsteps:\n" + step(
        "letter.send", "one", more="retry: {attempts: 5, first: 20s}"
    )
    call = "  - id: outer\n    call: callee\n    with: {}\n    timeout: 30s\n"
    shop.learn(f"steps:\n{call}", callee=callee)
    shop.world.script["one"] = [Transient("unavailable", "later")] * 5
    run = shop.start()
    shop.work()
    assert shop.run(run).status == "waiting"
    shop.wake()
    shop.work()
    assert shop.run(run).error["code"] == "unavailable"  # the third try would come too late
    assert len(shop.world.calls) == 2
    assert shop.world.calls[0].timeout == pytest.approx(30, abs=1)


def test_a_step_that_sleeps_past_the_time_of_its_caller_is_a_timeout(shop: Shop):
    callee = "inputs: {}\nsteps:\n" + step("letter.send", "one")
    call = "  - id: outer\n    call: callee\n    with: {}\n    timeout: 30s\n"
    shop.learn(f"steps:\n{call}", callee=callee)
    shop.world.script["one"] = [Transient("unavailable", "later")]
    run = shop.start()
    shop.work()
    past = """UPDATE steps SET result = '{"~instant": "2020-01-01T00:00:00Z"}'
               WHERE kind = 'timeout'"""
    shop.do(past)
    shop.do("UPDATE runs SET due_at = now()")
    shop.work()
    assert shop.run(run).error["code"] == "timeout"
    assert shop.world.said == ["one"]
    assert shop.steps(run)["outer/one"].attempts == 1


def test_E11_the_pause_between_two_tries_of_a_call_is_a_row(shop: Shop):
    callee = "inputs: {}\nsteps:\n" + step("letter.send", "one", more="retry: 0")
    call = "  - id: outer\n    call: callee\n    with: {}\n    retry: {attempts: 1, first: 10m}\n"
    shop.learn(f"steps:\n{call}", callee=callee)
    shop.world.script["one"] = [Transient("unavailable", "later")]
    run = shop.start()
    shop.work()
    assert shop.run(run).status == "waiting"
    ended = (
        """UPDATE steps SET result = '{"~instant": "2020-01-01T00:00:00Z"}' WHERE kind = 'pause'"""
    )
    shop.do(ended)
    shop.wake()
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert [call.key for call in shop.world.calls] == [f"{run}/outer/one", f"{run}/outer~2/one"]


# -------------------------------------------------------------------------------------------- modes


def test_D10_simulate_calls_nobody_and_says_so(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one") + step("ledger.write", "two"))
    run = shop.start(mode="simulate")
    shop.work()
    assert (shop.world.said, shop.ledger) == (["two"], ["two"])
    entry = shop.steps(run)["one"]
    assert (entry.is_simulated, entry.result) == (True, {"text": "example", "number": 0})
    assert shop.run(run).status == "succeeded"


def test_D10_simulate_still_asks_outside(shop: Shop):
    shop.learn("steps:\n" + step("page.get", "one"))
    shop.start(mode="simulate")
    shop.work()
    assert shop.world.said == ["one"]


def test_D10_test_replaces_the_destination(shop: Shop):
    steps = (
        "steps:\n  - id: one\n    do: letter.send\n    with:\n"
        "      text: one\n      to: lead@example.com\n"
    )
    shop.learn(steps)
    shop.destinations = TestDestinations(email=("ours@example.com",))
    shop.start(mode="test")
    shop.work()
    assert shop.world.said == ["one to ours@example.com"]


# ------------------------------------------------------------------------------------------ E16

TURN = "concurrency:\n  key: ${{ inputs.key }}\n"


def sleeper(shop: Shop, more: str = "") -> UUID:
    """A run that has its turn and sleeps between two attempts."""
    shop.learn("steps:\n" + step("letter.send", "one"), head=f"{INPUTS}{TURN}{more}")
    shop.world.script["one"] = [Transient("unavailable", "later")]
    run = shop.start()
    shop.work()
    return run


def test_E16_the_second_run_waits_until_the_first_has_ended(shop: Shop):
    first = sleeper(shop)
    second = shop.start()
    shop.work()
    assert shop.run(second).status == "waiting"
    shop.do("UPDATE steps SET due_at = now()")
    shop.do("UPDATE runs SET due_at = now() WHERE id = :id", id=first)
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["succeeded", "succeeded"]
    assert shop.rung == [second]
    assert shop.rows("SELECT * FROM turns") == []


def test_E16_other_keys_do_not_wait(shop: Shop):
    sleeper(shop)
    second = shop.start(key="two")
    shop.work()
    assert shop.run(second).status == "succeeded"


def test_E16_limit_lets_that_many_run(shop: Shop):
    sleeper(shop, "  limit: 2\n")
    second = shop.start()
    shop.work()
    assert shop.run(second).status == "succeeded"


def test_E16_reject_fails_the_second(shop: Shop):
    sleeper(shop, "  when_full: reject\n")
    second = shop.start()
    shop.work()
    assert shop.run(second).error["code"] == "concurrency_full"


def test_E16_cancel_running_ends_the_first(shop: Shop):
    first = sleeper(shop, "  when_full: cancel_running\n")
    second = shop.start()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["cancelled", "succeeded"]


def test_E16_a_crash_does_not_give_the_turn_away(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one"), head=f"{INPUTS}{TURN}")
    shop.world.script["one"] = [Crash()]
    first = shop.start()
    with pytest.raises(Crash):
        shop.work()
    second = shop.start()
    shop.work()
    (last,) = shop.rows(
        "SELECT why FROM run_history WHERE run_id = :id ORDER BY id DESC LIMIT 1", id=second
    )
    assert (shop.run(second).status, last.why) == ("waiting", WAITS_FOR_TURN)
    shop.owner_dies()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["succeeded", "succeeded"]


def test_E16_a_called_workflow_gives_its_turn_back_before_the_caller_goes_on(shop: Shop):
    head = "inputs:\n  key: {type: string}\n"
    callee = head + TURN + "steps:\n" + step("letter.send", "inner")
    call = "  - id: outer\n    call: callee\n    with: {key: same}\n"
    shop.learn(f"steps:\n{call}" + step("letter.send", "after"), callee=callee)
    seen: list[int] = []
    count = "SELECT count(*) AS turns FROM turns"
    shop.world.script["inner"] = [lambda: seen.append(shop.rows(count)[0].turns)]
    shop.world.script["after"] = [lambda: seen.append(shop.rows(count)[0].turns)]
    run = shop.start()
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert seen == [1, 0]


@pytest.fixture
def locks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many turns were locked in each transaction, one after the other."""
    counted = [0]

    def begun(_connection: object) -> None:
        counted.append(0)

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def executed(by: Any, statement: Any, *given: Any, **named: Any) -> Any:
            counted[-1] += "advisory_xact_lock" in str(statement)
            return real(by, statement, *given, **named)

        return executed

    event.listen(shop.engine, "begin", begun)
    for kind in (psycopg.Cursor, Hand):  # both ways to the driver
        monkeypatch.setattr(kind, "execute", counting(kind.execute))
    yield counted
    event.remove(shop.engine, "begin", begun)


def test_E16_a_turn_is_left_before_the_next_one_is_asked_for(shop: Shop, locks: list[int]):
    head = "inputs:\n  key: {type: string}\n"
    silent = head + TURN + "steps:\n  - return: done\n"
    calls = "".join(
        f"  - id: {name}\n    call: {name}\n    with: {{key: same}}\n"
        for name in ("first", "second")
    )
    shop.learn(f"steps:\n{calls}", first=silent, second=silent)
    run = shop.start()
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert (sum(locks), max(locks)) == (2, 1)


def test_a_log_step_is_a_line_of_the_log(shop: Shop, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="hub.engine.desk")
    shop.learn("steps:\n  - log: Hello ${{ inputs.key }}.\n    level: warning\n")
    run = shop.start()
    shop.work()
    (line,) = caplog.records
    assert (line.levelname, line.getMessage()) == ("WARNING", "Hello one.")
    assert vars(line)["run_id"] == str(run)


# ---------------------------------------------------------------------------- E14 and side by side


def test_E14_a_worker_that_stops_hands_its_run_back_at_the_next_step(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one") + step("ledger.write", "two"))
    run = shop.start()
    (claimed,) = shop.claim()
    shop.executor().work(claimed, is_stopping=lambda: bool(shop.world.calls))
    assert (shop.run(run).status, shop.ledger) == ("queued", ["one"])
    shop.work()
    assert shop.ledger == ["one", "two"]
    assert shop.history(run) == ["queued", "running", "queued", "running", "succeeded"]


LOOP = """\
steps:
  - id: all
    for_each: name in inputs.names
    max_parallel: 4
    collect: ${{ steps.sent.text }}
    steps:
      - id: sent
        do: letter.send
        with:
          text: ${{ name }}
"""


def test_items_of_a_loop_are_sent_side_by_side(shop: Shop):
    shop.learn(LOOP + "  - return: ${{ steps.all.items }}\n")
    together = threading.Barrier(3)
    for name in "abc":
        shop.world.script[name] = [lambda: together.wait(PATIENCE) and None]
    run = shop.start(names=["a", "b", "c"])
    shop.work()
    assert shop.run(run).result == ["a", "b", "c"]


def test_what_was_sent_beside_a_failure_is_stored(shop: Shop):
    shop.learn(LOOP)
    shop.world.script["b"] = [Permanent("returned", "no")]
    run = shop.start(names=["a", "b", "c"])
    shop.work()
    states = {path: row.status for path, row in shop.steps(run).items() if row.kind == "do"}
    assert states == {
        "all[0]/sent": "succeeded",
        "all[1]/sent": "failed",
        "all[2]/sent": "succeeded",
    }
    assert shop.run(run).error["step"] == "all[1]/sent"


def test_E8_a_cancel_amid_a_loop_leaves_nothing_unsaid(shop: Shop):
    shop.learn(LOOP)
    run = shop.start(names=["a", "b", "c", "d", "e"])
    together = threading.Barrier(4)

    def cancel_together() -> None:
        if together.wait(PATIENCE) == 0:
            cancel(shop, run)

    for name in "abcd":
        shop.world.script[name] = [cancel_together]
    shop.work()
    assert shop.run(run).status == "cancelled"
    entries = [row for row in shop.steps(run).values() if row.kind == "do"]
    assert [row.status for row in entries] == ["succeeded"] * 4
    assert sorted(shop.world.said) == ["a", "b", "c", "d"]


def test_a_retry_of_one_item_keeps_no_other_waiting(shop: Shop):
    shop.learn(LOOP)
    shop.world.script["a"] = [Transient("unavailable", "later")]
    run = shop.start(names=list("abcdefg"))
    shop.work()
    assert shop.run(run).status == "waiting"
    assert sorted(shop.world.said) == list("abcdefg")
    shop.wake()
    shop.work()
    assert shop.run(run).status == "succeeded"


# ----------------------------------------------------------------------------------- the timeline


def test_the_timeline_tells_how_long_a_step_took(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one") + "  - log: done\n")
    pause = threading.Event()
    shop.world.script["one"] = [lambda: pause.wait(0.05) and None]
    run = shop.start()
    shop.work()
    entry = shop.steps(run)["one"]
    assert (entry.ended_at - entry.started_at).total_seconds() >= 0.05


def test_run_scheduled_at_is_known_when_a_schedule_is_started_by_hand(shop: Shop):
    head = "schedule:\n  every: 15m\n"
    shop.learn(
        "steps:\n" + step("ledger.write", "${{ run.scheduled_at | iso }}", id_="one"), head=head
    )
    run = shop.start(trigger={"scheduled_at": "2025-10-20T12:15:00Z"})
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert shop.ledger == ["2025-10-20T12:15:00Z"]

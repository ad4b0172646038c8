"""Steps in our own database share a transaction: all of them are stored, or none (E6, E16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import event

from hub.engine import desk
from hub.errors import Permanent, Transient
from hub.metrics import catalogue as metrics
from hub.storage import runs
from tests.integration.engine.workshop import Crash, Shop, step

NO_RETRY = "retry: 0"
TURN = "inputs:\n  key: {type: string}\nconcurrency:\n  key: ${{ inputs.key }}\n"
CALL = "  - id: outer\n    call: callee\n    with: {key: same}\n"
TURNS = "SELECT count(*) AS n FROM turns"


def three_writes() -> str:
    return "steps:\n" + "".join(step("ledger.write", name) for name in ("one", "two", "three"))


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the tenth of a second for which a transaction carries may be over."""
    monkeypatch.setattr(desk, "_CARRIES_FOR", 60.0)


@pytest.fixture
def commits(shop: Shop) -> Iterator[list[int]]:
    """One entry for each commit of the worker."""
    counted: list[int] = []
    event.listen(shop.engine, "commit", listener := lambda _: counted.append(1))
    yield counted
    event.remove(shop.engine, "commit", listener)


def commits_of(shop: Shop, commits: list[int], steps: str) -> int:
    shop.learn(steps)
    run = shop.start()
    commits.clear()
    shop.work()
    assert shop.run(run).status == "succeeded"
    return len(commits)


def test_E6_steps_in_our_database_and_the_end_are_one_commit(shop: Shop, commits: list[int]):
    assert commits_of(shop, commits, three_writes()) == 1
    assert shop.ledger == ["one", "three", "two"]


def test_a_transaction_that_is_old_carries_nothing_more(
    shop: Shop, commits: list[int], monkeypatch: pytest.MonkeyPatch
):
    """Its locks are others' waiting."""
    monkeypatch.setattr(desk, "_CARRIES_FOR", 0.0)
    assert commits_of(shop, commits, three_writes()) == 3


def test_E7_a_step_that_calls_out_shares_with_nobody_before_it(shop: Shop, commits: list[int]):
    outside = step("ledger.write", "one") + step("order.place", "two")
    # the write, the intent of the call, and its result with the end
    assert commits_of(shop, commits, "steps:\n" + outside) == 3


@pytest.mark.parametrize("code", ["torn", "unheard_of"])
def test_E6_what_came_before_a_step_that_fails_is_done_once_and_stays(shop: Shop, code: str):
    shop.learn(three_writes())
    torn = Permanent(code, "the page is torn")
    shop.world.script["two"] = [torn, torn]
    run = shop.start()
    shop.work()
    assert shop.ledger == ["one"]
    assert shop.run(run).error["code"] == code
    journal = shop.steps(run)
    assert [journal[path].status for path in journal] == ["succeeded", "failed"]
    assert journal["two"].attempts == 1


def test_what_is_rolled_back_and_done_again_is_counted_once(shop: Shop):
    counted = Counter("steps", "Steps", ["action", "outcome"], registry=CollectorRegistry())
    shop.learn(three_writes())
    torn = Permanent("torn", "the page is torn")
    shop.world.script["two"] = [torn, torn]
    shop.start()
    metrics.STEPS.bind(counted)
    try:
        shop.work()
    finally:
        metrics.STEPS.bind(None)

    assert shop.world.said == ["one", "two", "one", "two"]
    (found,) = counted.collect()
    told = {each.labels["outcome"]: each.value for each in found.samples if "_total" in each.name}
    assert told == {"succeeded": 1, "failed": 1}


def test_E9_a_step_that_fails_for_now_is_tried_again_and_nothing_before_it(shop: Shop):
    shop.learn(three_writes())
    busy = Transient("unavailable", "later")
    shop.world.script["two"] = [busy, busy]
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("waiting", ["one"])
    assert shop.steps(run)["two"].attempts == 1
    shop.wake()
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert shop.ledger == ["one", "three", "two"]
    assert shop.world.said == ["one", "two", "one", "two", "two", "three"]


def test_E6_what_the_database_refuses_takes_back_only_what_is_done_again(shop: Shop):
    shop.learn(three_writes())
    shop.world.script["two"] = [lambda: shop.do("SELECT 1 / 0")]
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["one", "three", "two"])


def test_E5_a_crash_in_the_last_of_them_repeats_all_and_doubles_none(shop: Shop):
    shop.learn(three_writes())
    shop.world.script["three"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work()
    assert shop.ledger == []
    shop.owner_dies()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["one", "three", "two"])


def test_E8_a_step_with_once_per_is_not_held_up_by_the_steps_before_it(
    shop: Shop, commits: list[int]
):
    keyed = step("ledger.write", "two", more="once_per: ${{ inputs.key }}")
    assert commits_of(shop, commits, "steps:\n" + step("ledger.write", "one") + keyed) == 2


def test_a_run_is_cancelled_behind_a_call_and_not_behind_the_steps_that_follow_it(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one") + step("ledger.write", "two"))
    run = shop.start()

    def cancel() -> None:
        with shop.engine.begin() as connection:
            runs.request_cancel(connection, run)

    shop.world.script["one"] = [cancel]
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("cancelled", [])


# ------------------------------------------------------------------------------------------ turns


def looks(shop: Shop, seen: list[int]) -> Callable[[], None]:
    return lambda: seen.append(shop.rows(TURNS)[0].n)


def test_E16_a_turn_within_one_transaction_is_a_lock_and_no_row(shop: Shop):
    shop.learn(f"steps:\n{CALL}", callee=TURN + "steps:\n" + step("ledger.write", "inner"))
    seen: list[int] = []

    def another_comes() -> None:
        looks(shop, seen)()
        shop.start(key="another")
        (claimed,) = shop.claim("another worker")
        others.append(shop.work_apart(claimed))
        shop.until_somebody_waits_for_a_lock()
        assert not others[0].done()

    others: list[Future[None]] = []
    shop.world.script["inner"] = [another_comes]
    run = shop.start()
    shop.work()
    wait(others)
    shop.wake()
    shop.work()
    assert shop.run(run).status == "succeeded"
    assert [row.status for row in shop.rows("SELECT status FROM runs")] == ["succeeded"] * 2
    assert (seen, shop.rows(TURNS)[0].n, shop.ledger) == ([0], 0, ["inner", "inner"])


def test_E16_a_turn_that_outlasts_its_transaction_is_a_row(shop: Shop):
    callee = TURN + "steps:\n" + step("ledger.write", "one") + step("order.place", "two")
    shop.learn(f"steps:\n{CALL}" + step("order.place", "after"), callee=callee)
    seen: list[int] = []
    shop.world.script["two"] = [looks(shop, seen)]
    shop.world.script["after"] = [looks(shop, seen)]
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, seen) == ("succeeded", [1, 0])


def test_E16_a_turn_survives_the_failure_of_a_step_under_it(shop: Shop):
    shop.learn(f"steps:\n{CALL}", callee=TURN + three_writes())
    busy = Transient("unavailable", "later")
    shop.world.script["two"] = [busy, busy]
    first = shop.start()
    shop.work()
    assert (shop.run(first).status, shop.rows(TURNS)[0].n) == ("waiting", 1)
    second = shop.start(key="late")
    shop.work()
    assert shop.run(second).status == "waiting"
    shop.wake()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["succeeded", "succeeded"]
    assert shop.rows(TURNS)[0].n == 0


def test_E16_a_turn_of_several_is_always_a_row(shop: Shop):
    callee = TURN + "  limit: 2\nsteps:\n" + step("ledger.write", "inner")
    shop.learn(f"steps:\n{CALL}", callee=callee)
    seen: list[int] = []
    shop.world.script["inner"] = [looks(shop, seen)]
    shop.start()
    shop.work()
    assert seen == [1]


# ------------------------------------------------------------ claimed with the first steps (E3, E5)


def test_E6_claim_steps_and_end_of_a_named_run_are_one_commit(shop: Shop, commits: list[int]):
    shop.learn(f"steps:\n{CALL}", callee=TURN + three_writes())
    run = shop.start()
    commits.clear()
    assert shop.work_named(run)
    assert (shop.run(run).status, len(commits)) == ("succeeded", 1)
    assert shop.history(run) == ["queued", "running", "succeeded"]
    assert (shop.ledger, shop.rows(TURNS)[0].n) == (["one", "three", "two"], 0)


def test_E1_a_run_ends_behind_its_steps_however_early_their_transaction_began(shop: Shop):
    shop.learn(three_writes())
    run = shop.start()
    assert shop.work_named(run)
    ended_at = shop.run(run).ended_at
    last = shop.rows("SELECT max(at) AS at FROM run_history WHERE run_id = :id", id=run)[0].at
    assert last == ended_at > shop.run(run).started_at
    assert all(step.ended_at <= ended_at for step in shop.steps(run).values())


def test_E5_a_crash_before_the_commit_gives_the_run_back_at_once(shop: Shop):
    shop.learn(three_writes())
    shop.world.script["three"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work_named(run)
    assert (shop.run(run).status, shop.run(run).token, shop.ledger) == ("queued", 0, [])
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["one", "three", "two"])


def test_E6_a_step_that_fails_takes_the_claim_back_and_nothing_is_lost(shop: Shop):
    shop.learn(three_writes())
    torn = Permanent("torn", "the page is torn")
    shop.world.script["two"] = [torn] * 3
    run = shop.start()
    assert not shop.work_named(run)
    assert (shop.run(run).status, shop.run(run).token, shop.ledger) == ("queued", 0, [])
    shop.work()
    assert (shop.run(run).error["code"], shop.ledger) == ("torn", ["one"])


def test_E7_a_claim_is_stored_before_anybody_is_called(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one"))
    run = shop.start()
    seen: list[str] = []
    shop.world.script["one"] = [lambda: seen.append(shop.run(run).status)]
    assert shop.work_named(run)
    assert (seen, shop.run(run).status) == (["running"], "succeeded")


def test_E16_a_named_run_that_must_wait_for_its_turn_waits_as_a_row(shop: Shop):
    shop.learn(f"steps:\n{CALL}", callee=TURN + "steps:\n" + step("order.place", "one"))
    shop.world.script["one"] = [Transient("unavailable", "later")]
    first, second = shop.start(), shop.start(key="late")
    assert shop.work_named(first)
    assert shop.work_named(second)
    assert [shop.run(run).status for run in (first, second)] == ["waiting", "waiting"]
    shop.wake()
    shop.work()
    shop.wake()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["succeeded", "succeeded"]
    assert shop.rows(TURNS)[0].n == 0


def test_a_fault_of_the_hub_under_an_open_claim_blocks_nobody(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    shop.learn(three_writes())
    run = shop.start()
    with monkeypatch.context() as broken:
        broken.setattr("hub.engine.executor.Machine", None)
        assert not shop.work_named(run)
    assert shop.run(run).status == "queued"
    shop.work()
    assert shop.run(run).status == "succeeded"


LIMIT_2 = TURN + "  limit: 2\n"


def test_E6_an_effect_before_a_turn_of_several_is_stored_with_its_result(shop: Shop):
    callee = LIMIT_2 + "steps:\n" + step("ledger.write", "inner")
    shop.learn("steps:\n" + step("ledger.write", "one") + CALL, callee=callee)
    shop.world.script["inner"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work_named(run)
    assert (shop.ledger, shop.steps(run)["one"].status) == (["one"], "succeeded")
    shop.owner_dies()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["inner", "one"])


def test_E6_a_step_that_fails_under_such_a_turn_repeats_nothing_before_it(shop: Shop):
    callee = LIMIT_2 + "steps:\n" + step("ledger.write", "two") + step("ledger.write", "three")
    shop.learn("steps:\n" + step("ledger.write", "one") + CALL, callee=callee)
    shop.world.script["three"] = [Permanent("torn", "the page is torn")] * 2
    run = shop.start()
    assert shop.work_named(run)
    assert (shop.run(run).status, shop.ledger) == ("failed", ["one", "two"])


def test_E16_a_turn_without_a_row_gets_one_before_the_next_turn_is_asked_for(shop: Shop):
    inner = LIMIT_2 + "steps:\n" + step("order.place", "deep")
    nest = "  - id: nest\n    call: inner\n    with: {key: same}\n"
    shop.learn(f"steps:\n{CALL}", callee=f"{TURN}steps:\n{nest}", inner=inner)
    seen: list[int] = []
    shop.world.script["deep"] = [looks(shop, seen)]
    run = shop.start()
    assert shop.work_named(run)
    assert (shop.run(run).status, seen, shop.rows(TURNS)[0].n) == ("succeeded", [2], 0)


def test_E16_who_meets_a_long_transaction_sleeps_and_is_not_stranded(shop: Shop):
    shop.learn(f"steps:\n{CALL}", callee=TURN + "steps:\n" + step("ledger.write", "inner"))
    others: list[Any] = []

    def another_comes() -> None:
        others.append(shop.start(key="another"))
        assert shop.work_named(others[0], "another worker")
        others.append(shop.run(others[0]).status)

    shop.world.script["inner"] = [another_comes]
    run = shop.start()
    shop.work()
    assert others[1] == "waiting"
    shop.wake()
    shop.work()
    assert [shop.run(each).status for each in (run, others[0])] == ["succeeded", "succeeded"]
    assert shop.run(others[0]).deaths == 0


def test_E8_nothing_is_carried_behind_a_step_with_once_per(shop: Shop, commits: list[int]):
    keyed = step("ledger.write", "one", more="once_per: ${{ inputs.key }}")
    assert commits_of(shop, commits, "steps:\n" + keyed + step("ledger.write", "two")) == 2


def test_a_deadlock_with_another_run_counts_as_no_attempt(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one", more="retry: 0"))
    circle = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"
    shop.world.script["one"] = [lambda: shop.do(circle)] * 2
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, shop.steps(run)["one"].attempts) == ("succeeded", 1)

"""What is left of branches, questions and wake-ups that were cut short; with a real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from hub.errors import Transient
from hub.storage.runs import request_cancel
from tests.integration.engine.test_branches import branch, letter
from tests.integration.engine.test_polls import EITHER, POLL
from tests.integration.engine.test_undoing import undoable
from tests.integration.engine.test_waits import WAIT
from tests.integration.engine.workshop import Crash, Shop


def test_a_sleeper_that_somebody_else_wakes_in_vain_is_woken_all_the_same(shop: Shop):
    """One emitter has woken the run and dies before its commit; the other one came meanwhile."""
    both = WAIT.replace("for: door.opened", "for: [door.opened, house.sold]")
    shop.learn(both.replace("data.by", "data.by | required"))
    shop.start()
    shop.work()
    with ThreadPoolExecutor(1) as pool, shop.engine.connect() as dying:
        shop.emit_on(dying, "house.sold")
        emitting = pool.submit(shop.emit, "door.opened", "one", {"by": "Ada"})
        shop.until_somebody_waits_for_a_lock()
        dying.rollback()
        emitting.result()

    shop.work()

    assert shop.ledger == ["before", "opened by Ada"]


def test_an_event_that_a_cut_branch_had_taken_is_there_for_the_next_wait(shop: Shop):
    wait = "{for: door.%s, key: '${{ inputs.key }}'}"
    shop.learn(
        "steps:\n  - id: race\n    wait_for: first\n    parallel:\n"
        f"      left:\n        - id: one\n          wait: {wait % 'opened'}\n"
        f"      right:\n        - id: two\n          wait: {wait % 'closed'}\n"
        f"  - id: again\n    wait: {wait % 'closed'}\n"
    )
    run = shop.start()
    shop.emit("door.opened", data={"by": "Ada"})
    shop.emit("door.closed")

    shop.work()

    assert (shop.run(run).status, list(shop.steps(run))) == (
        "succeeded",
        ["race", "one", "two", "again"],
    )


def test_a_run_that_is_cancelled_while_it_asks_does_not_wait_for_the_next_time(shop: Shop):
    shop.learn(POLL)
    run = shop.start()

    def cancel() -> None:
        with shop.engine.begin() as connection:
            request_cancel(connection, run)

    shop.world.script["ask"] = [cancel]
    shop.work()

    assert shop.run(run).status == "cancelled"


@pytest.mark.parametrize("last", [Crash(), Transient("timeout", "slow", maybe_done=True)])
def test_a_question_without_an_answer_leaves_no_doubt_behind(shop: Shop, last: BaseException):
    shop.learn(EITHER)
    shop.world.script["ask"] = [last]
    run = shop.start()
    shop.work()
    with suppress(Crash):
        shop.ask_now(run)
        shop.work()
    assert shop.world.said == ["ask"]

    shop.owner_dies()
    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()

    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("succeeded", False)


def test_a_dropped_branch_gives_up_its_key(shop: Shop):
    """It was between two tries of `once_per` when the run went on without it."""
    once = (
        "- id: one",
        "  do: order.place",
        "  with: {text: one}",
        "  once_per: ${{ inputs.key }}",
    )
    shop.learn(
        "steps:\n  - id: race\n    wait_for: first\n    parallel:\n"
        + branch("left", *once)
        + branch("right", *letter("two"))
    )
    shop.world.script["one"] = [Transient("unavailable", "down")]
    run = shop.start()
    shop.work()

    assert shop.run(run).status == "succeeded"
    assert shop.rows("SELECT FROM once_keys") == []


def test_a_branch_that_was_cut_does_not_go_on_when_the_run_is_resumed(shop: Shop):
    """The event and `three` come in one round; the `fail` cuts off what would follow `three`."""
    wait = ("- id: door", "  wait: {for: door.opened, key: '${{ inputs.key }}'}")
    left = branch("left", *letter("one"), *letter("two"), *letter("three"), "- return: 1")
    right = branch("right", *wait, "- fail: enough")
    zero = undoable("zero").replace("do: letter.send", "do: order.place")
    shop.learn(f"steps:\n{zero}  - id: both\n    parallel:\n{left}{right}")
    shop.world.script["two"] = [lambda: shop.emit("door.opened", data={"by": "Ada"})]
    shop.world.script["undo zero"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work()
    assert shop.world.said == ["zero", "one", "two", "three", "undo zero"]

    shop.owner_dies()
    shop.work()

    assert shop.world.said[4:] == ["undo zero", "undo zero"]  # the first time ended its owner
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "enough")

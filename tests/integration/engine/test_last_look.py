"""Between the look and the sleep: what comes then is seen by a last look, not slept through."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, create_engine, event, text

from hub.errors import Transient
from hub.storage import events
from tests.integration.engine.workshop import INPUTS, Shop, step

LEAVES = text(
    "DELETE FROM turns WHERE run_id = :first"
    " AND EXISTS (SELECT FROM turns AS other WHERE other.run_id = :second)"
)
CALLEE = "inputs:\n  key: {type: string}\nconcurrency:\n  key: ${{ inputs.key }}\n"
TURN = "concurrency:\n  key: ${{ inputs.key }}\n"
CALL = "steps:\n  - id: outer\n    call: callee\n    with: {key: same}\n"


def test_E16_a_turn_that_is_freed_between_the_look_and_the_sleep_is_taken(shop: Shop):
    """Who leaves it finds nobody asleep to wake."""
    shop.learn(CALL, callee=f"{CALLEE}steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Transient("unavailable", "later")]
    first = shop.start()
    shop.work()
    second = shop.start()
    outside = create_engine(shop.engine.url, poolclass=NullPool)
    left: list[int] = []

    def holder_leaves(*_: object) -> None:
        """Once the second one has stood in the queue and its transaction is over."""
        with outside.begin() as connection:
            gone = connection.execute(LEAVES, {"first": first, "second": second})
            left.append(gone.rowcount)

    event.listen(shop.engine.pool, "checkin", holder_leaves)
    shop.work()
    event.remove(shop.engine.pool, "checkin", holder_leaves)

    assert sum(left) == 1
    assert shop.run(second).status == "succeeded"
    assert "waiting" not in shop.history(second)


def test_E11_who_emits_waits_for_those_who_are_lying_down(shop: Shop):
    """Their rows are there before the event is, so that they are woken."""
    shop.learn("steps:\n  - id: nap\n    wait: 1h\n")
    run = shop.start()
    shop.work()

    with ThreadPoolExecutor(1) as pool, shop.engine.connect() as lying:
        events.listen(lying, run, [("door.opened", "one")])
        emitting = pool.submit(shop.emit, "door.opened")
        shop.until_somebody_waits_for_a_lock()
        asleep = shop.rows("SELECT FROM runs WHERE id = :id AND due_at > now()", id=run)
        lying.commit()
        emitting.result()

    assert len(asleep) == 1
    assert shop.rows("SELECT FROM runs WHERE id = :id AND due_at <= now()", id=run)


@pytest.mark.parametrize("why", ["is_cancel_requested = true", "deadline = now()"])
def test_E16_a_run_that_ends_before_it_asked_for_its_turn_gives_its_place_up(shop: Shop, why: str):
    """Its place was taken when it was accepted."""
    shop.learn("steps:\n" + step("letter.send", "one"), head=INPUTS + TURN)
    first, second = shop.start(), shop.start()
    shop.do(f"UPDATE runs SET {why} WHERE id = :id", id=first)  # noqa: S608 - our own text

    shop.work()

    assert shop.run(first).status in {"cancelled", "failed"}
    assert shop.run(second).status == "succeeded"
    assert shop.rows("SELECT FROM turns") == []
    assert shop.world.said == ["one"]

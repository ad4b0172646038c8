"""A run that was undone and is run again by hand: with a real journal (E20)."""

from __future__ import annotations

from uuid import UUID

from hub.errors import Permanent
from hub.storage import reading
from hub.storage.retry import RetryPlan, plan_from_step, step_to_repeat
from tests.integration.engine.test_undoing import undoable
from tests.integration.engine.workshop import Shop, step


def plan(shop: Shop, run: UUID) -> RetryPlan:
    """What a retry of this run keeps."""
    with shop.engine.connect() as connection:
        steps = reading.timeline(connection, run)
    return plan_from_step(steps, step_to_repeat(steps, "after"))


def test_the_steps_of_a_block_that_was_undone_are_done_again(shop: Shop):
    shop.learn(
        "steps:\n"
        + step("ledger.write", "zero")
        + "  - id: both\n    compensate:\n      - do: letter.send\n"
        "        with: {text: undo both}\n    steps:\n"
        "      - id: one\n        do: order.place\n        with: {text: one}\n"
        + step("order.place", "after")
    )
    shop.world.script["after"] = [Permanent("sold_out", "none left")]
    run = shop.start()
    shop.work()

    assert shop.world.said == ["zero", "one", "after", "undo both"]
    assert plan(shop, run).kept == ("zero",)


def test_all_items_of_a_loop_that_were_undone_are_done_again(shop: Shop):
    body = undoable("one").replace("text: one", "text: '${{ name }}'")
    body = body.replace("steps.one.text", "name")
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    shop.learn(
        "steps:\n  - id: loop\n    for_each: name in inputs.names\n    steps:\n"
        + indented
        + step("order.place", "after")
    )
    shop.world.script["after"] = [Permanent("sold_out", "none left")]
    run = shop.start(names=["a", "b"])
    shop.work()

    assert shop.world.said == ["a", "b", "after", "undo b", "undo a"]
    assert plan(shop, run).kept == ("loop",)

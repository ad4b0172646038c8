"""Groups, `continue`, branches side by side: with a real database."""

from __future__ import annotations

from hub.errors import Permanent
from tests.integration.engine.workshop import INPUTS, Shop, step

# ------------------------------------------------------------------------------ groups, continue


def test_a_group_has_one_handler(shop: Shop):
    shop.learn(
        "steps:\n  - id: both\n    on_error:\n      - if: error.code == 'sold_out'\n"
        "        then:\n          - continue: {}\n    steps:\n"
        "      - id: one\n        do: order.place\n        with: {text: one}\n"
        "      - id: two\n        do: order.place\n        with: {text: two}\n"
        + step("ledger.write", "after")
    )
    shop.world.script["one"] = [Permanent("sold_out", "none left")]
    run = shop.start()
    shop.work()

    assert (shop.world.said, shop.run(run).status) == (["one", "after"], "succeeded")


def test_continue_gives_the_step_a_result(shop: Shop):
    shop.learn(
        "steps:\n  - id: one\n    do: order.place\n    with: {text: one}\n    on_error:\n"
        "      - continue: {text: instead, number: 0}\n"
        "  - id: after\n    do: ledger.write\n    with: {text: '${{ steps.one.text }}'}\n"
    )
    shop.world.script["one"] = [Permanent("sold_out", "none left")]
    run = shop.start()
    shop.work()

    assert (shop.ledger, shop.run(run).status) == (["instead"], "succeeded")


# ------------------------------------------------------------------------- branches side by side


def branch(name: str, *lines: str) -> str:
    return f"      {name}:\n" + "".join(f"        {line}\n" for line in lines)


def letter(name: str) -> tuple[str, ...]:
    return (f"- id: {name}", "  do: letter.send", f"  with: {{text: {name}}}")


def test_branches_go_on_side_by_side_and_their_results_are_seen_behind(shop: Shop):
    shop.learn(
        "steps:\n  - id: both\n    parallel:\n"
        + branch("left", *letter("one"))
        + branch("right", *letter("two"))
        + "  - id: after\n    do: ledger.write\n"
        "    with: {text: '${{ steps.one.text }} ${{ steps.two.text }}'}\n"
    )
    run = shop.start()
    shop.work()

    assert (shop.ledger, shop.run(run).status) == (["one two"], "succeeded")
    assert shop.steps(run)["both"].result == {"failed": 0}


def test_a_failure_ends_the_branch_that_waits(shop: Shop):
    wait = ("- id: door", "  wait: {for: door.opened, key: '${{ inputs.key }}'}")
    shop.learn(
        "steps:\n  - id: both\n    parallel:\n"
        + branch("left", *wait, *letter("one"))
        + branch("right", *letter("two"))
    )
    shop.world.script["two"] = [Permanent("returned", "no such address")]
    run = shop.start()
    shop.work()

    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "returned")
    assert shop.world.said == ["two"]


def test_a_failure_lets_the_other_branch_finish_its_step_which_is_undone(shop: Shop):
    undo = ("  compensate:", "    - do: letter.send", "      with: {text: undo}")
    shop.learn(
        "steps:\n  - id: both\n    parallel:\n"
        + branch("left", *letter("one"), *undo, *letter("three"))
        + branch("right", *letter("two"))
    )
    shop.world.script["two"] = [Permanent("returned", "no such address")]
    run = shop.start()
    shop.work()

    assert shop.run(run).status == "failed"
    assert sorted(shop.world.said[:2]) == ["one", "two"]
    assert shop.world.said[2:] == ["undo"]


def test_the_first_branch_that_is_done_ends_the_others(shop: Shop):
    wait = ("- id: door", "  wait: {for: door.opened, key: '${{ inputs.key }}'}")
    nap = ("- id: nap", "  wait: 1h", *letter("late"))
    shop.learn(
        "steps:\n  - id: race\n    wait_for: first\n    parallel:\n"
        + branch("left", *wait, *letter("one"))
        + branch("right", *nap)
        + step("ledger.write", "after")
    )
    run = shop.start()
    shop.work()
    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()

    assert (shop.run(run).status, shop.world.said) == ("succeeded", ["one", "after"])
    assert shop.steps(run)["race"].result == {"failed": 0, "first": "left"}


def test_a_dropped_branch_gives_up_its_turn(shop: Shop):
    callee = "concurrency: {key: '${{ inputs.key }}', limit: 1}\n" + INPUTS
    callee += "steps:\n  - id: door\n    wait: {for: door.opened, key: '${{ inputs.key }}'}\n"
    shop.learn(
        "steps:\n  - id: race\n    wait_for: first\n    parallel:\n"
        + branch("left", "- id: inner", "  call: other", "  with: {key: one}")
        + branch("right", "- id: nap", "  wait: 1h")
        + "  - id: rest\n    wait: 1h\n",
        other=callee,
    )
    run = shop.start()
    shop.work()
    assert len(shop.rows("SELECT FROM turns")) == 1

    shop.time_is_up(run)
    shop.work()

    assert (shop.run(run).status, shop.rows("SELECT FROM turns")) == ("waiting", [])


def test_a_return_in_a_loop_ends_items_that_wait(shop: Shop):
    shop.learn(
        "steps:\n  - id: loop\n    for_each: name in inputs.names\n    max_parallel: 2\n"
        "    steps:\n      - if: name == 'b'\n        return: 1\n"
        "      - id: nap\n        wait: 1h\n"
    )
    run = shop.start(names=["a", "b"])
    shop.work()

    assert (shop.run(run).status, shop.run(run).result) == ("succeeded", 1)

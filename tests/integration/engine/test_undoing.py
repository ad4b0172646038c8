"""Compensations and cancelling, with a real database."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.errors import Permanent, Transient
from hub.storage.runs import request_cancel
from tests.integration.engine.workshop import INPUTS, Crash, Shop, step


def undoable(name: str, action: str = "order.place") -> str:
    return (
        f"  - id: {name}\n    do: {action}\n    with: {{text: {name}}}\n    compensate:\n"
        f"      - do: letter.send\n        with: {{text: 'undo ${{{{ steps.{name}.text }}}}'}}\n"
    )


def cancel(shop: Shop, run: UUID) -> None:
    with shop.engine.begin() as connection:
        request_cancel(connection, run)


THREE = "steps:\n" + undoable("one") + undoable("two") + undoable("three")
SORRY = "on_error:\n" + step("letter.send", "sorry")
GOODBYE = "on_cancel:\n" + step("letter.send", "goodbye")


# --------------------------------------------------------------------------------- compensations


def test_what_succeeded_is_undone_last_one_first_and_then_the_handler_runs(shop: Shop):
    shop.learn(THREE + SORRY)
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    run = shop.start()
    shop.work()

    assert shop.world.said == ["one", "two", "three", "undo two", "undo one", "sorry"]
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "sold_out")


def test_nothing_is_undone_when_all_goes_well_or_by_a_return(shop: Shop):
    shop.learn(THREE + "  - return: 1\n" + SORRY)
    run = shop.start()
    shop.work()

    assert shop.world.said == ["one", "two", "three"]
    assert shop.run(run).status == "succeeded"


def test_a_cancelled_run_is_undone_and_says_goodbye(shop: Shop):
    shop.learn(THREE + GOODBYE + SORRY)
    run = shop.start()
    shop.world.script["two"] = [lambda: cancel(shop, run)]
    shop.work()

    assert shop.world.said == ["one", "two", "undo two", "undo one", "goodbye"]
    assert shop.run(run).status == "cancelled"


def test_a_run_past_its_timeout_is_undone(shop: Shop):
    shop.learn("timeout: 1h\n" + THREE + SORRY)
    run = shop.start()
    late = "UPDATE runs SET deadline = now() - interval '1 s' WHERE id = :id"
    shop.world.script["two"] = [lambda: shop.do(late, id=run)]
    shop.work()

    assert shop.world.said == ["one", "two", "undo two", "undo one", "sorry"]
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "timeout")


def test_a_compensation_that_fails_is_tried_again_ten_times_then_a_person_must_look(shop: Shop):
    shop.learn(THREE + SORRY)
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    shop.world.script["undo two"] = [Transient("unavailable", "down")] * 11
    run = shop.start()
    shop.work()
    while shop.run(run).status == "waiting":
        shop.wake()
        shop.work()

    assert shop.world.said.count("undo two") == 11
    assert shop.world.said[-2:] == ["undo one", "sorry"]
    assert shop.run(run).status == "undo_failed"
    assert "unavailable" in shop.run(run).error["message"]
    assert "sold_out" in shop.run(run).error["message"]


def test_an_undoing_outlives_the_timeout_of_its_run(shop: Shop):
    shop.learn("timeout: 1h\n" + THREE)
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    shop.world.script["undo two"] = [Transient("unavailable", "down")]
    run = shop.start()
    shop.work()
    shop.do("UPDATE runs SET deadline = now() - interval '1 s' WHERE id = :id", id=run)
    cancel(shop, run)

    shop.wake()
    shop.work()

    assert shop.world.said == ["one", "two", "three", "undo two", "undo two", "undo one"]
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "sold_out")


LATE = "UPDATE runs SET deadline = now() - interval '1 s' WHERE id = :id"
KEYED = f"{INPUTS}concurrency:\n  key: ${{{{ inputs.key }}}}\n"


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("head", [INPUTS, KEYED])
def test_what_a_run_failed_with_stays_its_error_behind_its_timeout(
    shop: Shop, head: str, *, dies: bool
):
    """Whether it sleeps or has a new owner when its time is up, with a turn or without one."""
    steps = THREE.replace("do: letter.send", "do: ledger.write")
    told = step("order.place", "${{ error.code }}", id_="told")
    shop.learn(f"{steps}on_error:\n{told}", head=f"{head}timeout: 1h\n")
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    run = shop.start()
    if dies:
        shop.world.script["undo two"] = [Crash()]
        with pytest.raises(Crash):
            shop.work()
        shop.owner_dies()
    else:
        shop.world.script["sold_out"] = [Transient("unavailable", "down")]
        shop.work()
    shop.do(LATE, id=run)
    shop.wake()
    shop.work()
    shop.wake()
    shop.work()

    assert shop.ledger == ["undo one", "undo two"]
    assert shop.world.said.count("sold_out") == (1 if dies else 2)
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "sold_out")
    assert shop.rows("SELECT FROM turns") == []


@pytest.mark.parametrize("dies_in", ["undo two", "undo one", "sorry"])
def test_a_worker_that_dies_while_undoing_does_nothing_twice(shop: Shop, dies_in: str):
    steps = THREE.replace("do: letter.send", "do: ledger.write")
    shop.learn(steps + "on_error:\n" + step("ledger.write", "sorry"))
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    shop.world.script[dies_in] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.work()

    assert shop.ledger == ["sorry", "undo one", "undo two"]
    assert shop.run(run).status == "failed"


@pytest.mark.parametrize("dies_in", ["two", "undo two", "undo one", "goodbye"])
def test_a_worker_that_dies_while_cancelling_goes_on_cancelling(shop: Shop, dies_in: str):
    steps = THREE.replace("do: letter.send", "do: ledger.write")
    shop.learn(steps + "on_cancel:\n" + step("ledger.write", "goodbye"))
    run = shop.start()

    def cancel_and_die() -> None:
        cancel(shop, run)
        raise Crash

    if dies_in == "two":
        shop.world.script["two"] = [cancel_and_die]
    else:
        shop.world.script["two"] = [lambda: cancel(shop, run)]
        shop.world.script[dies_in] = [Crash()]
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.work()

    undone = ["goodbye", "undo one"] if dies_in == "two" else ["goodbye", "undo one", "undo two"]
    assert (shop.ledger, shop.run(run).status) == (undone, "cancelled")


def test_the_compensations_of_a_called_workflow_belong_to_the_run(shop: Shop):
    shop.learn(
        "steps:\n  - id: inner\n    call: other\n    with: {key: deep}\n"
        + step("order.place", "after"),
        other=INPUTS + "steps:\n" + undoable("one").replace("steps.one.text", "inputs.key"),
    )
    shop.world.script["after"] = [Permanent("sold_out", "none left")]
    shop.start()
    shop.work()

    assert shop.world.said == ["one", "after", "undo deep"]


def test_a_call_is_undone_before_what_it_did(shop: Shop):
    """It succeeded after its steps, so its own undoing comes first."""
    shop.learn(
        "steps:\n  - id: inner\n    call: other\n    with: {key: deep}\n    compensate:\n"
        "      - do: letter.send\n        with: {text: undo call}\n" + step("order.place", "after"),
        other=INPUTS + "steps:\n" + undoable("one"),
    )
    shop.world.script["after"] = [Permanent("sold_out", "none left")]
    shop.start()
    shop.work()

    assert shop.world.said == ["one", "after", "undo call", "undo one"]


def test_each_item_of_a_loop_is_undone_with_what_it_saw(shop: Shop):
    body = undoable("one").replace("text: one", "text: '${{ name }}'")
    body = body.replace("steps.one.text", "name")
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    shop.learn(
        "steps:\n  - id: loop\n    for_each: name in inputs.names\n    steps:\n"
        + indented
        + "  - fail: enough\n"
    )
    shop.start(names=["a", "b"])
    shop.work()

    assert shop.world.said == ["a", "b", "undo b", "undo a"]


def test_a_group_is_undone_as_one(shop: Shop):
    shop.learn(
        "steps:\n  - id: both\n    compensate:\n      - do: letter.send\n"
        "        with: {text: 'undo ${{ steps.two.text }}'}\n    steps:\n"
        "      - id: one\n        do: order.place\n        with: {text: one}\n"
        "      - id: two\n        do: order.place\n        with: {text: two}\n"
        "  - fail: enough\n"
    )
    shop.start()
    shop.work()

    assert shop.world.said == ["one", "two", "undo two"]


# ------------------------------------------------------------------------------------------- poison


def test_E10_a_run_that_ends_its_owners_is_undone(shop: Shop):
    shop.learn(THREE + SORRY)
    shop.world.script["three"] = [Crash()] * 3
    run = shop.start()
    for _ in range(3):
        with pytest.raises(Crash):
            shop.work()
        shop.owner_dies()
    shop.work()

    assert shop.world.said == ["one", "two", *["three"] * 3, "undo two", "undo one", "sorry"]
    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "poison")


def test_E10_a_run_that_ended_its_owners_tries_its_undoing_again(shop: Shop):
    """The first two undoings share a transaction; the one that fails takes the other back."""
    shop.learn(THREE.replace("do: letter.send", "do: ledger.write"))
    shop.world.script["three"] = [Crash()] * 3
    shop.world.script["undo one"] = [Transient("unavailable", "down")] * 2
    run = shop.start()
    for _ in range(3):
        with pytest.raises(Crash):
            shop.work()
        shop.owner_dies()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("waiting", ["undo two"])

    shop.wake()
    shop.work()

    assert (shop.run(run).status, shop.run(run).error["code"]) == ("failed", "poison")
    assert shop.ledger == ["undo one", "undo two"]


def test_E10_an_undoing_that_ends_its_owners_is_given_up(shop: Shop):
    shop.learn(THREE.replace("do: letter.send", "do: ledger.write"))
    shop.world.script["three"] = [Permanent("sold_out", "none left")]
    shop.world.script["undo two"] = [Crash()] * 3
    run = shop.start()
    for _ in range(3):
        with pytest.raises(Crash):
            shop.work()
        shop.owner_dies()
    shop.work()

    assert (shop.run(run).status, shop.run(run).error["code"]) == ("undo_failed", "poison")

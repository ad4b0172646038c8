"""Events between runs: emitting, starting, detaching, cancelling; with a real database."""

from __future__ import annotations

from secrets import token_hex

import pytest

from tests.integration.engine.test_waits import WAIT
from tests.integration.engine.workshop import INPUTS, Crash, Shop, step

EMIT = """\
steps:
  - emit: door.opened
    key: ${{ inputs.key }}
    data: {by: "${{ run.workflow }}"}
"""


def test_a_run_wakes_another_by_an_event(shop: Shop):
    shop.learn(WAIT, opener=INPUTS + EMIT)
    run = shop.start()
    shop.work()

    shop.start("opener")
    shop.work()

    assert shop.ledger == ["before", "opened by opener"]
    assert run in shop.rung


def test_data_that_do_not_fit_the_schema_are_not_emitted(shop: Shop):
    wrong = "${{ '[1]' | from_json }}"
    shop.learn(EMIT.replace('{by: "${{ run.workflow }}"}', wrong))
    run = shop.start()
    shop.work()

    assert shop.run(run).error["code"] == "invalid_input"
    assert shop.rows("SELECT FROM events") == []


@pytest.mark.parametrize("steps", [EMIT, WAIT])
def test_a_key_that_is_too_long_fails_the_step(shop: Shop, steps: str):
    shop.learn(steps)
    run = shop.start(key=token_hex(2000))
    shop.work()

    assert shop.run(run).error["code"] == "invalid_input"
    assert "at most 500 characters" in shop.run(run).error["message"]


def test_an_emitter_that_dies_emits_once(shop: Shop):
    shop.learn(
        EMIT + step("letter.send", "bye"),
        listener="event: {name: door.opened}\n" + "steps:\n" + step("ledger.write", "heard"),
    )
    shop.world.script["bye"] = [Crash()]
    shop.start()
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.work()

    assert len(shop.rows("SELECT FROM events")) == 1
    assert shop.ledger == ["heard"]


def test_an_event_starts_the_workflows_that_want_it(shop: Shop):
    listener = "event:\n  name: door.opened\n"
    listener += "  only_if: event.data.by == '{who}'\nsteps:\n"
    say = step("ledger.write", "${{ event.data.by }} ${{ event.key }}", id_="say")
    shop.learn(EMIT, ours=listener.format(who="main") + say, others=listener.format(who="x") + say)
    run = shop.start(mode="simulate")
    shop.work()

    (started,) = shop.rows("SELECT * FROM runs WHERE workflow = 'ours'")
    assert (shop.ledger, started.mode) == (["main one"], "simulate")
    assert shop.rows("SELECT FROM runs WHERE workflow = 'others'") == []
    assert shop.run(run).status == "succeeded"


def test_a_run_that_an_event_starts_fails_by_itself(shop: Shop, caplog):
    """Its `concurrency` cannot be told: it fails. Its `mode` cannot be told: there is no run."""
    number = "${{ event.data.by | int }}"
    mode = "${{ 'live' if event.data.by | int > 3 else 'simulate' }}"
    listener = "event: {name: door.opened}\n%s\nsteps:\n" + step("ledger.write", "heard")
    turn = listener % f"concurrency: {{key: '{number}'}}"
    shop.learn(EMIT, turned=turn, moody=listener % f'mode: "{mode}"')
    run = shop.start()
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", [])
    (turned,) = shop.rows("SELECT * FROM runs WHERE id <> :id", id=run)
    assert (turned.workflow, turned.status) == ("turned", "failed")
    assert turned.error["code"] == "invalid_input"
    assert "moody was not started by an event: `int` needs" in caplog.text


def test_a_detached_run_whose_mode_cannot_be_told_fails_its_step(shop: Shop):
    mode = "mode: \"${{ 'live' if inputs.key | int > 3 else 'simulate' }}\"\n"
    shop.learn(
        "steps:\n  - id: aside\n    call: other\n    with: {key: two}\n    detach: true\n",
        other=mode + INPUTS + "steps:\n" + step("ledger.write", "x"),
    )
    run = shop.start()
    shop.work()

    assert shop.run(run).error["code"] == "invalid_input"
    assert shop.steps(run)["aside"].status == "failed"


def test_a_run_neither_takes_nor_is_cancelled_by_the_event_that_started_it(shop: Shop):
    again = "{event: door.opened, key: '${{ event.key }}'}"
    listener = f"event: {{name: door.opened}}\ncancel_on: {again}\nsteps:\n"
    listener += f"  - id: next\n    wait: {again.replace('event:', 'for:')}\n    timeout: 1h\n"
    shop.learn(EMIT, listener=listener)
    shop.start()
    shop.work()
    started = "SELECT status FROM runs WHERE workflow = 'listener' ORDER BY created_at"
    assert [row.status for row in shop.rows(started)] == ["waiting"]

    shop.start()
    shop.work()

    assert [row.status for row in shop.rows(started)] == ["cancelled", "waiting"]


def test_a_detached_call_is_a_run_of_its_own(shop: Shop):
    shop.learn(
        "steps:\n  - id: aside\n    call: other\n    with: {key: two}\n    detach: true\n"
        + step("ledger.write", "went_on"),
        other=INPUTS + "steps:\n" + step("ledger.write", "aside ${{ inputs.key }}", id_="say"),
    )
    run = shop.start()
    shop.work()

    (started,) = shop.rows("SELECT * FROM runs WHERE workflow = 'other'")
    assert shop.steps(run)["aside"].result == {"run_id": str(started.id)}
    assert shop.ledger == ["aside two", "went_on"]
    assert started.id in shop.rung


def test_a_detached_run_has_the_version_that_is_in_force_when_it_is_made(shop: Shop):
    caller = "steps:\n  - id: nap\n    wait: 1h\n"
    caller += "  - id: aside\n    call: other\n    detach: true\n"
    shop.learn(caller, other=INPUTS + "steps:\n" + step("ledger.write", "old"))
    run = shop.start()
    shop.work()
    shop.learn(caller, other=INPUTS + "steps:\n" + step("ledger.write", "new"))

    shop.time_is_up(run)
    shop.work()

    assert shop.ledger == ["new"]


def test_a_disabled_workflow_cannot_be_called(shop: Shop):
    for more in ("", "    detach: true\n"):
        shop.learn(
            f"steps:\n  - id: aside\n    call: other\n{more}",
            other="enabled: false\n" + INPUTS + "steps:\n" + step("ledger.write", "x"),
        )
        run = shop.start()
        shop.work()
        assert shop.run(run).error["code"] == "not_found"


# --------------------------------------------------------------------------------------- cancel_on

CANCEL = "cancel_on: {event: house.sold, key: '${{ inputs.key }}'}\n"
GOODBYE = "on_cancel:\n" + step("ledger.write", "goodbye")


def test_an_event_cancels_a_run_that_waits(shop: Shop):
    shop.learn(WAIT + GOODBYE, head=INPUTS + CANCEL)
    run = shop.start()
    shop.work()
    shop.emit("house.sold")
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("cancelled", ["before", "goodbye"])


def test_an_event_cancels_a_run_that_has_not_begun(shop: Shop):
    shop.learn(WAIT + GOODBYE, head=INPUTS + CANCEL)
    run = shop.start()
    shop.emit("house.sold")
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("cancelled", ["goodbye"])


def test_an_event_cancels_a_run_between_two_steps(shop: Shop):
    shop.learn(
        "steps:\n" + step("letter.send", "one") + step("letter.send", "two") + GOODBYE,
        head=INPUTS + CANCEL,
    )
    shop.world.script["one"] = [lambda: shop.emit("house.sold")]
    run = shop.start()
    shop.work()

    assert shop.run(run).status == "cancelled"
    assert shop.world.said == ["one", "goodbye"]


def test_an_event_cancels_a_run_between_two_steps_that_share_a_transaction(shop: Shop):
    """What the first step did in our own database is kept, as its journal says."""
    shop.learn(
        "steps:\n" + step("ledger.write", "one") + step("ledger.write", "two") + GOODBYE,
        head=INPUTS + CANCEL,
    )
    shop.world.script["one"] = [lambda: shop.emit("house.sold")]
    run = shop.start()
    shop.work()

    assert (shop.run(run).status, shop.steps(run)["one"].status) == ("cancelled", "succeeded")
    assert shop.ledger == ["goodbye", "one"]


def test_an_event_cancels_a_run_also_if_a_wait_of_the_run_took_it(shop: Shop):
    shop.learn(
        "steps:\n  - id: both\n    parallel:\n      left:\n"
        "        - {id: one, do: letter.send, with: {text: one}}\n"
        "      right:\n        - id: sold\n"
        "          wait: {for: house.sold, key: '${{ inputs.key }}'}\n"
        + step("letter.send", "two"),
        head=INPUTS + CANCEL,
    )
    shop.world.script["one"] = [lambda: shop.emit("house.sold")]
    run = shop.start()
    shop.work()

    assert shop.steps(run)["sold"].status == "succeeded"
    assert (shop.run(run).status, shop.world.said) == ("cancelled", ["one"])


def test_only_the_events_that_it_wants_cancel_a_run(shop: Shop):
    only = CANCEL.replace("}'}", "}', only_if: event.data.price | default(0) > 5}")
    shop.learn(WAIT, head=INPUTS + only)
    run = shop.start()
    shop.work()
    shop.emit("house.sold", data={"price": 3})
    shop.work()
    assert shop.run(run).status == "waiting"

    shop.emit("house.sold", data={"price": 8})
    shop.work()

    assert shop.run(run).status == "cancelled"


def test_an_event_between_two_steps_that_share_a_transaction_undoes_the_first(shop: Shop):
    """What the first one did is stored before it is undone, not rolled back and then undone."""
    undo = "compensate:\n  - do: letter.send\n    with: {text: undo one}"
    shop.learn(
        "steps:\n"
        + step("letter.send", "zero")
        + step("ledger.write", "one", more=undo)
        + step("ledger.write", "two")
        + GOODBYE,
        head=INPUTS + CANCEL,
    )
    shop.world.script["one"] = [lambda: shop.emit("house.sold")]
    run = shop.start()
    shop.work()

    assert shop.run(run).status == "cancelled"
    assert shop.world.said == ["zero", "one", "undo one", "goodbye"]
    assert shop.ledger == ["goodbye", "one"]

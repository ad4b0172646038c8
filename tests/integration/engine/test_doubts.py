"""An effect that may have been done is told of, whatever comes after it (E8)."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter

from hub.errors import Permanent, Transient
from hub.metrics import catalogue as metrics
from tests.integration.engine.workshop import Crash, Shop, step

CONTINUE = "on_error: continue"


def test_E8_a_run_that_goes_on_behind_a_doubt_says_so(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one", more=CONTINUE) + step("ledger.write", "two"))
    shop.world.script["one"] = [Transient("timeout", "no answer", maybe_done=True)]
    run = shop.start()

    shop.work()

    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("succeeded", True)
    assert shop.ledger == ["two"]


def test_E8_a_run_that_goes_on_behind_a_refusal_is_in_no_doubt(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one", more=CONTINUE))
    shop.world.script["one"] = [Permanent("returned", "nobody lives there")]
    run = shop.start()

    shop.work()

    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("succeeded", False)


def test_E8_a_doubt_is_told_as_one_also_when_the_time_of_the_step_is_up(shop: Shop):
    letter = step("letter.send", "one").replace("\n", "\n    ")
    shop.learn(f"steps:\n  - id: group\n    timeout: 1h\n    steps:\n    {letter}")
    shop.world.script["one"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.time_is_up(run)

    shop.work()

    assert shop.steps(run)["one"].error["code"] == "outcome_unknown"
    assert (shop.world.said, shop.run(run).is_maybe_done) == (["one"], True)


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE UPDATE ON once_keys FOR EACH ROW
    WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION no_room()
"""


@pytest.mark.parametrize(("action", "calls"), [("letter.send", 1), ("order.place", 2)])
def test_E7_E8_a_call_whose_result_cannot_be_stored_is_in_doubt(
    shop: Shop, action: str, calls: int
):
    """The database says no once the call is made: that call was not undone by it."""
    shop.learn("steps:\n" + step(action, "one", more="once_per: ${{ inputs.key }}"))
    shop.world.script["one"] = [lambda: shop.do(NO_ROOM)]
    try:
        run = shop.start()
        shop.work()
    finally:
        shop.do("DROP FUNCTION no_room CASCADE")
    shop.wake()
    shop.owner_dies()
    shop.work()
    assert shop.world.said == ["one"] * calls
    assert shop.run(run).is_maybe_done is (calls == 1)
    assert shop.run(run).status == ("failed" if calls == 1 else "succeeded")


BUSY_TWICE = """
CREATE SEQUENCE tries;  -- a rollback takes nothing back from it
CREATE FUNCTION is_busy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER is_busy BEFORE UPDATE OR DELETE ON once_keys FOR EACH ROW EXECUTE FUNCTION is_busy()
"""


@pytest.mark.parametrize("ended", ["succeeded", "failed"])
def test_E8_what_came_of_a_call_is_stored_once_the_database_is_less_busy(shop: Shop, ended: str):
    """The outcome is known: two refusals of a lock make no doubt of it."""
    shop.learn("steps:\n" + step("letter.send", "one", more="once_per: ${{ inputs.key }}"))

    def make_busy() -> None:
        shop.do(BUSY_TWICE)
        if ended == "failed":
            raise Permanent("returned", "nobody lives there")

    shop.world.script["one"] = [make_busy]
    try:
        run = shop.start()
        shop.work()
    finally:
        shop.do("DROP FUNCTION is_busy CASCADE")
        shop.do("DROP SEQUENCE tries")

    assert shop.world.said == ["one"]
    assert (shop.run(run).status, shop.run(run).is_maybe_done) == (ended, False)


def test_E8_the_doubt_of_one_try_stays_when_the_next_is_refused(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one", more=CONTINUE))
    shop.world.script["one"] = [
        Transient("timeout", "no answer", maybe_done=True),
        Permanent("sold_out", "nothing is left"),
    ]
    run = shop.start()

    shop.work()
    shop.wake()
    shop.work()

    assert shop.world.said == ["one", "one"]
    assert shop.steps(run)["one"].error["maybe_done"] is True
    assert shop.run(run).is_maybe_done


def test_E8_the_doubt_of_a_dead_owner_stays_when_the_next_try_is_refused(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one", more=CONTINUE))
    shop.world.script["one"] = [Crash(), Permanent("sold_out", "nothing is left")]
    run = shop.start()
    try:
        shop.work()
    except Crash:
        shop.owner_dies()

    shop.work()

    assert shop.world.said == ["one", "one"]
    assert shop.steps(run)["one"].error["code"] == "sold_out"
    assert shop.run(run).is_maybe_done


def test_E8_what_a_dead_owner_may_have_done_is_counted_as_unknown(shop: Shop):
    counted = Counter("calls", "Calls", ["action", "outcome"], registry=CollectorRegistry())
    metrics.OUTBOUND_CALLS.bind(counted)
    try:
        shop.learn("steps:\n" + step("letter.send", "one"))
        shop.world.script["one"] = [Crash()]
        run = shop.start()
        with pytest.raises(Crash):
            shop.work()
        shop.owner_dies()
        shop.work()
    finally:
        metrics.OUTBOUND_CALLS.bind(None)

    assert shop.run(run).is_maybe_done
    (tried,) = shop.steps(run).values()
    assert (tried.attempts, tried.error["attempts"]) == (1, 1)  # it was called once
    (found,) = counted.collect()
    assert ["unknown"] in [[one.labels["outcome"]] for one in found.samples if one.value]

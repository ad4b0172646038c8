"""What a step leaves behind under crashes, retries and repeats (E4, E6, E7, E8, E9, E10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from psycopg.errors import DiskFull
from sqlalchemy.exc import DBAPIError

from hub.errors import Permanent, Transient
from tests.integration.engine.workshop import Crash, Shop, step

NO_RETRY = "retry: 0"


def crash(shop: Shop) -> None:
    """Work until the scripted crash, and let another owner have the run."""
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()


# ------------------------------------------------------------------------- effects in our database


def test_E6_effect_and_result_are_stored_together(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one"))
    run = shop.start()
    shop.work()
    assert shop.ledger == ["one"]
    assert shop.steps(run)["one"].result == {"text": "one", "number": 1}
    assert shop.run(run).status == "succeeded"
    assert shop.history(run) == ["queued", "running", "succeeded"]


def test_E6_an_action_that_raises_after_writing_leaves_nothing(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one"))
    shop.world.script["one"] = [Permanent("torn", "the page is torn")]
    run = shop.start()
    shop.work()
    assert shop.ledger == []
    entry = shop.steps(run)["one"]
    assert (entry.status, entry.error["code"], entry.error["maybe_done"]) == (
        "failed",
        "torn",
        False,
    )
    assert shop.run(run).error["code"] == "torn"


def test_a_run_that_failed_is_a_line_of_the_log(shop: Shop, caplog: pytest.LogCaptureFixture):
    shop.learn("steps:\n" + step("ledger.write", "one"))
    shop.world.script["one"] = [Permanent("torn", "the page is torn")]
    run = shop.start()
    shop.work()
    (told,) = (vars(each) for each in caplog.records if each.getMessage() == "a run failed")
    assert (told["run_id"], told["step"], told["code"]) == (str(run), "one", "torn")


def test_E6_a_crash_inside_leaves_nothing_and_it_is_done_once(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one") + step("ledger.write", "two"))
    shop.world.script["two"] = [Crash()]
    run = shop.start()
    crash(shop)
    assert (shop.ledger, shop.steps(run)) == ([], {})  # both steps share a transaction
    shop.work()
    assert shop.ledger == ["one", "two"]
    assert shop.world.said == ["one", "two", "one", "two"]


def test_E6_a_crash_between_result_and_answer_repeats_nothing(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one") + step("letter.send", "two"))
    shop.world.script["two"] = [Crash()]
    run = shop.start()
    crash(shop)
    shop.work()
    assert shop.ledger == ["one"]
    assert shop.run(run).error["code"] == "outcome_unknown"


def test_a_fault_of_an_action_is_internal_and_tried_again(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one"))
    shop.world.script["one"] = [ZeroDivisionError()]
    run = shop.start()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("waiting", [])
    shop.wake()
    shop.work()
    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["one"])


def test_what_the_database_refuses_is_internal_and_leaves_nothing(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one", more=NO_RETRY))
    refuse = "CREATE RULE refuse AS ON INSERT TO leads DO ALSO SELECT 1 / 0"
    shop.do(refuse)
    try:
        run = shop.start()
        shop.work()
    finally:
        shop.do("DROP RULE refuse ON leads")
    assert shop.run(run).error["code"] == "internal"
    assert shop.run(run).is_maybe_done is False


# ------------------------------------------------------------------------------------- calling out


def test_E7_the_intent_is_stored_before_the_call(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    run = shop.start()
    seen = []
    shop.world.script["one"] = [lambda: seen.append(shop.steps(run)["one"])]
    shop.work()
    (entry,) = seen
    assert (entry.status, entry.inputs, entry.result) == ("started", {"text": "one"}, None)
    assert entry.key == f"{run}/one"
    assert shop.steps(run)["one"].status == "succeeded"


@pytest.mark.parametrize("event", [Crash(), Transient("timeout", "no answer", maybe_done=True)])
def test_E7_at_least_once_is_called_again_with_the_same_key_and_inputs(
    shop: Shop, event: BaseException
):
    shop.learn("steps:\n" + step("order.place", "${{ uuid() }}", id_="one"))
    run = shop.start()
    (claimed,) = shop.claim()
    texts: list[str] = []
    shop.world.act = _first_raises(shop, event, texts)  # type: ignore[method-assign]
    try:
        shop.executor().work(claimed, is_stopping=lambda: False)
    except Crash:
        shop.owner_dies()
    shop.wake()
    shop.work()
    first, second = shop.world.calls
    assert (first.text, first.key) == (second.text, second.key)
    assert (first.number, second.number) == (1, 2)
    assert shop.run(run).status == "succeeded"


def _first_raises(shop: Shop, event: BaseException, texts: list[str]):
    act = shop.world.act

    def acting(said, attempt):
        if not texts:
            texts.append(said)
            shop.world.script[said] = [event]
        act(said, attempt)

    return acting


def test_E8_at_most_once_is_not_called_again_after_a_crash_in_the_gap(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Crash()]
    run = shop.start()
    crash(shop)
    shop.work()
    assert shop.world.said == ["one"]
    error = shop.run(run).error
    assert (error["code"], error["maybe_done"], error["step"]) == ("outcome_unknown", True, "one")
    assert shop.run(run).is_maybe_done is True


def test_E8_an_unanswered_call_is_not_tried_again(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Transient("timeout", "no answer", maybe_done=True)]
    run = shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("failed", True)


def test_E8_a_call_that_was_certainly_not_made_is_tried_again(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Transient("unavailable", "refused")]
    run = shop.start()
    shop.work()
    shop.wake()
    shop.work()
    assert shop.world.said == ["one", "one"]
    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("succeeded", False)


def test_delivery_at_least_once_calls_a_once_action_again(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one", more="delivery: at_least_once"))
    shop.world.script["one"] = [Crash()]
    run = shop.start()
    crash(shop)
    shop.work()
    assert shop.world.said == ["one", "one"]
    assert shop.run(run).status == "succeeded"


def test_delivery_at_most_once_keeps_a_keyed_action_from_being_called_again(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one", more="delivery: at_most_once"))
    shop.world.script["one"] = [Crash()]
    run = shop.start()
    crash(shop)
    shop.work()
    assert shop.world.said == ["one"]
    assert shop.run(run).error["code"] == "outcome_unknown"


@pytest.mark.parametrize("fault", [ZeroDivisionError(), DBAPIError("", {}, DiskFull())])
def test_E8_a_fault_of_an_outward_action_is_an_unknown_outcome(shop: Shop, fault: Exception):
    """Also one of a database that is not ours: nothing is rolled back there."""
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [fault]
    run = shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    assert (shop.run(run).error["code"], shop.run(run).is_maybe_done) == ("internal", True)


def test_E8_a_run_that_is_cancelled_after_a_crash_in_the_gap_says_so(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one"))
    shop.world.script["one"] = [Crash()]
    run = shop.start()
    crash(shop)
    shop.do("UPDATE runs SET is_cancel_requested = true")
    shop.work()
    assert (shop.run(run).status, shop.run(run).is_maybe_done) == ("cancelled", True)


# ------------------------------------------------------------------------------------------ E4, E10


def test_E4_an_owner_that_lost_its_run_stores_nothing(shop: Shop):
    shop.learn("steps:\n" + step("ledger.write", "one") + step("letter.send", "two"))

    def steal() -> None:
        shop.owner_dies()
        shop.claim("thief")

    shop.world.script["two"] = [steal]
    run = shop.start()
    shop.work()
    row = shop.run(run)
    assert (row.status, row.token, row.worker) == ("running", 2, "thief")
    assert shop.steps(run)["two"].status == "started"
    assert shop.history(run)[-1] == "running"


def test_E4_a_local_effect_of_a_stolen_run_is_not_stored(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one") + step("ledger.write", "two"))

    def steal() -> None:
        shop.do("UPDATE runs SET token = token + 1")

    shop.world.script["one"] = [steal]
    shop.start()
    shop.work()
    assert (shop.ledger, shop.world.said) == ([], ["one"])


def test_E10_a_run_whose_owners_die_in_one_step_is_poison(shop: Shop):
    shop.learn("steps:\n" + step("order.place", "one"))
    shop.world.script["one"] = [Crash(), Crash(), Crash()]
    run = shop.start()
    for _ in range(3):
        crash(shop)
    shop.work()
    assert shop.world.said == ["one"] * 3
    error = shop.run(run).error
    assert (error["code"], error["step"]) == ("poison", "one")
    assert shop.run(run).is_maybe_done is True


def test_E10_other_runs_go_on_between_the_deaths_of_one(shop: Shop):
    shop.learn(
        "steps:\n" + step("order.place", "${{ inputs.names | first | required }}", id_="one")
    )
    shop.world.script["bad"] = [Crash(), Crash(), Crash()]
    bad = shop.start(names=["bad"])
    for _ in range(3):
        with pytest.raises(Crash):
            shop.work()
        good = shop.start(names=["good"])
        shop.work()
        assert shop.run(good).status == "succeeded"
        shop.owner_dies()
    shop.work()
    assert shop.run(bad).error["code"] == "poison"


def test_E10_deaths_in_different_steps_are_counted_anew(shop: Shop):
    names = ("one", "two", "three", "four")
    shop.learn("steps:\n" + "".join(step("order.place", name) for name in names))
    run = shop.start()
    for name in names:
        shop.world.script[name] = [Crash(), Crash()]
        crash(shop)
        crash(shop)
    shop.work()
    assert shop.run(run).status == "succeeded"


def test_E10_deaths_before_a_failed_step_do_not_count_for_the_next_one(shop: Shop):
    failing = step("order.place", "one", more="retry: 0\non_error: continue")
    shop.learn("steps:\n" + failing + step("order.place", "two"))
    shop.world.script["one"] = [Crash(), Crash(), Permanent("sold_out", "none left")]
    shop.world.script["two"] = [Crash()]
    run = shop.start()
    for _ in range(3):
        crash(shop)
    shop.work()
    assert shop.world.said == ["one", "one", "one", "two", "two"]
    assert shop.run(run).status == "succeeded"


# --------------------------------------------------------------------------------------- E9: retry


def test_E9_retry_after_is_obeyed_up_to_an_hour(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    limited = Transient("rate_limited", "slowly", retry_after=timedelta(minutes=10))
    endless = Transient("rate_limited", "slowly", retry_after=timedelta(days=2))
    shop.world.script["one"] = [limited, endless]
    run = shop.start()
    shop.work()
    assert _pause(shop, run) == pytest.approx(600, abs=5)
    shop.wake()
    shop.work()
    assert _pause(shop, run) == pytest.approx(3600, abs=5)
    assert shop.steps(run)["one"].attempts == 2


def _pause(shop: Shop, run: object) -> float:
    (row,) = shop.rows(
        "SELECT extract(epoch FROM due_at - now())::float AS due_in FROM runs WHERE id = :id",
        id=run,
    )
    return float(row.due_in)


def test_E9_pauses_grow_and_have_an_end(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one", more="retry: {attempts: 2, first: 10s}"))
    shop.world.script["one"] = [Transient("unavailable", "no") for _ in range(3)]
    run = shop.start()
    pauses = []
    while shop.run(run).ended_at is None:
        shop.work()
        if shop.run(run).status == "waiting":
            pauses.append(round(_pause(shop, run)))
            shop.wake()
    assert pauses == [10, 20]
    error = shop.run(run).error
    assert (error["code"], error["attempts"]) == ("unavailable", 3)
    assert [call.number for call in shop.world.calls] == [1, 2, 3]


def test_E9_a_run_that_wakes_too_early_sleeps_on(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one"))
    shop.world.script["one"] = [Transient("unavailable", "no")]
    run = shop.start()
    shop.work()
    shop.do("UPDATE steps SET due_at = now() + interval '1 h'")
    shop.do("UPDATE runs SET due_at = now()")
    shop.work()
    assert shop.world.said == ["one"]
    assert _pause(shop, run) == pytest.approx(3600, abs=5)


@pytest.mark.parametrize(
    ("only_if", "calls"),
    [
        ("error.code == 'returned'", 2),
        ("error.status | default(0) == 500", 1),
        ("100 / (error.attempts - 1) > 3", 1),
    ],
)
def test_E9_only_if_decides_what_is_tried_again(shop: Shop, only_if: str, calls: int):
    more = f'retry: {{attempts: 1, only_if: "{only_if}"}}'
    shop.learn("steps:\n" + step("letter.send", "one", more=more))
    shop.world.script["one"] = [Permanent("returned", "no", status=404)] * 2
    run = shop.start()
    shop.work()
    shop.wake()
    shop.work()
    assert len(shop.world.calls) == calls
    assert shop.run(run).error["code"] == "returned"


def test_the_time_of_one_attempt_is_given_to_the_action(shop: Shop):
    shop.learn("steps:\n" + step("letter.send", "one", more="timeout: 7s"))
    shop.start()
    shop.work()
    assert shop.world.calls[0].timeout == 7

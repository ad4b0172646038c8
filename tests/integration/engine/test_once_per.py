"""`once_per`: one success per key over all runs, under the same crashes (E8)."""

from __future__ import annotations

import pytest

from hub.errors import Permanent, Transient
from tests.integration.engine.workshop import Crash, Shop, step

ONCE = "once_per: ${{ inputs.key }}"


def learn(shop: Shop, action: str, more: str = "") -> None:
    shop.learn("steps:\n" + step(action, "one", more=f"{ONCE}\n{more}".strip()))


def crash(shop: Shop) -> None:
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()


@pytest.mark.parametrize("action", ["ledger.write", "letter.send", "order.place"])
def test_E8_later_runs_get_the_result_and_do_nothing(shop: Shop, action: str):
    learn(shop, action)
    first, second = shop.start(), shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    results = [shop.steps(run)["one"].result for run in (first, second)]
    assert results == [{"text": "one", "number": 1}] * 2
    assert shop.steps(second)["one"].attempts == 0


def test_E8_another_key_is_another_matter(shop: Shop):
    learn(shop, "letter.send")
    shop.start(key="one")
    shop.start(key="two")
    shop.work()
    assert shop.world.said == ["one", "one"]


def test_E8_a_key_whose_outcome_is_unknown_is_not_tried_again(shop: Shop):
    learn(shop, "letter.send")
    shop.world.script["one"] = [Crash()]
    shop.start()
    crash(shop)
    shop.work()
    second = shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    error = shop.run(second).error
    assert (error["code"], error["maybe_done"]) == ("outcome_unknown", True)


def test_E8_a_failed_step_leaves_the_key_to_others(shop: Shop):
    learn(shop, "letter.send")
    shop.world.script["one"] = [Permanent("returned", "no")]
    first, second = shop.start(), shop.start()
    shop.work()
    assert shop.world.said == ["one", "one"]
    assert [shop.run(run).status for run in (first, second)] == ["failed", "succeeded"]


def test_E8_while_one_run_is_at_it_another_waits(shop: Shop):
    learn(shop, "letter.send")
    shop.world.script["one"] = [Transient("unavailable", "later")]
    first, second = shop.start(), shop.start()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["waiting", "waiting"]
    shop.wake()
    shop.work()
    shop.wake()
    shop.work()
    assert shop.world.said == ["one", "one"]
    assert [shop.run(run).status for run in (first, second)] == ["succeeded", "succeeded"]


def test_E8_a_run_cancelled_between_attempts_frees_its_key(shop: Shop):
    learn(shop, "letter.send")
    shop.world.script["one"] = [Transient("unavailable", "later")]
    shop.start()
    shop.work()
    shop.do("UPDATE runs SET is_cancel_requested = true, due_at = now()")
    shop.work()
    second = shop.start()
    shop.work()
    assert shop.run(second).status == "succeeded"
    assert shop.world.said == ["one", "one"]


@pytest.mark.parametrize("event", [Crash(), Transient("timeout", "no", maybe_done=True)])
def test_E8_a_run_cancelled_in_doubt_keeps_its_key(shop: Shop, event: BaseException):
    learn(shop, "order.place")
    shop.world.script["one"] = [event]
    first = shop.start()
    try:
        shop.work()
    except Crash:
        shop.owner_dies()
    shop.do("UPDATE runs SET is_cancel_requested = true, due_at = now()")
    shop.work()
    assert (shop.run(first).status, shop.run(first).is_maybe_done) == ("cancelled", True)
    second = shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    assert shop.run(second).error["code"] == "outcome_unknown"


def test_E8_a_simulated_success_counts_for_simulated_runs_only(shop: Shop):
    learn(shop, "letter.send")
    runs = [shop.start(mode="simulate"), shop.start(mode="simulate")]
    shop.work()
    entries = [shop.steps(run)["one"] for run in runs]
    assert [entry.is_simulated for entry in entries] == [True, False]
    assert [entry.result["text"] for entry in entries] == ["example", "example"]
    shop.start()
    shop.work()
    assert shop.world.said == ["one"]


def test_E8_a_called_workflow_shares_its_keys_with_all_callers(shop: Shop):
    callee = "inputs:\n  key: {type: string}\nsteps:\n" + step("letter.send", "one", more=ONCE)
    calls = "".join(
        f"  - id: {name}\n    call: callee\n    with:\n      key: same\n"
        for name in ("left", "right")
    )
    shop.learn(f"steps:\n{calls}", callee=callee)
    run = shop.start()
    shop.work()
    assert shop.world.said == ["one"]
    assert shop.steps(run)["right/one"].result == {"text": "one", "number": 1}

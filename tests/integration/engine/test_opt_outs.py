"""Who wants no text messages gets none: the wish is known before a message leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.errors import Permanent, Transient
from hub.storage import opt_outs
from tests.integration.engine.workshop import Shop, step

NUMBER, SPOKEN = "+12025550147", '"+1 (202) 555-0147"'
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def wish(shop: Shop, at: datetime = NOON, *, is_out: bool = True, number: str = NUMBER) -> None:
    with shop.engine.begin() as connection:
        opt_outs.note(connection, number, is_out=is_out, at=at, source="test")


def is_out(shop: Shop, number: str = NUMBER) -> bool:
    with shop.engine.begin() as connection:
        return opt_outs.has_opted_out(connection, number)


def send(shop: Shop, more: str = "retry: 0", to: str = SPOKEN, **inputs: Any) -> str | None:
    """One message by a run of its own; the code with which it failed."""
    steps = step("sms.send", "hi", more=more).replace("text: hi", f"text: hi\n      to: {to}")
    shop.learn("steps:\n" + steps)
    run = shop.start(**inputs)
    shop.work()
    error = shop.run(run).error
    return None if error is None else error["code"]


@pytest.mark.parametrize("to", [SPOKEN, f'"{NUMBER}"', f'"tel:{NUMBER}"'])
def test_who_opted_out_gets_no_message_however_the_number_is_written(shop: Shop, to: str):
    wish(shop)

    assert send(shop, to=to) == "opted_out"
    assert shop.world.said == []


def test_others_get_theirs(shop: Shop):
    wish(shop, number="+12025550148")

    assert send(shop) is None
    assert len(shop.world.said) == 1


def test_who_opted_in_again_gets_messages_again(shop: Shop):
    wish(shop)
    wish(shop, NOON + HOUR, is_out=False)

    assert send(shop) is None
    assert len(shop.world.said) == 1


@pytest.mark.parametrize("is_stop_last", [True, False])
@pytest.mark.parametrize("is_in_order", [True, False])
def test_the_later_wish_counts_whichever_is_heard_first(
    shop: Shop, *, is_stop_last: bool, is_in_order: bool
):
    wishes = [(NOON, not is_stop_last), (NOON + HOUR, is_stop_last)]
    for at, wants_none in wishes if is_in_order else wishes[::-1]:
        wish(shop, at, is_out=wants_none)

    assert is_out(shop) is is_stop_last


def test_a_wish_that_is_said_again_is_as_late_as_it_was_said_last(shop: Shop):
    wish(shop)
    wish(shop, NOON + 2 * HOUR)
    wish(shop, NOON + HOUR, is_out=False)

    assert is_out(shop)


def test_what_the_provider_knows_is_remembered(shop: Shop):
    shop.world.script[f"hi to {NUMBER}"] = [Permanent("opted_out", "unsubscribed")]

    assert send(shop, to=f'"{NUMBER}"') == "opted_out"
    assert is_out(shop)
    assert send(shop, to=f'"{NUMBER}"') == "opted_out"
    assert len(shop.world.said) == 1  # the second one did not leave


def test_another_refusal_is_no_wish(shop: Shop):
    shop.world.script[f"hi to {NUMBER}"] = [Permanent("blocked", "filtered")]

    assert send(shop, to=f'"{NUMBER}"') == "blocked"
    assert not is_out(shop)


def test_a_wish_that_comes_between_two_attempts_counts(shop: Shop):
    def busy() -> None:
        wish(shop)
        raise Transient("rate_limited", "later")

    shop.world.script[f"hi to {NUMBER}"] = [busy]

    assert send(shop, more="retry: 1", to=f'"{NUMBER}"') is None
    shop.wake()
    shop.work()

    assert len(shop.world.said) == 1
    (run,) = shop.rows("SELECT error FROM runs")
    assert run.error["code"] == "opted_out"


def test_a_refused_message_does_not_use_up_once_per(shop: Shop):
    wish(shop)
    once = "once_per: ${{ inputs.key }}\nretry: 0"

    assert send(shop, more=once, key="same") == "opted_out"
    wish(shop, NOON + HOUR, is_out=False)
    assert send(shop, more=once, key="same") is None

    assert len(shop.world.said) == 1


def test_D10_a_simulated_run_sends_nothing_and_asks_nobody(shop: Shop):
    wish(shop)
    shop.learn(
        "steps:\n" + step("sms.send", "hi").replace("text: hi", f"text: hi\n      to: {SPOKEN}")
    )
    run = shop.start(mode="simulate")
    shop.work()

    assert shop.run(run).status == "succeeded"
    assert shop.world.said == []

"""Polls with a real database: asking again and again, alone or beside an event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.errors import Permanent, Transient
from tests.integration.engine.test_waits import due_in
from tests.integration.engine.workshop import Crash, Shop

POLL = """\
steps:
  - id: answer
    wait:
      poll:
        do: page.get
        with: {text: ask}
        every: 5s
        done_if: result.number >= 3
        data: {got: "${{ result.number }}"}
    timeout: 1m
  - id: after
    do: ledger.write
    with: {text: "got ${{ steps.answer.data.got }}"}
"""
EITHER = """\
steps:
  - id: door
    wait:
      for: door.opened
      key: ${{ inputs.key }}
      or_poll:
        do: page.get
        with: {text: ask}
        every: 5s
        done_if: result.number >= 2
        data: {by: poll}
    timeout: 1m
  - id: after
    do: ledger.write
    with: {text: "by ${{ steps.door.data.by }}, ${{ steps.door.event }}"}
"""


def test_a_poll_asks_at_once_and_then_every_so_often_until_it_is_done(shop: Shop):
    shop.learn(POLL)
    run = shop.start()
    shop.work()
    assert [call.number for call in shop.world.calls] == [1]
    assert timedelta(seconds=3) < due_in(shop, run) <= timedelta(seconds=5)
    shop.wake()
    shop.work()
    shop.wake()
    shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["got 3"])
    assert shop.steps(run)["answer.poll"].attempts == 3


def test_a_poll_that_fails_for_a_while_goes_on_asking(shop: Shop):
    shop.learn(POLL)
    shop.world.script["ask"] = [Transient("unavailable", "down"), Transient("timeout", "slow")]
    run = shop.start()
    for _ in range(3):
        shop.work()
        shop.wake()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["got 3"])


def test_a_poll_that_can_never_succeed_fails_its_step(shop: Shop):
    shop.learn(POLL)
    shop.world.script["ask"] = [Permanent("not_found", "no such thing")]
    run = shop.start()

    shop.work()

    assert shop.run(run).error["code"] == "not_found"


def test_event_or_poll_the_event_comes_first(shop: Shop):
    shop.learn(EITHER)
    run = shop.start()
    shop.work()
    assert (shop.world.calls, due_in(shop, run) <= timedelta(seconds=5)) == ([], True)

    shop.emit("door.opened", data={"by": "Ada"})
    shop.work()

    assert (shop.ledger, shop.world.said) == (["by Ada, door.opened"], ["by Ada, door.opened"])


def test_event_or_poll_the_answer_comes_first_even_if_asking_fails_at_times(
    shop: Shop,
):
    shop.learn(EITHER)
    shop.world.script["ask"] = [Permanent("not_found", "not yet")]
    run = shop.start()
    shop.work()
    for _ in range(2):
        shop.ask_now(run)
        shop.work()

    assert (shop.run(run).status, shop.ledger) == ("succeeded", ["by poll, door.opened"])


def test_a_worker_that_dies_while_asking_asks_again(shop: Shop):
    shop.learn(POLL)
    shop.world.script["ask"] = [Crash()]
    run = shop.start()
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.work()

    assert shop.run(run).status == "waiting"
    assert len(shop.world.calls) == 2

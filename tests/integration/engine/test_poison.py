"""Runs that were in the hands of one worker process when one of them ended it (E10)."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Connection

from hub.engine.executor import MOST_READERS
from hub.storage import steps
from hub.storage.runs import MOST_DEATHS
from hub.storage.steps import StepRow
from tests.integration.engine.workshop import Crash, Shop, step

FLOW = "steps:\n" + step("ledger.write", "${{ inputs.names | first | required }}", id_="one")


def processes_that_die(shop: Shop) -> int:
    """Start a worker process anew until one lives on; those that ended had all they claimed."""
    for deaths in range(10 * MOST_DEATHS):
        try:
            shop.work()
        except Crash:
            shop.owner_dies()
        else:
            return deaths
    raise AssertionError("the workers die for ever")


def accept(shop: Shop, *names: str) -> list[UUID]:
    return [shop.start(names=[name]) for name in names]


@pytest.mark.parametrize(
    "names", [["bad", "good"], ["good", "bad"], ["bad", *map("good {}".format, range(9))]]
)
def test_E10_a_run_claimed_beside_one_that_ends_its_owners_is_no_poison(
    shop: Shop, names: list[str]
):
    shop.learn(FLOW)
    shop.world.script["bad"] = [Crash()] * MOST_DEATHS
    accepted = dict(zip(names, accept(shop, *names), strict=True))

    assert processes_that_die(shop) == MOST_DEATHS

    bad = shop.run(accepted.pop("bad"))
    assert (bad.status, bad.error["code"]) == ("failed", "poison")
    assert {shop.run(each).status for each in accepted.values()} == {"succeeded"}
    assert shop.world.said.count("bad") == MOST_DEATHS
    assert shop.ledger == sorted(accepted)


def test_E10_a_run_that_nobody_lives_to_read_is_given_up_unread(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """Its journal ends its owners: of memory, say. Somebody must undo what it did."""
    shop.learn(FLOW + step("ledger.write", "two"))
    shop.world.script["bad"] = [Crash()]
    bad, good = accept(shop, "bad", "good")
    reads: list[UUID] = []

    def load(connection: Connection, run_id: UUID) -> list[StepRow]:
        reads.append(run_id)
        if run_id == bad:
            raise Crash
        return read(connection, run_id)

    read = steps.load
    monkeypatch.setattr(steps, "load", load)

    assert processes_that_die(shop) == MOST_READERS
    assert (shop.run(bad).status, shop.run(bad).error["code"]) == ("undo_failed", "poison")
    assert shop.run(good).status == "succeeded"
    assert reads.count(bad) == MOST_READERS - 1  # the first owner had nothing to read


def test_E10_each_of_several_that_end_their_owners_is_poison_and_no_other_run(shop: Shop, figure):
    shop.learn(FLOW)
    bad, good = [f"bad {each}" for each in range(4)], [f"good {each}" for each in range(6)]
    for each in bad:
        shop.world.script[each] = [Crash()] * MOST_DEATHS
    poison = accept(shop, *bad)
    others = accept(shop, *good)

    deaths = processes_that_die(shop)

    assert deaths <= MOST_DEATHS * len(bad)
    assert [shop.run(each).error["code"] for each in poison] == ["poison"] * len(bad)
    assert [shop.run(each).status for each in others] == ["succeeded"] * len(good)
    figure("E10", f"4 runs that end their owners among 10: {deaths} deaths, 6 of 6 others succeed")

"""Reserved and paid while processes die at every moment (X27, E5, E6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from random import randint
from uuid import uuid4

import pytest
from hypothesis import settings

from hub.storage import tables
from tests.acceptance.crashes import Deaths, Killed
from tests.acceptance.garage import DECLINED, QUARTER, Garage
from tests.acceptance.story import HOUR

STRIDE = 1 if settings().max_examples > 200 else 21


# --------------------------------------------------------------------------- death at every moment


def paid_in_time(garage: Garage) -> Iterator[Callable[[], object]]:
    yield from begun(garage)
    yield lambda: garage.pays(is_told=False) if garage.stripe.intents else None
    yield lambda: garage.stripe_tells(is_worked=False)
    yield garage.hub.work_all


def refused(garage: Garage) -> Iterator[Callable[[], object]]:
    yield from begun(garage)
    yield lambda: garage.pays(DECLINED, is_told=False)
    yield lambda: garage.stripe_tells(is_worked=False)
    yield garage.hub.work_all


def paid_too_late(garage: Garage) -> Iterator[Callable[[], object]]:
    yield from begun(garage)
    yield lambda: garage.hub.clock.advance(QUARTER)
    yield lambda: garage.pays(is_told=False)
    yield lambda: garage.hub.clock.advance(-QUARTER)
    yield lambda: garage.hub.later(QUARTER)
    yield lambda: garage.stripe_tells(is_worked=False)
    yield garage.hub.work_all


def never_paid(garage: Garage) -> Iterator[Callable[[], object]]:
    yield from begun(garage)
    yield lambda: garage.hub.later(QUARTER)
    yield garage.hub.work_all


def begun(garage: Garage) -> Iterator[Callable[[], object]]:
    start = garage.hub.now() + 30 * HOUR
    yield lambda: garage.checkout(start, is_worked=False)
    yield garage.hub.work_all


STORIES = {
    "paid in time": (paid_in_time, "confirmed"),
    "the card is refused": (refused, "cancelled"),
    "paid when the time was up": (paid_too_late, None),
    "never paid": (never_paid, "cancelled"),
}


@pytest.mark.long
@pytest.mark.timeout(900 if STRIDE > 1 else 7200)
@pytest.mark.parametrize("name", STORIES)
def test_X27_E5_E6_whatever_dies_at_whichever_moment_it_ends_settled(
    garage: Garage, name: str, figure
):
    """Every beginning and every commit of a transaction is a death; the gate plays a few."""
    story, expected = STORIES[name]
    moment, deaths = randint(1, STRIDE), 0  # noqa: S311 -- dice
    while True:
        garage.mechanic, garage.customer = uuid4(), uuid4()
        garage.stripe.intents.clear()
        has_died = dies_at(garage, story, moment)
        finish(garage)
        deaths += has_died

        assert garage.is_settled()
        (became,) = garage.reservations()
        assert became == expected or (expected is None and became in {"confirmed", "cancelled"})
        assert len(garage.stripe.intents) == 1
        assert len(garage.sessions()) <= 1
        with garage.hub.transaction() as db:
            for table in (tables.slot_reservations, tables.sessions):
                db.execute(table.delete())
        if not has_died:
            break
        moment += STRIDE
    assert deaths > 20 / STRIDE
    figure(f"X27 {name}", f"checkout, {name}: a death at {deaths} moments, 0 unsettled")


def dies_at(
    garage: Garage, story: Callable[[Garage], Iterator[Callable[[], object]]], moment: int
) -> bool:
    """Tell the story with one death in it; whether it came to that."""
    has_died = False
    with Deaths(garage.hub.hub.database).at(moment):
        for deed in story(garage):
            try:
                deed()
            except Killed:
                has_died = True
                garage.hub.leases_run_out()
                with suppress(Killed):
                    deed()
    return has_died


def finish(garage: Garage) -> None:
    """Whatever is late comes now; Stripe tells it all, and everything that is due is done."""
    garage.hub.work_all()
    garage.stripe_tells()
    for minutes in (1, 16, 31):
        garage.hub.later(timedelta(minutes=minutes))
        garage.stripe_tells()

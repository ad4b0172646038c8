"""The picture of a session's page in docs/: `make pictures` makes it. The gate does not run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli.demo.clinic import open_clinic
from hub.cli.demo.clinic.cards import SUCCESS
from hub.people.roles import Role
from tests.acceptance.browser_house import House, Loop, opened_house
from tests.acceptance.clinic_desk import opened_clinic
from tests.acceptance.conftest import OpenStory
from tests.acceptance.real_browser import Look, open_chromium, own_address
from tests.fakes.twilio import FakeTwilio

PICTURE = Path(__file__).parents[2] / "docs/pictures/booking-session.png"
LARGEST = 150_000  # bytes


@pytest.fixture
def house(
    open_story: OpenStory, project: Path, twilio: FakeTwilio, chromium: str
) -> Iterator[House]:
    loop = Loop(chromium)
    with open_clinic() as mock:
        told = {
            "SESSION_ORIGINS": mock.origin,
            "HUB_MOCK_CLINIC": mock.origin,
            "HUB_BROWSER_PATIENCE": "60",
            "HUB_PUBLIC_URL": own_address(),
        }
        with (
            opened_clinic(open_story, project, twilio, **told) as clinic,
            opened_house(clinic, mock, loop) as opened,
        ):
            yield opened
    loop.close()


@pytest.mark.timeout(600)
def test_the_picture_is_made(house: House, chromium: str):
    session = house.with_lead()
    house.pays(session, SUCCESS)
    house.becomes(session, "completed")

    with open_chromium(chromium, house.clinic.story) as browser:
        visitor = browser.window(Role.OPERATOR)
        visitor.open(f"/admin/bookings/sessions/{session}", Look(720, 900, "light"))
        happened = visitor.page.locator("section", has_text="What happened")
        for picture in visitor.page.locator(".shot img").all():
            picture.scroll_into_view_if_needed()
            picture.evaluate("(it) => it.decode()")
        happened.screenshot(path=PICTURE, animations="disabled")
        assert visitor.complaints() == []

    assert 0 < PICTURE.stat().st_size <= LARGEST

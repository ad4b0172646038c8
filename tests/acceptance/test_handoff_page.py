"""The lead pays in our browser: the page as pictures, the link once, on a phone (X20)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from werkzeug.serving import WSGIRequestHandler, make_server

from hub.cli.demo.clinic import open_clinic
from hub.cli.demo.clinic.cards import SUCCESS
from hub.domain.booking_sessions.lead_lines import link_token, session_of
from tests.acceptance.browser_house import PATIENCE, House, Loop, opened_house, until
from tests.acceptance.clinic_desk import MINUTE, opened_clinic
from tests.acceptance.conftest import KEY, OpenStory
from tests.fakes.twilio import FakeTwilio

PHONE = {"width": 390, "height": 844}


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        """The link belongs into no log."""


@contextmanager
def served(application: Any, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
        until(lambda: not application.handoff.is_showing, "nobody looks any more")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def house(
    open_story: OpenStory, project: Path, twilio: FakeTwilio, chromium: str
) -> Iterator[House]:
    described = project / "workflows/platforms/usual.yaml"
    described.write_text(
        described.read_text().replace("handover: platform", "handover: browser", 1)
    )
    port = free_port()
    loop = Loop(chromium)
    try:
        with open_clinic() as mock:
            told = {
                "SESSION_ORIGINS": mock.origin,
                "HUB_MOCK_CLINIC": mock.origin,
                "HUB_BROWSER_PATIENCE": "40",
                "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
            }
            with (
                opened_clinic(open_story, project, twilio, **told) as clinic,
                served(clinic.story.client.application, port),
                opened_house(clinic, mock, loop) as opened,
            ):
                yield opened
    finally:
        loop.close()


def test_X20_B_06_B_07_a_lead_pays_on_a_phone_through_the_stream_and_the_link_works_once(house):
    session = house.with_lead()
    client = house.clinic.story.client
    link = house.clinic.ask(session, "/handoff-url").json["handoffUrl"]
    path = link.partition("/handoff/")[1] + link.partition("/handoff/")[2]
    assert [client.get(path).status_code for _ in range(2)] == [200, 200]  # as messengers look
    assert client.get(f"{path}/frames").status_code == 410
    assert client.post(path, headers={"Origin": "https://evil.example"}).status_code == 403

    house.loop.begin(pay_by_hand(house, link)).result(PATIENCE * 3)

    told = house.becomes(session, "completed")
    (booked,) = house.mock.diary.booked
    assert told["confirmationDetails"]["confirmationNumber"] == booked.number
    assert booked.wish["country"] == "Canada"
    assert client.get(path).status_code == 410
    assert client.post(path).status_code == 410


async def pay_by_hand(house: House, link: str) -> None:
    """Somebody opens the link, taps the card's field and types; another browser is refused."""
    async with house.loop.chromium.context() as lead, house.loop.chromium.context() as thief:
        page = await lead.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await page.goto(link)
        await page.get_by_role("button", name="Go to the payment").click()
        await page.wait_for_selector("body[data-shown]", timeout=PATIENCE * 1000)

        other = await thief.new_page()
        await other.goto(link)
        assert "opened before" in await other.inner_text("body")

        await tap(page, house, "#country")
        await page.get_by_role("button", name="Canada").click()
        ours = next(each for each in house.loop.chromium.pages if "/usual/book" in each.url)
        await ours.wait_for_function("country.value === 'Canada'", timeout=PATIENCE * 1000)
        await tap(page, house, "#terms")
        await shows(house, "/usual/terms")
        await tap(page, house, "#close", where="/usual/terms")
        await shows(house, "/usual/book")
        await tap(page, house, "#card")
        await page.keyboard.type("4000 0000 0000 0000")
        for _ in range(19):
            await page.keyboard.press("Backspace")
        await page.keyboard.type(SUCCESS)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=This booking is over", timeout=PATIENCE * 1000)
        assert complaints == []


async def shows(house: House, where: str) -> None:
    """Until the window on top is this one, and as large as the others."""
    for _ in range(int(PATIENCE * 10)):
        ours = [each for each in house.loop.chromium.pages if "/usual/" in each.url]
        sizes = [each.viewport_size for each in ours]
        if ours[-1].url.endswith(where) and sizes.count(sizes[0]) == len(sizes):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(where)


async def tap(page: Page, house: House, selector: str, where: str = "/usual/book") -> None:
    """Tap where the element is in the picture."""
    ours = next(each for each in house.loop.chromium.pages if each.url.endswith(where))
    box = await ours.locator(selector).bounding_box()
    size, shown = ours.viewport_size, await page.locator("#page").bounding_box()
    assert box is not None
    assert shown is not None
    assert size is not None
    x = shown["x"] + (box["x"] + box["width"] / 2) / size["width"] * shown["width"]
    y = shown["y"] + (box["y"] + box["height"] / 2) / size["height"] * shown["height"]
    await page.mouse.click(x, y)


def test_X20_only_we_make_links_and_one_that_ran_out_is_gone(house):
    session = house.with_lead()
    client = house.clinic.story.client
    row = house.row(session)
    token = link_token(row.id, KEY)
    assert session_of(token, KEY) == row.id
    for wrong in (
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        token[:40],
        row.id.hex,
        "x" * 64,
    ):
        assert session_of(wrong, KEY) is None
        assert client.get(f"/handoff/{wrong}").status_code == 404
    own = {"Origin": house.clinic.story.hub.settings.public_url}
    opened = client.post(f"/handoff/{token}", headers=own)
    assert opened.status_code == 303
    assert "HttpOnly" in opened.headers["Set-Cookie"]
    tap_ = [{"do": "tap", "x": 0.5, "y": 0.1}]
    say = partial(client.post, f"/handoff/{token}/inputs", headers=own)
    until(lambda: say(json=tap_).status_code == 204, "the browser hears")
    for wrong_input in (
        [],
        [{"do": "tap", "x": 2, "y": 0}],
        [{"do": "text", "text": ""}],
        {"a": 1},
    ):
        answer = say(json=wrong_input)
        assert answer.status_code == 422
    house.clinic.story.clock.advance(16 * MINUTE)
    assert client.get(f"/handoff/{token}").status_code == 410
    assert say(json=tap_).status_code == 410
    house.becomes(session, "abandoned")

"""Every page of the console in a real Chromium: each role, phone and desk, day and night."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.people.roles import Role
from hub.storage import workers
from hub.storage.workers import WorkerName
from tests.acceptance.booked_rows import browser_session, pending_job, reserved_slot
from tests.acceptance.conftest import OpenStory
from tests.acceptance.real_browser import (
    DESK,
    DESK_AT_NIGHT,
    PHONE,
    Chromium,
    Visitor,
    open_chromium,
    own_address,
)
from tests.acceptance.story import SAMPLE_TIME, Story
from tests.acceptance.test_console_roles import LEAST, console_of
from tests.acceptance.test_console_runs import HOSTILE

# Where each page is found; a new one is missing here until somebody says what to look at.
PAGES: dict[str, tuple[str, ...]] = {
    "/admin/sign-in": ("/admin/sign-in", "/admin/sign-in?next=/admin/runs"),
    "/admin/sign-in/back": ("/admin/sign-in/back",),  # without a provider there is no such page
    "/admin/join": ("/admin/join?token=over",),
    "/admin": ("/admin",),
    "/admin/account": ("/admin/account",),
    "/admin/runs": ("/admin/runs", "/admin/runs?status=cancelled&workflow=lead-phone"),
    "/admin/runs/<uuid:run_id>": ("/admin/runs/{booked}", "/admin/runs/{waiting}"),
    "/admin/runs/<uuid:run_id>/compare": ("/admin/runs/{booked}/compare?with={waiting}",),
    "/admin/workflows": ("/admin/workflows",),
    "/admin/workflows/+new": ("/admin/workflows/+new", "/admin/workflows/+new?from=lead-phone"),
    "/admin/workflows/<workflow>": ("/admin/workflows/vapi-appointment-booked",),
    "/admin/workflows/<workflow>/edit": ("/admin/workflows/lead-phone/edit",),
    "/admin/bookings": ("/admin/bookings?week=2025-12-03",),
    "/admin/bookings/pending": ("/admin/bookings/pending",),
    "/admin/bookings/phones": ("/admin/bookings/phones",),
    "/admin/bookings/slots": ("/admin/bookings/slots",),
    "/admin/bookings/sessions": ("/admin/bookings/sessions",),
    "/admin/bookings/sessions/<uuid:session_id>": ("/admin/bookings/sessions/{session}",),
    "/admin/connections": ("/admin/connections",),
    "/admin/people": ("/admin/people",),
    "/admin/audit": ("/admin/audit",),
}
# Parts of pages, files and what programs ask are no pages.
STREAMS = {"/admin/runs/live", "/admin/runs/<uuid:run_id>/live"}
_PICTURE = "/admin/bookings/sessions/<uuid:session_id>/pictures/<state>"
NO_PAGES = {"/admin/assets/<name>", "/admin/pulse", "/admin/sign-in/provider", _PICTURE} | STREAMS
LOOKS = (PHONE, DESK_AT_NIGHT)  # all rules on the first, colours on the second
JUDGED = Role.ADMIN  # who sees all of each page; what the others see is a part of it


@dataclass(frozen=True)
class Busy:
    """A hub in which things happened."""

    story: Story
    ids: dict[str, str]

    def addresses(self, rule: str) -> list[str]:
        return [each.format(**self.ids) for each in PAGES[rule]]


@pytest.fixture
def busy(open_story: OpenStory) -> Busy:
    hub = open_story(HUB_PUBLIC_URL=own_address())
    workers.say_alive(hub.hub.database, WorkerName("w1", "here", 1))
    hub.books(hub.holder(HOSTILE, email="ada@example.com"), SAMPLE_TIME)
    booked = hub.runs("vapi-appointment-booked")[0].id
    hub.call_ends(hub.holder("Bob"), "no_answer", transcript=HOSTILE)
    hostile = hub.runs("vapi-call-ended")[0].id
    hub.call_ends(hub.holder(), "no_answer", call="call-2", is_worked=False)
    waiting = hub.runs("vapi-call-ended")[0].id
    pending_job(hub, HOSTILE)
    reserved_slot(hub)
    session = browser_session(hub, "Ada<b>")
    ids = {"booked": booked, "waiting": waiting, "hostile": hostile, "session": session}
    return Busy(hub, {name: str(id_) for name, id_ in ids.items()})


def test_every_page_has_a_row_in_the_table_of_pages(hub: Story):
    rules = {
        rule.rule
        for rule in console_of(hub).url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/admin/api/")
    }
    assert rules - NO_PAGES == set(PAGES)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_S11_each_role_sees_its_pages_whole_on_phone_and_desk_by_day_and_night(
    busy: Busy, chromium: str
):
    with open_chromium(chromium, busy.story) as browser:
        faults = seen_by_strangers(browser, busy)
        for role in Role:
            faults += seen_by(browser, busy, role)

    assert faults == []


def seen_by_strangers(browser: Chromium, busy: Busy) -> list[str]:
    stranger, faults = browser.window(None), list[str]()
    for rule in (rule for rule in PAGES if LEAST["GET", rule] is None):
        for address in busy.addresses(rule):
            status = stranger.open(address, PHONE)
            stranger.told[:] = [each for each in stranger.told if f" {status} " not in each]
            faults += stranger.complaints(PHONE, DESK) + stranger.faults(*LOOKS)
    return faults


def seen_by(browser: Chromium, busy: Busy, role: Role) -> list[str]:
    visitor, faults = browser.window(role), list[str]()
    for rule, least in ((rule, LEAST["GET", rule]) for rule in PAGES):
        for address in busy.addresses(rule) if least is not None else ():
            is_let_in = visitor.open(address, PHONE) == 200
            assert is_let_in is (least is not None and role >= least), (address, role)
            faults += visitor.complaints(PHONE, DESK)
            if is_let_in and role is JUDGED:
                faults += visitor.faults(*LOOKS)
    return faults + (revealed(visitor, busy) if role is Role.OPERATOR else [])


def revealed(visitor: Visitor, busy: Busy) -> list[str]:
    """S11: what a stranger wrote is text on the page that shows it to who may see it."""
    visitor.open(f"/admin/runs/{busy.ids['hostile']}", PHONE)
    visitor.page.get_by_role("button", name="Reveal values").click()
    visitor.page.wait_for_selector("text=Cover values")
    assert "<script>alert(1)</script>" in visitor.page.inner_text("#run")
    return visitor.complaints(PHONE, DESK)

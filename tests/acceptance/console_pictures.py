"""The pictures of the console in docs/, made anew: `make pictures`. The gate does not run it.

A hub in earnest with services that are played, an hour of its life, and a real Chromium.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import text

from hub.domain import slots
from hub.domain.bookings import demo_data, staff
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.demo_data import BOILER_CHECK, HEATING
from hub.people.roles import Role
from hub.storage import workers
from hub.storage.workers import WorkerName
from tests.acceptance.booked_rows import attempt, browser_session, pending_job
from tests.acceptance.browser import Browser
from tests.acceptance.conftest import OpenStory
from tests.acceptance.real_browser import (
    PHONE,
    Look,
    Visitor,
    open_chromium,
    own_address,
)
from tests.acceptance.story import DAY, HOUR, Story
from tests.acceptance.test_console_editor import git
from tests.acceptance.test_console_flows import look_again
from tests.acceptance.test_console_walk import WRONG
from tests.fakes.clock import FakeClock
from tests.fakes.slack import FakeSlack

DOCS = Path(__file__).parents[2] / "docs" / "pictures"
DESK, DESK_AT_NIGHT = Look(1280, 780, "light"), Look(1280, 780, "dark")
CONFLICT = 409
LARGEST = 150_000  # bytes
ZONE = ZoneInfo("America/New_York")
NAMES = (
    ("Ada", "Byron"), ("Grace", "Hopper"), ("Mary", "Somerville"), ("Sofia", "Kowalska"),
    ("Emmy", "Noether"), ("Lise", "Meitner"), ("Katherine", "Johnson"), ("Hedy", "Lamarr"),
)  # fmt: skip
EDIT = "/admin/workflows/lead-phone/edit"
_SINCE = """
    UPDATE runs SET created_at = created_at - :by, started_at = started_at - :by,
           ended_at = ended_at - :by WHERE id = :run;
    UPDATE run_history SET at = at - :by WHERE run_id = :run;
    UPDATE steps SET started_at = started_at - :by, ended_at = ended_at - :by WHERE run_id = :run
"""

_TO_THE_MARGIN = "document.querySelector('.code').view.scrollDOM.scrollLeft = 0; scrollTo(0, 0)"
_HEARD = """
    UPDATE deliveries SET received_at = runs.created_at - interval '3 ms'
      FROM runs WHERE runs.delivery_id = deliveries.id
"""


@pytest.fixture
def busy(open_story: OpenStory, slack: FakeSlack) -> Story:
    """An hour in which leads were given phones, calls ended, and somebody made a mistake."""
    clock = FakeClock(datetime.now(UTC))  # noqa: TID251 - pages go by it
    story = open_story(host_clock=clock, HUB_PUBLIC_URL=own_address())
    workers.say_alive(story.hub.database, WorkerName("worker-1", "hub", 1))
    workers.say_alive(story.hub.database, WorkerName("worker-2", "hub", 2))
    an_hour(story, Random(7))  # noqa: S311 - always the same
    desk_work(story)
    somebodys_mistake(story)
    slack.is_busy(1)
    story.books(story.holder("Ada"), story.now() + 2 * DAY)
    while story.last_run().line.ended_at is None:
        Event().wait(0.2)  # until the time that Slack asked for
        story.work_all()
    for name in ("Maria", "Chien-Shiung"):
        assert story.gives_phone(story.lead(name)).status == CONFLICT  # the pool is empty
    for _ in range(4):
        story.number()
    with story.transaction() as db:  # the clock of the story stands still
        db.execute(text(_HEARD))
    folder = story.hub.settings.project
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message=All")):
        git(folder, *words)
    return story


def an_hour(story: Story, chance: Random) -> None:
    midday = datetime.combine(story.now().astimezone(ZONE).date(), time(12), ZONE)
    leads = [story.holder(first, last_name=last) for first, last in NAMES]
    for number, lead in enumerate(leads * 9):
        at = midday + (number % 5 + 1) * DAY - timedelta(hours=chance.randrange(4))
        match number % 6:
            case 0 | 1:
                story.books(lead, at)
            case 2:
                story.outcome(lead, chance.choice(["showed", "no_show"]))
            case 3:
                story.gives_phone(lead)
            case _:
                story.call_ends(lead, "no_answer", call=f"call-{number}")
    for line in story.runs():
        with story.transaction() as db:
            by = timedelta(minutes=chance.triangular(1, 58, 8), seconds=chance.randrange(60))
            for statement in _SINCE.split(";"):
                db.execute(text(statement), {"by": by, "run": line.id})


def desk_work(story: Story) -> None:
    """Jobs of tenants, slots of mechanics, a session of a browser."""
    with story.transaction() as db:
        demo_data.load(db, story.clock)
        morning = datetime.combine(story.now().date() + DAY, time(14), UTC)
        for day, name in enumerate(("Ada Byron", "Grace Hopper", "Emmy Noether")):
            staff.create(
                db,
                story.clock,
                attempt(),
                tenant_id=HEATING,
                service_id=BOILER_CHECK,
                start=morning + day * DAY + HOUR,
                client=Client(name, f"{name.split()[0].lower()}@example.com"),
                override_reason="she asked for it",
            )
        for number in range(3):
            begin = morning + (number + 1) * HOUR
            reserved: dict[str, Any] = {"start": begin, "end": begin + HOUR}
            slots.reserve(db, story.clock, attempt(), mechanic_id=uuid4(), **reserved)
    pending_job(story, "Lise Meitner")
    browser_session(story, "Hedy")


def somebodys_mistake(story: Story) -> None:
    """Grace saved a step that ends every run; one came, and Ada mended it."""
    saves(story, "grace@example.com", lambda said: said.replace("steps:\n", f"steps:\n{WRONG}", 1))
    story.gives_phone(story.lead("Ida", last_name="Rhodes"))
    saves(story, "ada@example.com", lambda said: said.replace(WRONG, "", 1))


def saves(story: Story, who: str, change: Any) -> None:
    editor = Browser.of(story, Role.EDITOR, who)
    page = editor.get(EDIT)
    before = (story.hub.settings.project / "workflows/lead-phone.yaml").read_text("utf-8")
    saved = editor.post(EDIT, {**page.form(EDIT).fields, "text": change(before)})
    assert saved.status == 303, saved.text
    look_again(story)


def test_the_pictures_are_made(busy: Story, chromium: str):
    DOCS.mkdir(exist_ok=True)
    failed = next(each for each in busy.runs() if each.status == "failed")
    booked = busy.runs("vapi-appointment-booked")[0]
    with open_chromium(chromium, busy) as browser:
        ada = browser.window(Role.ADMIN)
        page = ada.page
        for name, address, look in (
            ("home", "/admin", DESK),
            ("runs", "/admin/runs", DESK),
            ("runs-phone", "/admin/runs", PHONE),
            ("run", f"/admin/runs/{booked.id}", DESK),
            ("run-failed", f"/admin/runs/{failed.id}", DESK_AT_NIGHT),
            ("workflow", "/admin/workflows/vapi-call-ended", DESK),
            ("new-workflow", "/admin/workflows/+new", DESK),
            ("bookings", f"/admin/bookings?week={busy.now() + 2 * DAY:%Y-%m-%d}", DESK),
            ("phones", "/admin/bookings/phones", DESK),
            ("connections", "/admin/connections", DESK),
            ("run-phone", f"/admin/runs/{booked.id}", PHONE),
        ):
            ada.open(address, look)
            if name == "run":
                opened = page.locator(".timeline summary", has_text="tell_team")
                opened.click()
            take(ada, name)
        ada.open("/admin/workflows/lead-phone", DESK)
        take(ada, "versions", page.locator("#versions"))
        asks_what_if(ada)
        edits(browser.window(Role.ADMIN))


def take(user: Visitor, name: str, part: Locator | None = None) -> None:
    """A picture of what is seen first, or of one part."""
    user.page.evaluate("document.activeElement.blur()")
    picture = DOCS / f"console-{name}.png"
    (part or user.page).screenshot(path=picture, animations="disabled")
    assert picture.stat().st_size <= LARGEST, (name, picture.stat().st_size)


def edits(user: Visitor) -> None:
    page = user.page
    user.open(f"{EDIT}#line-36", DESK)
    page.get_by_role("button", name="Play the tests").click()
    expect(page.locator("#tests")).to_contain_text("13 passed")
    page.locator(".cm-line", has_text="do: phones.assign").click()
    page.keyboard.press("End")
    for _ in "phones.assign":
        page.keyboard.press("Backspace")
    page.keyboard.type("phones.ass")
    expect(page.locator(".cm-completionInfo")).to_contain_text("Give the lead")
    expect(page.locator("#findings li")).to_have_count(1)
    shot(user, "editor")


def asks_what_if(user: Visitor) -> None:
    page = user.page
    user.open(f"{EDIT}#line-46", DESK_AT_NIGHT)
    page.wait_for_selector(".cm-activeLine")
    page.locator(".cm-line", has_text="status: 409").click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    page.keyboard.type("5")
    page.get_by_role("button", name="Ask the last requests").click()
    expect(page.locator("#what-if")).to_contain_text("requests would go otherwise")
    shot(user, "what-if")


def shot(user: Visitor, name: str) -> None:
    """As it is: a list of offers goes with the focus."""
    picture = DOCS / f"console-{name}.png"
    user.page.evaluate(
        "document.querySelector('.code').view.scrollDOM.scrollLeft = 0; scrollTo(0, 0)"
    )
    user.page.screenshot(path=picture, animations="disabled", caret="initial")
    assert picture.stat().st_size <= LARGEST, (name, picture.stat().st_size)

"""What is done in a real Chromium: the walk of a new user, and runs that are seen going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from hub.people.roles import Role
from hub.web.console import live
from tests import readme
from tests.acceptance.conftest import OpenStory
from tests.acceptance.real_browser import (
    DESK,
    PHONE,
    Visitor,
    in_front_of,
    launched,
    own_address,
)
from tests.acceptance.story import HOUR, Story
from tests.acceptance.test_console_roles import console_of
from tests.acceptance.test_console_runs import HOSTILE
from tests.acceptance.test_console_walk import a_failed_run, is_in_force

PATIENCE = 60_000.0  # ms; the machine may be busy, and only what fails waits so long
HOVERS = 12
expect.set_options(timeout=PATIENCE)

SLOW = """\
hub: 1
title: Goes on slowly
endpoint:
  auth: broker
steps:
  - id: said
    vars:
      name: ${{ payload.name | default('nobody') }}
  - id: pause
    wait: 1h
  - id: done
    vars:
      again: ${{ vars.name }}
"""
Window = Callable[[Role], Visitor]


@pytest.fixture
def project(project: Path) -> Path:
    """Few flows: all of them are read again with each text that is checked."""
    folder = project / "workflows"
    for path in (*folder.glob("*.yaml"), *folder.glob("tests/*.yaml")):
        if path.name != "lead-phone.yaml":
            path.unlink()
    (folder / "slow.yaml").write_text(SLOW, "utf-8")
    (project / "hub.yaml").write_text(readme.settings(), "utf-8")
    return project


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with launched(chromium) as browser:
        yield browser


@pytest.fixture
def hub(open_story: OpenStory) -> Story:
    return open_story(HUB_PUBLIC_URL=own_address())


@pytest.fixture
def window(hub: Story, browser: Browser) -> Iterator[Window]:
    with in_front_of(browser, hub) as chromium:
        yield chromium.window


def test_a_new_user_finds_why_a_run_failed_mends_it_while_typing_and_sees_the_next_one_succeed(
    hub: Story, window: Window
):
    a_failed_run(hub)

    user = window(Role.EDITOR)
    finds_why(user)
    tries_completion_and_hover(user.page)
    mends_it(user.page)
    asks_what_would_have_been(user.page)
    user.page.keyboard.press("Control+s")
    expect(user.page.get_by_role("status").first).to_contain_text("Saved.")
    is_in_force(hub)
    sees_the_next_one_succeed(user, hub)

    assert user.complaints(DESK) == []


def finds_why(user: Visitor) -> None:
    """From the home page to the failed run, to its workflow, to the line in the editor."""
    page = user.page
    assert user.open("/admin", DESK) == 200
    page.get_by_role("link", name="Open the run of lead-phone").click()
    expect(page.locator(".why")).to_contain_text("not_ready")
    page.get_by_role("heading", level=1).get_by_role("link", name="lead-phone").click()
    page.locator(".drawn li", has_text="not_ready").last.get_by_title("Open it in").click()
    expect(page.locator(".cm-activeLine")).to_have_text("  - if: payload.lead_id is set")
    assert page.evaluate("document.querySelector('.code').view.scrollDOM.scrollLeft") == 0
    expect(page.locator(".cm-lintRange-warning")).to_have_text("is set")
    expect(page.locator("#findings")).to_contain_text("it is always there")


def code(page: Page, said: str) -> Locator:
    """The line of the editor that says this."""
    return page.locator(".cm-line", has_text=said).first


def tries_completion_and_hover(page: Page) -> None:
    code(page, "do: leads.update").click()
    page.keyboard.press("End")
    page.keyboard.type("x")
    finding = page.locator("#findings li", has_text="leads.updatex")
    expect(finding).to_contain_text("did you mean 'leads.update'?")
    expect(page.locator(".cm-lintRange-error")).to_have_text("leads.updatex")
    for _ in "leads.updatex":
        page.keyboard.press("Backspace")
    page.keyboard.type("leads.upd")
    offered = page.locator(".cm-tooltip-autocomplete li", has_text="leads.update")
    expect(offered).to_be_visible()
    expect(page.locator(".cm-completionInfo")).to_contain_text("Change fields of a lead")
    offered.click()  # Enter counts only some time after the list came
    expect(code(page, "do: leads.update")).to_have_text("    do: leads.update")
    expect(page.locator("#findings li")).to_have_count(1)
    said = page.locator(".cm-tooltip-hover", has_text="Change fields of a lead")
    for attempt in range(HOVERS):  # an answer of the check takes away what is about to be shown
        page.mouse.move(0, attempt)
        code(page, "do: leads.update").get_by_text("leads").hover()
        with suppress(PlaywrightTimeout):
            said.wait_for(timeout=PATIENCE / HOVERS)
            break
    expect(said).to_be_visible()


def mends_it(page: Page) -> None:
    """Take the two lines out, by keyboard."""
    code(page, "if: payload.lead_id is set").click()
    page.keyboard.press("Home")  # to the first sign
    page.keyboard.press("Home")  # to the margin
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Delete")
    expect(page.locator("#findings")).to_contain_text("nothing is wrong with the file")


def asks_what_would_have_been(page: Page) -> None:
    page.get_by_role("button", name="Play the tests").click()
    expect(page.locator("#tests")).to_contain_text("13 passed")
    page.get_by_role("button", name="Ask the last requests").click()
    expect(page.locator("#what-if")).to_contain_text("the run would be succeeded; it was failed")
    page.locator(".cm-content").click()


def sees_the_next_one_succeed(user: Visitor, hub: Story) -> None:
    hub.holder("Grace")
    page = user.page
    page.get_by_role("link", name="Runs", exact=True).click()
    row = page.locator("table.runs tbody tr").first
    expect(row).to_contain_text("succeeded")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator(".timeline")).to_contain_text("phones.assign")


# ------------------------------------------------------------------------------------ runs go on


def rows(page: Page) -> Locator:
    return page.locator("table.runs tbody tr")


def begins_slowly(hub: Story, name: str) -> None:
    assert hub.broker("slow", {"name": name}, is_worked=False).status == 202


def test_S11_the_list_of_runs_shows_each_as_it_comes_and_goes_on(hub: Story, window: Window):
    page = (user := window(Role.VIEWER)).page
    user.open("/admin/runs", DESK)
    expect(page.locator(".live-state")).to_have_text("live")
    expect(page.locator("#found")).to_contain_text("No run yet")

    begins_slowly(hub, HOSTILE)
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("queued")
    hub.work_all()
    expect(rows(page).first).to_contain_text("waiting")
    page.get_by_label("Status").select_option("succeeded")
    expect(page.locator("#found")).to_contain_text("No run is like that")
    hub.later(HOUR)
    expect(rows(page).first).to_contain_text("succeeded")

    assert user.complaints(DESK, PHONE) == []


def test_a_run_is_seen_going_on_and_what_was_opened_stays_open(hub: Story, window: Window):
    page = (user := window(Role.VIEWER)).page
    begins_slowly(hub, "Ada")
    user.open(f"/admin/runs/{hub.runs()[0].id}", DESK)
    expect(page.locator("#run")).to_contain_text("It has not begun.")

    hub.work_all()
    expect(page.locator(".timeline li")).to_have_count(2)
    page.locator("summary", has_text="said").click()
    hub.later(HOUR)

    expect(page.locator(".timeline li")).to_have_count(3)
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator("#in-said .inside")).to_be_visible()
    expect(page.locator("#open-said")).to_be_focused()
    expect(page.locator(".live-state")).to_be_hidden()  # it is over
    assert user.complaints(DESK, PHONE) == []


def test_a_list_goes_on_where_its_stream_ended_and_asks_by_itself_where_there_is_none(
    hub: Story, window: Window, monkeypatch: pytest.MonkeyPatch
):
    alone, cut = window(Role.VIEWER), window(Role.VIEWER)
    (circle,) = console_of(hub).circles
    with monkeypatch.context() as full:
        full.setattr(circle, "_most", 0)
        alone.open("/admin/runs", DESK)
        expect(alone.page.locator(".live-state")).to_have_text("every 2 s")
    monkeypatch.setattr(live, "LONGEST", 0.0)  # each stream ends as soon as it begins
    cut.open("/admin/runs", DESK)
    expect(cut.page.locator("#found")).to_contain_text("No run yet")

    begins_slowly(hub, "Ada")

    for user in (cut, alone):
        expect(rows(user.page)).to_have_count(1)
    assert cut.complaints(DESK) == []

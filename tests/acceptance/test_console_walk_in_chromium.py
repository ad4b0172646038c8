"""The walk of a new user in a real Chromium: why it failed, mended while typing, running again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.people.roles import Role
from tests import readme
from tests.acceptance.conftest import OpenStory
from tests.acceptance.real_browser import DESK, Visitor, open_chromium, own_address
from tests.acceptance.story import Story
from tests.acceptance.test_console_walk import a_failed_run, is_in_force

PATIENCE = 60_000.0  # ms; the machine may be busy, and only what fails waits so long
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def project(project: Path) -> Path:
    """Few flows: all of them are read again with each text that is checked."""
    folder = project / "workflows"
    for path in (*folder.glob("*.yaml"), *folder.glob("tests/*.yaml")):
        if path.name != "lead-phone.yaml":
            path.unlink()
    (project / "hub.yaml").write_text(readme.settings(), "utf-8")
    return project


def test_a_new_user_finds_why_a_run_failed_mends_it_while_typing_and_sees_the_next_one_succeed(
    open_story: OpenStory, chromium: str
):
    hub = open_story(HUB_PUBLIC_URL=own_address())
    a_failed_run(hub)

    with open_chromium(chromium, hub) as browser:
        user = browser.window(Role.EDITOR)
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
    page.keyboard.press("Enter")
    expect(code(page, "do: leads.update")).to_have_text("    do: leads.update")
    code(page, "do: leads.update").get_by_text("leads").hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("Change fields of a lead")


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

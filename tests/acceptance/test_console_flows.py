"""The pages of workflows: their health, what they do, how they are called, their versions."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from hub.people.roles import Role
from hub.web.console.app import Console
from tests.acceptance.browser import Browser
from tests.acceptance.story import Story

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
LIST, PAGE = "/admin/workflows", "/admin/workflows/lead-phone"


def look_again(hub: Story) -> None:
    """The files are looked at, and seen to be quiet."""
    for _ in range(3):
        sight = hub.hub.look()
        if sight is not None:
            hub.hub.follow(sight)
    console: Console = hub.client.application.console  # type: ignore[attr-defined]
    console.forget()


def change(hub: Story, name: str, old: str, new: str) -> None:
    path = hub.hub.settings.project / "workflows" / f"{name}.yaml"
    written = path.read_text("utf-8")
    assert old in written
    path.write_text(written.replace(old, new, 1), "utf-8")
    look_again(hub)


def test_the_list_tells_how_each_workflow_is(hub: Story):
    hub.gives_phone(hub.lead())  # the pool is empty
    change(hub, "announce-offers", "steps:", "stepps:")
    change(hub, "release-expired-phones", "hub: 1\n", "hub: 1\nenabled: false\n")
    viewer = Browser.of(hub, Role.VIEWER)

    page = viewer.get(LIST)

    assert page.status == 200
    rows = {
        each.attributes["href"].rsplit("/", 1)[1]: each.text
        for each in page.elements
        if each.name == "a" and each.attributes.get("class") == "name"
    }
    assert set(rows) == {*hub.hub.project.workflows, *hub.hub.project.broken}
    texts = [each.text for each in page.elements if each.name == "tr"]
    (lead,) = [each for each in texts if "lead-phone" in each]
    assert "POST /webhook/lead-phone" in lead
    (broken,) = [each for each in texts if "announce-offers" in each]
    assert "older version" in broken
    (off,) = [each for each in texts if each.strip().startswith("release-expired-phones")]
    assert "off" in off
    ill = viewer.get(f"{LIST}?only=ill").text
    assert "announce-offers" in ill
    assert "staff-booking" not in ill
    assert "no such thing" not in ill
    found = viewer.get(f"{LIST}?q=lead-PHONE")
    assert "staff-booking" not in found.text
    assert "lead-phone" in found.text
    assert "No workflow is like that." in viewer.get(f"{LIST}?q=nothing+at+all").text


def test_the_page_of_a_workflow_shows_flow_call_tests_and_versions(hub: Story):
    change(hub, "lead-phone", "within: 5s", "within: 8s")
    viewer = Browser.of(hub, Role.VIEWER)

    page = viewer.get(PAGE)

    assert page.status == 200
    assert "phones.assign" in page.text
    assert "curl -X POST" in page.text
    assert "$BROKER_API_TOKEN" in page.text
    assert "an empty pool is told" in page.text
    assert "endpoint.respond.within is 8s ; it was 5s" in page.text
    assert hub.hub.project.workflows["lead-phone"].version[:12] in page.text
    tool = viewer.get("/admin/workflows/vapi-appointment-booked").text
    assert "The tool to create at Vapi" in tool
    called = viewer.get("/admin/workflows/close-booking-session")
    assert "/admin/workflows/booking-session" in called.links()


def test_a_file_with_errors_shows_them_and_the_version_in_force(hub: Story):
    change(hub, "lead-phone", "do: phones.assign", "do: phones.assing")

    page = Browser.of(hub, Role.VIEWER).get(PAGE)

    assert "the last good version is in force" in page.text
    assert "HUB215" in page.text
    assert "did you mean 'phones.assign'?" in page.text
    (shown,) = [each.text for each in page.elements if each.attributes.get("class") == "picture"]
    assert "phones.assign" in shown


def test_every_workflow_has_a_page(hub: Story):
    viewer = Browser.of(hub, Role.VIEWER)

    for name in hub.hub.project.workflows:
        page = viewer.get(f"/admin/workflows/{name}")
        assert page.status == 200, name
        assert hub.hub.project.workflows[name].title in page.text


def test_S11_what_a_file_says_is_text(hub: Story):
    path = hub.hub.settings.project / "workflows" / "hostile.yaml"
    said = HOSTILE.replace("'", "''")
    path.write_text(
        f"hub: 1\ntitle: '{said}'\ndescription: '{said}'\ninputs: {{}}\n"
        f"steps:\n  - log: '{said}'\n  - return: {{done: '{said}'}}\n",
        "utf-8",
    )
    look_again(hub)
    assert "hostile" in hub.hub.project.workflows

    for address in (LIST, "/admin/workflows/hostile"):
        page = Browser.of(hub, Role.ADMIN).get(address)
        names = {each.name for each in page.elements}
        assert "img" not in names
        assert not {name for each in page.elements for name in each.attributes if name[:2] == "on"}
        assert HOSTILE in " ".join(each.text for each in page.elements)


def test_S12_only_names_of_workflows_have_a_page(hub: Story):
    viewer = Browser.of(hub, Role.VIEWER)

    for name in ("nobody", "..%2Fhub.yaml", "tests", "lead-phone.yaml"):
        assert viewer.get(f"{LIST}/{name}").status == 404


def test_the_oldest_version_is_kept_with_its_text(hub: Story, project: Path):
    before = (project / "workflows/lead-phone.yaml").read_text("utf-8")
    change(hub, "lead-phone", "within: 5s", "within: 8s")

    with hub.transaction() as db:
        rows = db.execute(
            text("SELECT files FROM workflow_versions WHERE workflow = 'lead-phone'")
        ).scalars()
        texts = [files["workflows/lead-phone.yaml"] for files in rows]

    assert before in texts
    assert len(texts) == 2

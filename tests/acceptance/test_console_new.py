"""A workflow begins in the console: its first files, checked, audited; and who saved a version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.editing.beginning.drafts import KINDS
from hub.people.roles import Role
from hub.storage import audit
from tests import readme
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import Story
from tests.acceptance.test_console_editor import git
from tests.acceptance.test_console_flows import HOSTILE, change, look_again

NEW = "/admin/workflows/+new"


@pytest.fixture
def project(project: Path) -> Path:
    """Few flows: what is begun is checked together with all of them."""
    folder = project / "workflows"
    for path in (*folder.glob("*.yaml"), *folder.glob("tests/*.yaml")):
        if path.name != "lead-phone.yaml":
            path.unlink()
    (project / "hub.yaml").write_text(readme.settings(), "utf-8")
    return project


@pytest.fixture
def editor(hub: Story) -> Browser:
    return Browser.of(hub, Role.EDITOR)


def begin(editor: Browser, name: str, **asked: str) -> Page:
    page = editor.get(NEW)
    fields = {**page.form(NEW).fields, "kind": "endpoint", **asked, "name": name}
    return editor.post(NEW, {key: said for key, said in fields.items() if said})


def files(hub: Story) -> dict[str, bytes]:
    folder = hub.hub.settings.project
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_what_begins_works_as_it_is_for_each_kind(hub: Story, editor: Browser):
    for kind in KINDS:
        name = f"a-{kind}"

        edited = editor.follow(begin(editor, name, kind=kind))

        assert "Saved." in edited.text  # though no process has taken it up yet
        address = f"/admin/workflows/{name}/edit"
        tried = editor.post(f"{address}/tests", edited.form(address).fields | text_of(edited))
        assert " passed" in tried.text, kind
        assert "failed" not in tried.text
        look_again(hub)
        assert name in hub.hub.project.workflows
        assert editor.get(f"/admin/workflows/{name}").status == 200
    assert hub.hub.current.findings == ()


def text_of(page: Page) -> dict[str, str]:
    (area,) = [each for each in page.elements if each.name == "textarea"]
    return {"text": area.text.removeprefix("\n")}


def test_S9_who_begins_a_workflow_is_noted_and_shown_beside_its_version(
    hub: Story, editor: Browser
):
    begin(editor, "callback", title="Somebody wants to be called")
    look_again(hub)

    version = hub.hub.project.workflows["callback"].version
    with hub.transaction() as db:
        (row,) = [each for each in audit.newest(db, limit=9) if "new workflow" in each.action]
        assert audit.faults(db) == []
    assert (row.who, row.before_digest) == ("editor@example.com", None)
    assert row.what == {
        "workflow": "callback",
        "version": version,
        "files": [
            "workflows/callback.yaml",
            "schemas/callback.json",
            "workflows/tests/callback.yaml",
        ],
    }
    shown = Browser.of(hub, Role.VIEWER).get("/admin/workflows/callback").text
    assert "Somebody wants to be called" in shown
    assert "saved by editor@example.com" in shown


def test_a_version_says_who_saved_it_or_that_nobody_did_so_here(hub: Story, editor: Browser):
    edit = "/admin/workflows/lead-phone/edit"
    page = editor.get(edit)
    mine = text_of(page)["text"].replace("within: 5s", "within: 8s")
    editor.post(edit, {**page.form(edit).fields, "text": mine})
    look_again(hub)
    change(hub, "lead-phone", "within: 8s", "within: 9s")

    shown = editor.get("/admin/workflows/lead-phone")

    newest, saved, first = [
        each.text
        for each in shown.elements
        if "title" in each.attributes or each.name == "p"
        if "saved " in each.text
    ]
    assert "saved outside the console" in newest
    assert "saved by editor@example.com" in saved
    assert "saved outside the console" in first


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"name": "lead-phone"}, "there already: nothing is written over"),
    ({"name": "Lead Phone"}, "write lead-phone"),
    ({"name": "../../etc/passwd"}, "cannot be a workflow's name"),
    ({"name": "a" * 64}, "at most 63 signs"),
    ({"name": "new-one", "title": "${{ payload }}"}, "it holds no ${{ }}"),
    ({"name": "new-one", "kind": "odd"}, "nothing starts a workflow of kind 'odd'"),
    ({"name": "new-one", "preset": "nobody"}, "hub.yaml has no auth preset 'nobody'"),
    ({"name": "new-one", "kind": "event", "event": "x"}, "cannot be an event's name"),
    ({"name": "new-one", "source": "gone"}, "there is no workflow 'gone'"),
)


def test_S11_S12_what_cannot_be_is_told_and_stays_text_and_nothing_is_written(
    hub: Story, editor: Browser
):
    before = files(hub)

    hostile = begin(editor, HOSTILE, title=HOSTILE, event=HOSTILE)
    assert "img" not in {each.name for each in hostile.elements}
    (name,) = [each for each in hostile.elements if each.attributes.get("name") == "name"]
    assert (hostile.status, name.attributes["value"]) == (422, HOSTILE)

    for asked, told in REFUSED:
        refused = begin(editor, **asked)
        assert refused.status == 422
        assert told.lower() in refused.text.lower()

    assert files(hub) == before
    with hub.transaction() as db:
        assert [each for each in audit.newest(db, limit=9) if "workflow" in each.action] == []


def test_a_copy_has_its_own_name_and_address_and_the_same_steps(hub: Story, editor: Browser):
    page = editor.get(f"{NEW}?from=lead-phone")
    chosen = [each for each in page.elements if "selected" in each.attributes]
    assert [each.attributes["value"] for each in chosen] == ["lead-phone"]

    editor.follow(begin(editor, "second-phone", source="lead-phone"))
    look_again(hub)

    made, source = (hub.hub.project.workflows[name] for name in ("second-phone", "lead-phone"))
    assert made.title == "Second phone"
    assert [step.id for step in made.steps] == [step.id for step in source.steps]
    assert "/webhook/second-phone" in editor.get("/admin/workflows/second-phone").text


def test_its_files_become_one_commit_of_the_person(hub: Story, editor: Browser):
    folder = hub.hub.settings.project
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Before")

    begun = begin(editor, "callback", commit="yes")

    assert "Commit" in editor.follow(begun).text
    told = git(folder, "log", "-1", "--format=%ae %s", "--name-only").split("\n")
    assert told[0] == "editor@example.com Add the workflow callback"
    assert {each for each in told[1:] if each} == {
        "schemas/callback.json",
        "workflows/callback.yaml",
        "workflows/tests/callback.yaml",
    }
    assert git(folder, "status", "--porcelain") == ""


def test_where_it_cannot_be_written_nothing_is_left(hub: Story, editor: Browser):
    folder = hub.hub.settings.project
    shutil.rmtree(folder / "workflows/tests")
    (folder / "workflows/tests").write_text("no folder")
    before = files(hub)

    refused = begin(editor, "callback")

    assert refused.status == 422
    assert "cannot be written" in refused.text
    assert files(hub) == before

"""The editor of workflows without scripts: check, try, save, commit."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from hub.bootstrap import saving
from hub.bootstrap.replacing import NotReplaced
from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import Story
from tests.acceptance.test_console_flows import look_again

EDIT = "/admin/workflows/lead-phone/edit"
HOSTILE = "</textarea><script>alert(1)</script>"


@pytest.fixture
def editor(hub: Story) -> Browser:
    return Browser.of(hub, Role.EDITOR)


def file_of(hub: Story) -> Path:
    return hub.hub.settings.project / "workflows" / "lead-phone.yaml"


def sent(page: Page, text: str, **more: str) -> dict[str, str]:
    """The form of the editor with another text, with line breaks as browsers send them."""
    fields = {**page.form(EDIT).fields, "text": text.replace("\n", "\r\n")}
    return {**{name: value for name, value in fields.items() if name != "commit"}, **more}


def git(folder: Path, *words: str) -> str:
    made = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words]
    return subprocess.run(made, cwd=folder, check=True, stdout=subprocess.PIPE).stdout.decode()


def test_the_file_is_shown_as_it_lies_there(hub: Story, editor: Browser):
    page = editor.get(EDIT)

    (area,) = [each for each in page.elements if each.name == "textarea"]
    assert area.text.removeprefix("\n") == file_of(hub).read_text("utf-8")
    assert "Edit" in Browser.of(hub, Role.EDITOR).get("/admin/workflows/lead-phone").text
    viewer = Browser.of(hub, Role.VIEWER).get("/admin/workflows/lead-phone")
    assert EDIT not in viewer.links()


def test_mistakes_are_told_with_their_places_and_keep_it_from_being_saved(
    hub: Story, editor: Browser
):
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    wrong = before.replace("do: phones.assign", "do: phones.assing")

    checked = editor.post(f"{EDIT}/check", sent(page, wrong))
    part = editor.post(
        f"{EDIT}/check",
        sent(page, wrong),
        headers={"HX-Request": "true", "Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )
    saved = editor.post(EDIT, sent(page, wrong))

    line = 1 + wrong[: wrong.index("phones.assing")].count("\n")
    for shown in (checked, part, saved):
        (found,) = [each for each in shown.elements if "data-line" in each.attributes]
        assert (found.attributes["data-line"], found.attributes["data-column"]) == (f"{line}", "9")
        assert "did you mean 'phones.assign'?" in found.text
    assert "<html" not in part.html
    assert saved.status == 422
    assert "Not saved" in saved.text
    assert "phones.assing" in saved.html
    assert file_of(hub).read_text("utf-8") == before


def test_a_change_that_breaks_another_workflow_is_refused(hub: Story, editor: Browser):
    address = "/admin/workflows/close-booking-session/edit"
    path = hub.hub.settings.project / "workflows/close-booking-session.yaml"
    page, before = editor.get(address), path.read_text("utf-8")
    text = before.replace("inputs:\n", "inputs:\n  new_one: text\n", 1)
    assert text != before
    fields = {**page.form(address).fields, "text": text}

    saved = editor.post(address, fields)

    assert saved.status == 422
    assert "In other files, because of this one" in saved.text
    assert "workflows/booking-session.yaml" in saved.text
    assert path.read_text("utf-8") == before


def test_the_tests_of_the_workflow_are_played_against_the_text(hub: Story, editor: Browser):
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")

    good = editor.post(f"{EDIT}/tests", sent(page, before))
    other = editor.post(f"{EDIT}/tests", sent(page, before.replace("status: 409", "status: 410")))

    assert "13 passed" in good.text
    assert "12 passed, 1 failed" in other.text
    assert "an empty pool is told" in other.text
    assert file_of(hub).read_text("utf-8") == before
    assert hub.runs("lead-phone") == []


def test_S9_what_is_saved_is_written_audited_and_in_force(hub: Story, editor: Browser):
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    file_of(hub).chmod(0o640)
    text = before.replace("within: 5s", "within: 8s")

    saved = editor.post(EDIT, sent(page, text))

    assert "Saved." in editor.follow(saved).text
    assert file_of(hub).read_text("utf-8") == text
    assert file_of(hub).stat().st_mode & 0o777 == 0o640
    look_again(hub)
    version = hub.hub.project.workflows["lead-phone"].version
    with hub.transaction() as db:
        (row,) = [each for each in audit.newest(db, limit=9) if "save" in each.action]
        assert audit.faults(db) == []
    assert (row.who, row.action) == ("editor@example.com", "console save workflow")
    assert row.what == {"workflow": "lead-phone", "version": version}
    assert row.before_digest != row.after_digest
    shown = editor.get("/admin/workflows/lead-phone").text
    assert "endpoint.respond.within is 8s ; it was 5s" in shown


def test_nothing_is_written_over_somebody_elses_change(hub: Story, editor: Browser):
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    theirs = before.replace("status: 409", "status: 410")
    file_of(hub).write_text(theirs, "utf-8")
    mine = before.replace("within: 5s", "within: 8s")

    refused = editor.post(EDIT, sent(page, mine))

    assert refused.status == 409
    assert "somebody else saved the file meanwhile" in refused.text
    assert "status is 409 ; it was 410" in refused.text
    assert file_of(hub).read_text("utf-8") == theirs
    again = editor.post(EDIT, sent(refused, mine))
    assert again.status == 303
    assert file_of(hub).read_text("utf-8") == mine


def test_a_folder_that_is_read_only_is_told(hub: Story, editor: Browser, monkeypatch):
    def refuse(*_: object) -> None:
        raise NotReplaced("lead-phone.yaml cannot be written: Read-only file system")

    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    monkeypatch.setattr(saving, "replace_text", lambda *_, **__: refuse())
    refused = editor.post(EDIT, sent(page, before.replace("within: 5s", "within: 8s")))
    monkeypatch.setattr(os, "access", lambda *_: False)
    told = editor.get(EDIT)

    assert refused.status == 409
    assert "Read-only file system" in refused.text
    assert "read-only here, so nothing can be saved" in told.text
    with hub.transaction() as db:
        assert [each for each in audit.newest(db, limit=9) if "save" in each.action] == []


def test_a_saved_file_becomes_a_commit_of_the_person_and_of_this_file_alone(
    hub: Story, editor: Browser
):
    folder = hub.hub.settings.project
    assert "Commit to Git" not in editor.get(EDIT).text
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Before")
    hook = folder / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (folder / "hub.yaml").write_text((folder / "hub.yaml").read_text() + "\n# staged\n")
    git(folder, "add", "hub.yaml")
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    text = before.replace("within: 5s", "within: 8s")

    saved = editor.post(EDIT, sent(page, text, commit="yes", message="Give it 8 s; $(id)"))

    assert "Commit" in editor.follow(saved).text
    told = git(folder, "log", "-1", "--format=%an <%ae>|%cn|%s", "--name-only").split()
    assert " ".join(told) == (
        "editor <editor@example.com>|Webhook Hub|Give it 8 s; $(id) workflows/lead-phone.yaml"
    )
    assert "hub.yaml" in git(folder, "diff", "--cached", "--name-only")
    again = editor.post(EDIT, sent(editor.get(EDIT), text, commit="yes", message=""))
    assert "there is nothing to commit" in again.text
    with hub.transaction() as db:
        acts = [each.action for each in audit.newest(db, limit=9)]
    assert acts.count("console commit workflow") == 1


def test_words_are_offered_and_explained_for_the_place(hub: Story, editor: Browser):
    page, before = editor.get(EDIT), file_of(hub).read_text("utf-8")
    line = 1 + before[: before.index("    do: phones.assign")].count("\n")

    got = editor.post(f"{EDIT}/words", sent(page, before, line=str(line), column="9"))
    odd = editor.post(f"{EDIT}/words", sent(page, before, line="x", column="-1"))

    found = json.loads(got.html)
    assert "phones.assign" in [each["label"] for each in found["offers"]]
    key = json.loads(
        editor.post(f"{EDIT}/words", sent(page, before, line=str(line), column="6")).html
    )
    assert "action" in key["said"]
    assert json.loads(odd.html) == {"offers": [], "said": ""}
    assert got.headers["Content-Type"] == "application/json"


def test_S11_a_hostile_text_stays_in_its_field(editor: Browser):
    page = editor.get(EDIT)

    shown = editor.post(f"{EDIT}/check", sent(page, f"hub: 1\ntitle: {HOSTILE}\n"))

    (area,) = [each for each in shown.elements if each.name == "textarea"]
    assert HOSTILE in area.text
    assert not [each for each in shown.elements if each.name == "script" and not each.attributes]


def test_a_text_that_is_too_large_is_told(editor: Browser):
    page = editor.get(EDIT)

    large = editor.post(f"{EDIT}/check", sent(page, "# x\n" * 20_000))
    huge = editor.post(f"{EDIT}/check", sent(page, "# x\n" * 200_000))

    assert "larger than 65,536 bytes" in large.text
    assert huge.status == 413

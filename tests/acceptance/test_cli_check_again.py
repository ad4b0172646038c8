"""`hub check` remembers: the second time says the same, and nothing that is damaged is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import plug_ins
from hub.bootstrap import checked, read_project
from hub.bootstrap.actions import all_actions, all_connectors
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.checked import CheckedProject
from hub.bootstrap.files import ProjectFiles
from hub.cli.environment import read_trial
from hub.testing import check_trials
from tests import readme
from tests.acceptance.terminal import Terminal
from tests.unit.engine.test_incremental import EDIT

ROOT = Path(__file__).parents[2]
FLOW = """\
hub: 1
title: Tells
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - log: ${{ payload.lead_id }}
"""
CALLED = "hub: 1\ntitle: Called\ninputs: {}\nsteps:\n  - return: {word: text}\n"
CALLS = (
    "hub: 1\ntitle: Calls\ninputs: {}\nsteps:\n"
    "  - id: next\n    call: called\n  - log: ${{ steps.next.word }}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose files are old enough to be believed by their time."""
    files = {
        "hub.yaml": readme.settings(),  # ours names flows that are not among these
        "schemas/lead-phone.json": (ROOT / "schemas/lead-phone.json").read_text(),
        "workflows/tells.yaml": FLOW,
        "workflows/called.yaml": CALLED,
        "workflows/calls.yaml": CALLS,
    }
    for path, text in files.items():
        save(tmp_path, path, text)
    return tmp_path


def save(project: Path, path: str, text: str | None) -> None:
    place = project / path
    if text is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def look(project: Path) -> CheckedProject:
    """As a new process does it."""
    return checked.check_project(project, project / ".hub", read_trial)


def check(project: Path) -> CheckedProject:
    """As a new process does it, compared with reading everything."""
    found = look(project)
    anew = read_project(project).project
    assert found.findings == (*anew.findings, *anew.notes, *check_trials(anew))
    assert found.secrets == anew.settings.secrets
    assert found.workflows == len(anew.workflows) + len(anew.broken)
    return found


@pytest.fixture
def recalled(monkeypatch) -> Callable[[], list[str]]:
    """Which workflow files were compiled since the last question."""
    from hub.engine import compile as compiling  # noqa: PLC0415 - to count its calls

    paths: list[str] = []
    real = compiling.compile_file

    def counting(path: str, *args: Any, **options: Any) -> Any:
        paths.append(path)
        return real(path, *args, **options)

    monkeypatch.setattr("hub.engine.loading.compile_file", counting)

    def asked() -> list[str]:
        found = sorted(paths)
        paths.clear()
        return found

    return asked


def test_the_second_time_only_what_changed_is_read(project: Path, recalled):
    first = look(project)
    assert len(recalled()) == 3
    assert look(project).findings == first.findings
    assert recalled() == []

    save(project, "workflows/tells.yaml", FLOW.replace("lead_id", "lead_di"))
    found = look(project)
    assert recalled() == ["workflows/tells.yaml"]
    assert [each.code for each in found.findings] == ["HUB203"]
    assert "lead_di" in found.files["workflows/tells.yaml"]

    save(project, "workflows/called.yaml", CALLED.replace("word", "wort"))
    found = look(project)
    assert recalled() == ["workflows/called.yaml", "workflows/calls.yaml"]
    broken = {each.file for each in found.findings}
    assert broken == {"workflows/tells.yaml", "workflows/calls.yaml"}


def test_a_file_that_is_old_enough_is_not_even_opened(project: Path, monkeypatch):
    opened: list[str] = []
    real = ProjectFiles.read

    def counting(files: ProjectFiles, stamps: Mapping[str, Any]) -> dict[str, str]:
        opened.extend(stamps)
        return real(files, stamps)

    monkeypatch.setattr(ProjectFiles, "read", counting)
    monkeypatch.setattr(checked, "_SURE", timedelta(days=-1))  # all of them are
    look(project)
    opened.clear()

    assert look(project).workflows == 3
    assert opened == []
    save(project, "workflows/tells.yaml", FLOW.replace("lead_id", "lead_id_of_somebody"))
    save(project, "workflows/called.yaml", None)
    found = look(project)
    named = {"hub.yaml", "schemas/lead-phone.json"}  # by those that are read
    assert set(opened) == {"workflows/tells.yaml", "workflows/calls.yaml", *named}
    assert [each.code for each in found.findings] == ["HUB216", "HUB203"]


def test_what_a_caller_needs_of_a_file_that_did_not_change_is_read(project: Path, recalled):
    look(project)
    recalled()
    save(project, "workflows/calls.yaml", CALLS.replace("next.word", "next.wort"))

    found = look(project)

    assert recalled() == ["workflows/called.yaml", "workflows/calls.yaml"]
    assert [each.code for each in found.findings] == ["HUB203"]


@settings(
    max_examples=settings().max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edits=st.lists(EDIT, min_size=1, max_size=5))
def test_after_any_edits_it_says_what_a_first_look_says(tmp_path_factory, edits):
    project = tmp_path_factory.mktemp("project")
    save(project, "hub.yaml", (ROOT / "hub.yaml").read_text())
    for path, text in edits:
        if path != "hub.yaml" or text is not None:
            save(project, path, text)
        check(project)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        {"notes": {"setting": 1}},
        {"sure": []},
        {"actions": {"x.y": {}}},
        {"notes": None, "digests": 3, "dialects": {"json": 1}},
        {"maker": "somebody else"},
    ],
)
def test_what_is_damaged_or_of_another_hub_is_not_believed(project: Path, damage):
    check(project)
    file = project / ".hub" / checked.FILE
    if isinstance(damage, dict):
        file.write_text(json.dumps({**json.loads(file.read_text()), **damage}))
    else:
        file.write_bytes(damage)
    save(project, "workflows/tells.yaml", FLOW.replace("lead_id", "lead_di"))

    assert [each.code for each in check(project).findings] == ["HUB203"]
    assert json.loads(file.read_text())["maker"] != "somebody else"


def test_where_it_cannot_write_it_checks_all_the_same(project: Path):
    (project / ".hub").write_text("a file where the folder should be")

    assert check(project).findings == ()


def test_what_is_remembered_is_for_this_account_alone(project: Path):
    check(project)
    file = project / ".hub" / checked.FILE

    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(project / ".hub") == [checked.FILE]  # noqa: PTH208 - names are enough


def _look_again() -> None:
    plug_ins.look_again()
    all_actions.cache_clear()
    all_connectors.cache_clear()
    all_auth_types.cache_clear()


@pytest.mark.parametrize(
    ("group", "brought"),
    [
        ("hub.actions", "tests.fakes.oracle"),
        ("hub.dialects", "tests.fakes.packages:SPOKEN"),
        ("hub.auth_types", "tests.fakes.packages:PROVED"),
    ],
)
def test_with_a_plug_in_nothing_is_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch, group: str, brought: str
):
    installed = EntryPoints([EntryPoint("acme", brought, group)])
    monkeypatch.setattr("hub.plug_ins.entry_points", lambda: installed)
    _look_again()
    try:
        check(project)
    finally:
        monkeypatch.undo()
        _look_again()

    assert not (project / ".hub").exists()


def test_the_command_says_the_same_twice_and_shows_the_line(project: Path):
    save(project, "workflows/tells.yaml", FLOW.replace("lead_id", "lead_di"))
    terminal = Terminal(project, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})

    first, second = terminal.type("check"), terminal.type("check")

    assert (first.code, first.out) == (second.code, second.out)
    assert first.code == 1
    assert "8 |   - log: ${{ payload.lead_di }}" in second.out

"""What another process finds with notes is what it would find without any (S5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.bootstrap.project import DIALECT_FACTS, actions_by_connection, connection_facts
from hub.cli.environment import read_trial
from hub.engine.findings import Finding
from hub.engine.notes import Memory, digests_of
from hub.engine.project import Project, load_project
from hub.engine.recheck import Checked, recheck
from hub.ingest.signatures import AUTH_TYPES
from hub.testing import check_trials
from tests import readme
from tests.unit.engine.damage import damaged
from tests.unit.engine.shipped import ROOT, shipped_actions, shipped_files

FLOWS = (
    *("booking-reminders", "booking-session", "close-booking-session"),
    *("open-booking-session", "session-mail", "slot-checkout", "watch-booking-session"),
)
"""With waits, polls, events, undoing, detached calls, cancel_on and on_cancel."""
EXAMPLES = max(6, settings().max_examples // 50)
BRANCHES = """\
hub: 1
title: Branches with a page
endpoint: {auth: broker, respond: accepted}
steps:
  - id: both
    parallel:
      mail:
        - id: mail
          do: email.send
          with:
            to: a@example.com
            subject: Hello
            text: Hello
            html: templates/page.html
      poll:
        - id: ended
          wait:
            for: vapi.call_ended
            key: ${{ run.id }}
          timeout: 1m
          on_timeout: continue
  - id: group
    steps:
      - {id: told, call: called, with: {word: a}}
      - {id: chat, do: slack.post, connection: slack, with: {channel: "#a", text: hi}}
"""
CALLED = """\
hub: 1
title: Called
inputs: {word: {type: string}}
steps:
  - {id: said, log: "${{ inputs.word }}"}
  - return: {word: "${{ inputs.word }}"}
"""
TRIALS = """\
hub: 1
workflow: branches
tests:
  - name: goes through
    payload: {}
    timeline:
      - after: 1s
        emit: vapi.call_ended
        key: a
        data: {status: ended, booking_confirmed: true}
    expect:
      steps: [told/said, chat]
      did: [slack.post: {channel: "#a"}]
  - name: is said to somebody else
    payload: {}
    expect: {did_not: [twilio.send_sms]}
"""
CANCELS = "cancel_on: {event: booking.closed, key: a}\n"


def _files() -> dict[str, str]:
    """Some of our own flows with their tests, and one with branches and a page."""
    kept = {f"workflows/{name}.yaml" for name in FLOWS}
    shipped = shipped_files()
    files = {
        path: text
        for path, text in shipped.items()
        if not path.startswith("workflows/") or path in kept
    }
    for name in FLOWS:
        path = f"workflows/tests/{name}.yaml"
        files[path] = (ROOT / path).read_text()
    return {
        **files,
        "hub.yaml": readme.settings(),  # it names flows that are not among these
        "workflows/branches.yaml": BRANCHES,
        "workflows/called.yaml": CALLED,
        "workflows/tests/branches.yaml": TRIALS,
        "templates/page.html": "<p>${{ run.id }}</p>",
    }


FILES = _files()
HUB, EVENT = FILES["hub.yaml"], "schemas/events/booking.closed.json"
SESSION, CLOSE = "workflows/booking-session.yaml", "workflows/close-booking-session.yaml"
AIMED: tuple[tuple[str, str | None], ...] = (
    ("workflows/called.yaml", CALLED.replace("inputs:", CANCELS + "inputs:")),
    ("workflows/called.yaml", CALLED.replace("id: said", "id: spoken")),
    ("workflows/called.yaml", CALLED.replace("{type: string}", "{type: integer}")),
    ("workflows/called.yaml", CALLED + "# a word\n"),
    ("workflows/called.yaml", None),
    (CLOSE, FILES[CLOSE].replace("inputs:", CANCELS + "inputs:", 1)),
    (SESSION, FILES[SESSION].replace("close-booking-session", "close-booking-sesion")),
    (SESSION, None),
    (EVENT, '{"type": "object", "properties": {"by": {"type": "integer"}}, "required": ["by"]}'),
    (EVENT, "{"),
    (EVENT, None),
    ("schemas/events/vapi.call_ended.json", '{"type": "object", "required": ["a"]}'),
    ("schemas/events/booking.cancelled.json", "{}"),
    ("templates/page.html", "<p>${{ steps.both }} ${{ nothing }}</p>"),
    ("templates/page.html", None),
    ("templates/pages.html", "<p>"),
    ("workflows/branches.yaml", BRANCHES.replace("id: chat", "id: chatted")),
    ("workflows/branches.yaml", BRANCHES.replace("slack.post", "slack.pots")),
    ("workflows/branches.yaml", BRANCHES.replace("connection: slack", "connection: email")),
    ("workflows/branches.yaml", BRANCHES.replace("called,", "slot-checkout,")),
    ("workflows/tests/branches.yaml", TRIALS.replace("workflow: branches", "workflow: branchs")),
    ("workflows/tests/branches.yaml", TRIALS.replace("vapi.call_ended", "booking.cancelled")),
    ("workflows/tests/branches.yaml", TRIALS.replace("workflow: branches", "workflow: called")),
    ("workflows/tests/branches.yaml", None),
    ("workflows/tests/more.yaml", TRIALS),
    ("workflows/branchs.yaml", CALLED),
    ("hub.yaml", HUB + "# a word\n"),
    ("hub.yaml", HUB.replace("  broker:", "  broken:")),
    ("hub.yaml", HUB.replace("timezone:", "base_path: /hooks\ntimezone:")),
)
EDITABLE = sorted(path for path in FILES if not path.startswith("schemas/") or path == EVENT)
DAMAGE = st.tuples(st.sampled_from(EDITABLE), st.integers(0, 10**6))
BACK = st.sampled_from(EDITABLE).map(lambda path: (path, FILES[path]))
EDIT = st.one_of(st.sampled_from(AIMED), DAMAGE, BACK)
EDITS = st.lists(st.lists(EDIT, min_size=1, max_size=2), min_size=1, max_size=4)


def edited(files: Mapping[str, str], path: str, how: str | int | None) -> dict[str, str]:
    """The files after one of them was saved, removed, or damaged (a number: by which chance)."""
    others = {each: text for each, text in files.items() if each != path}
    if isinstance(how, int):
        how = damaged(files.get(path, ""), Random(how), most=2)  # noqa: S311 - not for secrets
    return others if how is None else {**others, path: how}


def load(files: Mapping[str, str], memory: Memory | None = None) -> Project:
    """Everything anew, or as a process that has seen it before."""
    return load_project(
        files,
        actions=shipped_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
        connection_types=actions_by_connection(),
        connections=connection_facts(),
        memory=memory,
    )


def findings(project: Project) -> tuple[Finding, ...]:
    return (*project.findings, *project.notes, *check_trials(project))


def with_notes(files: Mapping[str, str], notes: Mapping[str, Any] | None) -> Checked:
    """As another process finds it; the notes went through a file."""
    return recheck(
        files,
        digests_of(files),
        actions=shipped_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
        connection_types=actions_by_connection(),
        connections=connection_facts(),
        read_trial=read_trial,
        notes=None if notes is None else json.loads(json.dumps(notes)),
    )


@cache
def at_first() -> Checked:
    """What the first process finds in the files as they are."""
    return with_notes(FILES, None)


def test_the_files_have_no_mistakes():
    found = findings(load(FILES))

    assert found == ()
    assert at_first().findings == found


@pytest.mark.long
@pytest.mark.timeout(300)
@settings(
    max_examples=max(6, settings().max_examples // 50), suppress_health_check=[HealthCheck.too_slow]
)
@given(EDITS)
def test_after_any_edits_notes_and_memory_give_what_reading_everything_gives(edits):
    files, memory, notes = FILES, Memory(), at_first().notes
    load(files, memory)

    for saved in edits:
        for path, how in saved:
            files = edited(files, path, how)
        anew, again, other = load(files), load(files, memory), with_notes(files, notes)
        notes = other.notes
        assert other.findings == findings(anew)
        assert (other.workflows, other.secrets) == (
            len(anew.workflows) + len(anew.broken),
            anew.settings.secrets,
        )
        assert again.findings == anew.findings
        assert again.workflows == anew.workflows
        assert (again.broken, again.unserved) == (anew.broken, anew.unserved)


@pytest.mark.parametrize(("path", "text"), AIMED)
def test_each_aimed_edit_and_its_undoing_are_seen(path: str, text: str | None):
    first = at_first()
    files = edited(FILES, path, text)

    changed = with_notes(files, first.notes)
    back = with_notes(FILES, changed.notes)

    assert changed.findings == findings(load(files))
    assert back.findings == first.findings


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The files of tests that are read during the test."""
    paths: list[str] = []
    real = read_trial

    def counting(path: str, project: Project) -> tuple[str, tuple[Finding, ...]]:
        paths.append(path)
        return real(path, project)

    monkeypatch.setitem(globals(), "read_trial", counting)
    return paths


@pytest.mark.parametrize(
    ("path", "more", "read_again"),
    [
        ("workflows/tests/branches.yaml", "# a word\n", ["branches"]),
        ("workflows/branches.yaml", "# a word\n", ["branches"]),
        ("workflows/called.yaml", "# a word\n", ["branches"]),
        ("templates/page.html", " ", ["branches"]),
        ("schemas/events/vapi.call_ended.json", " ", ["branches"]),
        (
            CLOSE,
            "# a word\n",
            ["booking-session", "close-booking-session", "watch-booking-session"],
        ),
        ("hub.yaml", "# a word\n", []),
        ("schemas/lead-phone.json", " ", []),
    ],
)
def test_a_file_of_tests_is_read_again_only_for_what_it_reads(read, path, more, read_again):
    notes = at_first().notes
    read.clear()

    with_notes({**FILES, path: FILES[path] + more}, notes)

    assert read == [f"workflows/tests/{name}.yaml" for name in read_again]


def test_findings_with_a_correction_come_back_as_they_were():
    files = {**FILES, "workflows/branches.yaml": BRANCHES.replace("slack.post", "slack.pots")}
    first = with_notes(files, None)

    again = with_notes(files, first.notes)

    assert again.findings == first.findings
    assert any(each.fix is not None for each in again.findings)

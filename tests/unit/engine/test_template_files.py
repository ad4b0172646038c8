"""Long texts in `templates/`: the same expressions, checked where they stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.engine.expressions import Scope, render_value
from hub.engine.project import bundle
from hub.engine.workflow import Do
from tests.unit.engine.planted import expected_place, unmarked
from tests.unit.engine.small_project import FILES, findings, load

SWEEP = "workflows/sweep.yaml"
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)


def files(text: str, path: str = "templates/page.html") -> dict[str, str]:
    """The clean project, whose sweep takes a page from this file."""
    sweep = FILES[SWEEP].replace("method: GET", f"page: {path}")
    return {**FILES, SWEEP: sweep, path: text}


def rendered(text: str, path: str = "templates/page.html", **run: Any) -> Any:
    """What the action is given as its page."""
    (step,) = load(files(text, path)).workflows["sweep"].steps
    assert isinstance(step, Do)
    names = {"run": {"id": "r1", **run}, "secrets": {"API_TOKEN": "x"}}
    scope = Scope(names=names, now=lambda: NOON, new_id=lambda: "", zone=ZoneInfo("UTC"))
    return render_value(step.inputs, scope)["page"]


def test_a_file_sees_what_its_step_sees():
    assert rendered("<p>Run ${{ run.id | upper }}</p>\n") == "<p>Run R1</p>\n"


def test_a_file_without_expressions_is_its_text():
    assert rendered("<p>Hello & welcome</p>") == "<p>Hello & welcome</p>"


@pytest.mark.parametrize("text", ["<b>${{ run.id }}</b>", "${{ run.id }}"])
def test_in_html_a_value_is_never_markup(text):
    told = rendered(text, id="<script>'&\"")

    assert told == text.replace("${{ run.id }}", "&lt;script&gt;&#x27;&amp;&quot;")


def test_in_other_files_a_value_stays_as_it_is():
    assert rendered("Hello ${{ run.id }}", "templates/page.txt", id="<b>") == "Hello <b>"


def test_what_is_joined_is_text_even_when_it_stands_alone():
    assert rendered("${{ run.attempt }}", "templates/page.txt", attempt=3) == "3"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("HUB203", "<p>\n  Run ${{ run.«idd» }}\n</p>"),
        ("HUB201", "one\n\n${{ «payload».x }}"),
        ("HUB206", "when: ${{ «run» }}"),
        ("HUB300", "one\ntwo «${{ run.id»"),
        ("HUB301", "one ${{ run.id «&&» 1 }}"),
        ("HUB204", "${{ run.id | «upperr» }}"),
    ],
)
def test_a_mistake_is_told_in_the_file_where_it_stands(code, text):
    (told,) = findings(files(unmarked(text)))

    assert (told.code, told.file) == (code, "templates/page.html")
    assert (told.line, told.column, told.end_column) == expected_place(text)


def test_a_secret_in_a_file_is_told_at_the_step():
    (told,) = findings(files("${{ secrets.API_TOKEN }}"))

    assert (told.code, told.file) == ("HUB501", SWEEP)


def test_a_version_changes_with_its_file():
    one, same, other = (load(files(text)) for text in ("a ${{ run.id }}", "a ${{ run.id }}", "b"))

    versions = [project.workflows["sweep"].version for project in (one, same, other)]
    assert versions[0] == versions[1] != versions[2]
    assert "templates/page.html" in bundle(one, "sweep").files


def test_a_name_outside_of_the_folder_is_refused():
    sweep = FILES[SWEEP].replace("method: GET", "page: schemas/book.json")

    (told,) = findings({**FILES, SWEEP: sweep})

    assert told.code == "HUB403"


# ------------------------------------------------------------------ inputs that may be either


def noted(note: str, **more: str) -> dict[str, str]:
    """The clean project, whose sweep says something."""
    return {**FILES, SWEEP: FILES[SWEEP].replace("method: GET", f"note: {note}"), **more}


@pytest.mark.parametrize(
    "note", ["Run ${{ run.id }}", "Our templates/ are files", '"${{ run.id }}"']
)
def test_what_may_be_either_may_be_written_in_the_step(note):
    assert findings(noted(note)) == []


def test_what_may_be_either_may_be_a_file_which_belongs_to_the_version():
    project = load(noted("templates/note.txt", **{"templates/note.txt": "<${{ run.id }}>"}))

    (step,) = project.workflows["sweep"].steps
    assert isinstance(step, Do)
    scope = Scope(
        names={"run": {"id": "&"}, "secrets": {"API_TOKEN": "x"}},
        now=lambda: NOON,
        new_id=lambda: "",
        zone=ZoneInfo("UTC"),
    )
    assert render_value(step.inputs, scope)["note"] == "<&>"
    assert "templates/note.txt" in bundle(project, "sweep").files


def test_a_file_of_what_may_be_either_that_is_not_there_is_told():
    (told,) = findings(noted("templates/noet.txt", **{"templates/note.txt": "Hello"}))

    assert (told.code, told.file, told.suggestion) == (
        "HUB403",
        SWEEP,
        "did you mean 'templates/note.txt'?",
    )

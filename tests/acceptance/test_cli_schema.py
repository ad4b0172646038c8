"""`hub schema`: what somebody does who wants an editor to help with workflows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main

ROOT = Path(__file__).parents[2]
WRITTEN = (
    "workflows/workflow.schema.json",
    "workflows/tests/workflow-tests.schema.json",
    "workflows/hub.schema.json",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of somebody else: one workflow, one preset, one event."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "schemas/events").mkdir(parents=True)
    (tmp_path / "hub.yaml").write_text(
        "hub: 1\nsecrets: [A_TOKEN]\nauth:\n  mine: {type: bearer, secret: A_TOKEN}\n", "utf-8"
    )
    (tmp_path / "schemas/events/tea.ready.json").write_text('{"type": "object"}', "utf-8")
    (tmp_path / "workflows/make-tea.yaml").write_text(
        "hub: 1\ntitle: Tea\ninputs:\n  cups: {type: integer}\nsteps:\n  - log: Tea.\n", "utf-8"
    )
    return tmp_path


def hub(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["--project", str(folder), "schema", *words])
    return done.exit_code, done.output


def test_the_schemas_are_written_where_the_first_lines_of_the_files_look_for_them(folder: Path):
    code, told = hub(folder, "--write")

    assert code == 0
    assert told == "".join(f"{path} is written\n" for path in WRITTEN)
    assert [path for path in WRITTEN if not (folder / path).is_file()] == []


def test_what_is_up_to_date_is_left_alone(folder: Path):
    hub(folder, "--write")
    (folder / WRITTEN[1]).write_text("{}", "utf-8")

    _, told = hub(folder, "--write")

    assert told.splitlines() == [
        f"{WRITTEN[0]} is up to date",
        f"{WRITTEN[1]} is written",
        f"{WRITTEN[2]} is up to date",
    ]


def test_a_schema_holds_the_names_of_the_project(folder: Path):
    _, told = hub(folder, "workflow")
    defined = json.loads(told)["definitions"]

    assert defined["endpoint"]["properties"]["auth"]["anyOf"][0]["enum"] == ["mine", "public"]
    assert defined["step-call"]["properties"]["call"]["anyOf"][0]["enum"] == ["make-tea"]
    assert defined["step-emit"]["properties"]["emit"]["anyOf"][0]["enum"] == ["tea.ready"]
    (tea,) = defined["step-call"]["allOf"]
    assert set(tea["then"]["properties"]["with"]["properties"]) == {"cups"}


def test_a_file_with_mistakes_is_no_hindrance(folder: Path):
    (folder / "workflows/broken.yaml").write_text("hub: 1\nsteps: {}\n", "utf-8")

    code, told = hub(folder, "tests")

    assert code == 0
    assert "broken" in json.loads(told)["properties"]["workflow"]["anyOf"][0]["enum"]


def test_without_a_subject_it_says_what_there_is(folder: Path):
    code, told = hub(folder)

    assert code == 2
    assert "workflow, tests, project" in told


def test_the_schemas_of_this_repository_are_those_that_are_written(tmp_path: Path):
    for name in ("workflows", "schemas", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "hub.yaml", tmp_path)

    _, told = hub(tmp_path, "--write")

    assert told == "".join(f"{path} is up to date\n" for path in WRITTEN)

"""Files that no workflow names are not passed over in silence."""

from __future__ import annotations

import pytest

from hub.engine.notes import Memory
from hub.engine.project import load_project
from tests.unit.engine.small_project import ACTIONS, AUTH_TYPES, DIALECTS, FILES, findings

BROKEN = '{"type": "object", "properties": {"a": {"type": "strnig"}}}\n'
SOUND = '{"type": "object", "properties": {"a": {"type": "string"}}}\n'


def told(path: str, text: str) -> list[tuple[str, str]]:
    return [(each.code, each.file) for each in findings({**FILES, path: text})]


@pytest.mark.parametrize("path", ["schemas/unused.json", "schemas/events/a.b.json"])
def test_a_broken_schema_that_nobody_names_is_told(path):
    assert told(path, BROKEN) == [("HUB402", path)]
    assert told(path, "{") == [("HUB402", path)]
    assert told(path, SOUND) == []


@pytest.mark.parametrize(
    "path",
    [
        "schemas/events/Bad Name.json",
        "schemas/events/seats.json",
        "schemas/events/seat.taken.yaml",
        "schemas/events/seat/taken.json",
    ],
)
def test_a_file_that_is_not_named_like_an_event_is_told(path):
    assert told(path, SOUND) == [("HUB110", path)]


def test_a_workflow_in_a_folder_of_its_own_is_told_with_where_it_belongs():
    (found,) = findings({**FILES, "workflows/sub/x.yaml": "hub: 1\n"})

    assert (found.code, found.file) == ("HUB110", "workflows/sub/x.yaml")
    assert found.suggestion == "move it to workflows/x.yaml"


@pytest.mark.parametrize("path", ["workflows/tests/book.yaml", "workflows/notes.md", "notes.yaml"])
def test_files_that_are_no_workflows_are_left_alone(path):
    assert told(path, "anything") == []


def test_a_schema_that_a_workflow_names_is_told_once():
    assert told("schemas/book.json", BROKEN) == [("HUB402", "schemas/book.json")]


def test_a_stray_file_is_told_each_time_until_it_is_mended():
    memory = Memory()
    looks = [
        [
            each.code
            for each in load_project(
                {**FILES, "schemas/unused.json": text},
                actions=ACTIONS,
                auth_types=AUTH_TYPES,
                dialects=DIALECTS,
                memory=memory,
            ).findings
        ]
        for text in (BROKEN, BROKEN, SOUND, BROKEN)
    ]

    assert looks == [["HUB402"], ["HUB402"], [], ["HUB402"]]

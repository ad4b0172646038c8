"""What a process does again and again takes as long with many workflows as with few."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import event, text

from hub.bootstrap import Hub
from hub.bootstrap.following import Following
from tests.integration.bootstrap.conftest import GREETS, Folder, OpenHub

FEW, MANY = 5, 60
_DOOR = """
hub: 1
title: Opens
endpoint:
  auth: public
  payload: schemas/door.json
steps:
  - return: open
"""
_SCHEMA = '{"type": "object", "properties": {"name": {"type": "string"}}}'
_PER_FILE = 16  # calls of functions; one that makes a `Path` of each file needs fifty


def calls(do: Callable[[], object]) -> int:
    """How many functions are called meanwhile, the interpreter's own too."""
    counted = 0

    def count(_frame: FrameType, what: str, _argument: Any) -> None:
        nonlocal counted
        counted += what in {"call", "c_call"}

    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(None)
    return counted


@pytest.fixture
def opened_with(folder: Folder, opening: OpenHub) -> Callable[[int], Hub]:
    """Opens the hub of a project with so many endpoints."""
    folder.write("schemas/door.json", _SCHEMA)

    def open_it(number: int) -> Hub:
        for each in range(number):
            folder.write(f"workflows/door-{each}.yaml", _DOOR.replace("Opens", f"Opens {each}"))
        return opening()

    return open_it


def test_what_a_request_a_round_and_an_event_ask_takes_no_longer(
    opened_with: Callable[[int], Hub],
):
    def asked(hub: Hub) -> list[int]:
        questions: tuple[Callable[[], object], ...] = (
            lambda: hub.reception.find("POST", "/webhook/door-1"),
            lambda: hub.scheduled,
            lambda: hub.started_by("door.opened"),
            lambda: hub.broken,
        )
        for ask in questions:
            ask()  # what is worked out once is worked out now
        return [calls(ask) for ask in questions]

    few, many = asked(opened_with(FEW)), asked(opened_with(MANY))

    assert many == few


def test_a_look_at_quiet_files_costs_little_for_each_of_them(opened_with: Callable[[int], Hub]):
    def looked(hub: Hub) -> int:
        for _ in range(3):
            hub.look()  # what was there at the start is read
        return calls(hub.look)

    few, many = looked(opened_with(FEW)), looked(opened_with(MANY))

    assert (many - few) / (MANY - FEW) <= _PER_FILE


def test_a_look_that_takes_its_time_comes_less_often_until_a_file_changes(
    folder: Folder, opening: OpenHub
):
    following = Following(opening())
    for _ in range(3):
        following.look()
    following._took = 60.0  # noqa: SLF001 - as thousands of files on a slow disk would take
    assert following.pause == Following.LONGEST_PAUSE
    following._took = 0.04  # noqa: SLF001 - as five thousand take
    assert following.pause == 2
    following._took = 0.0001  # noqa: SLF001 - as a few take
    assert following.pause == Following.LOOK_EVERY
    folder.write("workflows/greets.yaml", GREETS.replace("morning", "evening"))
    following.look()
    following._took = 60.0  # noqa: SLF001 - as before

    assert following.pause == Following.LOOK_EVERY


def test_an_endpoint_is_made_ready_for_its_first_request(opened_with: Callable[[int], Hub]):
    hub = opened_with(FEW)
    entrance = hub.reception.find("POST", "/webhook/door-1").entrance
    assert "validator" not in vars(entrance)

    assert [each.pointer for each in entrance.prepare({"name": 7}).problems] == ["/name"]


def test_E15_a_start_with_the_files_of_the_last_one_stores_no_version_again(
    opened_with: Callable[[int], Hub], folder: Folder, opening: OpenHub
):
    first = opened_with(MANY)
    stored = _ranks(first)
    changed: list[str] = []

    @event.listens_for(first.database.dialect, "do_executemany")
    def count(_cursor: Any, statement: str, parameters: Any, _context: Any) -> None:
        changed.extend([statement] * len(parameters))

    first.begin(first.lookout.first(), serves=True)
    assert len(changed) <= 1  # `hub.yaml`

    folder.write("workflows/door-1.yaml", _DOOR.replace("Opens", "Opens otherwise"))
    opening()
    folder.write("workflows/door-1.yaml", _DOOR.replace("Opens", "Opens 1"))
    again = _ranks(opening())
    assert {name for name in stored if again[name] != stored[name]} == {"door-1"}
    assert again["door-1"][0] == stored["door-1"][0]


def _ranks(hub: Hub) -> dict[str, tuple[str, Any]]:
    """The last version of each workflow, and since when it is."""
    question = text(
        "SELECT DISTINCT ON (workflow) workflow, hash, created_at FROM workflow_versions"
        " ORDER BY workflow, created_at DESC"
    )
    with hub.database.connect() as connection:
        return {row.workflow: (row.hash, row.created_at) for row in connection.execute(question)}

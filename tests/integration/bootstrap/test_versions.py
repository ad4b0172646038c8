"""A run executes the version that it was accepted with (E15)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.bootstrap import Hub
from hub.errors import Misconfigured
from hub.storage import runs
from hub.storage.deliveries import start_run
from tests.integration.bootstrap.conftest import GREETS, Folder

CALLS = """
hub: 1
title: Calls
inputs:
  name: {type: string}
steps:
  - id: greeting
    call: greets
    with:
      name: ${{ inputs.name }}
  - return: ${{ steps.greeting }}
"""
LATER = GREETS.replace("Good morning", "Good evening")


def accept(hub: Hub, workflow: str = "greets") -> UUID:
    """A run for the version in force."""
    start = hub.start(hub.project.workflows[workflow], {"inputs": {"name": "Ada"}})
    with hub.database.begin() as connection:
        run = start.new_run(hub.new_id())
        start_run(connection, run)
    return run.id


def work(hub: Hub, run_id: UUID) -> Any:
    """Work on what is due; the status and the result of a run."""
    for run in runs.claim(hub.database, worker="test", most=10):
        hub.executor.work(run, is_stopping=lambda: False)
    with hub.database.connect() as connection:
        row = connection.execute(
            text("SELECT status, result FROM runs WHERE id = :id"), {"id": run_id}
        ).one()
    return row.status, row.result


@pytest.mark.parametrize("workflow", ["greets", "calls"])
def test_E15_a_run_executes_its_own_version_after_its_file_was_changed(
    folder: Folder, opening, workflow: str
):
    folder.write("workflows/calls.yaml", CALLS)
    before = accept(opening(), workflow)
    folder.write("workflows/greets.yaml", LATER)
    changed = opening()
    after = accept(changed, workflow)

    assert work(changed, before) == ("succeeded", "Good morning, Ada")
    assert work(changed, after) == ("succeeded", "Good evening, Ada")


def test_E15_a_run_ends_though_its_file_was_removed_or_broken(folder: Folder, opening):
    removed = accept(opening())
    (folder.path / "workflows/greets.yaml").unlink()
    hub = opening()
    assert "greets" not in hub.project.workflows
    assert work(hub, removed) == ("succeeded", "Good morning, Ada")

    folder.write("workflows/greets.yaml", GREETS)
    broken = accept(opening())
    folder.write("workflows/greets.yaml", "hub: 1\ntitle: [")
    assert work(opening(), broken) == ("succeeded", "Good morning, Ada")


def test_E15_the_settings_of_the_project_may_change_meanwhile(folder: Folder, opening):
    run = accept(opening())
    folder.write("hub.yaml", "hub: 1\ntimezone: Asia/Tokyo\n")

    assert work(opening(), run) == ("succeeded", "Good morning, Ada")


def test_a_version_that_nobody_stored_is_refused(opening):
    with pytest.raises(Misconfigured, match="is not in the database"):
        opening().program("0" * 64)


def test_a_stored_version_is_compiled_once(folder: Folder, opening):
    version = opening().project.workflows["greets"].version
    folder.write("workflows/greets.yaml", LATER)
    hub = opening()

    assert hub.program(version) is hub.program(version)
    assert hub.program(version).version == version

"""The files a version of a workflow runs with, by content hash (E15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, text

from hub.storage.db import at_once
from hub.storage.json_text import json_text


def store(engine: Engine, *, version: str, workflow: str, files: Mapping[str, str]) -> None:
    """Keep the files of a version; storing it again changes nothing."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO workflow_versions (hash, workflow, files)"
                " VALUES (:version, :workflow, CAST(:files AS jsonb)) ON CONFLICT DO NOTHING"
            ),
            {"version": version, "workflow": workflow, "files": json_text(dict(files))},
        )


@dataclass(frozen=True)
class StoredVersion:
    """A version as it was kept: the workflow's name, and path → text of its files."""

    workflow: str
    files: Mapping[str, str]


def find(engine: Engine, version: str) -> StoredVersion | None:
    """The files of a version."""
    with at_once(engine) as connection:
        row = connection.execute(
            text("SELECT workflow, files FROM workflow_versions WHERE hash = :version"),
            {"version": version},
        ).first()
    return StoredVersion(row.workflow, row.files) if row else None

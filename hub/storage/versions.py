"""The files a version of a workflow runs with, by content hash (E15)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from hub.storage.db import at_once
from hub.storage.json_text import json_text


def store(engine: Engine, *, version: str, workflow: str, files: Mapping[str, str]) -> None:
    """Keep the files of a version; storing it again changes nothing but its rank (`last_of`)."""
    store_all(engine, {version: StoredVersion(workflow, files)})


def store_all(engine: Engine, found: Mapping[str, StoredVersion]) -> None:
    """Keep the files of several versions, by hash, in one transaction.

    The version that came into force last has the youngest `created_at` of its workflow, also when
    it was there before and has come back.
    """
    rows = [
        {"version": version, "workflow": each.workflow, "files": json_text(dict(each.files))}
        for version, each in sorted(found.items())
    ]
    if rows:
        workflows = sorted({each.workflow for each in found.values()})
        with engine.begin() as connection:
            connection.execute(_STORE, rows)
            connection.execute(_COME_BACK, {"versions": [*found], "workflows": workflows})


_STORE = text(
    """
    INSERT INTO workflow_versions (hash, workflow, files)
    VALUES (:version, :workflow, CAST(:files AS jsonb)) ON CONFLICT (hash) DO NOTHING
    """
)
_LAST = """
    SELECT DISTINCT ON (workflow) hash FROM workflow_versions
     WHERE workflow = ANY(:workflows) ORDER BY workflow, created_at DESC, hash
"""
# All at once: asked for each version alone, thousands would each look through all others.
_COME_BACK = text(
    f"""
    WITH last AS MATERIALIZED ({_LAST}), back AS (
        SELECT hash FROM workflow_versions
         WHERE hash = ANY(:versions) AND hash NOT IN (SELECT hash FROM last)
         ORDER BY hash FOR NO KEY UPDATE
    )
    UPDATE workflow_versions AS kept SET created_at = clock_timestamp()
      FROM back WHERE kept.hash = back.hash
    """  # noqa: S608 - our own text
)


@dataclass(frozen=True)
class StoredVersion:
    """A version as it was kept: the workflow's name, and path → text of its files."""

    workflow: str
    files: Mapping[str, str]


def not_the_last(engine: Engine, wanted: Mapping[str, str]) -> dict[str, str]:
    """Of these versions (hash → workflow) those that did not come into force last.

    Only they are to be stored: a start with the files of the last one stores nothing.
    """
    if not wanted:
        return {}
    with at_once(engine) as connection:
        rows = connection.execute(text(_LAST), {"workflows": sorted(wanted.values())})
        last = {row.hash for row in rows}
    return {version: name for version, name in wanted.items() if version not in last}


def find(engine: Engine, version: str) -> StoredVersion | None:
    """The files of a version."""
    with at_once(engine) as connection:
        row = connection.execute(
            text("SELECT workflow, files FROM workflow_versions WHERE hash = :version"),
            {"version": version},
        ).first()
    return StoredVersion(row.workflow, row.files) if row else None


def last_of(engine: Engine, workflows: Collection[str]) -> dict[str, StoredVersion]:
    """The version of each of these workflows that came into force last; of some there is none."""
    if not workflows:
        return {}
    with at_once(engine) as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT ON (workflow) workflow, files FROM workflow_versions"
                " WHERE workflow = ANY(:workflows) ORDER BY workflow, created_at DESC, hash"
            ),
            {"workflows": sorted(workflows)},
        )
        return {row.workflow: StoredVersion(row.workflow, row.files) for row in rows}


@dataclass(frozen=True)
class KeptVersion:
    """A version in the history of its workflow. `since`: when it came into force last."""

    hash: str
    since: datetime
    files: Mapping[str, str]


def newest(connection: Connection, workflow: str, *, most: int) -> list[KeptVersion]:
    """The versions of a workflow, the one that came into force last first."""
    rows = connection.execute(
        text(
            "SELECT hash, created_at AS since, files FROM workflow_versions"
            " WHERE workflow = :workflow ORDER BY created_at DESC, hash LIMIT :most"
        ),
        {"workflow": workflow, "most": most},
    )
    return [KeptVersion(**row) for row in rows.mappings()]

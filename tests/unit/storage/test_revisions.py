"""What a revision of the tables may do while the version before is at work (E15)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.storage import db, migrate

_TAKES_AWAY = re.compile(
    r"\bDROP\b|\bRENAME\b|\bALTER\s+(COLUMN\s+\S+\s+)?(TYPE|SET\s+NOT\s+NULL)\b"
    r"|\bADD\s+(CONSTRAINT|CHECK|UNIQUE)\b|\bCREATE\s+UNIQUE\b|\bDELETE\s+FROM\b",
    re.IGNORECASE,
)
_INDEX = re.compile(r"\bCREATE\s+INDEX\s+(?!IF\s)\S+\s+ON\s+(\w+)", re.IGNORECASE)
_UNIQUE = re.compile(r"\bCREATE\s+UNIQUE\s+INDEX\s+\S+\s+ON\s+(\w+)", re.IGNORECASE)
_TABLE = re.compile(r"\bCREATE\s+TABLE\s+(\w+)", re.IGNORECASE)
_COLUMN = re.compile(r"\bADD\s+COLUMN\b[^;,]*", re.IGNORECASE)


def forbidden(revision: str) -> list[str]:
    """What of a revision's text may break the version before, which works on meanwhile.

    Rows of tables that the revision makes are nobody's yet: they may be unique.
    """
    made = set(_TABLE.findall(revision))
    revision = _UNIQUE.sub(lambda found: "" if found[1] in made else found[0], revision)
    columns = [each for each in _COLUMN.findall(revision) if "NOT NULL" in each.upper()]
    needed = [each for each in columns if "DEFAULT" not in each.upper()]
    return [found.group() for found in _TAKES_AWAY.finditer(revision)] + needed


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE runs DROP COLUMN worker",
        "ALTER TABLE runs RENAME worker TO owner",
        "ALTER TABLE runs ALTER COLUMN worker SET NOT NULL",
        "ALTER TABLE runs ALTER COLUMN token TYPE int",
        "ALTER TABLE runs ADD COLUMN colour text NOT NULL",
        "ALTER TABLE runs ADD CONSTRAINT x CHECK (token > 1)",
        "CREATE UNIQUE INDEX x ON runs (worker)",
    ],
)
def test_what_breaks_the_version_before_is_recognised(statement):
    assert forbidden(statement)


def test_rows_of_a_table_that_a_revision_makes_may_be_unique():
    assert forbidden("CREATE TABLE x (a int); CREATE UNIQUE INDEX u ON x (a)") == []


def test_E15_each_revision_only_adds_so_that_the_version_before_works_on():
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    later = sorted(versions.glob("0*.py"))[1:]  # the first one makes everything

    assert {file.name: forbidden(file.read_text()) for file in later} == {
        file.name: [] for file in later
    }
    assert len(later) == int(db.NEWEST_REVISION) - 1


def test_E15_a_revision_builds_no_index_on_a_table_that_was_there_while_it_has_its_locks():
    """It names them as INDEXES, which are built before it, beside those who write."""
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    texts = {file.name: file.read_text() for file in versions.glob("0*.py")}

    locking = {
        name: [table for table in _INDEX.findall(text) if table not in _TABLE.findall(text)]
        for name, text in texts.items()
    }

    assert locking == {name: [] for name in texts}
    assert _INDEX.findall("CREATE INDEX x ON runs (id)") == ["runs"]

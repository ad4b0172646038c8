"""Actions of our trade that have a signature and no function yet: records.

Files that use one are checked completely; their workflows are not served until it is implemented.
Who implements one writes the function in a module of its own and deletes its part here. Records
hold what booking sessions keep of themselves (B-03, B-15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.action import declare


@dataclass(frozen=True)
class Identity:
    """What something is called."""

    id: str


@dataclass(frozen=True)
class RecordIdentity:
    """Which record is meant."""

    type: str
    id: str


@dataclass(frozen=True)
class RecordWanted:
    """A record as it begins."""

    type: str
    id: str
    data: dict[str, Any]


@dataclass(frozen=True)
class RecordChange:
    """The fields of a record that change."""

    type: str
    id: str
    set: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """What is kept."""

    id: str
    data: Any


RECORDS_CREATE = declare(
    "records.create",
    summary="Store a record kept by the hub",
    takes=RecordWanted,
    gives=Identity,
    effect="idempotent",
    errors=("conflict",),
    example={"id": "r1"},
)
RECORDS_GET = declare(
    "records.get",
    summary="Read a record",
    takes=RecordIdentity,
    gives=Record,
    effect="read",
    errors=("not_found",),
    example={"id": "r1", "data": {"state": "monitoring"}},
)
RECORDS_UPDATE = declare(
    "records.update",
    summary="Change fields of a record",
    takes=RecordChange,
    gives=Identity,
    effect="idempotent",
    errors=("not_found",),
    example={"id": "r1"},
)

"""Finding runs for people: filters by index, pages by key, texts within a bound.

No page costs more with a longer history: a page begins behind the last run of the one before, and
a search for a text looks through so many runs at once and says how far it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.json_text import json_text
from hub.storage.reading import STATUSES, RunLine

LOOKED_THROUGH = 2000  # runs whose texts one search reads
ENDED_BADLY = ("failed", "undo_failed")
_SHORTEST_PREFIX = 8  # hexadecimal digits of an id
_DIGITS = 32
_NOTHING = "0"

_LINE = (
    "id, workflow, version, status, created_at, ended_at, mode, dedupe_key, error, is_maybe_done,"
    " retry_of"
)
_ORDER = "ORDER BY created_at DESC, id DESC"


@dataclass(frozen=True)
class Place:
    """Behind this run, from the newest on."""

    at: datetime
    id: UUID


@dataclass(frozen=True)
class Filter:
    """Which runs; what is empty does not count. `since` and `until` are times of acceptance."""

    status: str = ""
    workflow: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Found:
    """One page of runs. `next` is where the one behind it begins, None: there is none.

    `looked_back_to`: a search for a text has read all runs down to this instant.
    """

    runs: Sequence[RunLine]
    next: Place | None = None
    looked_back_to: datetime | None = None


def newest(connection: Connection, wanted: Filter, *, after: Place | None, limit: int) -> Found:
    """The newest runs of a filter."""
    where, values = _conditions(wanted, after)
    query = f"SELECT {_LINE} FROM runs WHERE {where} {_ORDER} LIMIT :limit"  # noqa: S608 - our own text
    rows = connection.execute(text(query), {**values, "limit": limit + 1}).mappings()
    runs = [RunLine(**row) for row in rows]
    return Found(runs[:limit], _place_of(runs[limit - 1]) if len(runs) > limit else None)


def mark_of_newest(connection: Connection, wanted: Filter, *, limit: int) -> str:
    """What tells this page of the newest runs from the same page before something changed."""
    where, values = _conditions(wanted, None)
    page = f"SELECT * FROM runs WHERE {where} {_ORDER} LIMIT :limit"  # noqa: S608 - our own text
    shown = "concat_ws('.', id, status, ended_at, is_maybe_done)"
    query = text(f"SELECT md5(string_agg({shown}, ' ' {_ORDER})) FROM ({page}) AS page")  # noqa: S608 - the same
    return str(connection.execute(query, {**values, "limit": limit}).scalar_one() or _NOTHING)


def of_id(connection: Connection, wanted: str, *, limit: int) -> list[RunLine]:
    """Runs of an id or its beginning: their own, their request's, the one they repeat."""
    digits = wanted.replace("-", "").lower()
    if not _SHORTEST_PREFIX <= len(digits) <= _DIGITS or set(digits) - set("0123456789abcdef"):
        return []
    low, high = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    each = [
        f"(SELECT id FROM runs WHERE {name} BETWEEN :low AND :high LIMIT :limit)"  # noqa: S608 - our own columns
        for name in ("id", "delivery_id", "retry_of")
    ]
    values = {"low": low, "high": high, "limit": limit}
    found = list(connection.scalars(text(" UNION ".join(each)), values))
    rows = connection.execute(
        text(f"SELECT {_LINE} FROM runs WHERE id = ANY(:ids) {_ORDER}"),  # noqa: S608 - our own columns
        {"ids": found},
    )
    return [RunLine(**row) for row in rows.mappings()]


def with_text(
    connection: Connection, wanted: Filter, said: str, *, after: Place | None, limit: int
) -> Found:
    """Runs in whose request, key, error or name a text stands, among the next so many of a filter.

    Where there are more runs than one search reads, `next` goes on behind them.
    """
    where, values = _conditions(wanted, after)
    last = connection.execute(
        text(f"SELECT created_at AS at, id FROM runs WHERE {where} {_ORDER} OFFSET :most LIMIT 1"),  # noqa: S608 - our own text
        {**values, "most": LOOKED_THROUGH - 1},
    ).first()
    bound = "" if last is None else " AND (created_at, id) >= (:last_at, :last_id)"
    query = text(
        f"SELECT {_LINE} FROM runs WHERE {where}{bound}"  # noqa: S608 - our own text
        " AND (workflow ILIKE :said OR dedupe_key ILIKE :said OR trigger::text ILIKE :in_json"
        f" OR error::text ILIKE :in_json) {_ORDER} LIMIT :limit"
    )
    given = {
        **values,
        "said": _pattern(said),
        "in_json": _pattern(json_text(said)[1:-1]),
        "limit": limit + 1,
        "last_at": None if last is None else last.at,
        "last_id": None if last is None else last.id,
    }
    runs = [RunLine(**row) for row in connection.execute(query, given).mappings()]
    if len(runs) > limit:
        return Found(runs[:limit], _place_of(runs[limit - 1]), runs[limit - 1].created_at)
    if last is None:
        return Found(runs)
    return Found(runs, Place(last.at, last.id), last.at)


def _pattern(said: str) -> str:
    """Anywhere in a text, as it is."""
    escaped = said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def last_failures(connection: Connection, *, limit: int) -> list[RunLine]:
    """The newest runs that failed; read from an index that holds no others."""
    each = [
        f"(SELECT id, created_at FROM runs WHERE status = '{status}' {_ORDER} LIMIT :limit)"  # noqa: S608 - our own words
        for status in ENDED_BADLY
    ]
    newest_bad = f"SELECT id FROM ({' UNION ALL '.join(each)}) AS bad {_ORDER} LIMIT :limit"  # noqa: S608 - our own text
    query = text(f"SELECT {_LINE} FROM runs WHERE id IN ({newest_bad}) {_ORDER}")  # noqa: S608 - our own text
    return [RunLine(**row) for row in connection.execute(query, {"limit": limit}).mappings()]


def _conditions(wanted: Filter, after: Place | None) -> tuple[str, dict[str, Any]]:
    """Only what is asked for, so that the server finds the index for it.

    A state is written into the text: an index that holds only some of them must recognise it.
    """
    parts, values = ["true"], dict[str, Any]()
    if wanted.status:
        if wanted.status not in STATUSES:
            raise ValueError(f"{wanted.status} is no state of a run")
        parts.append(f"status = '{wanted.status}'")
    if wanted.workflow:
        parts.append("workflow = :workflow")
        values["workflow"] = wanted.workflow
    if wanted.since is not None:
        parts.append("created_at >= :since")
        values["since"] = wanted.since
    if wanted.until is not None:
        parts.append("created_at < :until")
        values["until"] = wanted.until
    if after is not None:
        parts.append("(created_at, id) < (:after_at, :after_id)")
        values |= {"after_at": after.at, "after_id": after.id}
    return " AND ".join(parts), values


def _place_of(run: RunLine) -> Place:
    return Place(run.created_at, run.id)

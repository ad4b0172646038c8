"""Reading members of a body that may hold anything: what is not of the kind is not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.ingest.dialects.contract import text_at
from hub.values import format_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799  # of the year 9999


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: without null and without empty texts."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def object_at(value: Any, *path: str) -> dict[str, Any]:
    """The object at a path of members; an empty one when there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def id_at(value: Any, name: str) -> str | None:
    """An id as text, which some vendors write as a number."""
    found = _integer_at(value, name)
    return text_at(value, name) if found is None else str(found)


def moment_at(value: Any, name: str, *, per_second: int = 1) -> str | None:
    """The instant of a number of seconds (or parts of one) since 1970, in UTC."""
    found = _integer_at(value, name)
    if found is None or not 0 <= found <= _LAST_SECOND * per_second:
        return None
    return format_instant(_EPOCH + timedelta(microseconds=found * 1_000_000 // per_second))


def _integer_at(value: Any, name: str) -> int | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None

"""Looking for a call that may have been started: Vapi takes no key, so its list is read.

Each call carries the run and the step that started it in its metadata (`wire-formats`, part 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.errors import Transient

_PAGE = 1000  # the most that Vapi gives
_MOST_PAGES = 5

Ask = Callable[[Mapping[str, Any]], Any]
"""Asks for the list with these filters and gives its JSON; raises `StepFailed`."""


def find_started(
    ask: Ask, marks: Mapping[str, str], *, phone_number_id: str, since: datetime
) -> str | None:
    """The id of the newest call with these marks in its metadata, made since then; else nothing.

    Raises `Transient("unavailable")` when the list says too little to be sure.
    """
    query: dict[str, Any] = {
        "phoneNumberId": phone_number_id,
        "createdAtGe": _written(since),
        "limit": _PAGE,
    }
    for _ in range(_MOST_PAGES):
        page = _page(ask(query))
        for call in page:
            if _marks_of(call).items() >= marks.items():
                return str(call["id"])
        if len(page) < _PAGE:
            return None
        oldest = min(str(call.get("createdAt")) for call in page)
        if oldest == query.get("createdAtLe"):
            break  # more calls in one instant than a page has
        query["createdAtLe"] = oldest
    raise Transient("unavailable", "Vapi lists too many calls to find one among them")


def _page(told: Any) -> list[Mapping[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(call, dict) for call in told):
        raise Transient("unavailable", "Vapi gave a list that is not its own")
    return sorted(told, key=lambda call: str(call.get("createdAt")), reverse=True)


def _marks_of(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we wrote into a call's metadata, if it is a call with an id of its own."""
    overrides = call.get("assistantOverrides")
    metadata = overrides.get("metadata") if isinstance(overrides, dict) else None
    return metadata if isinstance(metadata, dict) and call.get("id") else {}


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

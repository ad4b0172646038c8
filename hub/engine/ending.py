"""How a run ends: the row's last state, and the answer for a caller who still waits. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.engine.advance.commands import Finished
from hub.engine.start import Start
from hub.engine.workflow import Endpoint, Within
from hub.errors import Rejected
from hub.storage.runs import Ending
from hub.values import encode, plain

_REFUSED = 400
_BROKEN = 500


def ending_of(finished: Finished) -> Ending:
    """The last state. A `return` with a status of 400 or more succeeded, but frees its key.

    A cancelled run is cancelled whatever its `on_cancel` says.
    """
    failure = finished.failure
    if finished.is_cancelled and not finished.is_undo_failed:
        return Ending("cancelled", frees_key=True)
    if failure is not None:
        return Ending(
            "undo_failed" if finished.is_undo_failed else "failed",
            error=failure.as_row(),
            is_maybe_done=failure.is_maybe_done,
            frees_key=True,
        )
    is_refusal = finished.status is not None and finished.status >= _REFUSED
    value = encode(plain(finished.value)) if finished.has_returned else None
    return Ending("succeeded", result=value, frees_key=is_refusal)


def final_response(
    start: Start, ending: Ending, finished: Finished | None, run_id: UUID
) -> dict[str, Any]:
    """What a caller gets who has had no reply when the run ended (language, chapter 5)."""
    if finished is not None and finished.has_returned:
        return _row(finished.status or 200, plain(finished.value), finished.headers or {})
    if ending.status == "succeeded":
        return _row(200, {"status": ending.status, "run_id": str(run_id)})
    error = ending.error or {"code": ending.status}
    status = error.get("status") if error.get("attempts") == 0 else None
    return _row(status or _BROKEN, _failed_body(start, error, run_id), failed=True)


def broken_response(ending: Ending, run_id: UUID) -> dict[str, Any]:
    """The answer of a run that the hub itself failed on."""
    code = (ending.error or {"code": ending.status})["code"]
    return _row(_BROKEN, {"error": code, "run_id": str(run_id)}, failed=True)


def _failed_body(start: Start, error: Any, run_id: UUID) -> Any:
    trigger = start.workflow.trigger
    respond = trigger.respond if isinstance(trigger, Endpoint) else None
    if isinstance(respond, Within) and respond.failed is not None:
        try:
            return plain(start.answer(respond.failed, run_id))
        except Rejected:
            pass  # the default says as much as can be said
    return {"error": error["code"], "run_id": str(run_id)}


def _row(status: int, body: Any, headers: Any = None, *, failed: bool = False) -> dict[str, Any]:
    return {"status": status, "body": body, "headers": dict(headers or {}), "failed": failed}

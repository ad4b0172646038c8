"""What Google's refusals mean for a step: two forms of error bodies, one reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.connectors.http import HttpAnswer, excerpt, failure_of
from hub.errors import Permanent, StepFailed, Transient

_FORBIDDEN = 403
_GONE = 410
# Of 403: too often, not too much. Everything else with that status is a missing right.
_TOO_OFTEN = frozenset(
    {
        "dailyLimitExceeded",
        "quotaExceeded",
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "RATE_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
    }
)


def failure_of_google(answer: HttpAnswer, *, what: str, token: str) -> StepFailed | None:
    """What an answer that is not 2xx stands for, by its status and Google's own reasons."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    error = error if isinstance(error, dict) else {}
    told = replace(answer, text=str(error.get("message") or answer.text))
    failure = failure_of(told, what=what, hidden=[token])
    if failure is None or answer.status not in {_FORBIDDEN, _GONE}:
        return failure
    if answer.status == _GONE:
        return Permanent("not_found", failure.message, status=answer.status)
    if not _reasons(error) & _TOO_OFTEN:
        return failure
    # `failure_of` reads Retry-After for the status that says the same.
    often = failure_of(replace(told, status=429), what=what, hidden=[token])
    after = often.retry_after if often else None
    said = excerpt(told.text, hidden=[token])
    return Transient(
        "rate_limited",
        f"{what} was answered with {answer.status}: {said}",
        status=answer.status,
        retry_after=after,
    )


def _reasons(error: Mapping[str, Any]) -> set[str]:
    """The words that say why, of both forms of error bodies."""
    listed = [
        each.get("reason")
        for name in ("errors", "details")
        for each in (error[name] if isinstance(error.get(name), list) else [])
        if isinstance(each, dict)
    ]
    return {word for word in (error.get("status"), *listed) if isinstance(word, str)}

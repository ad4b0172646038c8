"""Asking for messages: whether one was sent, where the answer was lost, and what became of one.

Twilio knows no idempotency key, so the same words to the same receiver from the same sender, made
since the attempt began, are taken for ours (`wire-formats`, sections 14 and 15).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, failure_of
from hub.errors import Transient

_MOST = 50  # of the newest messages to the receiver


def find_sent(
    http: Http,
    settings: ConnectionSettings,
    message: Mapping[str, str],
    *,
    base_url: str,
    since: datetime,
    timeout: timedelta,
) -> str | None:
    """The SID of this message, made since then; nothing where there is none.

    Raises `StepFailed` when the service does not say.
    """
    query = {
        "To": message["to"],
        "DateSent>": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "PageSize": _MOST,
    }
    told = _ask(http, settings, base_url, "Messages.json", timeout=timeout, query=query)
    listed = told.get("messages")
    if not isinstance(listed, list):
        raise Transient("unavailable", "the SMS service gave a list that is not its own")
    return next((str(each["sid"]) for each in listed if _is_ours(each, message, since)), None)


def read_sent(
    http: Http, settings: ConnectionSettings, sid: str, *, base_url: str, timeout: timedelta
) -> Mapping[str, Any]:
    """A message as the service has it; raises `StepFailed`."""
    place = f"Messages/{quote(sid, safe='')}.json"
    told = _ask(http, settings, base_url, place, timeout=timeout)
    if told.get("sid") != sid or not isinstance(told.get("status"), str):
        raise Transient("unavailable", "the SMS service gave a message that is not its own")
    return told


def _ask(
    http: Http,
    settings: ConnectionSettings,
    base_url: str,
    place: str,
    *,
    timeout: timedelta,
    query: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    secrets = settings.credentials
    auth = (secrets.get("api_key_sid") or secrets["account_sid"], secrets["auth_token"])
    answer = http.exchange(
        "GET",
        f"{base_url}/2010-04-01/Accounts/{secrets['account_sid']}/{place}",
        query=query,
        auth=auth,
        timeout=timeout,
    )
    failure = failure_of(answer, what="the SMS service", hidden=auth)
    if failure is not None:
        raise failure
    return answer.json if isinstance(answer.json, dict) else {}


def _is_ours(found: Any, message: Mapping[str, str], since: datetime) -> bool:
    if not isinstance(found, dict) or not found.get("sid"):
        return False
    wanted = {"to": message["to"], "body": message["body"]}
    if "from_" in message:
        wanted["from"] = message["from_"]
    else:
        wanted["messaging_service_sid"] = message["messaging_service_sid"]
    return all(found.get(name) == value for name, value in wanted.items()) and _is_since(
        found.get("date_created"), since
    )


def _is_since(written: Any, since: datetime) -> bool:
    try:
        made = parsedate_to_datetime(written)
    except (TypeError, ValueError):
        return False
    return made.tzinfo is not None and made >= since

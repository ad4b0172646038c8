"""The connection of type `google`, and what Calendar, Gmail and Sheets have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from hub.connectors.connections import (
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.google.failures import failure_of_google
from hub.connectors.google.tokens import TimeLeft, Tokens, account_of
from hub.connectors.http import Http, HttpAnswer
from hub.errors import Permanent, StepFailed, Transient

GOOGLE = ConnectionType(
    name="google",
    title="Google Calendar, Gmail and Sheets ([how to](google.md))",
    actions=(
        "google_calendar.free_slots",
        "google_calendar.create_event",
        "google_calendar.move_event",
        "google_calendar.delete_event",
        "gmail.send",
        "google_sheets.find",
        "google_sheets.append",
        "google_sheets.update",
    ),
    credentials=(
        Field("service_account_key", "the JSON key of a service account; or else:", required=False),
        Field("client_id", "id of an OAuth client", required=False),
        Field("client_secret", "secret of that client", required=False),
        Field("refresh_token", "refresh token that a user gave to that client", required=False),
    ),
    one_of=(("service_account_key",), ("client_id", "client_secret", "refresh_token")),
    options=(
        Field(
            "subject",
            "whom the service account stands for (domain-wide delegation)",
            required=False,
        ),
    ),
    base_url=Field(
        "base_url", "one host instead of Google's own, for all paths and /token", required=False
    ),
)

_UNAUTHORIZED = 401
_DOTS = re.compile(r"\.*")
_SHOWN = 5


@dataclass(frozen=True)
class Api:
    """One of Google's interfaces: where it lies, and the scope that its actions need."""

    title: str
    host: str
    path: str
    scope: str


_SCOPES = "https://www.googleapis.com/auth/"
CALENDAR = Api(
    "Google Calendar", "https://www.googleapis.com", "/calendar/v3", f"{_SCOPES}calendar"
)
GMAIL = Api("Gmail", "https://gmail.googleapis.com", "/gmail/v1", f"{_SCOPES}gmail.send")
SHEETS = Api("Google Sheets", "https://sheets.googleapis.com", "/v4", f"{_SCOPES}spreadsheets")


class GoogleClient:
    """One account of Google; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._tokens = Tokens(http)

    def calls(self, api: Api, timeout: timedelta) -> Calls:
        """The requests of one attempt, together at most as long as its timeout."""
        settings = configured(self._settings, GOOGLE)
        return Calls(settings, self._http, self._tokens, api, TimeLeft(timeout))

    def check(self, timeout: timedelta = timedelta(seconds=10)) -> str:
        """Sign in and look at the list of calendars, nothing else; raises `StepFailed`."""
        settings = configured(self._settings, GOOGLE)
        signed_in = f"signed in as {account_of(settings)}"
        calls = self.calls(CALENDAR, timeout)
        calls.sign_in()
        try:
            listed = calls.get("/users/me/calendarList", query={"maxResults": 250})
        except Permanent as refused:
            return f"{signed_in}; its calendars cannot be listed: {refused.message}"
        found = listed.get("items")
        names = [str(each.get("id")) for each in found] if isinstance(found, list) else []
        more = ", …" if len(names) > _SHOWN else ""
        told = f": {', '.join(names[:_SHOWN])}{more}" if names else ""
        return f"{signed_in}; {len(names)} calendars in its list{told}"


CONNECTOR = Connector(GOOGLE, GoogleClient, GoogleClient)


class Calls:
    """The requests of one attempt to one interface."""

    def __init__(
        self, settings: ConnectionSettings, http: Http, tokens: Tokens, api: Api, left: TimeLeft
    ) -> None:
        self._settings, self._http, self._tokens = settings, http, tokens
        self._api, self._left = api, left

    def sign_in(self) -> str:
        """An access token; raises `StepFailed`."""
        return self._tokens.get(self._settings, self._api.scope, self._left)

    def get(self, path: str, *, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read a JSON object; no failure of it is `maybe_done`."""
        try:
            return self.object_of(self.send("GET", path, query=query))
        except StepFailed as failure:
            failure.maybe_done = False
            raise

    def write(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, json: Any
    ) -> dict[str, Any]:
        """Write, and read the JSON object that is answered; raises `StepFailed`."""
        return self.object_of(self.send(method, path, query=query, json=json))

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, json: Any = None
    ) -> HttpAnswer:
        """One request; a token that is refused is exchanged once (401: nothing was done)."""
        token = self.sign_in()
        answer = self._exchange(method, path, query, json, token)
        if answer.status == _UNAUTHORIZED:
            self._tokens.drop(self._api.scope, token)
            token = self.sign_in()
            answer = self._exchange(method, path, query, json, token)
        failure = failure_of_google(answer, what=self._api.title, token=token)
        if failure is not None:
            raise failure
        return answer

    def object_of(self, answer: HttpAnswer) -> dict[str, Any]:
        """The JSON object of an answer."""
        if isinstance(answer.json, dict):
            return answer.json
        raise self.strange(answer.status)

    def strange(self, status: int = 200) -> Transient:
        """The failure that an answer stands for which is not the service's own."""
        told = f"{self._api.title} gave an answer that is not its own"
        return Transient("unavailable", told, maybe_done=True, status=status)

    def _exchange(
        self, method: str, path: str, query: Mapping[str, Any] | None, json: Any, token: str
    ) -> HttpAnswer:
        base = (self._settings.base_url or self._api.host).rstrip("/")
        return self._http.exchange(
            method,
            f"{base}{self._api.path}{path}",
            query=query,
            json=json,
            headers={"Authorization": f"Bearer {token}"},
            timeout=self._left(),
        )


def segment(text: str, what: str) -> str:
    """One part of a path from data: it can neither be left out nor climb to another one (S14)."""
    if _DOTS.fullmatch(text):
        raise Permanent("invalid_input", f"{what} is empty, or consists of dots")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as half:
        raise Permanent("invalid_input", f"{what} is not text") from half

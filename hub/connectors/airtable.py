"""Airtable: `airtable.find` and `airtable.upsert`, by its Web API with a personal access token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from hub.action import Attempt, action
from hub.connectors.airtable_formula import formula
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, excerpt
from hub.errors import Permanent, Transient

__all__ = ["AirtableClient", "find", "upsert"]

_BASE_URL = "https://api.airtable.com/v0"
_MOST_RECORDS = 100  # one page
_MOST_MERGED = 3  # fields that tell which record is meant: the service's own limit

AIRTABLE = ConnectionType(
    name="airtable",
    title="Base of Airtable",
    actions=("airtable.find", "airtable.upsert"),
    credentials=(
        Field("token", "access token (pat…) with data.records:read and data.records:write"),
    ),
    options=(Field("base", "id of the base (app…)"),),
    base_url=Field("base_url", "default https://api.airtable.com/v0", required=False),
)


class AirtableClient:
    """One base; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def find(
        self, table: str, asked: Mapping[str, Any], *, timeout: timedelta
    ) -> list[dict[str, Any]]:
        """The first page of records; raises `StepFailed`.

        By POST: what is looked for stands in the body, and in no log of a URL.
        """
        place = f"{self._table(table)}/listRecords"
        return _records(self._send("POST", place, asked, timeout))

    def upsert(
        self, table: str, fields: Mapping[str, Any], merge_on: list[str], *, timeout: timedelta
    ) -> tuple[str, bool]:
        """The record's id and whether it is new; raises `StepFailed`."""
        wanted = {
            "performUpsert": {"fieldsToMergeOn": merge_on},
            "records": [{"fields": dict(fields)}],
        }
        said = self._send("PATCH", self._table(table), wanted, timeout)
        records, made = _records(said), said.get("createdRecords")
        if not records or not isinstance(made, list):
            raise _strange()
        return str(records[0]["id"]), records[0]["id"] in made

    def check(self) -> str:
        """Whose token it is (`meta/whoami`, which needs no scope); raises `StepFailed`."""
        said = told_by("Airtable", self._send("GET", "meta/whoami", None, CHECK_TIME), "id")
        scopes = said.get("scopes")
        listed = ", ".join(map(str, scopes)) if isinstance(scopes, list) else "not told"
        return f"the token of {excerpt(str(said.get('id')))} is taken; its scopes: {listed}"

    def _table(self, table: str) -> str:
        base = configured(self._settings, AIRTABLE).options["base"]
        return f"{quote(base, safe='')}/{quote(table, safe='')}"

    def _send(
        self, method: str, path: str, json: Mapping[str, Any] | None, timeout: timedelta
    ) -> dict[str, Any]:
        settings = configured(self._settings, AIRTABLE)
        answer = self._http.request(
            method,
            f"{(settings.base_url or _BASE_URL).rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {settings.credentials['token']}"},
            json=json,
            timeout=timeout,
        )
        if not isinstance(answer.json, dict):
            raise _strange()
        return answer.json


CONNECTOR = Connector(AIRTABLE, AirtableClient, AirtableClient)


def _records(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    records = said.get("records")
    if not isinstance(records, list) or not all(
        isinstance(each, dict) and isinstance(each.get("fields"), dict) and "id" in each
        for each in records
    ):
        raise _strange()
    return records


def _strange() -> Transient:
    return Transient("unavailable", "Airtable gave an answer that is not its own", maybe_done=True)


@dataclass(frozen=True)
class Record:
    """A record; empty fields are not in it."""

    id: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """At most 100 records."""

    records: list[Record]
    count: int


@dataclass(frozen=True)
class Upserted:
    """The record, and whether it is new."""

    id: str
    is_new: bool


@action(
    "airtable.find",
    effect="read",
    example={"records": [{"id": "rec1", "fields": {"Name": "Ada"}}], "count": 1},
    errors=("not_found", "not_configured"),
    outward=True,
)
def find(
    airtable: AirtableClient,
    attempt: Attempt,
    *,
    table: str,
    where: dict[str, Any] | None = None,
    most: int | None = None,
) -> Found:
    """Find the records of a table whose fields have these values."""
    wanted = _MOST_RECORDS if most is None else most
    if not 1 <= wanted <= _MOST_RECORDS:
        raise Permanent("invalid_input", f"most is from 1 to {_MOST_RECORDS}")
    asked: dict[str, Any] = {"maxRecords": wanted}
    if where:
        asked["filterByFormula"] = formula(where)
    rows = airtable.find(table, asked, timeout=attempt.timeout)
    records = [Record(str(each["id"]), each["fields"]) for each in rows]
    return Found(records, len(records))


@action(
    "airtable.upsert",
    effect="idempotent",
    example={"id": "rec1", "is_new": True},
    errors=("not_found", "not_configured"),
    outward=True,
)
def upsert(
    airtable: AirtableClient,
    attempt: Attempt,
    *,
    table: str,
    fields: dict[str, Any],
    merge_on: list[str],
) -> Upserted:
    """Change the record whose `merge_on` fields have these values, or make it."""
    if not 1 <= len(merge_on) <= _MOST_MERGED or not set(merge_on) <= set(fields):
        raise Permanent(
            "invalid_input", f"merge_on names from 1 to {_MOST_MERGED} of the fields that are given"
        )
    return Upserted(*airtable.upsert(table, fields, merge_on, timeout=attempt.timeout))

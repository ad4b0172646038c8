"""A small clean project of its own, and how to plant a mistake into it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from hub.action import Action, action, actions_of
from hub.engine.findings import Finding
from hub.engine.project import Project, load_project
from hub.engine.settings import DialectFacts
from hub.ingest.signatures import AUTH_TYPES as ALL_AUTH_TYPES
from hub.signature import Phone, Sql, Url

AUTH_TYPES = {
    name: ALL_AUTH_TYPES[name] for name in ("shared_header", "bearer", "basic", "hmac_sha256")
}
DIALECTS = {
    "json": DialectFacts("json"),
    "vapi.tool": DialectFacts("vapi.tool", 5 * 1024 * 1024, is_tool=True),
    "calcom": DialectFacts("calcom"),
}


@dataclass(frozen=True)
class Seat:
    """A place that somebody took."""

    id: str
    number: Phone
    until: datetime
    note: str | None = None


@dataclass(frozen=True)
class Seats:
    """Several of them."""

    seats: list[Seat]


@action("seats.take", effect="idempotent", errors=("full", "unknown_guest"), example={})
def take(
    *,
    guest_id: UUID,
    starts_at: datetime,
    row: Literal["front", "back"],
    keep_for: timedelta | None = None,
    note: str | None = None,
) -> Seat:
    """Take a seat."""
    raise NotImplementedError


@action("seats.list", effect="read", example={})
def list_seats(*, at: datetime, limit: int | None = None) -> Seats:
    """All seats."""
    raise NotImplementedError


@action("chat.post", effect="once", errors=("channel_not_found",), example={}, outward=True)
def post(*, channel: str, text: str) -> None:
    """Post a message."""
    raise NotImplementedError


@action(
    "web.get",
    effect="read",
    example={},
    secret_inputs=("bearer",),
    literal_inputs=("method", "query"),
    template_inputs=("page",),
    file_or_text_inputs=("note",),
)
def fetch(
    *,
    url: Url,
    bearer: str | None = None,
    method: str | None = None,
    page: str | None = None,
    note: str | None = None,
    query: Sql | None = None,
    json: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Ask another service."""
    raise NotImplementedError


ACTIONS: dict[str, Action] = {each.name: each for each in actions_of(sys.modules[__name__])}

HUB = """\
hub: 1
timezone: Europe/Warsaw
mode: ${{ config.hub_mode }}

auth:
  broker:
    type: bearer
    secret: BROKER_TOKEN

config:
  hub_mode:
    type: string
    enum: [live, test, simulate]
    env: HUB_MODE
    default: simulate
  team:
    type: string
    env: TEAM

secrets:
  - BROKER_TOKEN
  - API_TOKEN
"""

SCHEMA = """\
{
  "type": "object",
  "properties": {
    "guest_id": {"type": "string", "format": "uuid"},
    "time": {"type": "string", "format": "date-time"},
    "row": {"type": "string", "enum": ["front", "back"]},
    "phone": {"type": "string", "format": "e164", "x-pii": true},
    "count": {"type": "integer"},
    "names": {"type": "array", "items": {"type": "string"}},
    "comment": {"type": "string"}
  },
  "required": ["guest_id", "time", "row", "count", "names"]
}
"""

BOOK = """\
# yaml-language-server: $schema=workflow.schema.json
hub: 1
title: Book a seat

endpoint:
  auth: broker
  payload: schemas/book.json
  dedupe:
    key: ${{ payload.guest_id }}/${{ payload.time }}
    window: 1h
  respond:
    within: 5s
    otherwise: Later.

vars:
  label: Row ${{ payload.row }}

steps:
  - id: seat
    call: take-seat
    with:
      guest_id: ${{ payload.guest_id }}
      time: ${{ payload.time }}
      row: ${{ payload.row }}
      comment: ${{ payload.comment | default(omit) }}
    on_error:
      - if: error.code == 'full'
        return: We are full.
        status: 409

  - reply: ${{ vars.label }} until ${{ steps.seat.until | local('long') }}

  - switch: payload.row
    cases:
      front:
        - vars: {place: near}
      back:
        - vars: {place: far}

  - if: payload.phone is set
    then:
      - id: tell
        do: chat.post
        with:
          channel: "#seats"
          text: ${{ payload.phone }} sits ${{ vars.place }}
        once_per: ${{ payload.guest_id }}
        retry: 3
        timeout: 10s
        on_error: continue
    else:
      - log: No phone for ${{ payload.guest_id }}

  - id: all
    do: seats.list
    with:
      at: ${{ payload.time | plus('1h') }}

  - id: calls
    for_each: seat in steps.all.seats
    max_parallel: 5
    on_item_error: continue
    collect: ${{ seat.number }}
    steps:
      - id: call
        do: chat.post
        with:
          channel: "#seats"
          text: ${{ seat.number }} ${{ seat.note | default('-') }}

  - if: steps.calls.failed > 0
    fail: not_all
    message: ${{ steps.calls.failed }} of ${{ steps.calls.count }}
"""

TAKE = """\
hub: 1
title: Take a seat

inputs:
  guest_id: {type: string, format: uuid}
  time: {type: string, format: date-time}
  row: {type: string, enum: [front, back], default: back}
  comment: {type: string, optional: true}

concurrency:
  key: ${{ inputs.guest_id }}

steps:
  - id: taken
    do: seats.take
    with:
      guest_id: ${{ inputs.guest_id }}
      starts_at: ${{ inputs.time }}
      row: ${{ inputs.row }}
      keep_for: 24h
      note: ${{ inputs.comment | default(omit) }}

  - return:
      number: ${{ steps.taken.number }}
      until: ${{ steps.taken.until }}
"""

SWEEP = """\
hub: 1
title: Sweep

schedule:
  cron: "*/5 * * * *"
  timezone: America/New_York

steps:
  - id: page
    do: web.get
    with:
      url: https://example.com/${{ run.id }}
      bearer: ${{ secrets.API_TOKEN }}
      method: GET

on_error:
  - id: tell
    do: chat.post
    with:
      channel: "#ops"
      text: The sweep of ${{ run.scheduled_at | local('long') }} failed with ${{ error.code }}
"""

FILES = {
    "hub.yaml": HUB,
    "schemas/book.json": SCHEMA,
    "workflows/book.yaml": BOOK,
    "workflows/take-seat.yaml": TAKE,
    "workflows/sweep.yaml": SWEEP,
}


def load(files: dict[str, str] | None = None) -> Project:
    """Load the project, or another set of files."""
    return load_project(
        FILES if files is None else files,
        actions=ACTIONS,
        auth_types=AUTH_TYPES,
        dialects=DIALECTS,
    )


def changed(path: str, old: str, new: str) -> dict[str, str]:
    """The files with one text replaced, which must stand there exactly once."""
    assert FILES[path].count(old) == 1, f"{old!r} stands {FILES[path].count(old)} times"
    return {**FILES, path: FILES[path].replace(old, new)}


def findings(files: dict[str, str]) -> list[Finding]:
    """What is wrong with these files."""
    return list(load(files).findings)

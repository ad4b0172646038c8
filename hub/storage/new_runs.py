"""What a request brings, before it is rows: its delivery and its runs, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.storage.json_text import WrittenJson, written_json


@dataclass(frozen=True)
class NewDelivery:
    """One received request. `body` is what came over the wire, sealed when `is_sealed` (I17)."""

    id: UUID
    endpoint: str
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes
    body_digest: bytes
    is_sealed: bool
    remote_ip: str | None
    received_at: datetime
    notes: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class NewRun:
    """One run to store. `turn` is its place under a workflow's `concurrency` (scope, digest).

    `is_bound_to_body`: the key belongs to one body; with another one nothing is stored (I8).
    `message_key`: what the signature covers, where the key itself may be of other parts of the
    request; whoever sends the message again gets this run, whatever key is named (S2).
    """

    id: UUID
    workflow: str
    version: str
    mode: str
    trigger: Mapping[str, Any]
    timeout: timedelta
    dedupe_key: str | None = None
    window: timedelta = timedelta(days=7)
    is_awaited: bool = False
    turn: tuple[str, bytes] | None = None
    scheduled_at: datetime | None = None
    retry_of: UUID | None = None
    is_bound_to_body: bool = False
    message_key: str | None = None
    message_window: timedelta = timedelta(0)
    written_trigger: WrittenJson | None = None

    def written(self) -> NewRun:
        """The same with its trigger as it is stored, and no more as a value (I14)."""
        return replace(self, trigger={}, written_trigger=written_json(self.trigger))


@dataclass(frozen=True)
class Recorded:
    """What became of one run of a request: a repeated key gives the first run's id (I7)."""

    run_id: UUID
    is_new: bool
    is_same_body: bool = True

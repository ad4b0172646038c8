"""Requests to endpoints of the project, proved as their callers prove themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from hub.engine.settings import ProjectSettings
from hub.engine.workflow import Endpoint
from hub.errors import NotPossible
from hub.testing.signing import signed
from hub.values import caller_key

_PART = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_PUBLIC, _OF_STAFF = "public", "caller_key"


@dataclass(frozen=True)
class Asked:
    """What is sent to an endpoint. `speaks_for` is the tenant whose staff sends it."""

    params: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    speaks_for: Any = None


@dataclass(frozen=True)
class Sendable:
    """A request as it goes over the wire."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Sender:
    """Makes requests for the endpoints of one hub, with the values of its secrets."""

    base_url: str
    settings: ProjectSettings
    secret: Callable[[str], str]
    now: Callable[[], datetime]

    def prepare(self, endpoint: Endpoint, asked: Asked, *, is_proved: bool = True) -> Sendable:
        """The request; raises `NotPossible` where nobody can prove it."""
        path = _PART.sub(
            lambda part: quote(str(asked.params.get(part[1], "-")), safe=""), endpoint.path
        )
        target = f"{path}?{urlencode(asked.query)}" if asked.query else path
        body = b"" if asked.body is None else json.dumps(asked.body).encode()
        headers = {**asked.headers, "content-type": "application/json"}
        if is_proved:
            headers = self._proved(endpoint, body, target, headers, asked.speaks_for)
        return Sendable(endpoint.method, target, body, headers)

    def proof(self, endpoint: Endpoint) -> str:
        """How a request to it proves itself, in words: the header, never what stands in it."""
        if endpoint.auth == _PUBLIC:
            return "public"
        preset = self.settings.auth[endpoint.auth]
        return f"{preset.header or preset.type} ({endpoint.auth})"

    def _proved(
        self, endpoint: Endpoint, body: bytes, target: str, headers: dict[str, str], tenant: Any
    ) -> dict[str, str]:
        if endpoint.auth == _PUBLIC:
            return headers
        preset = self.settings.auth[endpoint.auth]
        if preset.type == _OF_STAFF:
            return {**headers, **staff_header(_tenant(tenant), self.secret(preset.secrets[0]))}
        return signed(
            preset,
            body,
            headers,
            now=self.now(),
            settings=self.settings,
            method=endpoint.method,
            url=f"{self.base_url}{target}",
            secret=self.secret,
        )


def key_id(tenant: UUID) -> str:
    """The id of the demonstration's key of a tenant."""
    return f"demo-{tenant.hex}"


def staff_header(tenant: UUID, secret: str) -> dict[str, str]:
    """What staff of a tenant prove themselves with."""
    return {"authorization": f"Bearer {caller_key(key_id(tenant), secret.encode())}"}


def _tenant(given: Any) -> UUID:
    try:
        return UUID(str(given))
    except ValueError:
        raise NotPossible("staff speaks for a tenant: `speaksFor` is its id") from None

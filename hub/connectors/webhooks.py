"""Callbacks to platforms: `webhooks.send`, signed as Standard Webhooks says.

The id of a message is the same in all attempts of its step, so that a platform can tell that it
has it already; the time, and with it the signature, is that of the attempt.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import digest
from json import dumps
from typing import Any

from hub.action import Attempt, Clock, action
from hub.connectors.connections import (
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.http import Http, failure_of
from hub.errors import Permanent
from hub.signature import Url
from hub.values import format_instant, origin_of
from hub.values.secret_forms import STANDARD_WEBHOOKS_KEY as _KEY

__all__ = ["WebhooksClient", "send", "sign"]

_PREFIX = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # bytes
_GONE = 410

WEBHOOKS = ConnectionType(
    name="webhooks",
    title="Platforms that want callbacks, signed as Standard Webhooks says",
    actions=("webhooks.send",),
    credentials=(
        Field("secret", "signing secret: whsec_ and 24 to 64 bytes in base64", form=_KEY),
        Field("former_secret", "the one before, in a change-over", required=False, form=_KEY),
    ),
    options=(
        Field(
            "origins",
            "who may be called: https://platform.example.com, https://hooks.example.org:8443",
        ),
    ),
)


class WebhooksClient:
    """One signing secret and who may be called; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def send(self, attempt: Attempt, url: str, body: bytes, at: datetime) -> int:
        """Post a body and give back the status, a 2xx; raises `StepFailed`.

        A 410 means that nobody listens there any more: it is `gone`, and never tried again.
        """
        keys, origins = self._told()
        if origin_of(url) not in origins:
            raise Permanent("not_allowed", "the URL is of no origin that options.origins lists")
        message_id = f"msg_{sha256(attempt.key.encode()).hexdigest()[:32]}"
        seconds = int(at.timestamp())
        signatures = (sign(key, message_id, seconds, body) for key in keys)
        answer = self._http.exchange(
            "POST",
            url,
            headers={
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(seconds),
                "webhook-signature": " ".join(signatures),
            },
            content=body,
            timeout=attempt.timeout,
        )
        if answer.status == _GONE:
            raise Permanent("gone", "the platform wants no more callbacks there", status=_GONE)
        failure = failure_of(answer, what="the platform")
        if failure is not None:
            raise failure
        return answer.status

    def check(self) -> str:
        """Whether the secrets can sign, and for whom; asks nobody. Raises `StepFailed`."""
        keys, origins = self._told()
        return f"{len(keys)} secret(s) can sign; {len(origins)} origin(s) may be called"

    def _told(self) -> tuple[list[bytes], set[str]]:
        settings = configured(self._settings, WEBHOOKS)
        names = ("secret", "former_secret")
        keys = [_key(settings, name) for name in names if settings.credentials.get(name)]
        origins = set()
        for each in settings.options["origins"].split(","):
            origin = origin_of(each.strip())
            if origin is None:
                raise Permanent(
                    "not_configured",
                    f"the connection {settings.name}: options.origins lists origins such as"
                    " https://platform.example.com, with commas between them",
                )
            origins.add(origin)
        return keys, origins


CONNECTOR = Connector(WEBHOOKS, WebhooksClient, WebhooksClient)


def sign(key: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """One entry of `webhook-signature`."""
    signed = f"{message_id}.{seconds}.".encode() + body
    return f"v1,{b64encode(digest(key, signed, 'sha256')).decode()}"


def _key(settings: ConnectionSettings, name: str) -> bytes:
    """The bytes of a secret; raises `Permanent("not_configured")` that does not show it."""
    text = settings.credentials[name].removeprefix(_PREFIX)
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Error, ValueError):
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise Permanent(
            "not_configured",
            f"the connection {settings.name}: credentials.{name} is not {_PREFIX} and"
            f" {_SHORTEST_KEY} to {_LONGEST_KEY} bytes in base64",
        )
    return key


@dataclass(frozen=True)
class Delivered:
    """What the platform answered."""

    status: int


@action(
    "webhooks.send",
    effect="keyed",
    example={"status": 200},
    errors=("not_allowed", "gone", "not_configured", "address_not_allowed"),
    outward=True,
    destination_inputs={"url": "url"},  # a callback of a test reaches nobody who did not ask for it
)
def send(
    webhooks: WebhooksClient,
    attempt: Attempt,
    clock: Clock,
    *,
    url: Url,
    type_: str,
    data: dict[str, Any],
) -> Delivered:
    """Post a signed event to a platform; allowed origins only."""
    at = clock.now()
    event = {"type": type_, "timestamp": format_instant(at), "data": data}
    body = dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Delivered(webhooks.send(attempt, url, body, at))

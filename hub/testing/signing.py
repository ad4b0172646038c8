"""Signing raw requests as their callers would, with secrets that only tests have."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hub.engine.settings import AuthPreset, ProjectSettings
from hub.ingest.signatures import AUTH_TYPES

_MESSAGE_ID = "msg_test"
_BASE64_SECRETS = ("standard_webhooks",)

Headers = dict[str, str]


def secret_value(name: str, settings: ProjectSettings) -> str:
    """The value of a secret in tests: `test-NAME`.

    A preset that wants base64 gets it in base64; other values would prove nobody.
    """
    text = f"test-{name}"
    for preset in settings.auth.values():
        if name in preset.secrets and preset.type in _BASE64_SECRETS:
            return "whsec_" + base64.b64encode(text.encode()).decode()
        if name in preset.secrets and preset.options.get("secret_is_base64"):
            return base64.b64encode(text.encode()).decode()
    return text


def signed(
    preset: AuthPreset,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: datetime,
    settings: ProjectSettings,
) -> Headers:
    """The headers of a request; without any of the preset's own they get valid credentials.

    Names are in lower case. A header that the test gives, also an empty one, stays as it is.
    """
    options = {**AUTH_TYPES[preset.type].options, **preset.options}
    sign = _SIGNERS.get(preset.type)
    if sign is None or not preset.secrets:
        return dict(headers)
    secret = secret_value(preset.secrets[0], settings).encode()
    added = {name.lower(): value for name, value in sign(options, secret, body, now).items()}
    if any(name in headers for name in added):
        return dict(headers)
    return {**added, **headers}


def _shared(options: Mapping[str, Any], secret: bytes, _: bytes, __: datetime) -> Headers:
    return {options["header"]: options["prefix"] + secret.decode()}


def _basic(options: Mapping[str, Any], secret: bytes, _: bytes, __: datetime) -> Headers:
    pair = f"{options['username']}:{secret.decode()}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _hmac(options: Mapping[str, Any], secret: bytes, body: bytes, _: datetime) -> Headers:
    digest = hmac.new(secret, body, str(options["algorithm"])).digest()
    return {options["header"]: options["prefix"] + _encoded(digest, options["encoding"])}


def _vapi_hmac(options: Mapping[str, Any], secret: bytes, body: bytes, now: datetime) -> Headers:
    moment = _seconds(now)
    parts = {"{body}": body, "{timestamp}": moment.encode(), "{svix-id}": _MESSAGE_ID.encode()}
    message = str(options["payload_format"]).encode()
    for name, value in parts.items():
        message = message.replace(name.encode(), value)
    key = base64.b64decode(secret) if options["secret_is_base64"] else secret
    digest = hmac.new(key, message, str(options["algorithm"])).digest()
    headers = {options["header"]: options["prefix"] + _encoded(digest, options["encoding"])}
    if options["include_timestamp"]:
        headers[options["timestamp_header"]] = moment
    if options["message_id_header"]:
        headers[options["message_id_header"]] = _MESSAGE_ID
    return headers


def _standard(_: Mapping[str, Any], secret: bytes, body: bytes, now: datetime) -> Headers:
    moment = _seconds(now)
    message = b".".join((_MESSAGE_ID.encode(), moment.encode(), body))
    key = base64.b64decode(secret.removeprefix(b"whsec_"))
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return {
        "webhook-id": _MESSAGE_ID,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _timestamped(options: Mapping[str, Any], secret: bytes, body: bytes, now: datetime) -> Headers:
    moment = _seconds(now)
    digest = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {options["header"]: f"t={moment},{options['scheme']}={digest}"}


def _slack(_: Mapping[str, Any], secret: bytes, body: bytes, now: datetime) -> Headers:
    moment = _seconds(now)
    digest = hmac.new(secret, f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": moment, "x-slack-signature": f"v0={digest}"}


def _retell(_: Mapping[str, Any], secret: bytes, body: bytes, now: datetime) -> Headers:
    moment = _seconds(now)
    digest = hmac.new(secret, body + moment.encode(), hashlib.sha256).hexdigest()
    return {"x-retell-signature": f"v={moment},d={digest}"}


def _seconds(now: datetime) -> str:
    return str(int(now.timestamp()))


def _encoded(digest: bytes, encoding: str) -> str:
    return base64.b64encode(digest).decode() if encoding == "base64" else digest.hex()


_SIGNERS: Mapping[str, Callable[[Mapping[str, Any], bytes, bytes, datetime], Headers]] = {
    "shared_header": _shared,
    "bearer": _shared,
    "basic": _basic,
    "hmac_sha256": _hmac,
    "vapi_hmac": _vapi_hmac,
    "standard_webhooks": _standard,
    "stripe_signature": _timestamped,
    "slack": _slack,
    "retell": _retell,
}

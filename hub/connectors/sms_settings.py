"""What a connection to Twilio says, and to services that speak its language: pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from hub.action import Attempt
from hub.connectors.connections import ConnectionSettings, ConnectionType, Field
from hub.connectors.sms_codes import ERROR_CODES, Verdict
from hub.errors import Permanent

_MESSAGING_SERVICE = "MG"
_BASE_URL = "https://api.twilio.com"

TWILIO = ConnectionType(
    name="twilio",
    title="Twilio, or a service that speaks its language (SignalWire)",
    actions=("twilio.send_sms", "twilio.get_message"),
    credentials=(
        Field("account_sid", "account SID (AC…), or the project id of SignalWire"),
        Field("auth_token", "auth token, or the secret of the API key"),
        Field("api_key_sid", "API key SID (SK…), where a key is used", required=False),
    ),
    options=(
        Field(
            "from",
            "sender when the step names none: a number as +E.164, or a messaging service (MG…)",
            required=False,
        ),
        Field(
            "provider",
            "whose error codes apply: twilio (default) or signalwire",
            required=False,
        ),
        Field(
            "status_callback",
            "path of the endpoint that hears what became of messages; needs HUB_PUBLIC_URL as"
            " https://…",
            required=False,
            is_callback=True,
        ),
    ),
    base_url=Field(
        "base_url",
        "default https://api.twilio.com; SignalWire: https://SPACE.signalwire.com/api/laml",
        required=False,
    ),
)


def base_url_of(settings: ConnectionSettings) -> str:
    """Where the service lies, without a slash at its end."""
    return (settings.base_url or _BASE_URL).rstrip("/")


def codes_of(settings: ConnectionSettings) -> Mapping[str, Verdict]:
    """What the error codes of its provider mean; raises `Permanent("not_configured")`."""
    provider = settings.options.get("provider", "twilio")
    if provider not in ERROR_CODES:
        known = " or ".join(ERROR_CODES)
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml: options.provider must be {known}",
        )
    return ERROR_CODES[provider]


def sender_of(settings: ConnectionSettings, sender: str | None) -> dict[str, str]:
    """Who sends, as the API takes it: a number or a service; raises `Permanent`."""
    if not sender:
        raise Permanent(
            "not_configured",
            f"no sender: give the step a from, or the connection {settings.name} of hub.yaml an"
            " options.from",
        )
    if sender.startswith(_MESSAGING_SERVICE):
        return {"messaging_service_sid": sender}
    return {"from_": sender}


def callback_of(settings: ConnectionSettings, attempt: Attempt) -> dict[str, str]:
    """Where to tell what became of it: with the step, as the answer with the SID may be lost.

    What is told is about people, so it is asked for by https alone.
    """
    path = settings.options.get("status_callback")
    if not path or not settings.public_url.startswith("https://"):
        return {}
    step = urlencode({"run": str(attempt.run_id), "step": attempt.path})
    return {"status_callback": f"{settings.public_url}{path}{'&' if '?' in path else '?'}{step}"}

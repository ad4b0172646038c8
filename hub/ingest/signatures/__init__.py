"""Who sent this? Pure verifiers: headers, raw body, live secrets, now → `Verified`, or 401.

Every comparison is constant-time and on bytes; whatever is malformed is a plain 401 (S1).
Timestamps count in seconds or milliseconds and must lie within the tolerance, either way (S2).
What each vendor signs is told by `wire-formats`, section 0.3. A new way to prove oneself is one
pure function in a module beside this one, where none of theirs fits, and one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hub.ingest.signatures.building_blocks import MOST_SIGNATURES
from hub.ingest.signatures.evidence import (
    TOLERANCE,
    AuthType,
    Evidence,
    Preset,
    Unsigned,
    Verified,
    Verifier,
    refused,
)
from hub.ingest.signatures.hmac_of_body import hmac_of_body, vapi_hmac
from hub.ingest.signatures.public_key import rsa_of_body
from hub.ingest.signatures.shared_secret import (
    basic,
    bearer,
    caller_key,
    client_state,
    public,
    shared_header,
)
from hub.ingest.signatures.standard_webhooks import standard_webhooks
from hub.ingest.signatures.timestamped import retell, slack, timestamped
from hub.ingest.signatures.url_schemes import hubspot, hubspot_v2, signalwire, square, twilio
from hub.values.secret_forms import STANDARD_WEBHOOKS_KEY

__all__ = [
    "AUTH_TYPES",
    "MOST_SIGNATURES",
    "TOLERANCE",
    "AuthType",
    "Evidence",
    "Preset",
    "Unsigned",
    "Verified",
    "refused",
    "verify",
]

_FOR_EVER: Mapping[str, Any] = MappingProxyType({})  # right for ever, whatever the options are


def _body_signed(header: str, proof: str, **other: Any) -> AuthType:
    """One of those who sign the body alone; `other` than SHA-256 in hex without a prefix."""
    usual = {"prefix": "", "encoding": "hex", "algorithm": "sha256"}
    return AuthType(
        hmac_of_body,
        fixed={"header": header, **usual, **other},
        proof=f"{proof}: HMAC of the raw body in `{header}`",
        lasting_when=_FOR_EVER,
    )


def _time_signed(header: str, scheme: str, proof: str, past: int = 300) -> AuthType:
    return AuthType(
        timestamped,
        fixed={"header": header, "scheme": scheme, "tolerance_past": past},
        proof=f"{proof}: time and body in `{header}`",
    )


def _of_vendor(verifier: Verifier, header: str, proof: str, **other: Any) -> AuthType:
    fixed = {"header": header}
    return AuthType(verifier, fixed=fixed, proof=f"{proof}, in `{header}`", **other)


AUTH_TYPES: Mapping[str, AuthType] = {
    "public": AuthType(public, proof="nothing: anybody may call", needs_secret=False),
    "shared_header": AuthType(
        shared_header, {"header": None, "prefix": ""}, proof="a header that holds the secret"
    ),
    "bearer": AuthType(
        bearer,
        {"header": "Authorization", "prefix": "Bearer "},
        proof="`Authorization: Bearer <secret>`",
    ),
    "basic": AuthType(basic, {"username": None}, proof="user name and password"),
    "caller_key": AuthType(
        caller_key,
        fixed={"header": "Authorization", "prefix": "Bearer "},
        proof="`Authorization: Bearer <key>`, with a key of its own for each caller",
        names_caller=True,
    ),
    "hmac_sha256": AuthType(
        hmac_of_body,
        {"header": None, "prefix": "", "encoding": "hex", "algorithm": "sha256"},
        proof="HMAC of the raw body in a header",
        lasting_when=_FOR_EVER,
    ),
    "vapi_secret": AuthType(
        shared_header,
        fixed={"header": "X-Vapi-Secret", "prefix": ""},
        proof="Vapi: the secret in `X-Vapi-Secret`",
    ),
    "vapi_hmac": AuthType(
        vapi_hmac,
        {
            "header": "x-signature",
            "timestamp_header": "x-timestamp",
            "prefix": "",
            "algorithm": "sha256",
            "include_timestamp": True,
            "payload_format": "{timestamp}.{body}",
            "message_id_header": "",
            "encoding": "hex",
            "secret_is_base64": False,
        },
        proof="Vapi's HMAC credential, as it is set at Vapi",
        lasting_when={"include_timestamp": False, "message_id_header": ""},
    ),
    "standard_webhooks": AuthType(
        standard_webhooks,
        fixed={"header": "webhook-signature"},
        proof="Standard Webhooks, Svix, OpenAI: id, time and body",
        secret_form=STANDARD_WEBHOOKS_KEY,
    ),
    "stripe_signature": AuthType(
        timestamped,
        {"header": "Stripe-Signature", "scheme": "v1", "tolerance_past": 300},
        proof="Stripe, or who signs as it does: time and body in `Stripe-Signature`",
    ),
    "slack": _of_vendor(slack, "X-Slack-Signature", "Slack: time and body"),
    "retell": _of_vendor(retell, "X-Retell-Signature", "Retell: body and time"),
    "acuity": _body_signed("X-Acuity-Signature", "Acuity", encoding="base64"),
    "bland": _body_signed("X-Webhook-Signature", "Bland"),
    "calcom": _body_signed("X-Cal-Signature-256", "Cal.com"),
    "github": _body_signed("X-Hub-Signature-256", "GitHub", prefix="sha256="),
    "calendly": _time_signed("Calendly-Webhook-Signature", "v1", "Calendly"),
    "elevenlabs": _time_signed("ElevenLabs-Signature", "v0", "ElevenLabs", past=1800),
    "twilio": _of_vendor(
        twilio,
        "X-Twilio-Signature",
        "Twilio: public URL and form, or a URL with the body's `bodySHA256`",
        lasting_when=_FOR_EVER,
    ),
    "signalwire": _of_vendor(
        signalwire,
        "X-SignalWire-Signature",
        "SignalWire: public URL and body",
        lasting_when=_FOR_EVER,
    ),
    "square": _of_vendor(
        square,
        "x-square-hmacsha256-signature",
        "Square: public URL and body",
        lasting_when=_FOR_EVER,
    ),
    "hubspot": _of_vendor(
        hubspot, "X-HubSpot-Signature-v3", "HubSpot, version 3: method, public URL, body and time"
    ),
    "hubspot_v2": _of_vendor(
        hubspot_v2,
        "X-HubSpot-Signature",
        "HubSpot, version 2: method, public URL and body",
        lasting_when=_FOR_EVER,
    ),
    "gohighlevel": _of_vendor(
        rsa_of_body,
        "x-wh-signature",
        "GoHighLevel: RSA over the raw body; the secret is its published public key (PEM)",
        lasting_when=_FOR_EVER,
    ),
    "google_calendar": AuthType(
        shared_header,
        fixed={"header": "X-Goog-Channel-Token", "prefix": ""},
        proof="Google push: the token of your channel in `X-Goog-Channel-Token`",
    ),
    "microsoft_graph": AuthType(
        client_state, proof="Microsoft Graph: `clientState` of each notification in the body"
    ),
}


def verify(
    preset: Preset,
    *,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime,
    method: str = "POST",
    url: str = "",
    auth_types: Mapping[str, AuthType] = AUTH_TYPES,
) -> Verified:
    """Prove the sender by any of the live secrets; raises `Rejected` 401 (S1, S2).

    No secret that is set means nobody can be proved: 401 (fail closed).
    """
    kind = auth_types[preset.type]
    evidence = Evidence(
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        secrets=tuple(secret.encode() for secret in secrets if secret),
        now=now,
        method=method,
        url=url,
    )
    if kind.needs_secret and not evidence.secrets:
        raise refused("no secret is set that could prove anybody")
    try:
        return kind.verify(evidence, kind.chosen(preset.options))
    except (ValueError, ArithmeticError):  # such as a time that no clock has
        raise refused("the proof has not the form that this `auth` reads") from None

"""One endpoint of each kind, and callers that can prove themselves to it over a bare socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import time  # noqa: TID251 - callers sign with their own clock

from hub.ingest.dialects.contract import SMALL_BODY, VOICE_BODY
from tests.acceptance.counter import FILES, GOOD, SECRETS, VAPI, sample

_STANDARD_KEY = base64.b64encode(b"standard-key-of-the-tests").decode()
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ENVIRONMENT = {
    **SECRETS,
    "STANDARD_WEBHOOK_SECRET": f"whsec_{_STANDARD_KEY}",
}
MESSAGE = {"id": "evt_1", "type": "user.created", "data": {"name": "Ada"}}
_STEPS = "steps:\n  - log: heard\n"


def _flow(title: str, endpoint: str, steps: str = _STEPS) -> str:
    return f"hub: 1\ntitle: {title}\nendpoint:\n{endpoint}{steps}"


_STANDARD = "\n  standard: {type: standard_webhooks, secret: STANDARD_WEBHOOK_SECRET}\nsecrets:"
_SETTINGS = FILES["hub.yaml"].rstrip().removesuffix("]") + ", STANDARD_WEBHOOK_SECRET]\n"

FILES_OF_ALL_KINDS = {
    **FILES,
    "hub.yaml": _SETTINGS.replace("\nsecrets:", _STANDARD),
    "workflows/form.yaml": _flow(
        "Takes a form", "  dialect: form\n  auth: public\n  payload: schemas/booked.json\n"
    ),
    "workflows/standard.yaml": _flow(
        "Hears messages", "  dialect: standard_webhooks\n  auth: standard\n"
    ),
    "workflows/cloud.yaml": _flow("Hears events", "  dialect: cloudevents\n  auth: broker\n"),
    "workflows/payments.yaml": _flow("Hears payments", "  dialect: stripe\n  auth: stripe\n"),
    "workflows/seen.yaml": _flow(
        "Is asked for",
        "  method: GET\n  path: /webhook/seen/{lead}\n  auth: broker\n"
        "  params:\n    lead: {type: string, format: uuid}\n"
        "  query:\n    most: {type: integer, default: 3}\n",
    ),
    "workflows/rests.yaml": _flow("Rests", "  auth: broker\n", "enabled: false\n" + _STEPS),
    "workflows/broken.yaml": _flow("Is broken", "  auth: broker\n", "steps:\n  - replay: it\n"),
}

Sign = Callable[[bytes], Mapping[str, str]]


def _header(name: str, value: str) -> Sign:
    return lambda _: {name: value}


def _calendar(body: bytes) -> Mapping[str, str]:
    secret = SECRETS["CALCOM_WEBHOOK_SECRET"].encode()
    return {"X-Cal-Signature-256": hmac.new(secret, body, hashlib.sha256).hexdigest()}


def _payments(body: bytes) -> Mapping[str, str]:
    moment = str(int(time()))
    secret = SECRETS["STRIPE_WEBHOOK_SECRET"].encode()
    digest = hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={digest}"}


def standard(body: bytes, *, message: str | None = None) -> Mapping[str, str]:
    """The headers of a message, each with an id of its own if none is given."""
    moment = str(int(time()))
    named = message or hashlib.sha256(body).hexdigest()[:20]
    signed = f"{named}.{moment}.".encode() + body
    digest = hmac.new(base64.b64decode(_STANDARD_KEY), signed, hashlib.sha256).digest()
    return {
        "webhook-id": named,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


_BROKER = _header("Authorization", f"Bearer {SECRETS['BROKER_API_TOKEN']}")
_VOICE = _header("X-Vapi-Secret", VAPI["X-Vapi-Secret"])
_NOBODY: Sign = lambda _: {}  # noqa: E731 - one more of them
_BOOKED = json.dumps(GOOD).encode()


@dataclass(frozen=True)
class Kind:
    """An endpoint: where it lies, how its callers prove themselves, and what it does with faults.

    `status`: what everybody hears who comes through the server's own checks. `on_value`,
    `on_schema`: what is said to a proved caller whose values cannot be stored, or do not fit.
    """

    name: str
    path: str
    method: str = "POST"
    media_type: str = JSON
    good: bytes = _BOOKED
    sign: Sign = field(default=_BROKER)
    status: int | None = None
    on_value: int = 422
    on_schema: int = 422
    limit: int = SMALL_BODY
    is_open: bool = False

    @property
    def has_body(self) -> bool:
        return self.method == "POST"

    def headers(self, body: bytes) -> dict[str, str]:
        """What a good caller sends with this body, but for its length."""
        said = {"Host": "hub", **self.sign(body)}
        return {**said, "Content-Type": self.media_type} if self.has_body else said


KINDS = (
    Kind("json", "/webhook/plain"),
    Kind("answered at once", "/webhook/at-once"),
    Kind("waiting", "/webhook/waits"),
    Kind(
        "form",
        "/webhook/form",
        media_type=FORM,
        good=b"lead_id=5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21&appointment_time=2025-12-03T19:00:00Z",
        sign=_NOBODY,
        is_open=True,
    ),
    Kind(
        "standard_webhooks",
        "/webhook/standard",
        good=json.dumps(MESSAGE).encode(),
        sign=standard,
        on_value=200,
        on_schema=200,
    ),
    Kind(
        "cloudevents",
        "/webhook/cloud",
        media_type="application/cloudevents+json",
        good=json.dumps({**MESSAGE, "specversion": "1.0", "source": "/users"}).encode(),
        on_value=200,
        on_schema=200,
    ),
    Kind(
        "stripe",
        "/webhook/payments",
        good=sample("stripe/checkout.session.completed"),
        sign=_payments,
        on_value=200,
        on_schema=200,
    ),
    Kind(
        "calcom",
        "/webhook/events",
        good=sample("calcom/BOOKING_CREATED"),
        sign=_calendar,
        on_value=200,
        on_schema=200,
    ),
    Kind(
        "vapi.tool",
        "/webhook/voice",
        good=sample("vapi/tool-calls"),
        sign=_VOICE,
        limit=VOICE_BODY,
    ),
    Kind(
        "vapi.event",
        "/webhook/reports",
        good=sample("vapi/end-of-call-report"),
        sign=_VOICE,
        on_value=200,
        on_schema=200,
        limit=VOICE_BODY,
    ),
    Kind("GET", "/webhook/seen/5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21", method="GET", good=b""),
    Kind("switched off", "/webhook/rests", status=404),
    Kind("broken file", "/webhook/broken", status=503),
    Kind("unknown", "/webhook/nobody", status=404),
    Kind("healthz", "/healthz", status=405),
    Kind("readyz", "/readyz", status=405),
    Kind("openapi", "/openapi.json", status=405),
)


def write_project(folder: Path) -> None:
    """The files of all endpoints."""
    for path, content in FILES_OF_ALL_KINDS.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")


def wire(
    method: str, target: str, headers: Mapping[str, str], body: bytes = b"", version: str = "1.1"
) -> bytes:
    """A request as bytes; a body brings its length along unless the headers say something."""
    framed = {name.lower() for name in headers} & {"content-length", "transfer-encoding"}
    given = dict(headers)
    if not framed and (body or method == "POST"):
        given["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/{version}", *(f"{n}: {v}" for n, v in given.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

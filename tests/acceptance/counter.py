"""A hub with a small project of its own, its web side, and rows to look at: what callers meet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from hub.bootstrap import Hub, open_hub
from hub.config import Settings
from hub.web import create_app
from tests.fakes.clock import FakeClock

SAMPLES = Path(__file__).parents[1] / "samples"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRETS = {
    "VAPI_WEBHOOK_SECRET": "example-shared-secret",
    "BROKER_API_TOKEN": "example-bearer-token",
    "CALCOM_WEBHOOK_SECRET": "cal-secret",
    "STRIPE_WEBHOOK_SECRET": "whsec_example_stripe",
}
VAPI = {"X-Vapi-Secret": "example-shared-secret"}
BROKER = {"Authorization": "Bearer example-bearer-token"}
BOOKED = {
    "type": "object",
    "properties": {
        "lead_id": {"type": "string", "format": "uuid"},
        "appointment_time": {"type": "string", "format": "date-time"},
    },
    "required": ["lead_id", "appointment_time"],
}
GOOD = {
    "lead_id": "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21",
    "appointment_time": "2025-12-03T19:00:00Z",
}
FILES = {
    "hub.yaml": """
hub: 1
auth:
  vapi: {type: shared_header, header: X-Vapi-Secret, secret: VAPI_WEBHOOK_SECRET}
  broker: {type: bearer, secret: BROKER_API_TOKEN}
  calcom: {type: hmac_sha256, header: X-Cal-Signature-256, secret: CALCOM_WEBHOOK_SECRET}
  stripe: {type: stripe_signature, header: Stripe-Signature, secret: STRIPE_WEBHOOK_SECRET}
secrets:
  [VAPI_WEBHOOK_SECRET, BROKER_API_TOKEN, CALCOM_WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET]
""",
    "schemas/booked.json": json.dumps(BOOKED),
    "workflows/plain.yaml": """
hub: 1
title: Takes a booking
endpoint:
  auth: broker
  payload: schemas/booked.json
steps:
  - return: done
""",
    "workflows/voice.yaml": """
hub: 1
title: Books by voice
endpoint:
  auth: vapi
  dialect: vapi.tool
  tool: book_appointment
  payload: schemas/booked.json
  respond:
    within: 1s
    otherwise: The appointment is being saved.
    failed: That did not work.
steps:
  - reply: Booked.
""",
    "workflows/at-once.yaml": """
hub: 1
title: Answers at once
endpoint:
  auth: broker
  payload: schemas/booked.json
  respond:
    at_once: {request: "${{ request.id }}"}
    status: 201
steps:
  - log: hello
""",
    "workflows/waits.yaml": """
hub: 1
title: Waits for a reply
endpoint:
  auth: broker
  payload: schemas/booked.json
  respond:
    within: 1s
    otherwise: {status: later}
steps:
  - reply: {status: now}
""",
    "workflows/events.yaml": """
hub: 1
title: Hears the calendar
endpoint:
  auth: calcom
  dialect: calcom
steps:
  - log: heard
""",
    "workflows/reports.yaml": """
hub: 1
title: Hears of calls
endpoint:
  auth: vapi
  dialect: vapi.event
steps:
  - log: heard
""",
}


class Counter:
    """Sends requests and looks at the rows they leave."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.client: FlaskClient = create_app(hub).test_client()

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        media_type: str | None = "application/json",
    ) -> TestResponse:
        """Send a body: bytes as they are, anything else as JSON."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.open(
            path, method=method, data=sent, headers=dict(headers or {}), content_type=media_type
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in the order in which they came."""
        order = {"deliveries": "received_at, id", "runs": "created_at, id"}[table]
        with self.hub.database.connect() as connection:
            found = connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}"))  # noqa: S608
            return [dict(row) for row in found.mappings()]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The runs."""
        return self.rows("runs")

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries."""
        return self.rows("deliveries")

    def reply(self, run_id: Any, body: Any, *, status: int = 200, failed: bool = False) -> None:
        """Do what a worker does when the run replies."""
        response = {"status": status, "body": body, "headers": {}, "failed": failed}
        with self.hub.database.begin() as connection:
            connection.execute(
                text("UPDATE runs SET response = CAST(:response AS jsonb) WHERE id = :id"),
                {"response": json.dumps(response), "id": run_id},
            )
            connection.execute(text("SELECT pg_notify('hub_answers', :id)"), {"id": str(run_id)})


def sample(name: str) -> bytes:
    """The bytes of a sample."""
    return (SAMPLES / f"{name}.json").read_bytes()


@contextmanager
def open_counter(
    folder: Path,
    *,
    database_url: str,
    redis_url: str,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    listens: bool = False,
) -> Iterator[Counter]:
    """A hub over the files above and `files`; it `listens` for replies, or looks now and then."""
    for path, content in {**FILES, **(files or {})}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    settings = Settings.from_environment(
        {
            "HUB_DATABASE_URL": database_url,
            "HUB_REDIS_URL": redis_url,
            "HUB_ENCRYPTION_KEY": KEY,
            **SECRETS,
            **(environment or {}),
        },
        project=folder,
    )
    hub = open_hub(settings, role="web", clock=FakeClock())
    if listens:
        hub.answers.start()
    try:
        yield Counter(hub)
    finally:
        if listens:
            hub.answers.stop()
        hub.close()

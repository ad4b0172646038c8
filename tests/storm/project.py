"""The project of a storm: the tool call of the shipped workflows, and one file for each effect."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.processes.house import ROOT

SENT_TO, OPTED_OUT = "+14155552671", "+14155552672"
ACCOUNT_SID, AUTH_TOKEN, SLACK_TOKEN = "AC" + "5" * 32, "token-of-the-storm", "xoxb-of-the-storm"
NAP_SECONDS = 2
NOT_YET = "The appointment is being saved. A confirmation will follow shortly."

_SHIPPED = ("vapi-appointment-booked", "hold-phone-for-appointment", "announce-appointment")
_SETTINGS = """\
hub: 1
mode: live
base_path: /webhook
auth:
  vapi: {type: shared_header, header: X-Vapi-Secret, secret: VAPI_WEBHOOK_SECRET}
  broker: {type: bearer, secret: BROKER_API_TOKEN}
secrets: [VAPI_WEBHOOK_SECRET, BROKER_API_TOKEN, SLACK_BOT_TOKEN, TWILIO_ACCOUNT_SID,
          TWILIO_AUTH_TOKEN]
connections:
  slack:
    type: slack
    base_url: SLACK
    credentials: {token: SLACK_BOT_TOKEN}
  twilio:
    type: twilio
    base_url: TWILIO
    credentials: {account_sid: TWILIO_ACCOUNT_SID, auth_token: TWILIO_AUTH_TOKEN}
    options: {from: "+14155552670"}
outbound_allow:
  - network: 127.0.0.1/32
    ports: [PORTS]
"""
_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "lead": {"type": "string", "format": "uuid"},
        "partner": {"type": "string"},
        "to": {"type": "string", "format": "e164"},
    },
    "required": ["id", "lead"],
    "additionalProperties": False,
}
_HEAD = """\
hub: 1
title: {title}
endpoint:
  auth: broker
  payload: schemas/storm.json
  respond: {respond}
steps:
"""
_NOTED = """\
  - id: noted
    do: interactions.log
    with:
      lead_id: ${{ payload.lead }}
      kind: call
      reference: ${{ payload.id }}
      outcome: KIND
"""
_ACCEPTED = "accepted"
_WITHIN = "{{within: 2s, otherwise: {{id: '${{{{ payload.id }}}}', later: true}}}}".format()
_STEPS: dict[str, tuple[str, str]] = {
    "notes": (
        _ACCEPTED,
        _NOTED
        + """\
  - id: lead
    do: leads.update
    with:
      lead_id: ${{ payload.lead }}
      set: {last_call_outcome: "${{ payload.id }}"}
""",
    ),
    "asks": (_WITHIN, _NOTED + "  - return: {id: '${{ payload.id }}', done: true}\n"),
    "puts": (
        _ACCEPTED,
        """\
  - id: told
    do: http.put
    with:
      url: RECEIVER/things/${{ payload.id }}
      json: {id: "${{ payload.id }}", at: "${{ now() }}"}
"""
        + _NOTED,
    ),
    "texts": (
        _ACCEPTED,
        """\
  - id: sent
    do: twilio.send_sms
    with:
      to: ${{ payload.to | required }}
      text: ${{ payload.id }}
"""
        + _NOTED,
    ),
    "waits": (
        _ACCEPTED,
        """\
  - id: rung
    wait:
      for: storm.rung
      key: ${{ payload.id }}
    timeout: 1h
    on_timeout:
      - fail: nobody_rang
"""
        + _NOTED,
    ),
    "emits": (
        _ACCEPTED,
        """\
  - emit: storm.rung
    key: ${{ payload.partner | required }}
    data: {by: "${{ payload.id }}"}
"""
        + _NOTED,
    ),
    "naps": (_ACCEPTED, f"  - id: nap\n    wait: {NAP_SECONDS}s\n{_NOTED}"),
}
SECRETS = {
    "SLACK_BOT_TOKEN": SLACK_TOKEN,
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
}


def write(folder: Path, *, receiver: str, slack: str, twilio: str) -> None:
    """Write the project into a folder; the services are named by their URLs."""
    for name in ("workflows", "schemas/events"):
        (folder / name).mkdir(parents=True)
    ports = ", ".join(
        each.rpartition(":")[2].partition("/")[0] for each in (receiver, slack, twilio)
    )
    settings = _SETTINGS.replace("SLACK\n", f"{slack}\n").replace("TWILIO\n", f"{twilio}\n")
    (folder / "hub.yaml").write_text(settings.replace("PORTS", ports))
    (folder / "schemas/storm.json").write_text(json.dumps(_SCHEMA))
    event = {"type": "object", "properties": {"by": {"type": "string"}}}
    (folder / "schemas/events/storm.rung.json").write_text(json.dumps(event))
    for name in _SHIPPED:
        text = (ROOT / "workflows" / f"{name}.yaml").read_text()
        (folder / f"workflows/{name}.yaml").write_text(text.replace("within: 5s", "within: 2s"))
    shutil.copy(ROOT / "schemas/vapi-appointment-booked.json", folder / "schemas")
    for kind, (respond, steps) in _STEPS.items():
        head = _HEAD.format(title=f"A webhook that {kind}", respond=respond)
        body = steps.replace("RECEIVER", receiver).replace("KIND", kind)
        (folder / f"workflows/{kind}.yaml").write_text(head + body)


def save_again(folder: Path, pick: int) -> str:
    """Save one of the files with another title, as an editor does it; its name."""
    kind = sorted(_STEPS)[pick % len(_STEPS)]
    place = folder / "workflows" / f"{kind}.yaml"
    lines = place.read_text().splitlines(keepends=True)
    lines[1] = f"title: A webhook that {kind}, saved as {pick}\n"
    draft = place.with_suffix(".draft")
    draft.write_text("".join(lines))
    draft.replace(place)
    return kind

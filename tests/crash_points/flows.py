"""A workflow for each kind of step, with effects that are seen from outside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.crash_points import vendors

SECRET = "secret-of-the-crash-points"
ACCOUNT = "AC" + "0" * 32

_HUB = """\
hub: 1
mode: live
auth:
  caller: {{type: bearer, secret: CALLER}}
secrets: [CALLER, SLACK, ACCOUNT, SMTP_USER, {secrets}]
connections:
  slack: {{type: slack, base_url: "{slack}/api/", credentials: {{token: SLACK}}}}
  twilio:
    type: twilio
    base_url: "{twilio}"
    credentials: {{account_sid: ACCOUNT, auth_token: SLACK}}
    options: {{from: "+14155550100"}}
  mail:
    type: smtp
    base_url: "{mail}"
    credentials: {{username: SMTP_USER, password: SLACK}}
    options: {{from: hub@example.com, tls: starttls, ca_file: "{certificate}"}}
  tls_mail:
    type: smtp
    base_url: "{tls_mail}"
    credentials: {{}}
    options: {{from: hub@example.com, tls: tls, ca_file: "{certificate}"}}
{connections}outbound_allow:
  - {{network: 127.0.0.1/32, ports: [{ports}]}}
  - {{network: "::1/128", ports: [{ports}]}}
"""
_SCHEMA = """\
{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Anything", "type": "object",
 "properties": {"name": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
                "lead_id": {"type": "string", "format": "uuid"}},
 "required": ["name", "at", "lead_id"]}
"""
_EVENT = '{"type": "object"}'
_HEAD = """\
hub: 1
title: A kind of step
endpoint:
  auth: caller
  payload: schemas/any.json
  {more}respond: {respond}
"""

_FLOWS = {
    "local": """\
steps:
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "shared": """\
steps:
  - id: one
    do: ledger.write
    with: {said: one}
  - id: two
    do: ledger.write
    with: {said: two}
  - log: Half of it.
  - id: three
    do: ledger.write
    with: {said: three}
""",
    "hold": """\
steps:
  - id: number
    do: phones.assign
    with: {lead_id: "${{ payload.lead_id }}"}
  - id: noted
    do: interactions.log
    with: {lead_id: "${{ payload.lead_id }}", kind: call, reference: crash, outcome: held}
""",
    "asks": """\
steps:
  - id: put
    do: http.put
    with: {url: "RECEIVER/put", json: {run: "${{ run.id }}", at: "${{ now() }}"}}
  - id: got
    do: http.get
    with: {url: "BY_NAME/get"}
  - id: gone
    do: http.delete
    with: {url: "RECEIVER/delete"}
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "tells": """\
steps:
  - id: one
    do: ledger.write
    with: {said: one}
  - id: post
    do: http.post
    with: {url: "RECEIVER/post", json: {run: "${{ run.id }}"}}
    on_error: continue
  - id: slack
    do: slack.post
    with: {channel: c, text: "${{ run.id }}"}
    on_error: continue
  - id: two
    do: ledger.write
    with: {said: two}
""",
    "texts": """\
steps:
  - id: sms
    do: twilio.send_sms
    with: {to: "+14155550123", text: "${{ run.id }}"}
    on_error: continue
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "connects": vendors.WORKFLOW,
    "mails": """\
steps:
  - id: mail
    do: email.send
    with: {to: zoe@example.com, subject: "${{ run.id }}", text: starttls}
    on_error: continue
  - id: tls_mail
    do: email.send
    connection: tls_mail
    with: {to: zoe@example.com, subject: "${{ run.id }}", text: tls}
    on_error: continue
""",
    "retried": """\
steps:
  - id: put
    do: http.put
    retry: {attempts: 3, first: 1s, jitter: false}
    with: {url: "RECEIVER/retried", json: {at: "${{ now() }}"}}
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "sleeps": """\
steps:
  - id: one
    do: ledger.write
    with: {said: one}
  - id: nap
    wait: {until: "${{ payload.at }}"}
  - id: two
    do: ledger.write
    with: {said: two}
""",
    "polls": """\
steps:
  - id: asked
    wait:
      poll:
        do: http.get
        with: {url: "RECEIVER/poll"}
        every: 1s
        done_if: result.json.ok
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "waits": """\
steps:
  - id: heard
    wait: {for: door.opened, key: "${{ payload.name }}"}
  - id: one
    do: ledger.write
    with: {said: heard}
""",
    "emits": """\
steps:
  - emit: door.opened
    key: ${{ payload.name }}
    data: {}
  - id: one
    do: ledger.write
    with: {said: emitted}
""",
    "calls": """\
steps:
  - id: part
    call: called
    with: {said: called}
  - id: apart
    call: called
    detach: true
    with: {said: detached}
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "branches": """\
steps:
  - id: both
    parallel:
      left:
        - id: left
          do: http.put
          with: {url: "RECEIVER/left", json: {run: "${{ run.id }}"}}
      right:
        - id: right
          do: http.put
          with: {url: "RECEIVER/right", json: {run: "${{ run.id }}"}}
      own:
        - id: own
          do: ledger.write
          with: {said: own}
  - id: each
    for_each: word in ['a', 'b']
    max_parallel: 2
    steps:
      - id: word
        do: ledger.write
        with: {said: "${{ word }}"}
""",
    "turns": """\
concurrency: {key: "${{ payload.name }}"}
steps:
  - id: one
    do: ledger.write
    with: {said: one}
  - id: put
    do: http.put
    with: {url: "RECEIVER/turn", json: {run: "${{ run.id }}"}}
""",
    "parts": """\
steps:
  - id: part
    call: turned
    with: {key: "${{ payload.name }}"}
""",
    "impatient": """\
concurrency: {key: "${{ payload.lead_id }}", when_full: cancel_running}
steps:
  - id: nap
    if: payload.name == 'first'
    wait: {until: "${{ payload.at }}"}
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "replies": """\
steps:
  - reply: {run: "${{ run.id }}"}
    status: 201
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "undone": """\
steps:
  - id: one
    do: ledger.write
    with: {said: done}
    compensate:
      - do: ledger.write
        with: {said: undone}
  - id: put
    do: http.put
    with: {url: "RECEIVER/done", json: {run: "${{ run.id }}"}}
    compensate:
      - do: http.delete
        with: {url: "RECEIVER/done"}
  - fail: no_good
on_error:
  - id: last
    do: ledger.write
    with: {said: last}
""",
    "once": """\
steps:
  - id: post
    do: http.post
    once_per: ${{ payload.name }}
    with: {url: "RECEIVER/once", json: {name: "${{ payload.name }}"}}
    on_error: continue
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "once-local": """\
steps:
  - id: one
    do: ledger.write
    once_per: ${{ payload.name }}
    with: {said: once}
""",
    "called-off": """\
cancel_on: {event: door.opened, key: "${{ payload.name }}"}
steps:
  - id: one
    do: ledger.write
    with: {said: one}
    compensate:
      - do: ledger.write
        with: {said: undone}
  - id: nap
    wait: {until: "${{ payload.at }}"}
""",
    "late": """\
steps:
  - id: one
    do: ledger.write
    with: {said: one}
""",
    "slow": """\
steps:
  - id: put
    do: http.put
    with: {url: "RECEIVER/slow", json: {run: "${{ run.id }}"}}
  - id: one
    do: ledger.write
    with: {said: one}
""",
}
# Those without an endpoint stand as they are.
_OTHERS = {
    "called": """\
inputs: {said: {type: string}}
steps:
  - id: one
    do: ledger.write
    with: {said: "${{ inputs.said }}"}
  - return: {said: "${{ inputs.said }}"}
""",
    "turned": """\
inputs: {key: {type: string}}
concurrency: {key: "${{ inputs.key }}"}
steps:
  - id: one
    do: ledger.write
    with: {said: one}
  - id: put
    do: http.put
    with: {url: "RECEIVER/turn", json: {run: "${{ run.id }}"}}
""",
    "opened": """\
event: {name: door.opened}
steps:
  - id: one
    do: ledger.write
    with: {said: started}
""",
    "yearly": """\
schedule: {cron: "0 0 29 2 *", overlap: allow}
steps:
  - id: one
    do: ledger.write
    with: {said: planned}
""",
}
_ANSWERS = {"replies": "{within: 5s}", "late": "{within: 1s}"}
_LIMITS = {"local": "rate_limit: 1000 per minute\n  "}


def project_files(
    asked: vendors.Vendors, *, receiver: str, ports: str, **places: str
) -> Mapping[str, str]:
    """Path → text of the project; `places` are the addresses of hub.yaml."""
    places["connections"] = vendors.CONNECTIONS.format(vendors=asked)
    places["secrets"] = ", ".join(vendors.SECRETS)
    files = {
        "hub.yaml": _HUB.format(ports=ports, **places),
        "schemas/any.json": _SCHEMA,
        "schemas/events/door.opened.json": _EVENT,
    }
    for name, body in _FLOWS.items():
        head = _HEAD.format(more=_LIMITS.get(name, ""), respond=_ANSWERS.get(name, "accepted"))
        files[f"workflows/{name}.yaml"] = head + body
    for name, body in _OTHERS.items():
        files[f"workflows/{name}.yaml"] = f"hub: 1\ntitle: A kind of step\n{body}"
    by_name = receiver.replace("127.0.0.1", "localhost")
    return {
        path: text.replace("RECEIVER", receiver)
        .replace("BY_NAME", by_name)
        .replace("PLATFORM", asked.platform.url)
        for path, text in files.items()
    }


def write_project(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

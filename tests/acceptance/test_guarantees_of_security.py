"""Section 4 at the door of a whole hub: replays, names, parsers, faults, hosts (S2, S12, S18 …)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import read_project
from hub.web import create_app
from tests.acceptance.counter import BROKER, GOOD, VAPI, Counter, open_counter, sample

STRIPE = """
hub: 1
title: Hears of payments
endpoint:
  auth: stripe
  dialect: stripe
steps:
  - log: heard
"""
NUMBERS = """
hub: 1
title: Hears numbers with a signed time
endpoint:
  auth: stripe
steps:
  - log: heard
"""
PLAIN = "/webhook/plain"
HOSTS = ["evil.example", "evil.example:1", "127.0.0.1@evil.example", "a\tb", ""]


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str) -> Iterator[Counter]:
    files = {"workflows/payments.yaml": STRIPE, "workflows/numbers.yaml": NUMBERS}
    with open_counter(tmp_path, database_url=database, redis_url=redis_url, files=files) as opened:
        yield opened


def signed(counter: Counter, body: bytes, *, seconds_ago: int = 0) -> dict[str, str]:
    """What Stripe sends beside a body."""
    moment = int(counter.hub.clock.now().timestamp()) - seconds_ago
    secret = b"whsec_example_stripe"
    digest = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={digest}"}


EVENT = json.dumps(
    {"id": "evt_1", "object": "event", "type": "a.b", "data": {"object": {"id": "x"}}}
).encode()


@pytest.mark.parametrize(("path", "body"), [("payments", EVENT), ("numbers", b'{"n": 1}')])
def test_S2_a_captured_request_makes_no_second_run_inside_the_window(counter, path, body):
    captured = signed(counter, body, seconds_ago=200)

    statuses = [
        counter.post(f"/webhook/{path}", body, headers=captured).status_code for _ in range(5)
    ]

    assert all(status // 100 == 2 for status in statuses)
    assert len(counter.runs) == 1


@pytest.mark.parametrize("seconds_ago", [301, 3_600, -301, -3_600, 10**9])
def test_S2_outside_the_window_it_is_refused_either_way(counter, seconds_ago: int):
    late = signed(counter, EVENT, seconds_ago=seconds_ago)

    assert counter.post("/webhook/payments", EVENT, headers=late).status_code == 401
    assert counter.deliveries == []


def test_S2_the_signature_covers_the_bytes_and_not_what_they_say(counter):
    """The same JSON in other bytes is another message."""
    headers = signed(counter, EVENT)

    assert counter.post("/webhook/payments", EVENT + b" ", headers=headers).status_code == 401
    assert counter.post("/webhook/payments", EVENT, headers=headers).status_code // 100 == 2


@pytest.mark.parametrize(
    "name",
    [
        "../plain",
        "..%2f..%2fetc%2fpasswd",
        "plain.yaml",
        "Plain",
        "9plain",
        "-plain",
        "p" * 64,
        "plain%00",
        "pl\u00e4in",
        "workflows/plain",
    ],
)
def test_S12_a_name_is_looked_up_and_never_joined_to_a_path(counter, name: str):
    assert counter.post(f"/webhook/{name}", GOOD, headers=BROKER).status_code == 404
    assert counter.deliveries == []


@pytest.mark.parametrize("place", ["schemas", "templates", "workflows"])
def test_S12_links_out_of_the_folder_are_left_out_in_every_place(tmp_path: Path, place: str):
    project, outside = tmp_path / "project", tmp_path / "outside"
    for folder in (project / place / "inner", outside):
        folder.mkdir(parents=True)
    (project / "hub.yaml").write_text("hub: 1\n")
    (outside / "secret.json").write_text("{}")
    (outside / "secret.yaml").write_text("hub: 1\n")
    (project / place / "file.json").symlink_to(outside / "secret.json")
    (project / place / "inner" / "deep.yaml").symlink_to("../../../outside/secret.yaml")
    (project / place / "folder").symlink_to(outside)
    whole = project / ("templates" if place == "schemas" else "schemas")
    whole.symlink_to(outside)

    assert set(read_project(project).files) == {"hub.yaml"}


def test_S12_a_path_in_a_file_cannot_leave_its_folder(tmp_path: Path):
    (tmp_path / "secret.json").write_text("{}")
    project = tmp_path / "project"
    (project / "workflows").mkdir(parents=True)
    (project / "hub.yaml").write_text("hub: 1\n")
    paths = ["../secret.json", "schemas/../../secret.json", str(tmp_path / "secret.json")]
    for number, path in enumerate(paths):
        (project / "workflows" / f"flow-{number}.yaml").write_text(
            f'hub: 1\ntitle: T\nendpoint: {{auth: public, payload: "{path}"}}\nsteps:\n  - log: x\n'
        )

    assert set(read_project(project).project.broken) == {"flow-0", "flow-1", "flow-2"}


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (json.dumps(GOOD).encode(), "text/plain"),
        (json.dumps(GOOD).encode(), "text/json"),
        (json.dumps(GOOD).encode(), "application/jsonp"),
        (json.dumps(GOOD).encode(), None),
        (b"lead_id=1&appointment_time=2", FORM),
        (b"<lead_id/>", "application/xml"),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n{}\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_S18_the_dialect_decides_the_parser_and_nothing_is_sniffed(
    counter, body: bytes, media_type: str | None
):
    answer = counter.post(PLAIN, body, headers=BROKER, media_type=media_type)

    assert answer.status_code == 415
    assert counter.deliveries == []


def test_S18_what_looks_like_another_dialect_is_read_by_the_one_that_is_named(counter):
    """A tool call is a payload like any other where the endpoint says `json`, and not unpacked."""
    answer = counter.post(PLAIN, sample("vapi/tool-calls"), headers={**BROKER, **VAPI})

    assert answer.status_code == 422
    assert counter.runs == []


@pytest.mark.parametrize("variables", [{"FLASK_DEBUG": "1"}, {"FLASK_ENV": "development"}])
def test_S20_no_variable_turns_on_a_debugger_or_a_trace(
    counter, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    app = create_app(counter.hub)
    counter.client = app.test_client()

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a detail of ours")

    monkeypatch.setattr(counter.hub.reception, "receive", broken)
    answer = counter.post(PLAIN, GOOD, headers=BROKER)

    assert not app.debug
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert b"ZeroDivision" not in answer.data
    assert b"a detail of ours" not in answer.data
    assert b"Traceback" not in answer.data


@pytest.mark.parametrize("host", HOSTS)
def test_S21_the_host_that_a_caller_names_is_in_no_link(counter, host: str):
    forwarded = {
        "Host": host,
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example;proto=gopher",
    }
    answers = [
        counter.client.get("/openapi.json", headers=forwarded),
        counter.post(PLAIN, GOOD, headers={**BROKER, **forwarded}),
        counter.post("/webhook/none", GOOD, headers={**BROKER, **forwarded}),
    ]

    assert answers[0].json["servers"] == [{"url": counter.hub.settings.public_url}]
    for answer in answers:
        told = f"{answer.headers} {answer.get_data(as_text=True)}"
        assert "evil" not in told
        assert "gopher" not in told

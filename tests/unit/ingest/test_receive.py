"""From a request to rows: what is recorded, what is answered, and what is refused.

Length: the whole order of work of one door (chapter 5), a short test for each turn it can take.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from hub.engine.workflow import ValueField
from hub.errors import Rejected, Unavailable
from hub.ingest.parts import Parts
from tests.unit.ingest.door import BOOKED, Door, answered, said, workflow
from tests.unit.ingest.sample_bodies import SAMPLES, raw

LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
GOOD = {"lead_id": LEAD, "appointment_time": "2025-12-03T19:00:00Z"}
VAPI = {"X-Vapi-Secret": "example-shared-secret"}
BROKER = {"Authorization": "Bearer new-token"}
PLAIN = workflow("auth: broker\npayload: schemas/booked.json")
TOOL = workflow(
    """
auth: vapi
dialect: vapi.tool
tool: book_appointment
payload: schemas/booked.json
respond:
  within: 5s
  otherwise: The appointment is being saved.
"""
)


def door(text=PLAIN, **schemas):
    return Door({"booked": text}, {"booked": BOOKED, **schemas})


def signed(body):
    digest = hmac.new(b"cal-secret", body, hashlib.sha256).hexdigest()
    return {"X-Cal-Signature-256": digest}


def refusal(open_door, *args, **options):
    with pytest.raises(Rejected) as refused:
        open_door.send("/webhook/booked", *args, **options)
    return refused.value


# ------------------------------------------------------------------------------------ acceptance


def test_an_accepted_request_is_a_delivery_and_a_run():
    open_door = door()

    receipt = open_door.send("/webhook/booked", GOOD, headers=BROKER)

    (run,) = open_door.memory.runs
    (delivery,) = open_door.memory.deliveries
    assert answered(receipt).status == 202
    assert said(receipt) == {"status": "accepted", "run_id": str(run.id)}
    assert receipt.new_runs == (run.id,)
    assert delivery.body == json.dumps(GOOD).encode()
    assert delivery.body_digest == hashlib.sha256(delivery.body).digest()
    assert run.trigger["payload"] == GOOD
    assert run.trigger["caller"] == {
        "ip": "192.0.2.1",
        "dialect": "json",
        "delivery_id": str(delivery.id),
    }
    assert run.trigger["request"] == {
        "id": str(delivery.id),
        "received_at": "2025-10-20T12:00:00Z",
        "method": "POST",
        "path": "/webhook/booked",
    }


def test_unknown_members_are_dropped_and_uuids_written_in_one_way():
    open_door = door()

    open_door.send(
        "/webhook/booked", {**GOOD, "lead_id": LEAD.upper(), "notes": "日本語"}, headers=BROKER
    )

    assert open_door.memory.runs[0].trigger["payload"] == GOOD


def test_S6_only_the_headers_that_are_named_are_seen_and_no_secret_is_stored():
    open_door = door(workflow("auth: broker\nheaders: [X-Name, X-None]"))

    open_door.send(
        "/webhook/booked", {}, headers={**BROKER, "X-Name": "n", "X-Other": "o", "Cookie": "c"}
    )

    assert open_door.memory.runs[0].trigger["headers"] == {"x_name": "n"}
    kept = open_door.memory.deliveries[0].headers
    assert kept == {"content-type": "application/json", "x-name": "n", "x-other": "o"}


def test_S6_an_older_version_that_reads_a_token_in_the_query_is_not_given_it():
    open_door = door(workflow("auth: broker\nmethod: GET\nquery: {page: {type: string}}"))
    route = open_door.reception.find("GET", "/webhook/booked")
    token = ValueField("token", {"type": "string"}, is_optional=True)
    older = Parts("query", [*route.entrance.endpoint.query, token])
    older_entrance = replace(route.entrance, query=older)
    open_door.reception.find = lambda *_: replace(route, entrance=older_entrance)

    query = {"page": ("7",), "token": ("a-canary",)}
    open_door.send("/webhook/booked", b"", method="GET", headers=BROKER, query=query)

    (run,), (delivery,) = open_door.memory.runs, open_door.memory.deliveries
    assert run.trigger["query"] == {"page": "7"}
    assert "a-canary" not in f"{run} {delivery}"


def test_S6_an_older_version_that_cannot_do_without_a_token_is_closed_until_it_is_mended():
    open_door = door(workflow("auth: broker\nmethod: GET"))
    route = open_door.reception.find("GET", "/webhook/booked")
    older = replace(
        route.entrance.endpoint, query=(ValueField("access_token", {"type": "string"}),)
    )
    older_entrance = replace(route.entrance, endpoint=older, query=Parts("query", older.query))
    open_door.reception.find = lambda *_: replace(route, entrance=older_entrance)
    query = {"access_token": ("a-canary",)}

    with pytest.raises(Rejected) as stranger:
        open_door.send("/webhook/booked", b"", method="GET", query=query)
    with pytest.raises(Rejected) as refused:
        open_door.send("/webhook/booked", b"", method="GET", headers=BROKER, query=query)

    assert (stranger.value.status, refused.value.status) == (401, 503)
    assert "file of its workflow 'booked' reads `query.access_token`" in refused.value.title
    assert (open_door.memory.runs, open_door.memory.deliveries) == ([], [])


def test_a_place_to_go_on_in_the_query_is_read_though_it_is_called_a_token():
    open_door = door(workflow("auth: broker\nmethod: GET\nquery: {page_token: {type: string}}"))

    query = {"page_token": ("7",)}
    open_door.send("/webhook/booked", b"", method="GET", headers=BROKER, query=query)

    assert open_door.memory.runs[0].trigger["query"] == {"page_token": "7"}


def test_S6_an_older_version_that_reads_the_header_of_its_preset_is_not_given_it():
    open_door = door(workflow("auth: proof\nheaders: [X-Name]"))
    route = open_door.reception.find("POST", "/webhook/booked")
    older = replace(route.entrance.endpoint, headers=("X-Name", "x_proof"))
    older_entrance = replace(route.entrance, endpoint=older)
    open_door.reception.find = lambda *_: replace(route, entrance=older_entrance)

    proof = signed(b"{}")["X-Cal-Signature-256"]
    open_door.send("/webhook/booked", {}, headers={"X-Proof": proof, "X-Name": "n"})

    assert open_door.memory.runs[0].trigger["headers"] == {"x_name": "n"}


def test_S6_the_secret_header_of_a_preset_is_not_stored():
    open_door = door(TOOL)
    open_door.send("/webhook/booked", raw("vapi/tool-calls"), headers=VAPI)
    assert "x-vapi-secret" not in open_door.memory.deliveries[0].headers


def test_S6_a_token_in_a_header_of_another_name_is_not_stored():
    open_door = door(workflow("auth: keyed"))
    open_door.send("/webhook/booked", {}, headers={"X-Seat": "Bearer new-token"})
    assert "x-seat" not in open_door.memory.deliveries[0].headers


def test_S6_a_signature_in_a_header_of_any_name_is_not_stored():
    open_door = door(workflow("auth: proof"))
    proof = signed(b"{}")["X-Cal-Signature-256"]
    open_door.send("/webhook/booked", {}, headers={"X-Proof": proof})
    assert "x-proof" not in open_door.memory.deliveries[0].headers


def test_S6_a_body_that_carries_secrets_is_stored_sealed():
    open_door = door(TOOL)

    open_door.send("/webhook/booked", raw("vapi/tool-calls-inline-secret"), headers=VAPI)
    open_door.send("/webhook/booked", raw("vapi/tool-calls-minimal"), headers=VAPI)

    sealed, plain = open_door.memory.deliveries
    assert sealed.is_sealed
    assert b"example-shared-secret" not in sealed.body
    assert not plain.is_sealed


def test_parts_of_the_path_and_of_the_query_are_typed():
    text = workflow(
        """
auth: broker
method: GET
path: /api/v1/things/{id}
params:
  id: {type: integer}
query:
  limit: {type: integer, default: 10}
  tag: {type: array, items: {type: string}, optional: true}
  all: {type: boolean, optional: true}
"""
    )
    open_door = Door({"things": text})

    open_door.send(
        "/api/v1/things/42",
        b"ignored",
        method="GET",
        headers=BROKER,
        query={"tag": ("a", "b"), "all": ("true",), "unknown": ("x",)},
    )

    (run,) = open_door.memory.runs
    assert run.trigger["params"] == {"id": 42}
    assert run.trigger["query"] == {"limit": 10, "tag": ["a", "b"], "all": True}
    for path, query, pointers in (
        ("/api/v1/things/x", {}, ["/params/id"]),
        ("/api/v1/things/1\x00", {}, ["/params/id"]),
        ("/api/v1/things/1", {"limit": ("1", "2")}, ["/query/limit"]),
        ("/api/v1/things/x", {"all": ("yes",)}, ["/params/id", "/query/all"]),
    ):
        with pytest.raises(Rejected) as refused:
            open_door.send(path, b"", method="GET", headers=BROKER, query=query)
        assert refused.value.status == 422
        assert [each.pointer for each in refused.value.problems] == pointers


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_comes_without_a_payload_is_not_asked_for_one(method):
    text = workflow(f"auth: broker\nmethod: {method}\nquery: {{id: {{type: string}}}}")
    open_door = door(text)
    headers = {**BROKER, "Content-Type": ""}

    refused = refusal(open_door, b"{not json", method=method, headers=headers)
    open_door.send(
        "/webhook/booked", b"{not json", method=method, headers=headers, query={"id": ("7",)}
    )

    assert [(each.pointer, each.message) for each in refused.problems] == [
        ("/query/id", "is missing")
    ]
    assert open_door.memory.runs[0].trigger["query"] == {"id": "7"}


@pytest.mark.parametrize(
    ("more", "payload"),
    [
        ({}, {"lead_id": LEAD}),
        ({"additionalProperties": True}, {"lead_id": LEAD, "notes": [1]}),
        ({"additionalProperties": False}, None),
    ],
)
def test_members_the_schema_does_not_name_are_dropped_kept_or_refused_as_it_says(more, payload):
    schema = {"type": "object", "properties": {"lead_id": {"type": "string"}}, **more}
    open_door = Door({"booked": PLAIN}, {"booked": schema})
    sent = {"lead_id": LEAD, "notes": [1]}

    if payload is None:
        refused = refusal(open_door, sent, headers=BROKER)
        assert [each.pointer for each in refused.problems] == ["/notes"]
    else:
        open_door.send("/webhook/booked", sent, headers=BROKER)
        assert open_door.memory.runs[0].trigger["payload"] == payload
        assert json.loads(open_door.memory.deliveries[0].body) == sent


# --------------------------------------------------------------------------------------- refusal


def test_I17_who_is_not_known_is_refused_before_the_body_is_parsed():
    assert refusal(door(), b"{not json").status == 401
    assert refusal(door(), GOOD, headers={"Authorization": "Bearer wrong"}).status == 401


def test_S1_both_secrets_of_a_rotation_open_the_door():
    open_door = door()
    open_door.send("/webhook/booked", GOOD, headers={"Authorization": "Bearer old-token"})
    assert open_door.memory.runs


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", None),
        ("application/json; charset=utf-8", None),
        ("APPLICATION/JSON", None),
        ("application/json;charset=UTF-8", None),
        ('application/json; charset="Utf-8"; version=1', None),
        ("application/json; Charset=utf8", None),
        ("application/json; charset=us-ascii", None),
        ("application/json; charset=", None),
        ("application/json; charset=latin-1", 415),
        ("application/json; charset=utf-8; charset=utf-16", 415),
        ('application/json; CHARSET = "utf-16"', 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/problem+json", 415),
        ("", 415),
    ],
)
def test_S18_the_media_type_is_that_of_the_dialect(media_type, status):
    open_door = door()
    headers = {**BROKER, "Content-Type": media_type}
    if status is None:
        assert open_door.send("/webhook/booked", GOOD, headers=headers).new_runs
    else:
        assert refusal(open_door, GOOD, headers=headers).status == status


@pytest.mark.parametrize(
    ("name", "pointers"),
    [
        ("appointment-booked-missing-lead", ["/lead_id"]),
        ("appointment-booked-bad-uuid", ["/lead_id"]),
        ("appointment-booked-naive-time", ["/appointment_time"]),
        ("appointment-booked-date-only", ["/appointment_time"]),
        ("appointment-booked-epoch-ms", ["/appointment_time"]),
        ("appointment-booked-dst-gap", ["/appointment_time"]),
        ("appointment-booked-offset-no-colon", ["/appointment_time"]),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_with_its_places(name, pointers):
    open_door = door()

    refused = refusal(open_door, raw(f"hub/{name}"), headers=BROKER)

    assert refused.status == 422
    assert [each.pointer for each in refused.problems] == pointers
    assert open_door.memory.runs == []
    assert open_door.memory.deliveries == []


@pytest.mark.parametrize(
    "name", ["", "-offset", "-lowercase-z", "-uppercase-uuid", "-extra-fields", "-past"]
)
def test_good_payloads_of_the_samples_make_a_run(name):
    open_door = door()
    open_door.send("/webhook/booked", raw(f"hub/appointment-booked{name}"), headers=BROKER)
    assert open_door.memory.runs[0].trigger["payload"]["lead_id"] == LEAD


def test_unknown_addresses_and_methods_are_told_apart():
    open_door = door()
    with pytest.raises(Rejected) as unknown:
        open_door.send("/webhook/other", {})
    with pytest.raises(Rejected) as wrong:
        open_door.send("/webhook/booked", {}, method="PUT")
    assert unknown.value.status == 404
    assert (wrong.value.status, wrong.value.headers) == (405, {"Allow": "POST"})


def test_a_workflow_that_is_switched_off_is_not_there():
    open_door = door(PLAIN.replace("title:", "enabled: false\ntitle:"))
    assert refusal(open_door, GOOD).status == 404


def test_a_database_that_is_down_leaves_nothing_and_says_so():
    open_door = door()
    open_door.memory.is_down = True
    with pytest.raises(Unavailable):
        open_door.send("/webhook/booked", GOOD, headers=BROKER)


# ------------------------------------------------------------------------------------ duplicates


def test_a_repeated_key_gives_the_first_answer_marked_as_repeated():
    open_door = door()
    headers = {**BROKER, "Idempotency-Key": "k-1"}

    first = answered(open_door.send("/webhook/booked", GOOD, headers=headers))
    again = answered(open_door.send("/webhook/booked", GOOD, headers=headers))

    assert (again.status, again.body) == (first.status, first.body)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(open_door.memory.runs) == 1


def test_the_same_key_with_another_body_is_refused():
    open_door = door()
    headers = {**BROKER, "Idempotency-Key": "k-1"}
    open_door.send("/webhook/booked", GOOD, headers=headers)

    other = {**GOOD, "appointment_time": "2025-12-04T19:00:00Z"}
    assert refusal(open_door, other, headers=headers).status == 422
    assert len(open_door.memory.runs) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "é", "a\tb", "a, a"])
def test_a_key_that_is_no_visible_ascii_is_refused(key):
    assert refusal(door(), GOOD, headers={**BROKER, "Idempotency-Key": key}).status == 400


@pytest.mark.parametrize(
    ("on_duplicate", "status"), [("replay", 202), ("accept", 202), ("reject", 409)]
)
def test_the_endpoint_says_what_a_duplicate_gets(on_duplicate, status):
    open_door = door(
        workflow(
            f"""
auth: broker
payload: schemas/booked.json
dedupe:
  key: ${{{{ payload.lead_id }}}}/${{{{ payload.appointment_time }}}}
  window: 24h
  on_duplicate: {on_duplicate}
"""
        )
    )
    first = open_door.send("/webhook/booked", GOOD, headers=BROKER)
    (run,) = open_door.memory.runs
    assert run.dedupe_key == f"{LEAD}/2025-12-03T19:00:00Z"
    assert run.window.total_seconds() == 86_400

    if status == 409:
        assert refusal(open_door, GOOD, headers=BROKER).status == 409
    else:
        again = open_door.send("/webhook/booked", {**GOOD, "more": 1}, headers=BROKER)
        assert said(again) == said(first)


@pytest.mark.parametrize(
    ("on_duplicate", "heard"),
    [
        ("replay", {"result": "The appointment is being saved."}),
        ("reject", {"error": "This request was made before."}),
    ],
)
def test_a_repeated_tool_call_hears_what_the_endpoint_says(on_duplicate, heard):
    dedupe = f"  dedupe: {{key: '${{{{ payload.lead_id }}}}', on_duplicate: {on_duplicate}}}\n"
    open_door = door(TOOL.replace("  respond:", f"{dedupe}  respond:"))
    open_door.send("/webhook/booked", raw("vapi/tool-calls-minimal"), headers=VAPI)

    again = open_door.send("/webhook/booked", raw("vapi/tool-calls-minimal"), headers=VAPI)

    (result,) = said(again)["results"]
    assert {name: result[name] for name in heard} == heard
    assert len(open_door.memory.runs) == 1


def test_an_accepted_repeat_of_a_request_that_waits_names_the_first_run():
    text = workflow(
        "auth: broker\ndedupe: {key: '${{ request.path }}', on_duplicate: accept}\n"
        "respond: {within: 5s, otherwise: Later.}"
    )
    open_door = door(text)
    open_door.send("/webhook/booked", {}, headers=BROKER)

    again = open_door.send("/webhook/booked", {}, headers=BROKER)

    assert again.outcomes[0].wait is None
    assert answered(again).status == 202
    assert said(again) == {"status": "accepted", "run_id": str(open_door.memory.runs[0].id)}


def test_a_signed_message_is_deduplicated_by_its_id():
    open_door = door(workflow("auth: standard"))

    def send(message_id, sent_at, body=b"{}"):
        key = base64.b64decode("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")
        text = f"{message_id}.{sent_at}.".encode() + body
        signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": f"v1,{signature}",
        }
        return open_door.send("/webhook/booked", body, headers=headers)

    now = int(open_door.clock.now().timestamp())
    first = send("m1", now)

    assert said(send("m1", now + 60)) == said(first)
    assert send("m2", now).new_runs


def test_S2_I10_an_exact_repeat_of_a_signed_message_makes_no_second_run():
    open_door = door(workflow("auth: signed"))
    now = int(open_door.clock.now().timestamp())

    def send(sent_at):
        digest = hmac.new(b"stripe-secret", f"{sent_at}.{{}}".encode(), hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={sent_at},v1={digest}"}
        return open_door.send("/webhook/booked", b"{}", headers=headers)

    first = send(now)

    assert said(send(now)) == said(first)
    assert send(now + 1).new_runs
    assert len(open_door.memory.runs) == 2


# --------------------------------------------------------------------------------------- respond


def test_at_once_says_its_body_when_the_run_is_stored():
    open_door = door(
        workflow(
            """
auth: broker
payload: schemas/booked.json
respond:
  at_once: {success: true, lead: "${{ payload.lead_id }}"}
  status: 201
"""
        )
    )
    receipt = open_door.send("/webhook/booked", GOOD, headers=BROKER)

    assert answered(receipt).status == 201
    assert said(receipt) == {"success": True, "lead": LEAD}
    assert not receipt.outcomes[0].is_settled


def test_within_waits_and_says_otherwise():
    open_door = door(TOOL)

    receipt = open_door.send("/webhook/booked", raw("vapi/tool-calls-minimal"), headers=VAPI)

    (run,) = open_door.memory.runs
    assert run.is_awaited
    assert open_door.expected == [run.id]
    assert receipt.outcomes[0].wait.total_seconds() == 5
    assert said(receipt)["results"] == [
        {
            "name": "book_appointment",
            "toolCallId": "call_min",
            "result": "The appointment is being saved.",
        }
    ]


@pytest.mark.parametrize("respond", ["at_once: %s", "within: 1s\n  otherwise: %s"])
def test_I5_an_answer_that_is_left_out_whole_is_null_and_no_error_behind_the_run(respond):
    left_out = respond % "${{ payload.note | default(omit) }}"
    open_door = door(workflow(f"auth: broker\nrespond:\n  {left_out}"))

    assert said(open_door.send("/webhook/booked", {}, headers=BROKER)) is None


def test_a_key_that_is_left_out_is_none_and_not_one_for_all():
    open_door = door(workflow("auth: broker\ndedupe: {key: '${{ payload.note | default(omit) }}'}"))

    assert refusal(open_door, {}, headers=BROKER).status == 422
    assert open_door.memory.runs == []


def test_D7_a_local_time_is_placed_and_the_answer_says_which_instant_was_meant():
    open_door = door(
        workflow("auth: broker\npayload: schemas/booked.json\ntimezone: America/New_York")
    )

    receipt = open_door.send(
        "/webhook/booked", raw("hub/appointment-booked-dst-gap"), headers=BROKER
    )

    placed = open_door.memory.runs[0].trigger["payload"]["appointment_time"]
    assert placed == "2026-03-08T03:30:00-04:00"
    assert answered(receipt).headers["Times-Read"] == f"/appointment_time={placed}"


# ---------------------------------------------------------------------------------------- voices


def test_several_tool_calls_are_several_runs_in_one_delivery():
    open_door = door(TOOL)

    receipt = open_door.send("/webhook/booked", raw("vapi/tool-calls-multiple"), headers=VAPI)

    expected = json.loads((SAMPLES / "vapi/responses/tool-calls-mixed.json").read_bytes())
    results = said(receipt)["results"]
    assert len(open_door.memory.runs) == 1
    assert len(open_door.memory.deliveries) == 1
    assert results[2:] == expected["results"][2:]
    assert results[1]["result"] == "The appointment is being saved."
    assert open_door.memory.deliveries[0].notes["refused"][2]["problems"] == [
        {"pointer": "/appointment_time", "message": "is missing"}
    ]


def test_the_same_tool_call_again_is_the_same_run():
    open_door = door(TOOL)
    for name in ("vapi/tool-calls", "vapi/tool-calls", "vapi/tool-calls-inline-secret"):
        open_door.send("/webhook/booked", raw(name), headers=VAPI)
    assert len(open_door.memory.runs) == 1


def test_a_call_that_stands_twice_in_one_message_is_one_run():
    open_door = door(TOOL)
    item = {"id": "c", "name": "book_appointment", "arguments": GOOD}
    message = {"type": "tool-calls", "toolCallList": [item, item]}

    receipt = open_door.send("/webhook/booked", {"message": message}, headers=VAPI)

    assert len(open_door.memory.runs) == 1
    assert [each["toolCallId"] for each in said(receipt)["results"]] == ["c", "c"]


def test_arguments_that_were_cut_off_make_no_run_and_one_error():
    open_door = door(TOOL)
    receipt = open_door.send(
        "/webhook/booked", raw("vapi/tool-calls-truncated-arguments"), headers=VAPI
    )
    assert open_door.memory.runs == []
    assert list(said(receipt)["results"][0]) == ["name", "toolCallId", "error"]


@pytest.mark.parametrize("name", ["hang", "status-update-ended", "unknown-message-type"])
def test_other_messages_are_recorded_with_a_reason_and_make_no_run(name):
    open_door = door(TOOL)

    receipt = open_door.send("/webhook/booked", raw(f"vapi/{name}"), headers=VAPI)

    assert (answered(receipt).status, said(receipt)) == (200, {})
    assert open_door.memory.runs == []
    assert open_door.memory.deliveries[0].notes["ignored"].startswith("message type")


def test_a_flat_body_gets_the_statuses_of_json():
    open_door = door(TOOL)
    receipt = open_door.send("/webhook/booked", raw("hub/appointment-booked"), headers=VAPI)
    assert answered(receipt).status == 202
    assert said(receipt) == "The appointment is being saved."
    assert refusal(open_door, raw("hub/appointment-booked-bad-uuid"), headers=VAPI).status == 422


def test_a_tool_call_hears_an_error_when_nothing_can_be_stored():
    open_door = door(TOOL)
    open_door.memory.is_down = True

    packed = answered(open_door.send("/webhook/booked", raw("vapi/tool-calls"), headers=VAPI))

    (result,) = json.loads(packed.body)["results"]
    assert "result" not in result
    assert "could not be saved" in result["error"]
    assert packed.headers["Retry-After"] == "5"
    with pytest.raises(Unavailable):
        open_door.send("/webhook/booked", raw("hub/appointment-booked"), headers=VAPI)


# ---------------------------------------------------------------------------------------- events

CALCOM = workflow("auth: calcom\ndialect: calcom\npayload: schemas/calcom.json")
CALCOM_SCHEMA = {
    "type": "object",
    "properties": {
        "trigger": {"type": "string"},
        "booking_uid": {"type": "string"},
        "lead_id": {"type": "string", "format": "uuid"},
        "start": {"type": "string", "format": "date-time"},
        "no_show": {"type": "boolean"},
    },
    "required": ["trigger", "booking_uid"],
}
EVENTS = sorted(path.stem for path in (SAMPLES / "calcom").glob("*.json"))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_of_the_calendar_is_answered_with_2xx(name):
    open_door = door(CALCOM, calcom=CALCOM_SCHEMA)
    body = raw(f"calcom/{name}")

    receipt = open_door.send("/webhook/booked", body, headers=signed(body))

    assert (answered(receipt).status, said(receipt)) == (200, {})
    assert len(open_door.memory.runs) == (name not in {"PING", "custom-template"})
    assert len(open_door.memory.deliveries) == 1


@pytest.mark.parametrize("name", EVENTS)
def test_an_unsigned_event_is_refused(name):
    open_door = door(CALCOM, calcom=CALCOM_SCHEMA)
    headers = {"X-Cal-Signature-256": "no-secret-provided"}
    assert refusal(open_door, raw(f"calcom/{name}"), headers=headers).status == 401


def test_an_event_against_the_schema_gets_2xx_and_the_reason_is_recorded():
    open_door = door(CALCOM, calcom=CALCOM_SCHEMA)
    body = b'{"triggerEvent": "OOO_CREATED", "payload": {}}'

    receipt = open_door.send("/webhook/booked", body, headers=signed(body))

    assert (answered(receipt).status, said(receipt)) == (200, {})
    assert open_door.memory.runs == []
    (refused,) = open_door.memory.deliveries[0].notes["refused"]
    assert refused["problems"] == [{"pointer": "/booking_uid", "message": "is missing"}]


def test_a_mended_event_says_so():
    open_door = door(workflow("auth: vapi\ndialect: vapi.event"))
    body = b'{"message": {"type": "end-of-call-report", "summary": "a\\u0000b"}}'

    open_door.send("/webhook/booked", body, headers=VAPI)

    assert open_door.memory.deliveries[0].notes == {"mended": True}
    assert open_door.memory.deliveries[0].body == body

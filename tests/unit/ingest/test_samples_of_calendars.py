"""Every sample of calendars, CRMs, payment and code hosts through its dialect (wire-formats)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.body import Body, mended, read_json
from hub.ingest.dialects import DIALECTS, FORM_TYPE, Beside, Reply, Unpacked
from hub.ingest.form_body import read_form
from tests.unit.ingest.sample_bodies import SAMPLES

FOLDERS = {
    "acuity": "acuity",
    "calcom": "calcom",
    "calendly": "calendly",
    "github": "github",
    "gohighlevel": "gohighlevel",
    "google-calendar": "google.calendar",
    "hubspot": "hubspot",
    "microsoft-graph": "microsoft.graph",
    "openai": "standard_webhooks",
    "square": "square",
    "standard-webhooks": "standard_webhooks",
    "stripe": "stripe",
}
HEADERS = {
    "github/ping": {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "72d3162e"},
    "openai/response.completed": {"webhook-id": "wh_01"},
    "openai/realtime.call.incoming": {"webhook-id": "wh_02"},
    "standard-webhooks/event": {"webhook-id": "msg_01"},
}
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
CAL, CAL_NEW = "bFJeNb2uX8ANpT3JL5EfXw", "newUid9ANpT3JL5EfXw"
INV1, INV2 = (
    f"https://api.calendly.com/scheduled_events/EVT{each}/invitees/INV{each}" for each in "12"
)
MOVE = {
    "trigger": "invitee.rescheduled",
    "booking_uid": INV2,
    "old_booking_uid": INV1,
    "reschedule_id": "INV1/INV2",
    "lead_id": LEAD,
}
ETAG = 'W/"CQAAABYAAADkrWGo7bouTKlsgTZMr9KwAAAUWRHf"'
UPDATED = f"sub-1/updated/Users/aaaa@bbbb/Events/AAMkAD/{ETAG}"
CHANNEL = "4ba78bf0-6a47-11e2-bcfd-0800200c9a77"
NO_OUTCOME = {"outcome": None, "no_show": None}


@dataclass(frozen=True)
class Row:
    """What a sample yields: of each call some fields of its payload (None: it has no such field).

    `refused` of its items make no run; `ignored`: nothing in it does.
    """

    calls: Sequence[Mapping[str, Any]] = ()
    keys: Sequence[str | None] = ()
    ignored: str | None = None
    refused: int = 0
    says: str | None = field(default=None)


def one(key: str | None, **payload: Any) -> Row:
    return Row(calls=(payload,), keys=(key,))


ROWS = {
    "acuity/changed": one(None, trigger="changed", appointment_id="1234567", calendar_id="1"),
    "acuity/scheduled": one(
        "scheduled/1234567",
        trigger="scheduled",
        appointment_id="1234567",
        calendar_id="1",
        appointment_type_id="2",
    ),
    "calcom/AFTER_GUESTS_CAL_VIDEO_NO_SHOW": one(
        f"AFTER_GUESTS_CAL_VIDEO_NO_SHOW/{CAL}/true/2025-11-20T18:54:00.538Z", no_show=True
    ),
    "calcom/BOOKING_CANCELLED": one(
        f"BOOKING_CANCELLED/{CAL_NEW}/2", start="2025-12-05T15:00:00+00:00"
    ),
    "calcom/BOOKING_CREATED": one(
        f"BOOKING_CREATED/{CAL}/0", lead_id=LEAD, start="2025-12-03T19:00:00Z"
    ),
    "calcom/BOOKING_NO_SHOW_UPDATED": one(
        f"BOOKING_NO_SHOW_UPDATED/{CAL}/true/2025-11-20T18:54:00.538Z",
        no_show=True,
        booking_uid=CAL,
        start=None,
    ),
    "calcom/BOOKING_NO_SHOW_UPDATED-unmarked": one(
        f"BOOKING_NO_SHOW_UPDATED/{CAL}/false/2025-11-20T18:54:00.538Z", no_show=False
    ),
    "calcom/BOOKING_REJECTED": one(f"BOOKING_REJECTED/{CAL}/0", start="2025-12-03T19:00:00.000Z"),
    "calcom/BOOKING_REQUESTED": one(f"BOOKING_REQUESTED/{CAL}/0", trigger="BOOKING_REQUESTED"),
    "calcom/BOOKING_RESCHEDULED": one(
        f"BOOKING_RESCHEDULED/{CAL_NEW}/1",
        booking_uid=CAL_NEW,
        old_booking_uid=CAL,
        start="2025-12-03T19:00:00Z",
        new_start="2025-12-05T15:00:00Z",
    ),
    "calcom/MEETING_ENDED": one(f"MEETING_ENDED/{CAL}/0", trigger="MEETING_ENDED", **NO_OUTCOME),
    "calcom/MEETING_STARTED": one(f"MEETING_STARTED/{CAL}/0", **NO_OUTCOME),
    "calcom/PING": Row(ignored="test delivery"),
    "calcom/custom-template": Row(ignored="no triggerEvent"),
    "calendly/invitee.canceled": one(
        f"invitee.canceled/{INV1}",
        trigger="invitee.canceled",
        booking_uid=INV1,
        reschedule_id=None,
        cancelled_by="invitee",
        cancel_reason="Schedule conflict",
        start="2025-12-03T19:00:00.000000Z",
    ),
    "calendly/invitee.canceled-rescheduled": one(
        f"invitee.canceled/{INV1}", **MOVE, start="2025-12-03T19:00:00.000000Z", new_start=None
    ),
    "calendly/invitee.created": one(
        f"invitee.created/{INV1}",
        trigger="invitee.created",
        booking_uid=INV1,
        old_booking_uid=None,
        reschedule_id=None,
        start="2025-12-03T19:00:00.000000Z",
        end="2025-12-03T19:30:00.000000Z",
        lead_id=LEAD,
        utm_source="vapi",
        email="zoe@example.com",
        phone="+1 202-555-0147",
        timezone="America/New_York",
        answers=[{"question": "Phone Number", "answer": "+1 202-555-0147"}],
        **NO_OUTCOME,
    ),
    "calendly/invitee.created-rescheduled": one(
        f"invitee.created/{INV2}", **MOVE, new_start="2025-12-05T15:00:00.000000Z", start=None
    ),
    "calendly/invitee_no_show.created": one(
        f"invitee_no_show.created/{INV1}/https://api.calendly.com/invitee_no_shows/"
        "6ee96ed4-0000-4000-8000-cd19b3c02e09/2025-11-20T18:51:18.341657Z",
        no_show=True,
        booking_uid=INV1,
    ),
    "calendly/invitee_no_show.deleted": one(
        f"invitee_no_show.deleted/{INV1}//2025-11-20T18:51:18.341657Z", no_show=False
    ),
    "github/ping": Row(ignored="test delivery"),
    "gohighlevel/AppointmentCreate": one(
        "f0000000-0000-4000-8000-000000000001",
        trigger="AppointmentCreate",
        booking_uid="apt0001",
        contact_id="con0001",
        status="confirmed",
        outcome=None,
        start="2025-12-03T14:00:00-05:00",
        end="2025-12-03T14:30:00-05:00",
    ),
    "gohighlevel/AppointmentUpdate-cancelled": one(
        "f0000000-0000-4000-8000-000000000001", outcome="cancelled"
    ),
    "gohighlevel/AppointmentUpdate-noshow": one(
        "f0000000-0000-4000-8000-000000000001", outcome="no_show"
    ),
    "gohighlevel/AppointmentUpdate-showed": one(
        "f0000000-0000-4000-8000-000000000001", outcome="showed"
    ),
    "google-calendar/push-exists": one(
        f"{CHANNEL}/10",
        trigger="exists",
        channel_id=CHANNEL,
        message_number=10,
        resource_id="o3hgv1538sdjfh",
        calendar_id="ana@example.com",
        expires_at="2025-11-27T20:00:00Z",
    ),
    "google-calendar/push-no-token": one(f"{CHANNEL}/12", trigger="exists", expires_at=None),
    "google-calendar/push-not-exists": one(f"{CHANNEL}/11", trigger="not_exists"),
    "google-calendar/push-sync": Row(ignored="sync: the channel is open"),
    "hubspot/property-change": Row(
        calls=(
            {
                "type": "meeting.propertyChange",
                "object_id": "555",
                "property": "hs_meeting_outcome",
                "value": "NO_SHOW",
                "outcome": "no_show",
                "occurred_at": "2025-11-20T18:53:53.123000Z",
            },
            {"object_id": "556", "outcome": "showed"},
        ),
        keys=("62515/1/100/555/1763664833123", "62515/1/101/556/1763664833124"),
    ),
    "microsoft-graph/lifecycle": one(
        "sub-1/reauthorizationRequired//2025-11-22T22:11:09.952Z",
        trigger="reauthorizationRequired",
        is_lifecycle=True,
        expires_at="2025-11-22T22:11:09.952Z",
        clientState=None,
    ),
    "microsoft-graph/notification": one(
        'sub-1/updated/Users/aaaa@bbbb/Events/AAMkAD/W/"CQAAABYAAADkrWGo7bouTKlsgTZMr9KwAAAUWRHf"',
        trigger="updated",
        is_lifecycle=False,
        subscription_id="sub-1",
        resource_id="AAMkAD",
        resource_type="#Microsoft.Graph.Event",
        clientState=None,
    ),
    "microsoft-graph/notification-batch": Row(
        calls=(
            {"trigger": "updated", "subscription_id": "sub-1"},
            {"trigger": "deleted", "subscription_id": "sub-1", "resource_id": None},
        ),
        keys=(
            UPDATED,
            "sub-1/deleted/Users/aaaa@bbbb/Events/AAMkAD/lsgTZMr9KwAAA",
        ),
        refused=1,
    ),
    "microsoft-graph/validation": Row(
        says="Validation: Testing client application reachability for subscription"
        " Request-Id: 00000000-0000-4000-8000-000000000001 <b>"
    ),
    "openai/realtime.call.incoming": one(
        "wh_02",
        type="realtime.call.incoming",
        timestamp="2025-11-20T19:00:00Z",
        data={
            "call_id": "rtc_01",
            "sip_headers": [
                {"name": "From", "value": "sip:+12025550147@sip.example.com"},
                {"name": "To", "value": "sip:+12025550100@sip.example.com"},
                {"name": "Via", "value": "a"},
                {"name": "Via", "value": "b"},
            ],
        },
    ),
    "openai/response.completed": one(
        "wh_01", type="response.completed", data={"id": "resp_01"}, timestamp="2025-11-20T19:00:00Z"
    ),
    "square/webhooks.test_notification": Row(ignored="test delivery"),
    "standard-webhooks/event": one(
        "msg_01", type="appointment.outcome", data={"lead_id": LEAD, "outcome": "showed"}
    ),
    "stripe/checkout.session.completed": one("evt_0001", type="checkout.session.completed"),
}


@dataclass(frozen=True)
class Sent:
    """A sample as it comes in."""

    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def through(self, dialect: str) -> Unpacked:
        """As the reception leads it through."""
        greeted = DIALECTS[dialect].greet(self.query)
        if greeted is not None:
            return greeted
        vouched = frozenset({"SecretClientState"})
        return DIALECTS[dialect].unpack(self.body, Beside(headers=self.headers, vouched=vouched))


def sent(name: str) -> Sent:
    headers = {name.lower(): value for name, value in HEADERS.get(name, {}).items()}
    envelope = SAMPLES / f"{name}.request.json"
    if not envelope.exists():
        return Sent(read_json((SAMPLES / f"{name}.json").read_bytes()), headers)
    request = json.loads(envelope.read_bytes())
    headers = {name.lower(): value for name, value in request["headers"].items()}
    raw = request["body"].encode()
    body = Body({})
    if raw:
        body = read_form(raw) if headers["content-type"] == FORM_TYPE else read_json(raw)
    query = parse_qs(urlsplit(request["target"]).query)
    return Sent(body, headers, {name: tuple(texts) for name, texts in query.items()})


def dialect_of(name: str) -> str:
    return FOLDERS[name.partition("/")[0]]


def test_every_sample_of_these_callers_has_its_row():
    files = {
        f"{folder}/{path.name.removesuffix('.json').removesuffix('.request')}"
        for folder in FOLDERS
        for path in (SAMPLES / folder).iterdir()
    }

    assert files == set(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_sample_yields_what_it_says(name: str):
    row, found = ROWS[name], sent(name).through(dialect_of(name))
    runs = [call for call in found.calls if call.refusal is None]

    assert found.ignored == row.ignored
    assert len(found.calls) - len(runs) == row.refused
    assert [call.key for call in runs] == list(row.keys)
    for call, fields in zip(runs, row.calls, strict=True):
        assert {name: call.payload.get(name) for name in fields} == dict(fields)
    if row.says is not None:
        assert found.echo == row.says
    assert found.when_refused == "record"  # whatever is authentic gets 2xx


@pytest.mark.parametrize("name", sorted(ROWS))
def test_S6_no_payload_holds_what_the_vendor_sends_as_a_secret(name: str):
    dialect = DIALECTS[dialect_of(name)]
    told = json.dumps([call.payload for call in sent(name).through(dialect.name).calls])

    for place in dialect.secret_places:
        assert json.dumps(place.rpartition(".")[2]) not in told
    assert "SecretClientState" not in told
    assert "lead-hub-token-1" not in told


# ------------------------------------------------------------------------------------ anything else

_TEXTS = st.sampled_from(
    ["", "x", "\x00", "\ud800", "http://[", "a/b/", "2025-01-01", "%ff", "\u0661"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a body that can hold something else."""
    if not isinstance(value, dict | list):
        return []
    found = []
    for place, item in value.items() if isinstance(value, dict) else enumerate(value):
        found += [(value, place), *_places(item)]
    return found


@given(name=st.sampled_from(sorted(ROWS)), data=st.data())
def test_I14_no_body_and_no_header_makes_a_dialect_raise_anything_but_a_refusal(
    name: str, data: st.DataObject
):
    sample = sent(name)
    holder = [json.loads(json.dumps(sample.body.value))]
    for _ in range(data.draw(st.integers(1, 3))):
        inside, place = data.draw(st.sampled_from(_places(holder)))
        inside[place] = data.draw(_VALUES)
    headers = {**sample.headers, "x-github-event": "push"}
    changed = data.draw(st.sampled_from(sorted(headers)))
    headers[changed] = data.draw(_TEXTS | st.just(FORM_TYPE))
    body = mended(holder[0])

    for dialect in {dialect_of(name), data.draw(st.sampled_from(sorted(set(FOLDERS.values()))))}:
        try:
            found = Sent(body, headers, sample.query).through(dialect)
        except Rejected as refusal:
            assert refusal.status in {400, 413, 422}  # noqa: PT017 - any number of them may come
            continue
        json.dumps([call.payload for call in found.calls]).encode()
        answer = DIALECTS[dialect].pack(found, [Reply("x", status=500) for _ in found.calls])
        assert answer.status in {200, 202, 204}

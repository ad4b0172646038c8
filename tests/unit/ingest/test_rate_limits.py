"""How often an endpoint may be called: who counts together, when it is counted, what is said."""

import logging

import pytest

from hub.errors import Rejected
from hub.ingest.rate_limits import address
from tests.unit.ingest.door import Door, answered, said, workflow
from tests.unit.ingest.sample_bodies import raw

VAPI = {"X-Vapi-Secret": "example-shared-secret"}
NEW, OLD = ({"Authorization": f"Bearer {name}-token"} for name in ("new", "old"))
PATH = "/webhook/limited"
TOOL = "auth: vapi\ndialect: vapi.tool\ntool: book_appointment\nrate_limit: 1 per second"


def door(endpoint):
    return Door({"limited": workflow(endpoint)})


def refusal(open_door, body=None, **options):
    with pytest.raises(Rejected) as refused:
        open_door.send(PATH, {} if body is None else body, **options)
    return refused.value


def test_one_request_too_many_is_told_when_to_come_again_and_leaves_nothing(caplog):
    open_door = door("auth: broker\nrate_limit: 2 per minute")
    for _ in range(2):
        open_door.send(PATH, {}, headers=NEW)

    with caplog.at_level(logging.WARNING):
        refused = refusal(open_door, headers=NEW)

    assert refused.status == 429
    assert refused.retry_after.total_seconds() == 12  # the next whole second
    assert refused.title == (
        "Too many requests: this endpoint takes 2 per minute. Try again in 12 seconds."
    )
    assert len(open_door.memory.deliveries) == len(open_door.memory.runs) == 2
    (line,) = caplog.records
    assert (line.workflow, line.rate_limit) == ("limited", "2 per minute")


def test_without_per_all_callers_count_together():
    open_door = door("auth: broker\nrate_limit: 1 per hour")
    open_door.send(PATH, {}, headers=NEW)
    assert refusal(open_door, headers=NEW, remote_ip="198.51.100.7").status == 429


def test_per_ip_each_address_has_a_count_of_its_own():
    open_door = door("auth: public\nrate_limit: 1 per day per ip")
    open_door.send(PATH, {})
    open_door.send(PATH, {}, remote_ip="198.51.100.7")
    assert "takes 1 per day from one address" in refusal(open_door).title


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unknown", "unknown", True),
        (None, "", True),
    ],
)
def test_a_site_of_ipv6_counts_as_one_address(one, other, are_the_same):
    assert (address(one) == address(other)) is are_the_same


def test_an_address_is_counted_before_anybody_proves_himself():
    open_door = door("auth: broker\nrate_limit: 1 per minute per ip")
    assert refusal(open_door, b"{not json").status == 401
    assert refusal(open_door, b"{not json").status == 429
    assert refusal(open_door, headers=NEW).status == 429


@pytest.mark.parametrize("limit", ["1 per minute", "1 per minute per caller"])
def test_strangers_do_not_use_up_what_callers_may_send(limit):
    open_door = door(f"auth: broker\nrate_limit: {limit}")
    for _ in range(3):
        assert refusal(open_door).status == 401

    open_door.send(PATH, {}, headers=NEW)

    assert refusal(open_door, headers=NEW).status == 429
    assert refusal(open_door).status == 401


def test_a_caller_is_counted_before_the_body_is_read():
    open_door = door("auth: broker\nrate_limit: 1 per minute per caller")
    assert refusal(open_door, b"{not json", headers=NEW).status == 400
    assert refusal(open_door, b"{not json", headers=NEW).status == 429


def test_a_caller_is_who_has_a_secret_and_both_values_of_a_rotation_are_one():
    open_door = door("auth: partners\nrate_limit: 1 per minute per caller")
    partner = {"Authorization": "Bearer partner-token"}

    open_door.send(PATH, {}, headers=NEW)
    open_door.send(PATH, {}, headers=partner)

    assert refusal(open_door, headers=OLD).status == 429
    assert "from one caller" in refusal(open_door, headers=partner).title
    assert {key for key, _, _ in open_door.turns.asked} == {
        "limited/caller/BROKER_API_TOKEN",
        "limited/caller/PARTNER_TOKEN",
    }


def test_a_tool_call_hears_a_sentence():
    open_door = door(
        "auth: vapi\ndialect: vapi.tool\ntool: book_appointment\nrate_limit: 1 per second"
    )
    open_door.send(PATH, raw("vapi/tool-calls-minimal"), headers=VAPI)

    receipt = open_door.send(PATH, raw("vapi/tool-calls-minimal"), headers=VAPI)

    assert answered(receipt).status == 200
    assert answered(receipt).headers["Retry-After"] == "12"
    (result,) = said(receipt)["results"]
    assert result == {
        "name": "book_appointment",
        "toolCallId": "call_min",
        "error": "Too many requests: this endpoint takes 1 per second. Try again in 12 seconds.",
    }
    assert receipt.new_runs == ()
    assert len(open_door.memory.deliveries) == 1


def test_a_flat_body_to_a_tool_gets_the_status():
    open_door = door(
        "auth: vapi\ndialect: vapi.tool\ntool: book_appointment\nrate_limit: 1 per second"
    )
    open_door.send(PATH, {}, headers=VAPI)
    assert refusal(open_door, headers=VAPI).status == 429


def test_an_event_gets_the_status_so_that_it_is_sent_again():
    open_door = door("auth: vapi\ndialect: vapi.event\nrate_limit: 1 per second")
    open_door.send(PATH, raw("vapi/hang"), headers=VAPI)
    assert refusal(open_door, raw("vapi/hang"), headers=VAPI).status == 429


def test_an_endpoint_without_a_limit_is_not_counted():
    open_door = door("auth: broker")
    open_door.send(PATH, {}, headers=NEW)
    assert open_door.turns.asked == []

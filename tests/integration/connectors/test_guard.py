"""Where the way out may lead: addresses are judged when they are connected to (S3)."""

from __future__ import annotations

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, OutboundPolicy, get
from hub.connectors.slack import SlackClient
from hub.connectors.slack_webhook import SlackWebhook
from hub.connectors.sms import TwilioClient, send_sms
from hub.errors import Permanent, StepFailed
from tests.fakes.clock import FakeClock
from tests.fakes.services import Answer


def failure_of(function, *given, **inputs):
    with pytest.raises(StepFailed) as failure:
        function(*given, **inputs)
    found = failure.value
    return type(found), found.code, found.maybe_done


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_S3_loopback_is_refused_in_all_its_forms(attempt, receiver, host):
    http = Http(OutboundPolicy())

    with pytest.raises(Permanent) as failure:
        get(http, attempt, url=f"http://{host}:{receiver.port}/")

    assert failure.value.code == "address_not_allowed"
    assert "outbound_allow in hub.yaml" in failure.value.message
    assert receiver.nothing_was_sent


def test_S3_an_octal_address_is_refused(attempt, receiver):
    with pytest.raises(Permanent):
        get(Http(OutboundPolicy()), attempt, url=f"http://0177.0.0.1:{receiver.port}/")

    assert receiver.nothing_was_sent


def test_S3_every_answer_of_the_lookup_must_pass(attempt, receiver):
    policy = OutboundPolicy.of(("127.0.0.1/32", []))
    http = Http(policy, lambda _host, _port: ["127.0.0.1", "10.0.0.1"])

    with pytest.raises(Permanent) as failure:
        get(http, attempt, url=f"http://two.example:{receiver.port}/")

    assert failure.value.code == "address_not_allowed"
    assert "10.0.0.1/32" in failure.value.message
    assert receiver.nothing_was_sent


METADATA = {
    "metadata.google.internal": "169.254.169.254",
    "instance-data.ec2.internal": "fd00:ec2::254",
    "metadata.aliyun.example": "100.100.100.200",
    "metadata.oracle.example": "192.0.0.192",
    "wireserver.azure.example": "168.63.129.16",
    "mapped.example": "::ffff:169.254.169.254",
    "six-to-four.example": "2002:a9fe:a9fe::1",
    "nat64.example": "64:ff9b::a9fe:a9fe",
    "teredo.example": "2001:0:a9fe:a9fe::1",
}


@pytest.mark.parametrize("host", METADATA)
def test_S3_no_name_leads_to_the_metadata_of_a_cloud(attempt, host):
    """Nothing is even connected to: a connection outside loopback would fail this test."""
    http = Http(OutboundPolicy(), lambda name, _port: ["8.8.8.8", METADATA[name]])

    assert failure_of(get, http, attempt, url=f"http://{host}/") == (
        Permanent,
        "address_not_allowed",
        False,
    )


def test_S3_every_new_connection_is_judged_anew(attempt, receiver):
    """A name that leads elsewhere the second time (DNS rebinding) is refused then."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    http = Http(
        OutboundPolicy.of(("127.0.0.1/32", [receiver.port])), lambda _host, _port: next(answers)
    )
    receiver.always(Answer(200, b"{}", {"Connection": "close"}))
    url = f"http://rebinding.example:{receiver.port}/"

    assert get(http, attempt, url=url).status == 200
    http.close()
    assert failure_of(get, http, attempt, url=url) == (Permanent, "address_not_allowed", False)
    assert len(receiver.requests) == 1


def test_S3_chat_and_text_messages_take_the_same_way_out(attempt, receiver):
    closed = Http(OutboundPolicy())
    chat = ConnectionSettings(
        "slack", "slack", base_url=f"{receiver.url}/api/", credentials={"token": "xoxb-1"}
    )
    text = ConnectionSettings(
        "twilio",
        "twilio",
        base_url=receiver.url,
        credentials={"account_sid": "AC1", "auth_token": "t0ken"},
        options={"from": "+12025550100"},
    )
    hook = ConnectionSettings("hook", "slack_webhook", credentials={"url": f"{receiver.url}/s/1"})
    sms = TwilioClient(text, closed)
    for send in (
        lambda: SlackClient(chat, closed).post_message(attempt, channel="#x", text="x"),
        lambda: SlackWebhook(hook, closed).send(attempt, {"text": "x"}),
        lambda: send_sms(sms, attempt, FakeClock(), to="+12025550147", text="x"),
    ):
        with pytest.raises(Permanent) as refused:
            send()
        assert refused.value.code == "address_not_allowed"

    assert receiver.nothing_was_sent


def test_S3_the_judged_address_is_the_one_connected_to(attempt, receiver):
    asked = []

    def changing(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    http = Http(OutboundPolicy.of(("127.0.0.1/32", [receiver.port])), changing)

    assert get(http, attempt, url=f"http://once.example:{receiver.port}/").status == 200
    assert asked == ["once.example"]
    assert receiver.requests[0].headers["host"] == f"once.example:{receiver.port}"
    http.close()


def test_S3_a_listed_network_is_open_on_its_ports_only(attempt, receiver):
    http = Http(OutboundPolicy.of(("127.0.0.0/8", [receiver.port + 1])))

    found = failure_of(get, http, attempt, url=receiver.url)

    assert found == (Permanent, "address_not_allowed", False)


def test_S3_the_environment_names_no_proxy(http, attempt, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert get(http, attempt, url=receiver.url).status == 200

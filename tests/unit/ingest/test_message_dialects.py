"""Slack, Twilio and SignalWire: what they send becomes runs, and how they are answered."""

import json
from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import pytest

from hub.ingest.body import Body
from hub.ingest.dialects import DIALECTS, Reply, Unpacked
from hub.ingest.form_body import read_form
from tests.unit.ingest.door import answered, said
from tests.unit.ingest.messages import EMPTY_TWIML, JSON, door, sample, sent

# ------------------------------------------------------------------------------------------ slack


@pytest.mark.parametrize("dialect", ["slack.event", "slack.action", "slack.command"])
def test_S6_what_lets_anybody_write_to_slack_is_in_no_payload_and_is_sealed(dialect):
    open_door = door(dialect)
    secret = "https://hooks.example.com/actions/T1/1/x"
    keys = {"response_url": secret, "token": "legacy-token", "trigger_id": "1.2.3"}
    if dialect == "slack.event":
        event = {"type": "message", "deep": [keys]}
        whole = {"type": "event_callback", "event_id": "E1", **keys, "event": event}
        sent(open_door, json.dumps(whole).encode(), JSON)
    elif dialect == "slack.action":
        sent(open_door, {"payload": json.dumps({"type": "shortcut", "view": keys, **keys})})
    else:
        sent(open_door, {"command": "/leads", **keys})

    (run,), (delivery,) = open_door.memory.runs, open_door.memory.deliveries
    assert delivery.is_sealed
    assert not any(each in json.dumps(run.trigger) for each in keys.values())


def test_I6_an_event_that_slack_sends_again_is_the_same_event():
    open_door = door("slack.event")
    raw, media_type = sample("slack/event_callback.json")
    again = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}

    first = sent(open_door, raw, media_type)
    second = sent(open_door, raw, media_type, **again)

    assert len(open_door.memory.runs) == 1
    assert first.outcomes[0].run_id == second.outcomes[0].run_id
    assert answered(second).status == 200


@pytest.mark.parametrize(
    ("dialect", "value"),
    [
        ("slack.event", None),
        ("slack.event", {"type": "event_callback", "event_id": "E1", "event": "text"}),
        ("slack.event", {"type": "event_callback", "event": {"type": "message"}}),
        ("slack.event", {"type": "app_rate_limited", "team_id": "T1"}),
        ("slack.event", {"type": "url_verification", "challenge": 1}),
        ("slack.action", {"payload": "{"}),
        ("slack.action", {"payload": "[]"}),
        ("slack.action", {"payload": ["{}", "{}"]}),
        ("slack.action", {}),
        ("slack.command", {"text": "x"}),
        ("twilio.sms", {"MessageSid": "SM1"}),
        ("twilio.sms", {"Body": "x"}),
        ("twilio.sms", {"MessageSid": "SM1", "Body": ["a", "b"]}),
        ("twilio.status", {"MessageSid": "SM1"}),
        ("twilio.status", {"CallStatus": "ringing"}),
        ("signalwire.status", {"event": "call.state", "params": {"call_id": 1}}),
        ("signalwire.status", {"event": "other", "params": {"call_id": "a", "state": "b"}}),
    ],
)
def test_what_is_useless_makes_no_run_and_the_reason_is_recorded(dialect, value):
    found = DIALECTS[dialect].unpack(Body(value))

    assert found.calls == ()
    assert found.ignored
    assert found.when_refused == "record"


def packed(dialect: str, *replies: Reply) -> str:
    return DIALECTS[dialect].pack(Unpacked(), replies).body.decode()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("3 leads wait", {"response_type": "ephemeral", "text": "3 leads wait"}),
        ({"text": "hi", "response_type": "in_channel"}, None),
        ({"blocks": []}, None),
        ({"status": "accepted", "run_id": "1"}, ""),
        (None, ""),
    ],
)
def test_a_command_is_answered_for_the_eyes_of_its_sender(body, answer):
    answer = body if answer is None else answer
    found = packed("slack.command", Reply(body))

    assert (json.loads(found) if found else "") == answer


def test_who_sends_a_command_reads_that_it_could_not_be_saved():
    open_door = door("slack.command")
    open_door.memory.is_down = True

    receipt = sent(open_door, {"command": "/leads", "text": "today"})

    assert answered(receipt).status == 200
    assert said(receipt)["text"].startswith("The request could not be saved")


def test_a_dialogue_hears_what_to_do_next_and_a_click_nothing():
    clear = {"response_action": "clear"}

    assert json.loads(packed("slack.action", Reply(clear))) == clear
    assert packed("slack.action", Reply({"status": "accepted"})) == ""
    assert packed("slack.action", Reply(clear, status=500)) == ""


# ---------------------------------------------------------------------------------- text messages


@pytest.mark.parametrize(
    ("text", "said_by_provider", "wish"),
    [
        ("stop", None, (True, False)),
        (" Stop! ", None, (True, False)),
        ("STOP ALL", None, (True, False)),
        ("Unsubscribe.", None, (True, False)),
        ("please stop by at 9", None, (False, False)),
        ("cancel my appointment", None, (False, False)),
        ("START", None, (False, True)),
        ("yes", None, (False, False)),
        ("yes", "START", (False, True)),
        ("arrêt", "STOP", (True, False)),
        ("stop", "HELP", (False, False)),
        ("", None, (False, False)),
    ],
)
@pytest.mark.parametrize("dialect", ["twilio.sms", "signalwire.sms"])
def test_who_wants_no_messages_is_understood(dialect, text, said_by_provider, wish):
    form = {"MessageSid": "SM1", "From": "+12025550147", "Body": text}
    form |= {"OptOutType": said_by_provider} if said_by_provider else {}

    (call,) = DIALECTS[dialect].unpack(Body(form)).calls

    assert (call.payload["opted_out"], call.payload["opted_in"]) == wish


@pytest.mark.parametrize("sender", ["+266696687", "anonymous", "", None])
def test_a_withheld_sender_has_no_number(sender):
    form = {"MessageSid": "SM1", "Body": "hi"} | ({} if sender is None else {"From": sender})

    (call,) = DIALECTS["twilio.sms"].unpack(Body(form)).calls

    assert call.payload["from"] is None


def test_pictures_are_listed():
    form = {"MessageSid": "MM1", "Body": "", "MediaUrl0": "https://x/1", "MediaUrl2": "https://x/2"}

    (call,) = DIALECTS["twilio.sms"].unpack(Body({**form, "MediaContentType0": "image/png"})).calls

    assert call.payload["media"] == [
        {"url": "https://x/1", "content_type": "image/png"},
        {"url": "https://x/2", "content_type": ""},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "See you at 9 & bring <id>",
        "]]></Message><Redirect>x</Redirect>",
        "a\x00b\x1b",
        "\ud83d",
        "¿",
    ],
)
def test_a_text_stays_a_text_in_twiml(text):
    tree = fromstring(packed("twilio.sms", Reply(text)))  # noqa: S314 -- our own

    (message,) = tree
    kept = "".join(each for each in text if each not in "\x00\x1b\ud83d")
    assert (tree.tag, message.tag, message.text or "", len(message)) == (
        "Response",
        "Message",
        kept,
        0,
    )


@pytest.mark.parametrize(
    "reply",
    [
        Reply("The run failed.", is_failure=True),
        Reply({"message": "no"}, status=500),
        Reply({"status": "accepted", "run_id": "1"}, status=202),
        Reply(None),
        Reply(""),
    ],
)
def test_nobody_is_texted_about_our_troubles(reply):
    assert packed("twilio.sms", reply) == EMPTY_TWIML


def test_the_workflows_text_answers_the_message():
    message = {"message": "Thank you"}

    assert packed("signalwire.sms", Reply(message)) == (
        "<Response><Message>Thank you</Message></Response>"
    )


@pytest.mark.parametrize(
    ("name", "dialect"),
    [("inbound-sms-stop", "twilio.sms"), ("message-status-sent-late", "twilio.status")],
)
def test_I6_a_message_and_each_of_its_statuses_come_once(name, dialect):
    open_door = door(dialect)
    for _ in range(2):
        sent(open_door, *sample(f"twilio/{name}.request.json"))

    assert len(open_door.memory.runs) == 1


def test_fields_that_nobody_knows_yet_do_no_harm():
    read: Callable[[bytes], Body] = read_form
    form = read(b"MessageSid=SM1&MessageStatus=read&New=&New=&SequenceNumber=x&%C3%A9=%00")

    found = DIALECTS["twilio.status"].unpack(form)

    assert found.calls[0].key == "SM1/read"
    assert found.is_mended

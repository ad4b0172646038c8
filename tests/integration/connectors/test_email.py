"""email.send against a fake mail server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.email import EmailClient, Invite, send
from hub.errors import NoSuchReceiver, Permanent, StepFailed, Transient
from tests.fakes.certificates import loopback_certificate, server_context
from tests.fakes.services import CUT, HANG, TRICKLE
from tests.fakes.smtp import FakeSmtp

TO = "zoe@example.com"
INVITE = Invite(
    uid="job-1",
    title="Müller, 30 min",
    start=datetime(2025, 12, 3, 19, tzinfo=UTC),
    end=datetime(2025, 12, 3, 20, tzinfo=UTC),
    organizer="team@example.com",
)


@pytest.fixture
def server():
    with FakeSmtp() as fake:
        yield fake


def settings_for(server, credentials=None, **options):
    return ConnectionSettings(
        "mail",
        "smtp",
        base_url=server.base_url,
        credentials=credentials or {},
        options={"from": "hub@example.com", "tls": "none", **options},
    )


@pytest.fixture
def client(server):
    return EmailClient(settings_for(server))


def failure_of(client, attempt, clock, **inputs):
    with pytest.raises(StepFailed) as failure:
        send(client, attempt, clock, **{"to": TO, "subject": "s", "text": "t", **inputs})
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_a_mail_can_be_html_and_text_and_is_the_same_when_it_is_sent_again(
    client, attempt, clock, server
):
    for _ in range(2):
        send(client, attempt, clock, to=TO, subject="s", text="plain é", html="<b>é</b>")

    first, second = server.messages
    parts = {part.get_content_type(): part for part in first.message.iter_parts()}
    assert first.message.get_content_type() == "multipart/alternative"
    assert list(parts) == ["text/plain", "text/html"]
    assert parts["text/html"].get_content().strip() == "<b>é</b>"
    assert first.content == second.content


def test_a_mail_is_handed_in(client, attempt, clock, server):
    mailed = send(
        client,
        attempt,
        clock,
        to=TO,
        subject="Bestätigt: Zoë",
        text="See you on Monday, é\n.\nfrom a dot",
        reply_to="team@example.com",
    )

    (mail,) = server.messages
    message = mail.message
    assert (mail.sender, mail.recipients) == ("hub@example.com", (TO,))
    assert message["Subject"] == "Bestätigt: Zoë"
    assert message["Message-ID"] == mailed.message_id
    assert message["Reply-To"] == "team@example.com"
    assert message["Date"].datetime == clock.now()
    assert message.get_content().replace("\r\n", "\n") == "See you on Monday, é\n.\nfrom a dot\n"
    assert mail.content.isascii()


def test_E7_every_attempt_sends_the_same_mail(client, attempt, clock, server):
    for number in (1, 2):
        send(
            client,
            replace(attempt, number=number),
            clock,
            to=TO,
            subject="s",
            text="t",
            invite=INVITE,
        )
    send(client, replace(attempt, key="other"), clock, to=TO, subject="s", text="t")

    first, second, other = server.messages
    assert first.content == second.content
    assert first.message["Message-ID"] != other.message["Message-ID"]


def test_an_invitation_is_an_alternative_part(client, attempt, clock, server):
    send(client, attempt, clock, to=TO, subject="s", text="t", invite=INVITE)

    message = server.messages[0].message
    text, calendar = message.iter_parts()
    assert message.get_content_type() == "multipart/alternative"
    assert text.get_content_type() == "text/plain"
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    raw = calendar.get_payload(decode=True)
    assert b"\r\nMETHOD:REQUEST\r\n" in raw
    assert "\r\nSUMMARY:Müller\\, 30 min\r\n".encode() in raw
    assert b"DTSTAMP:20251020T120000Z" in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_a_cancellation_has_its_method_in_the_header_too(client, attempt, clock, server):
    cancelled = replace(INVITE, cancelled=True, sequence=1)

    send(client, attempt, clock, to=TO, subject="s", text="t", invite=cancelled)

    _, calendar = server.messages[0].message.iter_parts()
    assert calendar["Content-Type"].params["method"] == "CANCEL"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"to": "a@example.com\r\nBcc: b@example.com"}, "invalid_address"),
        ({"to": "a@example.com, b@example.com"}, "invalid_address"),
        ({"to": "Zoë <a@example.com>"}, "invalid_address"),
        ({"to": "a@example.com>"}, "invalid_address"),
        ({"to": "nobody"}, "invalid_address"),
        ({"reply_to": "a@b\nc"}, "invalid_address"),
        ({"subject": "s\r\nBcc: b@example.com"}, "invalid_input"),
        ({"subject": "s\u2028t"}, "invalid_input"),
        ({"subject": "s\0"}, "invalid_input"),
        ({"invite": replace(INVITE, end=INVITE.start)}, "invalid_input"),
        ({"invite": replace(INVITE, organizer="x\r\nATTENDEE:y")}, "invalid_address"),
        ({"invite": replace(INVITE, uid="")}, "invalid_input"),
    ],
)
def test_S14_no_data_breaks_out_of_its_header(client, attempt, clock, server, *, inputs, code):
    assert failure_of(client, attempt, clock, **inputs) == (Permanent, code, False)
    assert server.nothing_was_sent


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("CONNECT", "421 busy", (Transient, "unavailable", False)),
        ("CONNECT", "554 go away", (Permanent, "rejected", False)),
        ("CONNECT", CUT, (Transient, "unavailable", False)),
        ("EHLO", CUT, (Transient, "unavailable", False)),
        ("MAIL", "451 later", (Transient, "unavailable", False)),
        ("MAIL", "550 5.7.1 not you", (Permanent, "rejected", False)),
        ("RCPT", "450 4.2.1 greylisted", (Transient, "unavailable", False)),
        ("RCPT", "550 5.1.1 no such user", (NoSuchReceiver, "invalid_address", False)),
        ("RCPT", "550 5.2.1 switched off", (NoSuchReceiver, "invalid_address", False)),
        ("RCPT", "552 5.2.2 mailbox full", (Permanent, "invalid_address", False)),
        ("RCPT", "550 blocked: your network is listed", (Permanent, "invalid_address", False)),
        ("RCPT", "554 5.7.1 relay access denied", (Permanent, "rejected", False)),
        ("DATA", "452 full", (Transient, "unavailable", False)),
        ("DATA", "554 no", (Permanent, "rejected", False)),
        ("MESSAGE", "451 later", (Transient, "unavailable", False)),
        ("MESSAGE", "554 5.7.1 spam", (Permanent, "rejected", False)),
        ("MESSAGE", CUT, (Transient, "unavailable", True)),
        ("MESSAGE", "what", (Transient, "unavailable", True)),
    ],
)
def test_what_the_server_says_decides(client, attempt, clock, server, *, verb, reply, expected):
    server.answers(verb, reply)

    assert failure_of(client, attempt, clock) == expected


@pytest.mark.parametrize("behaviour", [HANG, TRICKLE])
@pytest.mark.parametrize(
    ("verb", "maybe_done"), [("CONNECT", False), ("RCPT", False), ("MESSAGE", True)]
)
def test_E9_a_conversation_ends_at_its_timeout(
    client, attempt, clock, server, *, verb, maybe_done, behaviour
):
    server.answers(verb, behaviour)
    brief = replace(attempt, timeout=timedelta(seconds=0.3))

    assert failure_of(client, brief, clock) == (Transient, "timeout", maybe_done)


@pytest.mark.parametrize("reply", [CUT, "500 what"])
def test_an_accepted_mail_is_sent_however_the_good_bye_goes(client, attempt, clock, server, reply):
    server.answers("QUIT", reply)

    send(client, attempt, clock, to=TO, subject="s", text="t")

    assert len(server.messages) == 1


def test_a_refused_connection_had_no_effect(attempt, clock):
    with FakeSmtp() as gone:
        settings = settings_for(gone)

    assert failure_of(EmailClient(settings), attempt, clock) == (Transient, "unavailable", False)


def test_login_and_tls(attempt, clock, tmp_path):
    file = loopback_certificate(tmp_path)
    with FakeSmtp(tls=server_context(file), users={"hub": "pass"}) as server:
        options = {"tls": "starttls", "ca_file": str(file)}
        known = settings_for(server, {"username": "hub", "password": "pass"}, **options)
        wrong = settings_for(server, {"username": "hub", "password": "no"}, **options)
        stranger = settings_for(server, tls="starttls")

        send(EmailClient(known), attempt, clock, to=TO, subject="s", text="t")

        assert [(mail.username, mail.is_encrypted) for mail in server.messages] == [("hub", True)]
        assert failure_of(EmailClient(wrong), attempt, clock) == (Permanent, "unauthorized", False)
        assert failure_of(EmailClient(stranger), attempt, clock) == (
            Transient,
            "unavailable",
            False,
        )


def test_a_server_without_tls_gets_no_mail_unless_told(attempt, clock, server):
    client = EmailClient(settings_for(server, tls="starttls"))

    assert failure_of(client, attempt, clock) == (Permanent, "tls_unavailable", False)
    assert server.messages == []


def test_a_server_without_login_is_told(attempt, clock, server):
    client = EmailClient(settings_for(server, {"username": "hub", "password": "x"}))

    assert failure_of(client, attempt, clock) == (Permanent, "unauthorized", False)


@pytest.mark.parametrize(
    ("base_url", "options"),
    [
        ("mail.example.com", {}),
        ("https://mail.example.com", {}),
        ("smtp://", {}),
        ("smtp://mail.example.com:port", {}),
        ("smtp://mail.example.com", {"tls": "perhaps"}),
    ],
)
def test_a_wrong_connection_is_told(attempt, clock, base_url, options):
    settings = ConnectionSettings(
        "mail", "smtp", base_url=base_url, options={"from": "hub@example.com", **options}
    )

    assert failure_of(EmailClient(settings), attempt, clock) == (
        Permanent,
        "not_configured",
        False,
    )


def test_without_a_connection_nothing_is_sent(attempt, clock):
    assert failure_of(EmailClient(None), attempt, clock) == (Permanent, "not_configured", False)

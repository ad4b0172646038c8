"""Dialects `twilio.sms` and `signalwire.sms`: a text message that somebody sent to our number.

It is answered in TwiML, where a text of the workflow becomes a message to the sender. Who withheld
his number has none here. The message's SID is its key (`wire-formats`, sections 0.2 and 14).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    text_at,
)
from hub.values import normalise_phone

# The words by which carriers and providers end or begin messages; they count alone only.
_STOP = frozenset(
    {"cancel", "end", "optout", "quit", "revoke", "stop", "stopall", "stop all", "unsubscribe"}
)
_START = frozenset({"start", "unstop"})  # "yes" answers other questions too
_AROUND = " \t\r\n.,!?'\""
_XML = "text/xml"
_MOST_MEDIA = 10
# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class TextMessage(Dialect):
    """Inbound messages of services that speak Twilio's language."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each message; a form without a SID and a text is none."""
        form = body.value
        sid = text_at(form, "MessageSid") or text_at(form, "SmsSid")
        text = form.get("Body") if isinstance(form, dict) else None
        if sid is None or not isinstance(text, str):
            return Unpacked(ignored="no text message", when_refused="record")
        payload = {
            "sid": sid,
            "from": number_of(form, "From"),
            "to": text_at(form, "To"),
            "text": text,
            "account_sid": text_at(form, "AccountSid"),
            **_wish(text, text_at(form, "OptOutType")),
            "media": _media(form),
        }
        return Unpacked(
            calls=(Call(payload, key=sid),),
            when_refused="record",
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """A message to the sender where the workflow said a text; failures are never texted."""
        texts = [_said(each.body) for each in replies if not each.is_error]
        messages = "".join(f"<Message>{_in_xml(each)}</Message>" for each in texts if each)
        content = f"<Response>{messages}</Response>" if messages else "<Response/>"
        return Packed(200, content.encode(), {"Content-Type": f"{_XML}; charset=utf-8"})


def number_of(form: Mapping[str, Any], name: str) -> str | None:
    """A number as E.164; nothing for a withheld caller, whose number spells ANONYMOUS."""
    try:
        return normalise_phone(text_at(form, name) or "")
    except ValueError:
        return None


def _wish(text: str, said: str | None) -> dict[str, bool]:
    """Whether the sender wants no messages, or wants them again.

    The provider's word goes before the text: it blocks by words that a customer may have chosen.
    """
    word = " ".join(text.strip(_AROUND).lower().split())
    return {
        "opted_out": said == "STOP" if said else word in _STOP,
        "opted_in": said == "START" if said else word in _START,
    }


def _media(form: Mapping[str, Any]) -> list[dict[str, str]]:
    found = []
    for place in range(_MOST_MEDIA):
        url, kind = text_at(form, f"MediaUrl{place}"), text_at(form, f"MediaContentType{place}")
        if url is not None:
            found.append({"url": url, "content_type": kind or ""})
    return found


def _said(body: Any) -> str | None:
    """The workflow's text, alone or as `message`."""
    return body if isinstance(body, str) else text_at(body, "message")


def _in_xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


_NAMES = ("sid", "from", "to", "text", "opted_out", "opted_in")
TWILIO_SMS = TextMessage(
    name="twilio.sms",
    default_auth="twilio",
    media_types=(FORM_TYPE,),
    answers_in=_XML,
    names_messages=True,
    payload_names=_NAMES,
)
SIGNALWIRE_SMS = TextMessage(
    name="signalwire.sms",
    default_auth="signalwire",
    media_types=(FORM_TYPE,),
    answers_in=_XML,
    names_messages=True,
    payload_names=_NAMES,
)

"""Dialects `twilio.status` and `signalwire.status`: what became of a message or a call.

Callbacks come late, twice and out of order, and bring new fields without notice: each is a run with
a key of its own, and whoever keeps a status must never let it move backwards. Nobody reads the
answer (`wire-formats`, sections 0.2, 14 and 15). `run` and `step` stand in the URL that we asked to
be called (`status_callback` of a connection), which the signature covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    JSON_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.text_message import number_of

_XML = "text/xml"


class MessageStatus(Dialect):
    """Status callbacks of services that speak Twilio's language."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One run for each status of a message or a call."""
        found = _message(body.value) or _call(body.value) or _relay(body.value)
        if found is None:
            return Unpacked(ignored="no status of a message or a call", when_refused="record")
        payload, key = found
        payload |= {
            "provider": self.name.partition(".")[0],
            "run": _one(beside, "run"),
            "step": _one(beside, "step"),
        }
        return Unpacked(
            calls=(Call(payload, key=key),),
            when_refused="record",
            kind=str(payload["about"]),
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """200 without a body; a call that comes in needs TwiML, and an empty one ends it."""
        content = b"<Response/>" if unpacked.kind == "call" else b""
        return Packed(200, content, {"Content-Type": f"{_XML}; charset=utf-8"})


def _message(form: Any) -> tuple[dict[str, Any], str] | None:
    sid = text_at(form, "MessageSid") or text_at(form, "SmsSid")
    status = text_at(form, "MessageStatus") or text_at(form, "SmsStatus")
    if sid is None or status is None:
        return None
    return _payload("message", sid, status, form), f"{sid}/{status}"


def _call(form: Any) -> tuple[dict[str, Any], str] | None:
    """Calls are told apart by their sequence; the first request of a call has none."""
    sid, status = text_at(form, "CallSid"), text_at(form, "CallStatus")
    if sid is None or status is None:
        return None
    sequence = text_at(form, "SequenceNumber")
    more = {"sequence": sequence, "duration": text_at(form, "CallDuration")}
    payload = {**_payload("call", sid, status, form), **_numbers(more)}
    return payload, f"{sid}/{sequence or status}"


def _relay(event: Any) -> tuple[dict[str, Any], str] | None:
    """SignalWire's own form: an event in JSON."""
    sid, status = text_at(event, "params", "call_id"), text_at(event, "params", "state")
    if text_at(event, "event") != "call.state" or sid is None or status is None:
        return None
    return _payload("call", sid, status, {}), f"{sid}/{status}"


def _payload(about: str, sid: str, status: str, form: Any) -> dict[str, Any]:
    return {
        "about": about,
        "sid": sid,
        "status": status,
        "from": number_of(form, "From"),
        "to": number_of(form, "To"),
        "error_code": text_at(form, "ErrorCode"),
        "error_message": text_at(form, "ErrorMessage"),
    }


def _one(beside: Beside, name: str) -> str | None:
    return next(iter(beside.query.get(name, ())), None)


def _numbers(texts: dict[str, str | None]) -> dict[str, int | None]:
    return {
        name: int(text) if text is not None and text.isascii() and text.isdigit() else None
        for name, text in texts.items()
    }


_NAMES = (
    *("about", "sid", "status", "from", "to", "error_code", "error_message"),
    *("provider", "run", "step"),
)
TWILIO_STATUS = MessageStatus(
    name="twilio.status",
    default_auth="twilio",
    media_types=(FORM_TYPE,),
    answers_in=_XML,
    names_messages=True,
    payload_names=_NAMES,
)
SIGNALWIRE_STATUS = MessageStatus(
    name="signalwire.status",
    default_auth="signalwire",
    media_types=(FORM_TYPE, JSON_TYPE),
    answers_in=_XML,
    names_messages=True,
    payload_names=_NAMES,
)

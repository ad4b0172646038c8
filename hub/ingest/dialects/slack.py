"""Dialects `slack.event`, `slack.action` and `slack.command`: what a workspace of Slack sends.

Slack waits three seconds. Events come again with the same `event_id`; clicks and commands have no
id, so the time and body that Slack signs tell them apart. `response_url` lets whoever holds it
write into the conversation: it is never in a payload (`wire-formats`, sections 0.5 and 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import Rejected
from hub.ingest.body import Body, read_json
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    JSON_TYPE,
    NOTHING,
    SMALL_BODY,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    taken,
    text_at,
    to_json_bytes,
)
from hub.ingest.secret_places import without_secrets

# `token` is the old proof of Slack, the same in every message; `trigger_id` opens dialogues.
_SECRET_PLACES = ("response_url", "response_urls", "token", "trigger_id")
_HANDSHAKE = "url_verification"
_ONLY_SENDER = "ephemeral"


class SlackEvent(Dialect):
    """The Events API: JSON, and a challenge before the first event."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a challenge is echoed, everything else is recorded."""
        kind, challenge = text_at(body.value, "type"), text_at(body.value, "challenge")
        if kind == _HANDSHAKE and challenge is not None:
            return Unpacked(ignored="handshake", when_refused="record", kind=kind, echo=challenge)
        event, event_id = _member(body.value, "event"), text_at(body.value, "event_id")
        name = text_at(event, "type")
        if kind != "event_callback" or event_id is None or name is None:
            return Unpacked(ignored="no event of Slack with an id", when_refused="record")
        known = {
            "id": event_id,
            "type": name,
            "team_id": text_at(body.value, "team_id"),
            "time": body.value.get("event_time"),
            "event": without_secrets(event, _SECRET_PLACES),
        }
        payload = {name: value for name, value in known.items() if value is not None}
        return Unpacked(
            calls=(Call(payload, key=event_id),),
            when_refused="record",
            kind=kind or "",
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """200 `{}`, or the challenge."""
        return _in_json({"challenge": unpacked.echo}) if unpacked.echo else taken()


class SlackAction(Dialect):
    """Interactivity: a form with JSON in its field `payload`."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each click, with the first action's name and value at the top."""
        inner = _read(text_at(body.value, "payload"))
        interaction, kind = inner.value, text_at(inner.value, "type")
        if kind is None:
            return Unpacked(ignored="no interaction of Slack", when_refused="record")
        payload = {**_first_action(interaction), **without_secrets(interaction, _SECRET_PLACES)}
        return Unpacked(
            calls=(Call(payload),),
            when_refused="record",
            kind=kind,
            is_mended=bool(body.faults or inner.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """200 without a body; what a dialogue shall do next where the workflow says it."""
        said = next((each.body for each in replies if not each.is_error), None)
        return _in_json(said) if isinstance(said, dict) and "response_action" in said else _EMPTY


class SlackCommand(Dialect):
    """Slash commands: a form, answered with what the person shall read."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each command. Slack shows only answers of 200: failures are told so."""
        command = text_at(body.value, "command")
        if command is None:
            return Unpacked(ignored="no command of Slack", when_refused="record")
        payload = {"text": "", **without_secrets(body.value, _SECRET_PLACES)}
        return Unpacked(
            calls=(Call(payload, name=command),),
            when_refused="tell",
            kind=command,
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """A text for the sender's eyes, a message as the workflow wrote it, or just 200."""
        said = replies[0].body if replies else None
        if isinstance(said, str) and said:
            return _in_json({"response_type": _ONLY_SENDER, "text": said})
        is_message = isinstance(said, dict) and bool({"text", "blocks"} & set(said))
        return _in_json(said) if is_message else _EMPTY


_EMPTY = Packed(200, b"", {"Content-Type": "text/plain; charset=utf-8"})


def _in_json(value: Any) -> Packed:
    return Packed(200, to_json_bytes(value), {"Content-Type": JSON_TYPE})


def _member(value: Any, name: str) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _read(text: str | None) -> Body:
    """The interaction inside its field; nothing for what is no JSON."""
    try:
        return read_json((text or "").encode(), max_body=SMALL_BODY)
    except Rejected:
        return Body(None)


def _first_action(interaction: Mapping[str, Any]) -> dict[str, str]:
    actions = interaction.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    named = {name: text_at(first, name) for name in ("action_id", "value")}
    return {name: value for name, value in named.items() if value is not None}


SLACK_EVENT = SlackEvent(
    name="slack.event",
    default_auth="slack",
    names_messages=True,
    payload_names=("id", "type", "event"),
    secret_places=_SECRET_PLACES,
)
SLACK_ACTION = SlackAction(
    name="slack.action",
    default_auth="slack",
    media_types=(FORM_TYPE,),
    payload_names=("type",),
    is_always_sealed=True,
)
SLACK_COMMAND = SlackCommand(
    name="slack.command",
    default_auth="slack",
    media_types=(FORM_TYPE,),
    payload_names=("command", "text"),
    is_always_sealed=True,
)

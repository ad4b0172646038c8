"""Dialect `retell.tool`: an agent of Retell calls a custom function and waits for what to say.

The arguments come in an envelope with the call, or stand at the root of the body (`args_at_root`
at Retell): a body with `args` beside an object `call` is an envelope. Nothing has an id, so phone
call, function and arguments tell calls apart, and only for as long as a repeat may come: the same
question asked again later in the call wants a new answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.arguments import (
    UNKNOWN,
    UNREADABLE,
    as_object,
    is_faulty,
    key_of_arguments,
)
from hub.ingest.dialects.contract import (
    NOTHING,
    VOICE_BODY,
    AnswerTime,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.model_answer import answer_to_model
from hub.ingest.dialects.retell_call import SECRET_PLACES, caller_facts

LONGEST_ANSWER = 15_000  # characters; Retell cuts what is longer
_REPEATED_WITHIN = timedelta(minutes=3)  # Retell tries again when it has waited two, if at all


class RetellTool(Dialect):
    """Custom functions of Retell's agents."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One call, in an envelope or as the arguments alone."""
        envelope = _envelope(body.value)
        if envelope is None:
            call = _at_root(body)
            return Unpacked((call,), when_refused="tell", kind="root", is_mended=bool(body.faults))
        caller = caller_facts(envelope["call"])
        return Unpacked(
            calls=(_in_envelope(envelope, body, beside.tool, caller.get("call_id")),),
            when_refused="tell",
            caller=caller,
            kind="envelope",
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """JSON for the model, 15,000 characters at most; always 200."""
        return answer_to_model(replies[0], most=LONGEST_ANSWER)


def _envelope(value: Any) -> Mapping[str, Any] | None:
    is_one = isinstance(value, dict) and "args" in value and isinstance(value.get("call"), dict)
    return value if is_one else None


def _at_root(body: Body) -> Call:
    """The name of the function is not sent: the address stands for it."""
    if body.faults or not isinstance(body.value, dict):
        return Call(refusal=UNREADABLE)
    return Call(body.value)


def _in_envelope(
    envelope: Mapping[str, Any], body: Body, tool: str | None, call_id: str | None
) -> Call:
    name = text_at(envelope, "name")
    if tool is not None and name is not None and name != tool:
        return Call(name=name, refusal=UNKNOWN)
    payload = None if is_faulty(body, "/args") else as_object(envelope["args"])
    if payload is None:
        return Call(name=name, refusal=UNREADABLE)
    if call_id is None:
        return Call(payload, name=name)
    key = key_of_arguments(call_id, name, payload)
    return Call(payload, name=name, key=key, window=_REPEATED_WITHIN)


RETELL_TOOL = RetellTool(
    name="retell.tool",
    default_auth="retell",
    default_max_body=VOICE_BODY,
    is_tool=True,
    envelope=("args", "call"),
    names_messages=False,  # arguments at the root name nothing
    secret_places=SECRET_PLACES,
    answer_time=AnswerTime(120, 600, "`timeout_ms` of the custom function at Retell ({} s)"),
)

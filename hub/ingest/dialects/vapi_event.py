"""Dialect `vapi.event`: server messages of a voice agent that report what happened.

The payload is the message, without its empty members (Vapi sends null for "not there") and without
secrets; the results of old and new analysis stand together in `analysis.structuredData`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    JSON_TYPE,
    NOTHING,
    ON_THE_WAY,
    VOICE_BODY,
    AnswerTime,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    one_line,
    text_at,
    to_json_bytes,
    without_nulls,
)
from hub.ingest.dialects.vapi_answers import (
    ANSWERED,
    ASSISTANT_REQUEST,
    PREDIAL,
    TAKES_ERROR,
    why_not_taken,
)
from hub.ingest.dialects.vapi_message import SECRET_PLACES, caller_facts, message_of
from hub.ingest.secret_places import without_secrets

_KEYED = {"end-of-call-report", "status-update"}  # of the others, each one is an event of its own
_TOOL_CALLS = {"tool-calls", "function-call"}
_UNANSWERED = (
    "a tool call came to an endpoint of vapi.event, which gives no result: the person on the phone"
    " hears silence. Enter an endpoint of vapi.tool as the server URL of the tool at Vapi."
)
_NO_ANSWER = "I am sorry, this call cannot be taken just now."
# Vapi waits 7.5 s from the ring to the assistant, and nobody can change it.
_UNTIL_ASSISTANT = AnswerTime(7.5, 7.5)
_LONGEST_WAIT = timedelta(seconds=_UNTIL_ASSISTANT.usual) - ON_THE_WAY


class VapiEvent(Dialect):
    """Server messages of Vapi's assistants."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each message; a body that is no server message makes none."""
        message = message_of(body.value)
        if message is None:
            return Unpacked(ignored="no server message", when_refused="record")
        payload = _with_results(without_secrets(without_nulls(message), SECRET_PLACES))
        return Unpacked(
            calls=(Call(payload, key=_key(message)),),
            when_refused="record",
            caller=caller_facts(message),
            kind=message["type"],
            longest_wait=_LONGEST_WAIT if message["type"] == ASSISTANT_REQUEST else None,
            is_mended=bool(body.faults),
            doubt=_UNANSWERED if message["type"] in _TOOL_CALLS else None,
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """`{}`, except for the few messages that want something back from a workflow's reply."""
        value: Any = {}
        if replies and unpacked.kind in ANSWERED:
            value = _wanted(unpacked.kind, replies[0])
        return Packed(200, to_json_bytes(value), {"Content-Type": JSON_TYPE})


def _wanted(kind: str, reply: Reply) -> Any:
    """The reply where Vapi would use it; else the answer that does least harm."""
    body = None if _is_acceptance(reply) else reply.body
    if isinstance(body, str) and kind in TAKES_ERROR:
        body = {"error": one_line(body)}
    if not reply.is_error and why_not_taken(kind, body) is None:
        return body
    if kind == PREDIAL:
        return {"eligible": False}  # who could not be looked up is not called
    if kind not in TAKES_ERROR:
        return {}
    said = one_line(reply.body) if reply.is_error and isinstance(reply.body, str) else _NO_ANSWER
    return {"error": said if said.strip() else _NO_ANSWER}


def _is_acceptance(reply: Reply) -> bool:
    """No answer at all, which Vapi would not use: the run goes on, or nobody waits for it."""
    is_it = reply.status == 202 and isinstance(reply.body, dict)  # noqa: PLR2004 - HTTP's own
    return is_it and reply.body.keys() == {"status", "run_id"}


def _key(message: Mapping[str, Any]) -> str | None:
    call_id = text_at(message, "call", "id")
    if call_id is None or message["type"] not in _KEYED:
        return None
    status = text_at(message, "status")
    return "/".join([call_id, message["type"], *([status] if status else [])])


def _with_results(message: dict[str, Any]) -> dict[str, Any]:
    """Old results (`analysis.structuredData`) and new ones (`artifact.structuredOutputs`) as one.

    Of a member that both give, the new one counts; a result that is no object stands under the
    name of its output.
    """
    artifact = message.get("artifact")
    outputs = artifact.get("structuredOutputs") if isinstance(artifact, dict) else None
    results: dict[str, Any] = {}
    for output in outputs.values() if isinstance(outputs, dict) else ():
        results.update(_result(output))
    analysis = message.get("analysis")
    known = analysis if isinstance(analysis, dict) else {}
    old = known.get("structuredData")
    if not results:
        return message
    merged = {**(old if isinstance(old, dict) else {}), **results}
    return {**message, "analysis": {**known, "structuredData": merged}}


def _result(output: Any) -> dict[str, Any]:
    result = output.get("result") if isinstance(output, dict) else None
    if isinstance(result, dict):
        return result
    name = text_at(output, "name")
    return {name: result} if name and result is not None else {}


VAPI_EVENT = VapiEvent(
    name="vapi.event",
    default_auth="vapi_secret",
    default_max_body=VOICE_BODY,
    names_messages=False,  # some of its events have no id
    payload_names=("type",),
    secret_places=SECRET_PLACES,
    answer_time=AnswerTime(20, 300, "`server.timeoutSeconds: {}` at Vapi"),
    answer_times={ASSISTANT_REQUEST: _UNTIL_ASSISTANT},
)

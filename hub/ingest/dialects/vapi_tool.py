"""Dialect `vapi.tool`: a voice agent calls a tool and waits for one line to say.

Four shapes of a tool call, the older function call, and a flat body without envelope, which is
answered with status and JSON of the
reply (X05). An envelope is always answered with 200: no other status is heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.body import Body, without_faults
from hub.ingest.dialects.arguments import (
    UNKNOWN,
    UNREADABLE,
    as_object,
    is_faulty,
    key_of_arguments,
    taken,
)
from hub.ingest.dialects.contract import (
    JSON_TYPE,
    NOTHING,
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
)
from hub.ingest.dialects.model_answer import in_a_sentence
from hub.ingest.dialects.plain_json import answer_in_json
from hub.ingest.dialects.vapi_message import SECRET_PLACES, caller_facts, message_of


class VapiTool(Dialect):
    """Tool calls of Vapi's assistants."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """Each call of `tool` makes a run; other messages make none."""
        message = message_of(body.value)
        if message is None:
            return Unpacked(calls=(Call(without_faults(body)),), kind="flat")
        caller = caller_facts(message)
        if message["type"] == "tool-calls":
            found = _tool_calls(message, body, beside.tool, caller.get("call_id"))
            return _unpacked(found, "calls", caller, body)
        if message["type"] == "function-call":
            return _unpacked(_function_call(message, beside.tool, caller), "function", caller, body)
        ignored = f"message type {message['type'][:60]}"
        return Unpacked(caller=caller, ignored=ignored, kind="other", when_refused="tell")

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """`results` in the order of the calls; an older function call gets `result` alone."""
        if unpacked.kind == "flat":
            return answer_in_json(replies[0], replies[0].body)
        if unpacked.kind == "function":
            return _ok(_spoken(replies[0]) if replies else {})
        if unpacked.kind == "other":
            return _ok({})
        results = [
            {"name": call.name or "", "toolCallId": call.id or "", **_spoken(reply)}
            for call, reply in zip(unpacked.calls, replies, strict=True)
        ]
        return _ok({"results": results})


def _unpacked(
    calls: tuple[Call, ...], kind: str, caller: Mapping[str, str], body: Body
) -> Unpacked:
    return Unpacked(
        calls=calls,
        when_refused="tell",
        caller=caller,
        ignored=None if calls else "no tool call in the message",
        kind=kind,
        is_mended=bool(body.faults),
    )


def _ok(value: Any) -> Packed:
    return Packed(200, to_json_bytes(value), {"Content-Type": JSON_TYPE})


def _spoken(reply: Reply) -> dict[str, str]:
    return {"error" if reply.is_error else "result": one_line(in_a_sentence(reply).body)}


# ------------------------------------------------------------------------------------ tool calls


def _tool_calls(
    message: Mapping[str, Any], body: Body, tool: str | None, call_id: str | None
) -> tuple[Call, ...]:
    """The first list that is not empty; the others repeat it and are never added up."""
    for name in ("toolCallList", "toolCalls", "toolWithToolCallList"):
        items = message.get(name)
        if isinstance(items, list) and items:
            return tuple(
                _tool_call(item, tool, call_id, is_faulty(body, f"/message/{name}/{place}"))
                for place, item in enumerate(items)
            )
    return ()


def _tool_call(item: Any, tool: str | None, call_id: str | None, is_broken: bool) -> Call:  # noqa: FBT001
    inner = item.get("toolCall") if isinstance(item, dict) else None
    call = inner if isinstance(inner, dict) else item
    name = _name(call) or _name(item)
    identity = text_at(call, "id")
    if identity is None:
        return Call(name=name, refusal="The tool call has no id.")
    if tool is not None and name != tool:
        return Call(id=identity, name=name, refusal=UNKNOWN)
    payload = None if is_broken else _arguments(call)
    if payload is None:
        return Call(id=identity, name=name, refusal=UNREADABLE)
    # Models of some vendors number their calls shortly, so the phone call belongs to the key.
    key = f"{call_id}/{identity}" if call_id else identity
    return Call(payload, id=identity, name=name, key=key)


def _name(item: Any) -> str | None:
    return text_at(item, "function", "name") or text_at(item, "name")


def _arguments(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """First present of `arguments` and `parameters`, in `function`, then in the item."""
    function = call.get("function")
    for holder in (function if isinstance(function, dict) else {}, call):
        for name in ("arguments", "parameters"):
            if name in holder:
                return as_object(taken(holder, name))
    return {}


# ------------------------------------------------------------------------------- function calls


def _function_call(
    message: Mapping[str, Any], tool: str | None, caller: Mapping[str, str]
) -> tuple[Call, ...]:
    """The deprecated form: no id of its own, so call, name and arguments tell it apart."""
    call = message.get("functionCall")
    if not isinstance(call, dict):
        return ()
    name = text_at(call, "name")
    if tool is not None and name != tool:
        return (Call(name=name, refusal=UNKNOWN),)
    payload = _arguments(call)
    if payload is None:
        return (Call(name=name, refusal=UNREADABLE),)
    return (Call(payload, name=name, key=_function_key(call, name, payload, caller)),)


def _function_key(
    call: Mapping[str, Any], name: str | None, payload: Mapping[str, Any], caller: Mapping[str, str]
) -> str | None:
    own_id, call_id = text_at(call, "id"), caller.get("call_id")
    if own_id:
        return f"{call_id}/{own_id}" if call_id else own_id
    if call_id is None:
        return None
    return key_of_arguments(call_id, name, payload)


VAPI_TOOL = VapiTool(
    name="vapi.tool",
    default_auth="vapi_secret",
    default_max_body=VOICE_BODY,
    is_tool=True,
    envelope=("message",),
    tells_status=True,
    names_messages=True,
    secret_places=SECRET_PLACES,
    answer_time=AnswerTime(20, 300, "`server.timeoutSeconds: {}` at the tool in Vapi"),
)

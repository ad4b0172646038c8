"""What a language model's service is asked for and what its answers mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.connectors.http import HttpAnswer, failure_of
from hub.connectors.http.answers import json_of
from hub.errors import Permanent, StepFailed, Transient
from hub.schemas.validator import Validator

Message = dict[str, str]

_NAME = "result"
_CODE = re.compile(r"[a-z_]{3,40}")  # no key looks like this
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
# What the strict form of a schema may say; with any other word it is sent as advice.
_STRICT = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "description",
        "enum",
        "items",
        "properties",
        "required",
        "title",
        "type",
    }
)


@dataclass(frozen=True)
class Verdict:
    """What a text is against a schema; `why` is told to the model."""

    fits: bool
    value: Any = None
    why: str = ""


def answer_format(form: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The member that holds an answer to a schema, as far as the service can."""
    if form == "none":
        return {}
    if form == "json_object":
        return {"response_format": {"type": form}}
    strict = schema.get("type") == "object" and is_strict(schema)
    described = {"name": _NAME, "schema": dict(schema), "strict": strict}
    return {"response_format": {"type": form, "json_schema": described}}


def is_strict(schema: Any) -> bool:
    """Whether a schema is of the strict form: closed objects, all of whose members are required."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _STRICT:
        return False
    members = schema.get("properties", {})
    if (schema.get("type") == "object" or members) and not (
        schema.get("additionalProperties") is False
        and set(schema.get("required", ())) == set(members)
    ):
        return False
    inner = [*members.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return all(map(is_strict, inner))


def failure(answer: HttpAnswer) -> StepFailed | None:
    """The failure of an answer, None for 2xx; of what was said only the code is kept."""
    code = _code(answer.json)
    by_status = failure_of(replace(answer, text=code), what="the language model")
    if by_status is None:
        return None
    status = answer.status
    if code in _NO_QUOTA:
        told = f"{by_status.message}: the account has no money"
        return Permanent("no_quota", told, status=status)
    if code in _TOO_LONG:
        return Permanent("too_long", by_status.message, status=status)
    if by_status.code == "not_found":
        return Permanent("unknown_model", by_status.message, status=status)
    return by_status


def _code(body: Any) -> str:
    """`code` or `type` of an error body, if it is a word."""
    error = body.get("error") if isinstance(body, dict) else None
    said: dict[str, Any] = error if isinstance(error, dict) else {}
    for name in ("code", "type"):
        found = said.get(name)
        if isinstance(found, str) and _CODE.fullmatch(found):
            return found
    return ""


def text_of(answer: HttpAnswer) -> str:
    """What the model said; raises `Permanent` for what was refused or cut off."""
    choices = answer.json.get("choices") if isinstance(answer.json, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise Transient("unavailable", "the language model gave an answer that is not its own")
    reason, content = first.get("finish_reason"), message.get("content")
    if message.get("refusal") or reason == "content_filter":
        raise Permanent("refused", "the language model refused to answer")
    if reason == "length":
        raise Permanent("too_long", "the answer is longer than max_tokens")
    if not isinstance(content, str) or not content.strip():
        raise Transient("unavailable", "the language model gave an empty answer")
    return content


def read_json(said: str, validator: Validator) -> Verdict:
    """The JSON value of a text, with or without a fence around it, against the schema.

    In a form that can be stored: an escaped NUL of the model is not.
    """
    fenced = _FENCED.fullmatch(said)
    text = (fenced[1] if fenced else said).strip()
    value = json_of(text)
    if value is None and text != "null":
        return Verdict(fits=False, why="it is not JSON")
    too_much = validator.excess(value)
    if too_much:
        return Verdict(fits=False, why=f"it {too_much}")
    problems = validator.problems(value)
    if problems:
        told = "; ".join(f"{each.pointer or 'it'} {each.message}" for each in problems[:5])
        return Verdict(fits=False, why=told[:500])
    return Verdict(fits=True, value=value)

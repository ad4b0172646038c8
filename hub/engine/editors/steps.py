"""The kinds of steps as JSON Schema, with the inputs of each action and each workflow.

A step is looked at by the one key that makes it what it is, so that an editor offers and explains
only what belongs to it, and says one thing of a mistake instead of fifteen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.engine.editors.kinds import HAS_EXPRESSION, Kinds, Schema
from hub.engine.language.shapes import (
    Decision,
    Kind,
    Loop,
    Named,
    Place,
    Steps,
    Text,
    Value,
)
from hub.engine.language.steps import NOT_IN_UNDO, STEPS
from hub.engine.workflow import Inputs, ValueField

_ORDER = (
    *("do", "call", "wait", "emit", "then", "switch", "for_each", "parallel"),
    *("vars", "reply", "return", "fail", "log", "continue", "steps"),
)
"""`steps` comes last: beside `for_each` it is its body."""
_PLAIN = ("integer", "number", "boolean")
_SNIPPET: dict[type[Kind], str] = {Decision: "expression", Loop: "item in list", Value: "value"}


def define_steps(kinds: Kinds) -> None:
    """The definitions of steps, and of those that undo a step."""
    kinds.definitions["steps"] = _list("steps", "step")
    for name, each in kinds.names.actions.items():
        kinds.definitions[f"with-{name}"] = _inputs(each.input_schema, name)
    kinds.definitions["inputs-of-actions"] = {"allOf": _action_cases(kinds) or [{}]}
    kinds.definitions["step"] = _step(kinds, is_undo=False)
    undo = replace(kinds, steps="undo-steps")  # shares the definitions
    kinds.definitions["undo-steps"] = _list("undo-steps", "undo-step")
    kinds.definitions["undo-step"] = _step(undo, is_undo=True)


def with_inputs(schema: Schema) -> Schema:
    """A mapping with `do` and `with`: the inputs depend on the action."""
    return {**schema, "allOf": [{"$ref": "#/definitions/inputs-of-actions"}]}


def _action_cases(kinds: Kinds) -> list[Schema]:
    return [
        _case("do", name, {"$ref": f"#/definitions/with-{name}"}, action.input_schema)
        for name, action in kinds.names.actions.items()
    ]


def _list(title: str, item: str) -> Schema:
    meaning = "Steps that undo what was done" if title != "steps" else "Steps, from top to bottom"
    items = {"$ref": f"#/definitions/{item}"}
    return {"type": "array", "description": f"{meaning}.", "minItems": 1, "items": items}


def _step(kinds: Kinds, *, is_undo: bool) -> Schema:
    """The first kind whose key is there decides; without one, all of them are offered."""
    known = [name for name in _ORDER if not (is_undo and name in NOT_IN_UNDO)]
    schema = _unknown(kinds, known)
    for name in reversed(known):
        schema = {"if": _has(name), "then": _kind(kinds, name, is_undo), "else": schema}
    return {"type": "object", **schema}


def _kind(kinds: Kinds, name: str, is_undo: bool) -> Schema:  # noqa: FBT001
    place = STEPS[name]
    if is_undo:
        keys = tuple(
            replace(key, is_required=key.is_required and key.name != "id")
            for key in place.keys
            if key.name != "compensate"
        )
        place = replace(place, keys=keys)
    defined = f"{'undo-' if is_undo else ''}step-{name}"
    schema = kinds.place(place)
    if "compensate" in schema["properties"]:
        key = schema["properties"]["compensate"]
        schema["properties"]["compensate"] = {**key, "$ref": "#/definitions/undo-steps"}
    if name == "do":
        schema = with_inputs(schema)
    elif name == "call":
        schema = _with_called(kinds, schema)
    kinds.definitions[defined] = schema
    return {"$ref": f"#/definitions/{defined}"}


def _unknown(kinds: Kinds, known: list[str]) -> Schema:
    """A step that says not yet what it does: every kind is offered, with what it needs."""
    common = [key for key in STEPS["do"].keys if key.name in ("id", "name", "if")]
    words = ", ".join(f"`{name}`" if name != "then" else "`if` + `then`" for name in known)
    return {
        "description": f"A step does one thing: {words}.",
        "properties": {
            **{key.name: kinds.key(key) for key in common},
            **{name: {"description": STEPS[name].meaning} for name in known},
        },
        "additionalProperties": False,
        "anyOf": [{"required": [name]} for name in known],
        "defaultSnippets": [_snippet(name, STEPS[name]) for name in known],
    }


def _snippet(name: str, place: Place) -> Schema:
    """What must be written, with places to fill in."""
    needed = [key for key in place.keys if key.is_required]
    body = {key.name: _blank(key.kind, at) for at, key in enumerate(needed, 1)}
    if name in ("do", "call"):
        body["with"] = {"$0": ""}
    label = "if + then" if name == "then" else name
    return {"label": label, "description": place.meaning, "body": body}


def _blank(kind: Kind, at: int) -> Any:
    if isinstance(kind, Steps):
        return [{f"${at}": ""}]
    if isinstance(kind, Named):
        return {f"${{{at}:name}}": [] if isinstance(kind.value, Steps) else "value"}
    word = "name" if isinstance(kind, Text) else _SNIPPET.get(type(kind), "value")
    return f"${{{at}:{word}}}"


# ------------------------------------------------------------------------------------ inputs


def _case(key: str, name: str, inputs: Schema, declared: Mapping[str, Any]) -> Schema:
    """`with` of one action: needed as soon as one of its inputs is."""
    then: Schema = {"properties": {"with": inputs}}
    if declared.get("required"):
        then["required"] = ["with"]
    return {"if": {**_has(key), "properties": {key: {"const": name}}}, "then": then}


def _has(key: str) -> Schema:
    """A mapping with this key: what is not written yet is no mapping."""
    return {"type": "object", "required": [key]}


def _inputs(declared: Mapping[str, Any], name: str) -> Schema:
    """The inputs of an action by name; their values may be expressions."""
    fields = declared.get("properties", {})
    schema: Schema = {
        "type": "object",
        "description": f"The inputs of `{name}`.",
        "properties": {each: _input(field) for each, field in fields.items()},
        "additionalProperties": declared.get("additionalProperties", True) is not False,
    }
    if declared.get("required"):
        schema["required"] = list(declared["required"])
    return schema


def _input(declared: Mapping[str, Any]) -> Schema:
    """Plain types are told apart; of texts an editor reads some as numbers, which we do not."""
    told = declared.get("description") or f"Expected: {_words(declared)}."
    schema: Schema = {"description": told}
    literal = _literal(declared)
    if literal is not None:
        schema["anyOf"] = [literal, HAS_EXPRESSION]
    if "default" in declared:
        schema["default"] = declared["default"]
    return schema


def _literal(declared: Mapping[str, Any]) -> Schema | None:
    """What can be said of a literal without knowing better than the checker."""
    if "enum" in declared:
        return {"enum": list(declared["enum"])}
    if declared.get("type") in _PLAIN:
        return {"type": declared["type"]}
    return None


def _words(declared: Mapping[str, Any]) -> str:
    if "enum" in declared:
        return " or ".join(f"`{value}`" for value in declared["enum"])
    for branch in ("anyOf", "oneOf"):
        if branch in declared:
            return " or ".join(_words(each) for each in declared[branch])
    kind = declared.get("format") or declared.get("type", "any value")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _with_called(kinds: Kinds, schema: Schema) -> Schema:
    """The inputs of a workflow are offered; it may have more than when this was written."""
    cases = []
    for name, workflow in kinds.names.called.items():
        fields = workflow.trigger.fields if isinstance(workflow.trigger, Inputs) else ()
        known = {each.name: _offered(each) for each in fields}
        meaning = f"{workflow.title}: its inputs."
        inputs = {"type": "object", "description": meaning, "properties": known}
        cases.append(_case("call", name, inputs, {}))
    return {**schema, "allOf": cases} if cases else schema


def _offered(field: ValueField) -> Schema:
    told = f"Expected: {_words(field.schema)}."
    return {"description": f"{told} It may be missing." if field.is_optional else told}

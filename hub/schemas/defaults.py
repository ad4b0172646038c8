"""Values of `default` that the schema beside them refuses: what is filled in would be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.schemas.keywords import DATA, MAPS
from hub.schemas.validator import compile_schema
from hub.values import encode


def misfit_of_default(part: Mapping[str, Any], root: Mapping[str, Any]) -> str | None:
    """What is wrong with the `default` of a part of a schema that compiles; None when it fits."""
    if "default" not in part:
        return None
    try:
        encode(part["default"])
    except ValueError as problem:
        return f"the default cannot be stored: {problem}"
    alone = {"allOf": [_moved(part)], "$defs": {"root": _moved(root)}}
    problems = compile_schema(alone).problems(part["default"])
    if not problems:
        return None
    inside = f" at {problems[0].pointer}" if problems[0].pointer else ""
    return f"the default{inside} {problems[0].message}"


def _moved(schema: Any) -> Any:
    """A schema of which the root now lies in `#/$defs/root`."""
    if isinstance(schema, list):
        return [_moved(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved = {word: _moved_part(word, value) for word, value in schema.items() if word != "$id"}
    if "$ref" in schema:
        moved["$ref"] = "#/$defs/root" + schema["$ref"].removeprefix("#")
    return moved


def _moved_part(word: str, value: Any) -> Any:
    if word in MAPS and isinstance(value, Mapping):
        return {name: _moved(each) for name, each in value.items()}
    return value if word in DATA or word.startswith("x-") else _moved(value)

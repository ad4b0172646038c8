"""From JSON to values: a field whose schema says `format: date-time` is a date (chapter 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.values import parse_instant


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value with its dates parsed, as deep as the schema names fields.

    The value fits the schema already; a text that is no instant stays text.
    """
    if isinstance(value, str):
        return _instant_or_text(value) if schema.get("format") == "date-time" else value
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {
            name: typed(each, properties[name]) if name in properties else each
            for name, each in value.items()
        }
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [typed(each, schema["items"]) for each in value]
    return value


def _instant_or_text(text: str) -> Any:
    try:
        return parse_instant(text)
    except ValueError:
        return text

"""What happens to a payload besides the verdict: defaults in, unknown members out, one writing.

All of it follows the schema (language, chapter 5). Values are copied, never changed in place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from hub.schemas.formats import is_uuid
from hub.schemas.view import View
from hub.values import format_instant, parse_local, resolve_local

Schema = Mapping[str, Any] | View


def fill_defaults(schema: Schema, value: Any) -> Any:
    """Put the schema's defaults where a member is missing, at every depth."""
    return _filled(_view(schema), value)


def keep_known(schema: Schema, value: Any) -> Any:
    """Drop the members that the schema does not name.

    All are kept where it allows more (`additionalProperties`) or names no member at all.
    """
    return _known(_view(schema), value)


def normalise(schema: Schema, value: Any) -> Any:
    """Write what can be written in several ways in one way: UUIDs in lower case."""

    def lower(view: View, text: str, _: str) -> str:
        return text.lower() if "uuid" in view.formats and is_uuid(text) else text

    return _texts(_view(schema), value, lower, "")


def place_local_times(schema: Schema, value: Any, zone: ZoneInfo) -> tuple[Any, dict[str, str]]:
    """Give date-times without offset the offset they have in the zone (D7).

    The second value says which instant was meant, by JSON pointer. Texts that are no local time
    stay as they are: the schema refuses them.
    """
    meant: dict[str, str] = {}

    def place(view: View, text: str, pointer: str) -> str:
        if "date-time" not in view.formats:
            return text
        try:
            instant = format_instant(resolve_local(parse_local(text), zone))
        except ValueError:
            return text
        meant[pointer] = instant
        return instant

    return _texts(_view(schema), value, place, ""), meant


def _view(schema: Schema) -> View:
    return schema if isinstance(schema, View) else View(schema)


def _filled(view: View, value: Any) -> Any:
    if view.is_leaf:
        return value
    if isinstance(value, dict):
        missing = {name: each for name, each in view.defaults.items() if name not in value}
        whole = {**value, **copy.deepcopy(missing)} if missing else value
        return {name: _filled(view.field(name) or _NOTHING, each) for name, each in whole.items()}
    if isinstance(value, list):
        return [_filled(view.item(index), each) for index, each in enumerate(value)]
    return value


def _known(view: View, value: Any) -> Any:
    if view.is_leaf:
        return value
    if isinstance(value, dict):
        kept = {}
        for name, each in value.items():
            field = view.field(name)
            if field is not None:
                kept[name] = _known(field, each)
            elif view.is_open:
                kept[name] = each
        return kept
    if isinstance(value, list):
        return [_known(view.item(index), each) for index, each in enumerate(value)]
    return value


def _texts(view: View, value: Any, change: Callable[[View, str, str], str], pointer: str) -> Any:
    if isinstance(value, str):
        return change(view, value, pointer) if view.formats else value
    if view.is_leaf:
        return value
    if isinstance(value, dict):
        return {
            name: _texts(view.field(name) or _NOTHING, each, change, f"{pointer}/{_token(name)}")
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            _texts(view.item(index), each, change, f"{pointer}/{index}")
            for index, each in enumerate(value)
        ]
    return value


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


_NOTHING = View({})

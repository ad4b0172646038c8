"""`cors:` the origins of the pages that may read an endpoint's answers, or where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping as Names
from typing import Any

from hub.engine.compile.reader import Reader, Record
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.language.parts import ID
from hub.engine.settings import ConfigDeclaration
from hub.engine.workflow import Origins
from hub.engine.yaml_profile import Node, Scalar
from hub.values import is_origin, origin_of

_FORMAT = "origin"
_FROM_CONFIG = re.compile(rf"\s*\$\{{\{{\s*config\.({ID.pattern})\s*\}}\}}\s*")
_EXPRESSION = "${{"
_HELD = "an expression in `cors` names one value of config: `${{ config.booking_origins }}`"
_WANTED = (
    "an item of `cors` is the origin of a page, as its browser writes it:"
    " `https://book.example.com`, with a port where it is not the usual one"
)
_EVERYBODY = "name the origins: with `*` every page of the world could use the endpoint"
_NOBODY = "browsers say `null` of many pages, whoever made them: name the origin of yours"


def read_origins(
    reader: Reader, record: Record, config: Names[str, ConfigDeclaration] | None
) -> Origins | None:
    """The list, once each; None without `cors`. What is wrong is a finding at its item.

    `config`: what hub.yaml declares; None for a stored version, which was checked in its day.
    """
    node = record.get("cors")
    if node is None:
        return None
    items = reader.items(node, what="`cors`")
    if not items:
        reader.refuse(110, "`cors` needs at least one origin", node)
    written: list[str] = []
    from_config: list[str] = []
    for item in items:
        if isinstance(item, Scalar) and isinstance(item.value, str) and _EXPRESSION in item.value:
            name = _held(reader, item, item.value, config)
            from_config += [] if name is None else [name]
        elif (text := reader.text(item, what="an item of `cors`")) is not None:
            _check(reader, item, text)
            written.append(text)
    return Origins(tuple(dict.fromkeys(written)), tuple(dict.fromkeys(from_config)))


def _check(reader: Reader, node: Node, text: str) -> None:
    if is_origin(text):
        return
    suggestion, fix = {"*": _EVERYBODY, "null": _NOBODY}.get(text), origin_of(text)
    if fix is not None:
        suggestion = f"write `{fix}`"
    reader.refuse(110, _WANTED, node, suggestion=suggestion, fix=fix)


def _held(
    reader: Reader, node: Node, text: str, config: Names[str, ConfigDeclaration] | None
) -> str | None:
    """The name in `${{ config.name }}`; its schema promises origins, so the start checks them."""
    named = _FROM_CONFIG.fullmatch(text)
    if named is None:
        reader.refuse(110, _HELD, node)
        return None
    name = named[1]
    if config is None:
        return name
    if name not in config:
        fitting = [each for each, declared in config.items() if _holds_origins(declared.schema)]
        meant, fix = did_you_mean(name, fitting), only_candidate(name, fitting)
        told = None if fix is None else f"${{{{ config.{fix} }}}}"
        message = f"`config` has no value '{name}'"
        reader.refuse(203, message, node, suggestion=meant, fix=told)
    elif not _holds_origins(config[name].schema):
        message = f"config.{name} may be something else than origins"
        suggestion = "declare it as text, or as a list of texts, with `format: origin`"
        reader.refuse(206, message, node, suggestion=suggestion)
    return name


def _holds_origins(schema: Names[str, Any]) -> bool:
    items = schema.get("items")
    one = items if schema.get("type") == "array" and isinstance(items, Names) else schema
    return one.get("type") == "string" and one.get("format") == _FORMAT

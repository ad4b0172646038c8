"""Conditions in the words of Airtable's formulas. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Permanent


def formula(where: Mapping[str, Any]) -> str:
    """All of these fields have these values, as a formula; raises `Permanent("invalid_input")`.

    A value is always quoted: whatever a caller sent stays a value.
    """
    return f"AND({', '.join(f'{_name(name)}={_value(value)}' for name, value in where.items())})"


def _name(name: str) -> str:
    if not name or any(sign in name for sign in "{}\\\r\n"):
        raise Permanent("invalid_input", f"where: {name[:40]!r} cannot be a field in a formula")
    return f"{{{name}}}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE()" if value else "FALSE()"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise Permanent("invalid_input", "where: a value is a text, a number or a boolean")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"

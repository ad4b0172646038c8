"""A text as a scalar: plain where it can be, else in quotes."""

from __future__ import annotations

import re

_TEMPLATE_OF_OTHERS = re.compile(r"(?<!\$)\{\{")
_NEEDS_QUOTES = re.compile(r"[-?:,\[\]{}#&*!|>'\"%@`\s]|.*(?::(?:\s|$)|\s#|\s$)")


def quoted(text: str) -> str:
    """A text of one line in quotes: double ones, unless it holds some, or a backslash."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def as_scalar(text: str) -> str:
    """A text of one line, with quotes only where YAML needs them."""
    return quoted(text) if not text or _NEEDS_QUOTES.match(text) else text


def our_template(text: str) -> str | None:
    """`{{ x }}` or `={{ x }}` as `${{ x }}`; None where the braces are not closed."""
    opening = re.match("['\"]?", text).group()  # type: ignore[union-attr]  # matches always
    inner = text.removeprefix(opening).removeprefix("=")
    if inner.count("{{") != inner.count("}}"):
        return None
    return opening + _TEMPLATE_OF_OTHERS.sub("${{", inner)

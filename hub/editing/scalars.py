"""How one value is written: as it was, on one line, or anew in the plainest safe way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hub.editing.layout import Branch, Leaf, Part, Value
from hub.engine.yaml_profile import Scalar, load, plain

_HEADER = re.compile(r"(?P<sign>[|>])(?P<options>[-+0-9]*)(?P<comment>[ \t]+#[^\n]*)?")
_PLAIN = re.compile(r"[A-Za-z0-9$/(_+.<=~^\u00a1-\ud7ff][^\n]*")
_FLOW_SIGNS = frozenset(",[]{}")
_ESCAPES = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\u2028\u2029', '0abtnvfre"\\NLP', strict=True))
_ESCAPED = re.compile(
    '["\\\\]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]'
)


def leaf(node: Scalar) -> Leaf:
    """A value as it is written; one that was folded over several lines is written on one."""
    raw = node.raw
    if node.style == "block":
        return _block(node)
    text = str(node.value)
    if node.style == "double" and "\\" in raw:
        return Leaf(text, _double(text))
    if "\n" not in raw:
        return Leaf(node.value, raw)
    if node.style == "plain" and "\n" not in text:
        return Leaf(text, text)
    if node.style == "single" and "\n" not in text:
        return Leaf(text, _single(text))
    return Leaf(text, _double(text))


def _block(node: Scalar) -> Leaf:
    """A text after `|` or `>`: its lines, without the indentation of the block."""
    header_line, *lines = node.raw.split("\n")
    header = _HEADER.match(header_line)
    sign, options = (header["sign"], header["options"]) if header else ("|", "")
    value, is_kept = str(node.value), "+" in options
    if sign == "|":
        text = value.removesuffix("\n") if is_kept else value
        body = text.split("\n") if value else []
    else:
        body = _folded(lines, _indentation(node, options, lines), is_kept=is_kept)
    chomping = "".join(sign for sign in "+-" if sign in options)
    return Leaf(node.value, f"{sign}{_hint(body)}{chomping}", body)


def _hint(body: Sequence[str]) -> str:
    """The indentation is said where the first line does not show it."""
    return "2" if body and body[0][:1] in {"", " "} else ""


def header_comment(node: Scalar) -> str | None:
    """The comment behind `|` or `>`."""
    header = _HEADER.match(node.raw) if node.style == "block" else None
    return header["comment"].strip() if header and header["comment"] else None


def _folded(lines: Sequence[str], indentation: int, *, is_kept: bool) -> list[str]:
    body = []
    for line in lines:
        if line.strip(" ") and len(line) - len(line.lstrip(" ")) < indentation:
            break
        body.append(line[indentation:])
    if is_kept and body and len(body) == len(lines) and not lines[-1].strip(" "):
        return body[:-1]  # what stands behind the last line break is no line
    while not is_kept and body and not body[-1].strip(" "):
        body.pop()
    return body


def _indentation(node: Scalar, options: str, lines: Sequence[str]) -> int:
    """How far the block is indented: by its first line, or by the number in its header."""
    digits = re.search("[0-9]", options)
    written = [line for line in lines if line.strip(" ")]
    if digits is None or not written:
        return len(written[0]) - len(written[0].lstrip(" ")) if written else 0
    value = str(node.value).lstrip("\n")
    lead = len(value) - len(value.lstrip(" "))
    return len(written[0]) - len(written[0].lstrip(" ")) - lead


# ------------------------------------------------------------------------------------ written anew


def written(value: Any, *, in_flow: bool = False) -> Value:
    """The layout of a JSON value: lists and mappings as blocks, empty ones as `[]` and `{}`.

    Raises `ValueError` for what no file can hold.
    """
    if isinstance(value, Mapping):
        entries = ((_scalar_text(str(name)), name, item) for name, item in value.items())
        parts = [
            Part(written(item, in_flow=in_flow), str(name), key) for key, name, item in entries
        ]
        return Branch("mapping", parts, is_flow=in_flow or not parts)
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [Part(written(item, in_flow=in_flow)) for item in value]
        return Branch("list", items, is_flow=in_flow or not items)
    return scalar(value, in_flow=in_flow)


def scalar(value: Any, *, in_flow: bool = False) -> Leaf:
    """One value in the plainest form that is read as this value again.

    Raises `ValueError` for what no file can hold.
    """
    if isinstance(value, str) and "\n" in value and not in_flow:
        block = _as_block(value)
        if block is not None:
            return block
    text = _scalar_text(value, in_flow=in_flow)
    if not _reads_as(text, value):
        raise ValueError(f"{value!r} cannot be written into a file")
    return Leaf(value, text)


def _scalar_text(value: Any, *, in_flow: bool = False) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str):
        return repr(value)
    is_safe = _PLAIN.fullmatch(value) and not (in_flow and _FLOW_SIGNS & set(value))
    if is_safe and _reads_as(value, value):
        return value
    if '"' in value and "'" not in value and "\n" not in value and value.isprintable():
        return _single(value)
    return _double(value)


def _as_block(value: str) -> Leaf | None:
    """A text of several lines after `|`; None where that would not give it back."""
    body = value.removesuffix("\n").split("\n")
    options = _hint(body) + ("+" if value.endswith("\n") else "")
    text = "\n".join(f"  {line}" if line else "" for line in body)
    if not _reads_as(f"|{options}\n{text}\n", value):
        return None
    return Leaf(value, f"|{options}", body)


def _reads_as(text: str, value: Any) -> bool:
    """Whether our own reader makes this value of the text, without any finding."""
    document = load("", f"x: {text}\n" if "\n" not in text else f"x: {text}")
    if document.root is None or document.findings:
        return False
    found = plain(document.root)
    return bool(found == {"x": value}) and type(found["x"]) is type(value)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    """The escape that ruamel.yaml writes."""
    sign, code = found.group(), ord(found.group())
    if sign in _ESCAPES:
        return f"\\{_ESCAPES[sign]}"
    if code <= 0xFF:  # noqa: PLR2004 - two digits are enough
        return f"\\x{code:02X}"
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"  # noqa: PLR2004 - four digits

"""`hub fmt`: the canonical text of a file, and the proof that it means the same."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hub.editing.layout import Leaf, Value, all_comments, ends_in_kept_lines
from hub.editing.order import Role, in_order, inner_role, put_in_order
from hub.editing.printing import printed
from hub.editing.reading import Unusual, comments_of, read_layout
from hub.editing.round_trip import round_trip
from hub.engine.findings import Finding
from hub.engine.settings import PROJECT_FILE
from hub.engine.yaml_profile import Document, load


@dataclass(frozen=True)
class Formatted:
    """The canonical text; None, with the findings that say why, where a file is left alone."""

    text: str | None
    findings: tuple[Finding, ...] = ()


def canonical(file: str, content: bytes | str) -> Formatted:
    """The text of a file in canonical format (language, chapter 16). Never raises.

    Refused are files that cannot be read strictly, and any result that does not mean the same,
    lost a comment, or would not survive ruamel.yaml's round trip byte for byte.
    """
    document = load(file, content)
    if document.has_errors:
        return Formatted(None, document.findings)
    try:
        layout = read_layout(document)
    except Unusual as unusual:
        return _refused(document, str(unusual), start=unusual.offset)
    if layout is None:
        return Formatted(document.source.text)
    role = role_of(file)
    before, told = meaning(layout, role), Counter(all_comments(layout))
    put_in_order(layout, role)
    text = printed(layout)
    lost = loss(file, text, role, before, told)
    if lost is None and _is_unnoticed(document, told):
        lost = "a comment would be lost"
    if lost is None and not _keeps_line_breaks(layout) and round_trip(text) != text:
        lost = "another reader of YAML would change the file"
    if lost is None:
        return Formatted(text)
    remedy = "write the comments on lines of their own, above what they are about"
    return _refused(document, lost, suggestion=remedy)


def _refused(
    document: Document, why: str, *, start: int = 0, suggestion: str | None = None
) -> Formatted:
    message = f"this file is left as it is: {why}"
    found = document.source.finding(102, message, start=start, suggestion=suggestion)
    return Formatted(None, (found,))


def _keeps_line_breaks(value: Value) -> bool:
    """Whether a text stands after `|+`, which ruamel.yaml does not tell from `|`."""
    if isinstance(value, Leaf):
        return ends_in_kept_lines(value)
    return any(_keeps_line_breaks(part.value) for part in value.parts)


def role_of(file: str) -> Role:
    """Whether a file holds steps; `hub.yaml` and tests do not."""
    folder, _, name = file.rpartition("/")
    is_test = folder.rpartition("/")[2] == "tests"
    return "other" if name == PROJECT_FILE or is_test else "workflow"


def meaning(value: Value, role: Role) -> Any:
    """What a file says, with the keys that may change places in canonical order."""
    if isinstance(value, Leaf):
        return json.dumps(value.value)
    parts = in_order(value, role)
    inner = [(part.name, meaning(part.value, inner_role(role, part))) for part in parts]
    return (value.kind, inner)


def loss(file: str, text: str, role: Role, before: Any, told: Counter[str]) -> str | None:
    """What a text does not say any more of what was meant; None where it says everything."""
    document = load(file, text)
    layout = None if document.has_errors else read_layout(document)
    if layout is None or meaning(layout, role) != before:
        return "it would not mean the same"
    return None if Counter(all_comments(layout)) == told else "a comment would be lost"


def _is_unnoticed(document: Document, told: Counter[str]) -> bool:
    """Whether the text holds a comment that the layout does not have."""
    return Counter(comments_of(document)) != Counter(
        {comment: times for comment, times in told.items() if comment.startswith("#")}
    )

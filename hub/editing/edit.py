"""Changes of a file by programs: a value, a key, a step; everything else stays as it is.

A change is made in the layout of the canonical text, so that only its own lines change. Then the
result is read strictly, and what it says is compared with what was meant, its comments with those
that were there: on any difference the change is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hub.editing.changes import (
    AddKey,
    Change,
    Editing,
    InsertItem,
    MoveItem,
    Remove,
    RenameKey,
    RenameStep,
    SetValue,
    as_json,
    intended,
)
from hub.editing.formatting import canonical, loss, meaning, role_of
from hub.editing.layout import all_comments
from hub.editing.order import put_in_order
from hub.editing.places import NoSuchPlace, resolved
from hub.editing.printing import printed
from hub.editing.reading import read_layout
from hub.editing.scalars import written
from hub.engine.findings import Finding
from hub.engine.yaml_profile import load

__all__ = [
    "AddKey",
    "Change",
    "InsertItem",
    "MoveItem",
    "Refused",
    "Remove",
    "RenameKey",
    "RenameStep",
    "SetValue",
    "edited",
]


class Refused(Exception):
    """The change was not made: the message says why, `findings` what is wrong with the file."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


def edited(
    file: str,
    content: str,
    changes: Sequence[Change],
    *,
    check: Callable[[str], Sequence[Finding]] | None = None,
) -> str:
    """The text of the file with the changes, in canonical format; raises `Refused`.

    `check` finds what is wrong with a text: new errors refuse the change (chapter 16).
    """
    start = canonical(file, content)
    root = None if start.text is None else read_layout(load(file, start.text))
    if start.text is None or root is None:
        raise Refused(f"{file} cannot be changed: mend it first", start.findings)
    editing = Editing(root, role_of(file))
    meant = as_json(root)
    for change in changes:
        meant = _make(editing, meant, change)
    put_in_order(root, editing.role)
    text = printed(root)
    _refuse_other_changes(file, text, editing, meant)
    _refuse_new_errors(start.text, text, check)
    return text


def _make(editing: Editing, meant: Any, change: Change) -> Any:
    """Make the change in the layout; the plain value that is meant, worked out on its own."""
    try:
        if isinstance(change, RenameStep):
            editing.rename_step(change.old, change.new)
            return as_json(editing.root)
        place = resolved(editing.root, editing.role, change.place)
        change = replace(change, place=place)
        editing.make(change)
    except (NoSuchPlace, ValueError) as problem:
        raise Refused(str(problem)) from problem
    return intended(meant, change)


def _refuse_other_changes(file: str, text: str, editing: Editing, meant: Any) -> None:
    """Compare the actual difference with the intended one."""
    told = Counter(all_comments(editing.root))
    if told + Counter(editing.dropped) != editing.told:
        raise Refused("the change would lose a comment")
    problem = loss(file, text, editing.role, meaning(written(meant), editing.role), told)
    if problem is not None or canonical(file, text).text != text:
        raise Refused(f"the change cannot be written: {problem or 'the format would change'}")


def _refuse_new_errors(
    before: str, after: str, check: Callable[[str], Sequence[Finding]] | None
) -> None:
    if check is None:
        return
    known = {(each.code, each.message) for each in check(before)}
    new = [
        each for each in check(after) if each.is_error and (each.code, each.message) not in known
    ]
    if new:
        raise Refused("the change would make a mistake", new)

"""The canonical order of keys and the blank lines between steps (language, chapter 16).

What is moved takes the comments above it along. Where it is not certain what a comment belongs
to, the keys stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from hub.editing.layout import Branch, Gap, Part, comments, ends_in_kept_lines

Role = Literal["workflow", "steps", "step", "blocks", "other"]

WORKFLOW_ORDER = (
    *("hub", "title", "description", "tags", "enabled", "timezone"),
    *("endpoint", "schedule", "event", "inputs"),
    *("mode", "concurrency", "timeout", "cancel_on", "vars", "steps", "on_error", "on_cancel"),
)
KINDS = (
    *("do", "call", "wait", "emit", "then", "switch", "for_each", "parallel", "vars", "reply"),
    *("return", "fail", "log", "continue"),
)
_STEP_START = ("id", "name", "if")
_STEP_INNER = ("with", "cases", "elif", "else")
_STEP_END = ("timeout", "retry", "delivery", "once_per", "on_timeout", "on_error", "compensate")
_INNER: dict[Role, Role] = {"steps": "step", "blocks": "steps", "other": "other"}
_LISTS_OF_STEPS: dict[Role, frozenset[str]] = {
    "workflow": frozenset({"steps", "on_error", "on_cancel"}),
    "step": frozenset({"steps", "then", "elif", "else", "on_error", "on_timeout", "compensate"}),
}
_HEADER = "# yaml-language-server:"


def inner_role(role: Role, part: Part) -> Role:
    """What the value of a part is."""
    if role in _INNER:
        return _INNER[role]
    if role == "step" and part.name in {"cases", "parallel"}:
        return "blocks"
    names = _LISTS_OF_STEPS.get(role, frozenset())
    return "steps" if part.name in names else "other"


def put_in_order(branch: Branch, role: Role, *, is_top: bool = True) -> None:
    """Sort the keys of a workflow and of its steps, and set the blank lines."""
    if branch.kind == "mapping" and role in {"workflow", "step"}:
        _sort(branch, role)
    is_spaced = is_top and role == "steps" and branch.kind == "list"
    for place, part in enumerate(branch.parts):
        can_space = (
            is_spaced and place > 0 and not ends_in_kept_lines(branch.parts[place - 1].value)
        )
        part.gap = _blank_lines(part.gap, is_first=not place, is_spaced=can_space)
        if isinstance(part.value, Branch):
            inner = inner_role(role, part)
            put_in_order(part.value, inner, is_top=role == "workflow")
    branch.foot = _once(branch.foot)


def place_for(branch: Branch, role: Role, name: str) -> int:
    """Where a new key belongs among the keys there are."""
    ranks = _ranks(branch, role)
    other = ranks.get("", len(ranks))
    own = ranks.get(name, other)
    before = [
        place for place, part in enumerate(branch.parts) if ranks.get(part.name, other) <= own
    ]
    return before[-1] + 1 if before else 0


def in_order(branch: Branch, role: Role) -> list[Part]:
    """The parts in canonical order, whatever comments say."""
    ranks = _ranks(branch, role)
    other = ranks.get("", len(ranks))
    return sorted(branch.parts, key=lambda part: ranks.get(part.name, other))


def _ranks(branch: Branch, role: Role) -> dict[str, int]:
    """The place of each key; keys without one have that of the empty name, or come last."""
    if branch.kind == "list" or role not in {"workflow", "step"}:
        return {}
    if role == "workflow":
        return {name: rank for rank, name in enumerate(WORKFLOW_ORDER)}
    return _step_ranks(branch)


def _step_ranks(branch: Branch) -> dict[str, int]:
    """The kind stands behind `if`; keys without a place of their own stay between, as written."""
    names = {part.name for part in branch.parts}
    kind = next((name for name in KINDS if name in names), "steps")
    order = dict.fromkeys([*_STEP_START, kind, *_STEP_INNER, "", *_STEP_END])
    return {name: rank for rank, name in enumerate(order)}


def _sort(branch: Branch, role: Role) -> None:
    ordered = in_order(branch, role)
    if ordered == branch.parts or any(ends_in_kept_lines(part.value) for part in ordered):
        return
    first = branch.parts[0]
    header: Gap = first.gap if role == "workflow" else []
    if (
        not _is_free(header)
        or comments(branch.foot)
        or any(_is_doubtful(part) for part in branch.parts[1:])
    ):
        return
    if role == "workflow":
        first.gap = []
        for before, part in pairwise(ordered):
            if _is_block(before) or _is_block(part):
                part.gap = [None, *part.gap]
        ordered[0].gap = [*header, *ordered[0].gap]
    branch.parts = ordered


def _is_free(header: Gap) -> bool:
    """Whether the comment at the head of a file is about the file, not about its first key."""
    told = [line for line in header if line is None or not line.startswith(_HEADER)]
    return not comments(told) or told[-1] is None


def _is_doubtful(part: Part) -> bool:
    """A comment with a blank line below it may be about more than the next key."""
    lines = list(_without_first_blanks(part.gap))
    return None in lines


def _is_block(part: Part) -> bool:
    return isinstance(part.value, Branch) and not part.value.is_inline


def _blank_lines(gap: Gap, *, is_first: bool, is_spaced: bool) -> Gap:
    once = _once(gap)
    if is_first:
        return list(_without_first_blanks(once))
    return [None, *once] if is_spaced and None not in once else once


def _once(gap: Gap) -> Gap:
    """One blank line where there were several."""
    return [
        line for place, line in enumerate(gap) if line is not None or gap[:place][-1:] != [None]
    ]


def _without_first_blanks(gap: Gap) -> Iterator[str | None]:
    is_begun = False
    for line in gap:
        is_begun = is_begun or line is not None
        if is_begun:
            yield line

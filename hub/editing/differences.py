"""What is different between two texts of a workflow, in words. Pure.

Steps are the same when they have one id, or else when they do the same; so a step that was moved
is not a new one, and what changed in it is told beside its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from hub.engine.yaml_profile import load, plain

ChangeKind = Literal["new", "gone", "other"]

_LONGEST = 100  # characters of a value
_MOST = 60  # sentences
_BLOCKS = ("steps", "then", "else", "on_error", "on_cancel", "on_timeout", "compensate")
_HEADS = (
    "do", "call", "wait", "emit", "then", "switch", "for_each", "parallel", "steps", "vars",
    "reply", "return", "fail", "log", "continue",
)  # fmt: skip
_NAMED = ("parallel", "cases")


@dataclass(frozen=True)
class Difference:
    """One sentence."""

    kind: ChangeKind
    text: str


def differences(before: str, after: str) -> list[Difference]:
    """All of them, in the order of the file; empty: nothing but comments and layout changed."""
    old, new = _tree(before), _tree(after)
    found = list(_of_objects(old, new, where=""))
    hidden = len(found) - _MOST
    if hidden > 0:
        found = [*found[:_MOST], Difference("other", f"and {hidden} more")]
    return found


def _tree(text: str) -> dict[str, Any]:
    root = load("", text).root
    value = None if root is None else plain(root)
    return value if isinstance(value, dict) else {}


def _of_objects(
    old: Mapping[str, Any], new: Mapping[str, Any], *, where: str
) -> Iterator[Difference]:
    for name in dict.fromkeys([*new, *old]):
        yield from _of_member(name, old, new, where=where)


def _of_member(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], *, where: str
) -> Iterator[Difference]:
    before, after = old.get(name), new.get(name)
    if name in old and name in new and before == after:
        return
    if name in _BLOCKS and (_is_block(before) or _is_block(after)):
        yield from _of_blocks(_block(before), _block(after), where=where, block=name)
    elif name in _NAMED and isinstance(before, dict) and isinstance(after, dict):
        yield from _of_named(before, after, where=where)
    elif name not in old:
        yield Difference("new", f"{_path(where, name)} is new: {_said(after)}")
    elif name not in new:
        yield Difference("gone", f"{_path(where, name)} is gone; it was {_said(before)}")
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _of_objects(before, after, where=_inner(where, name))
    else:
        yield Difference("other", f"{_path(where, name)} is {_said(after)}; it was {_said(before)}")


def _of_named(
    old: Mapping[str, Any], new: Mapping[str, Any], *, where: str
) -> Iterator[Difference]:
    """Branches and cases by their names."""
    for name in dict.fromkeys([*new, *old]):
        before, after = old.get(name) or [], new.get(name) or []
        if name not in old:
            yield Difference("new", f"{_in(where)}the branch `{name}` is new")
        elif name not in new:
            yield Difference("gone", f"{_in(where)}the branch `{name}` is gone")
        if _is_block(before) and _is_block(after):
            yield from _of_blocks(before, after, where=where, block=name)


def _of_blocks(
    old: Sequence[Any], new: Sequence[Any], *, where: str, block: str
) -> Iterator[Difference]:
    blocks = _Blocks(old, new, where, block)
    before, after = list(map(_key, old)), list(map(_key, new))
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            for one, other in zip(old[i:j], new[k:m], strict=True):
                yield from _of_steps(one, other)
        else:
            yield from blocks.replaced(old[i:j], new[k:m])


@dataclass(frozen=True)
class _Blocks:
    """Two lists of steps, and where they stand."""

    old: Sequence[Any]
    new: Sequence[Any]
    where: str
    block: str

    def replaced(self, gone: Sequence[Any], come: Sequence[Any]) -> Iterator[Difference]:
        """Some steps stand where others stood."""
        pairs = list(_pairs(gone, come))
        paired = {id(step) for pair in pairs for step in pair}
        for one, other in pairs:
            yield Difference("other", f"{_step(other)} was {_step(one)}")
            yield from _of_steps(one, other)
        for step in come:
            if id(step) not in paired:
                yield from self._come(step)
        for step in gone:
            if id(step) not in paired and self._surplus(step) < 0:
                yield Difference("gone", f"{_step(step)} is gone{self._place}")

    def _come(self, step: Mapping[str, Any]) -> Iterator[Difference]:
        was = next((each for each in self.old if _key(each) == _key(step)), None)
        if was is None or self._surplus(step) > 0:
            yield Difference("new", f"{_step(step)} is new{self._place or self._behind(step)}")
        else:
            yield Difference("other", f"{_step(step)} moved{self._behind(step)}")
            yield from _of_steps(was, step)

    def _surplus(self, step: Mapping[str, Any]) -> int:
        """How many more steps like it there are now; without an id several may be alike."""
        keys = [[_key(each) for each in block] for block in (self.new, self.old)]
        return keys[0].count(_key(step)) - keys[1].count(_key(step))

    def _behind(self, step: Mapping[str, Any]) -> str:
        place = next(at for at, each in enumerate(self.new) if each is step)
        return f", behind {_step(self.new[place - 1])}" if place else ", first of all"

    @property
    def _place(self) -> str:
        if not self.where:
            return "" if self.block == "steps" else f", in `{self.block}`"
        return f", in `{self.block}` of {self.where}"


def _pairs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Steps without an id, of one kind and at one place: one became the other."""
    for one, other in zip(old, new, strict=False):
        has_id = "id" in one or "id" in other
        if not has_id and _head(one) == _head(other):
            yield one, other


def _of_steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    if old != new:
        yield from _of_objects(old, new, where=_step(new))


def _block(value: Any) -> Sequence[Any]:
    return value if _is_block(value) else []


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _head(step: Mapping[str, Any]) -> str:
    return next((each for each in _HEADS if each in step), "step")


def _key(step: Mapping[str, Any]) -> str:
    """What makes it this step: its id, else what it does."""
    if "id" in step:
        return str(step["id"])
    head = _head(step)
    said = step.get("if") if head == "then" else step.get(head)
    return f"{head} {json.dumps(said, sort_keys=True, default=str)}"


def _step(step: Mapping[str, Any]) -> str:
    head = _head(step)
    if "id" in step:
        return f"step `{step['id']}`"
    if head == "then":
        return f"the branch at `if {_cut(str(step.get('if')))}`"
    return f"the step `{head}: {_cut(_plain(step.get(head)))}`"


def _in(where: str) -> str:
    return f"{where}: " if where else ""


def _inner(where: str, name: str) -> str:
    """`step x`, then `step x|with`, then `step x|with.set`: keys are joined behind the bar."""
    if "|" in where or (where and not where.startswith(("step ", "the "))):
        return f"{where}.{name}"
    return f"{where}|{name}" if where else name


def _path(where: str, name: str) -> str:
    step, bar, path = where.partition("|")
    if bar:
        return f"{step}: `{path}.{name}`"
    if where.startswith(("step ", "the ")):
        return f"{where}: `{name}`"
    return f"`{where}.{name}`" if where else f"`{name}`"


def _said(value: Any) -> str:
    return f"`{_cut(_plain(value))}`"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"

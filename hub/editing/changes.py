"""The changes that programs make, in a layout and in the plain value it stands for."""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.editing.layout import Branch, Gap, Leaf, Part, Value, all_comments, comments
from hub.editing.order import Role, place_for
from hub.editing.places import (
    NoSuchPlace,
    Place,
    branch_at,
    id_of,
    part_at,
    role_at,
    shown,
    steps_of,
)
from hub.editing.renaming import rename_step
from hub.editing.scalars import written

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HEADER = "# yaml-language-server:"


@dataclass(frozen=True)
class SetValue:
    """Another value at a place. What is equal in it keeps its lines and comments."""

    place: Place
    value: Any


@dataclass(frozen=True)
class AddKey:
    """A new key in the mapping at a place: last, or where the canonical order puts it."""

    place: Place
    name: str
    value: Any


@dataclass(frozen=True)
class Remove:
    """Take away a key or an item, with the comment directly above it."""

    place: Place


@dataclass(frozen=True)
class RenameKey:
    """Another name for a key."""

    place: Place
    name: str


@dataclass(frozen=True)
class InsertItem:
    """A new item, such as a step, in the list at a place, before the item `index`."""

    place: Place
    index: int
    value: Any


@dataclass(frozen=True)
class MoveItem:
    """An item, such as a step, to another place `index` of its list, with its comments."""

    place: Place
    index: int


@dataclass(frozen=True)
class RenameStep:
    """Another id for a step, in its `id` and in every expression that reads its result."""

    old: str
    new: str


ChangeAtPlace = SetValue | AddKey | Remove | RenameKey | InsertItem | MoveItem
Change = ChangeAtPlace | RenameStep


def as_json(value: Value) -> Any:
    """The plain value that a layout stands for."""
    if isinstance(value, Leaf):
        return value.value
    if value.kind == "list":
        return [as_json(part.value) for part in value.parts]
    return {part.name: as_json(part.value) for part in value.parts}


def intended(root: Any, change: ChangeAtPlace) -> Any:
    """The plain value of a file after a change whose place is there."""
    root = copy.deepcopy(root)
    if isinstance(change, AddKey | InsertItem):
        holder = _inside(root, change.place)
        if isinstance(change, AddKey):
            holder[change.name] = change.value
        else:
            holder.insert(change.index, change.value)
        return root
    holder, word = _inside(root, change.place[:-1]), change.place[-1]
    if isinstance(change, SetValue):
        holder[word] = change.value
    elif isinstance(change, Remove):
        del holder[word]
    elif isinstance(change, MoveItem):
        holder.insert(change.index, holder.pop(word))
    else:
        renamed = {change.name if name == word else name: item for name, item in holder.items()}
        holder.clear()
        holder.update(renamed)
    return root


def _inside(value: Any, place: Place) -> Any:
    for word in place:
        value = value[word]
    return value


@dataclass
class Editing:
    """The layout of a file while it is changed; `dropped` are comments of what was taken away."""

    root: Branch
    role: Role
    dropped: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.told = Counter(all_comments(self.root))

    def make(self, change: ChangeAtPlace) -> None:
        """Change the layout; raises `NoSuchPlace`, and `ValueError` for an impossible value."""
        if isinstance(change, AddKey):
            branch = branch_at(self.root, change.place)
            role = role_at(self.root, self.role, change.place)
            self._add(branch, change, place_for(branch, role, change.name))
        elif isinstance(change, InsertItem):
            self._insert(branch_at(self.root, change.place), change)
        else:
            branch, number = part_at(self.root, change.place)
            if isinstance(change, SetValue):
                self._set(branch.parts[number], change.value, in_flow=branch.is_flow)
            elif isinstance(change, RenameKey):
                self._rename_key(branch, number, change.name)
            elif isinstance(change, Remove):
                self._remove(branch, number)
            else:
                self._move(branch, number, change.index)

    def rename_step(self, old: str, new: str) -> None:
        """Another id for a step; raises `NoSuchPlace`, `ValueError` for what is no free id."""
        ids = {id_of(step) for _, step in steps_of(self.root, self.role)}
        if old not in ids:
            raise NoSuchPlace(f"there is no step '{old}'")
        if new in ids or not _ID.fullmatch(new):
            taken = "is taken" if new in ids else "is no id: small letters, digits and _"
            raise ValueError(f"'{new}' {taken}")
        rename_step(self.root, self.role, old, new)

    # ------------------------------------------------------------------------------------ values

    def _set(self, part: Part, value: Any, *, in_flow: bool) -> None:
        """Write what is different; what is equal keeps its form and its comments."""
        old = part.value
        if _same(as_json(old), value):
            return
        if isinstance(old, Branch) and old.parts and value:
            if old.kind == "mapping" and isinstance(value, Mapping):
                self._set_mapping(old, value)
                return
            if old.kind == "list" and isinstance(value, list):
                self._set_list(old, value)
                return
        self.dropped += all_comments(old)
        is_flow = in_flow or (isinstance(old, Branch) and old.is_flow)
        new = written(value, in_flow=is_flow)
        part.value = _in_quotes_of(old, new) if isinstance(old, Leaf) else new
        if part.comment and _has_lines(part.value):
            part.gap.append(part.comment.strip())
            part.comment = ""

    def _set_mapping(self, branch: Branch, value: Mapping[str, Any]) -> None:
        old = {part.name: part for part in branch.parts}
        for name in [name for name in old if name not in value]:
            self._remove(branch, branch.parts.index(old[name]))
        for name, item in value.items():
            if name in old:
                self._set(old[name], item, in_flow=branch.is_flow)
            else:
                self._add(branch, AddKey((), name, item), len(branch.parts))
        places = {name: place for place, name in enumerate(value)}
        branch.parts.sort(key=lambda part: places[part.name])

    def _set_list(self, branch: Branch, value: list[Any]) -> None:
        before = [_key(as_json(part.value)) for part in branch.parts]
        matcher = difflib.SequenceMatcher(
            a=before, b=[_key(item) for item in value], autojunk=False
        )
        for tag, first, last, start, end in reversed(matcher.get_opcodes()):
            if tag == "equal":
                continue
            shared = min(last - first, end - start)
            for place in range(shared):
                part, item = branch.parts[first + place], value[start + place]
                self._set(part, item, in_flow=branch.is_flow)
            for number in reversed(range(first + shared, last)):
                self._remove(branch, number)
            for place in range(start + shared, end):
                at = first + place - start
                self._insert(branch, InsertItem((), at, value[place]))

    # ------------------------------------------------------------------------------ keys and items

    def _add(self, branch: Branch, change: AddKey, at: int) -> None:
        if branch.kind != "mapping" or branch.part(change.name) is not None:
            why = "is there already" if branch.kind == "mapping" else "cannot be added to a list"
            raise ValueError(f"the key {change.name} {why}")
        name = written({change.name: None})
        key = name.parts[0].key if isinstance(name, Branch) else ""
        value = written(change.value, in_flow=branch.is_flow and bool(branch.parts))
        if not branch.parts:
            branch.is_flow = False
        part = Part(value, change.name, key)
        if branch is self.root and at == 0 and branch.parts:  # the head of the file stays its head
            first = branch.parts[0]
            part.gap, first.gap = _split(first.gap, is_root=True)
        branch.parts.insert(at, part)

    def _insert(self, branch: Branch, change: InsertItem) -> None:
        if branch.kind != "list" or change.index > len(branch.parts):
            raise NoSuchPlace(f"there is no {shown((*change.place, change.index))}")
        is_spaced = _is_spaced(branch)
        value = written(change.value, in_flow=branch.is_flow and bool(branch.parts))
        if not branch.parts:
            branch.is_flow = False
        branch.parts.insert(change.index, Part(value))
        _space(branch, is_spaced=is_spaced)

    def _rename_key(self, branch: Branch, number: int, name: str) -> None:
        part = branch.parts[number]
        if branch.kind != "mapping" or (branch.part(name) or part) is not part:
            raise ValueError(f"the key {name} is there already")
        new = written({name: None})
        part.name, part.key = name, new.parts[0].key if isinstance(new, Branch) else name

    def _remove(self, branch: Branch, number: int) -> None:
        """Without the comment directly above it; comments further up stay."""
        part = branch.parts.pop(number)
        kept, own = _split(part.gap, is_root=branch is self.root and number == 0)
        self.dropped += [*comments(own), *all_comments(part.value)]
        self.dropped += [part.comment.strip()] if part.comment else []
        if not comments(kept):
            return
        if number < len(branch.parts):
            branch.parts[number].gap = [*kept, *branch.parts[number].gap]
        else:
            branch.foot = [*kept, *branch.foot]

    def _move(self, branch: Branch, number: int, index: int) -> None:
        if branch.kind != "list" or index >= len(branch.parts):
            raise NoSuchPlace(f"the list has no place {index}")
        is_spaced = _is_spaced(branch)
        branch.parts.insert(index, branch.parts.pop(number))
        _space(branch, is_spaced=is_spaced)


def _split(gap: Gap, *, is_root: bool) -> tuple[Gap, Gap]:
    """The comments that stand free, and those directly above the part."""
    free = len(gap) - gap[::-1].index(None) if None in gap else 0
    if is_root:
        heads = [place for place, line in enumerate(gap) if line and line.startswith(_HEADER)]
        free = max([free, *(place + 1 for place in heads)])
    return gap[:free], gap[free:]


def _is_spaced(branch: Branch) -> bool:
    """Whether the items have blank lines between them."""
    return any(part.gap[:1] == [None] for part in branch.parts[1:])


def _space(branch: Branch, *, is_spaced: bool) -> None:
    for part in branch.parts[1:] if is_spaced else ():
        if part.gap[:1] != [None]:
            part.gap = [None, *part.gap]


def _in_quotes_of(old: Leaf, new: Value) -> Value:
    """A text keeps the double quotes that the old one had."""
    is_text = isinstance(new, Leaf) and isinstance(new.value, str) and not new.body
    if not is_text or not isinstance(new, Leaf) or not old.head.startswith('"'):
        return new
    quoted = json.dumps(new.value, ensure_ascii=False)
    is_plain = new.head[:1] not in {'"', "'"} and "\\" not in quoted
    return Leaf(new.value, quoted) if is_plain else new


def _has_lines(value: Value) -> bool:
    return bool(value.body) if isinstance(value, Leaf) else False


def _same(one: Any, other: Any) -> bool:
    return _key(one) == _key(other)


def _key(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

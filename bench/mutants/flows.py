"""All mutants of one workflow file: a walk over its tree, one edit of its text for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from bench.mutants.cuts import end_of, entry_span, item_span
from bench.mutants.formulas import edits, misspelt, negated
from bench.mutants.kinds import (
    DEFAULTS,
    FOR_PEOPLE,
    KEYS,
    SAFETY_NETS,
    STEP_LISTS,
    TRIGGERS,
    USER_DATA,
)
from bench.mutants.mutant import Mutant
from bench.mutants.values import edits_of_key, edits_of_value, edits_of_words
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, Sequence, load

Route = tuple[str, ...]
_EXPRESSION = re.compile(r"(?<!\$)\$\{\{(.*?)\}\}", re.DOTALL)
_GUARD = re.compile(r"([a-z_.]+) (?:==|in) ((?:'[^']*'|[\[\], ])+)")
_TEXT = re.compile(r"'([^']*)'")
_LOOP = re.compile(r"^\s*([a-z_0-9]+)\s+in\s+", re.DOTALL)


def mutants_of(path: str, text: str, seed: int) -> list[Mutant]:
    """All mutants of a file; the seed decides which letters are misspelt."""
    root = load(path, text).root
    if root is None:
        return []
    flow = _Flow(path, text, Random(f"{seed} {path}"))  # noqa: S311 - letters, not secrets
    made = dict.fromkeys(flow.walk(root, ()))
    return [each for each in made if each.applied(text) != text]


class _Flow:
    def __init__(self, path: str, text: str, chance: Random) -> None:
        self.path = path
        self.text = text
        self.chance = chance

    def walk(self, node: Node, route: Route) -> Iterator[Mutant]:
        if isinstance(node, Mapping):
            for place, entry in enumerate(node.entries):
                yield from self._entry(node, place, entry, route)
        elif isinstance(node, Sequence):
            yield from self._items(node, route)
        elif isinstance(node, Scalar):
            yield from self._scalar(node, route)

    def _entry(self, owner: Mapping, place: int, entry: Entry, route: Route) -> Iterator[Mutant]:
        name, is_own = entry.name, _is_own(route)
        below = (*route, name)
        is_null = "vars" in route and isinstance(entry.value, Scalar) and entry.value.value is None
        if "|" not in name and not is_null:
            yield self._made("key misspelt", entry.key, misspelt(name, self.chance))
        if not (is_own and _says_nothing(entry, route)) and not is_null:
            yield from self._dropped(owner, place, entry, route)
        if route[-1:] == ("cases",):
            yield from self._alternatives(entry)
        if not (is_own and name in FOR_PEOPLE):
            yield from self.walk(entry.value, below)

    def _dropped(self, owner: Mapping, place: int, entry: Entry, route: Route) -> Iterator[Mutant]:
        span = entry_span(owner, place)
        if span is not None:
            kind = "key dropped"
            if route[-1:] == ("cases",) or (_is_own(route) and entry.name in ("elif", "else")):
                kind = "case, elif or else removed"
            elif _is_own(route) and entry.name in SAFETY_NETS:
                kind = "safety net removed"
            yield Mutant(kind, self.path, *span, "")

    def _alternatives(self, entry: Entry) -> Iterator[Mutant]:
        """`a | b:` → `b:`."""
        names = [each.strip() for each in entry.name.split("|")]
        for name in names if len(names) > 1 else []:
            others = " | ".join(each for each in names if each != name)
            yield self._made("case, elif or else removed", entry.key, others)

    # ----------------------------------------------------------------------------------- lists

    def _items(self, node: Sequence, route: Route) -> Iterator[Mutant]:
        is_steps = _is_own(route) and (route[-1] in STEP_LISTS or route[-2:-1] == ("cases",))
        is_steps = is_steps or route[-2:-1] == ("parallel",)
        for place, item in enumerate(node.items):
            if not (is_steps and _kind(item) == "log"):
                yield Mutant(_item_kind(is_steps, route), self.path, *item_span(node, place), "")
            yield from self.walk(item, route)
        for first, second in zip(node.items, node.items[1:], strict=False):
            if is_steps and _can_be_told_apart(first, second):
                yield self._swapped(node, first, second)

    def _swapped(self, node: Sequence, first: Node, second: Node) -> Mutant:
        one, other = (item_span(node, node.items.index(each)) for each in (first, second))
        between = self.text[one[1] : other[0]]
        turned = self.text[slice(*other)].rstrip("\n") + "\n" + between + self.text[slice(*one)]
        return Mutant("steps swapped", self.path, one[0], other[1], turned)

    # --------------------------------------------------------------------------------- scalars

    def _scalar(self, node: Scalar, route: Route) -> Iterator[Mutant]:
        name = route[-1] if route else ""
        is_own = _is_own(route[:-1])
        if isinstance(node.value, str) and is_own and _is_decision(name):
            yield from self._decision(node, name)
        elif isinstance(node.value, str) and "${{" in node.value:
            yield from self._template(node, is_key=is_own and name in KEYS)
        elif not (is_own and name == "id"):
            is_given = "with" in route or bool(TRIGGERS & set(route))
            found = edits_of_value(node.value, name, self.chance, is_own=is_own, is_given=is_given)
            for kind, changed in found:
                yield self._made(kind, node, changed)

    def _decision(self, node: Scalar, name: str) -> Iterator[Mutant]:
        text = str(node.value)
        offset = 0
        if name == "for_each" and (loop := _LOOP.match(text)):
            offset = loop.end()
            yield self._part(
                "reference misspelt", node, loop.span(1), misspelt(loop[1], self.chance)
            )
        elif name != "switch":
            yield self._made("condition negated", node, negated(text))
        yield from self._expression(node, text[offset:], offset, is_key=False)

    def _template(self, node: Scalar, *, is_key: bool) -> Iterator[Mutant]:
        text = str(node.value)
        found = list(_EXPRESSION.finditer(text))
        for each in found:
            yield from self._expression(node, each[1], each.start(1), is_key=is_key)
        if not is_key:
            for kind, span, changed in edits_of_words(text, found, self.chance):
                yield self._part(kind, node, span, changed)
            return
        for kind, span, changed in edits_of_key(found):
            yield self._part(kind, node, span, changed)

    def _expression(
        self, node: Scalar, text: str, offset: int, *, is_key: bool
    ) -> Iterator[Mutant]:
        for edit in edits(text, self.chance, is_key=is_key):
            span = (offset + edit.start, offset + edit.end)
            yield self._part(edit.kind, node, span, edit.text)

    # ----------------------------------------------------------------------------------- edits

    def _made(self, kind: str, node: Node, changed: str) -> Mutant:
        return Mutant(kind, self.path, node.start, end_of(node), changed)

    def _part(self, kind: str, node: Scalar, span: tuple[int, int], changed: str) -> Mutant:
        start, end = node.span(*span)
        return Mutant(kind, self.path, start, end, changed)


def _is_own(route: Route) -> bool:
    """Whether the keys below are of the language, not names that the author chose."""
    return not USER_DATA & set(route) and route[-1:] != ("cases",)


def _is_decision(name: str) -> bool:
    return name in ("if", "switch", "for_each") or name.endswith("_if")


def _says_nothing(entry: Entry, route: Route) -> bool:
    value = entry.value.value if isinstance(entry.value, Scalar) else None
    if route[-1:] == ("respond",) and (entry.name, value) == ("status", 202):
        return True
    return entry.name in FOR_PEOPLE - {"title"} or (entry.name, value) in DEFAULTS


def _item_kind(is_steps: bool, route: Route) -> str:  # noqa: FBT001 - a private choice of words
    if is_steps:
        return "step removed"
    return "case, elif or else removed" if route[-1:] == ("elif",) else "item removed"


def _kind(step: Node) -> str:
    names = [entry.name for entry in step.entries] if isinstance(step, Mapping) else []
    return next((name for name in names if name not in ("id", "name", "if")), "")


def _can_be_told_apart(first: Node, second: Node) -> bool:
    """Whether it matters which of two neighbours comes first."""
    kinds = {_kind(first), _kind(second)}
    if _exclude_each_other(_guard(first), _guard(second)):
        return False
    if "log" in kinds:
        return False
    if "vars" not in kinds:
        return True
    behind = second if _kind(first) == "vars" else first
    return "vars." in behind.source.text[behind.start : end_of(behind)]


def _guard(step: Node) -> str:
    found = step.get("if") if isinstance(step, Mapping) else None
    return str(found.value.value) if found and isinstance(found.value, Scalar) else ""


def _exclude_each_other(first: str, second: str) -> bool:
    """Whether both ask for one value, and for different ones: then never both of them run."""
    one, other = _GUARD.fullmatch(first), _GUARD.fullmatch(second)
    if one is None or other is None or one[1] != other[1]:
        return False
    return not set(_TEXT.findall(one[2])) & set(_TEXT.findall(other[2]))

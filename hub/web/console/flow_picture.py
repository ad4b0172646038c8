"""The flow of a workflow as a picture: its steps and what lies inside them. Pure.

Drawn from the YAML itself, so that conditions and values stand there as their author wrote them;
what is not as the language wants it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.action import Action
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, load, plain
from hub.engine.yaml_profile import Sequence as Items

_LONGEST = 120  # characters of a value on a step
_KINDS = (
    "do", "call", "wait", "emit", "then", "switch", "for_each", "parallel", "steps", "vars",
    "reply", "return", "fail", "log", "continue",
)  # fmt: skip
_FACTS = (
    ("connection", "connection"),
    ("timeout", "at most"),
    ("once_per", "once per"),
    ("delivery", "delivery"),
    ("key", "key"),
    ("status", "status"),
    ("max_parallel", "side by side at most"),
    ("wait_for", "until done:"),
    ("on_item_error", "if an item fails:"),
)
_HANDLERS = (("on_error", "if it fails"), ("on_timeout", "if time is over"), ("compensate", "undo"))
_ENDS = {"return", "fail"}


@dataclass(frozen=True)
class Lane:
    """Steps behind one another, and when they are done."""

    label: str
    kind: str
    steps: Sequence[Drawn]


@dataclass(frozen=True)
class Drawn:
    """One step. `lanes` are what it holds, `handlers` what is done when it goes wrong.

    `called` is the workflow that it calls; `effect` what others may notice of it.
    """

    kind: str
    title: str
    what: str
    condition: str
    facts: Sequence[str]
    effect: str
    line: int
    called: str
    lanes: Sequence[Lane]
    handlers: Sequence[Lane]

    @property
    def is_end(self) -> bool:
        """Whether nothing comes behind it."""
        return self.kind in _ENDS


@dataclass(frozen=True)
class Flow:
    """All of a workflow: its steps, and what is done when the run fails or is cancelled."""

    steps: Sequence[Drawn]
    handlers: Sequence[Lane]


def draw(file: str, text: str, actions: Mapping[str, Action]) -> Flow:
    """The picture of one file; an empty one of what cannot be read."""
    root = load(file, text).root
    if not isinstance(root, Tree):
        return Flow((), ())
    drawing = _Drawing(actions)
    handlers = [
        Lane(label, "error", drawing.block(node))
        for name, label in (
            ("on_error", "if the run fails"),
            ("on_cancel", "if it is cancelled"),
        )
        if isinstance(node := _value(root, name), Items)
    ]
    return Flow(drawing.block(_value(root, "steps")), handlers)


@dataclass(frozen=True)
class _Drawing:
    actions: Mapping[str, Action]

    def block(self, node: Node | None) -> list[Drawn]:
        """The steps of a list."""
        items = node.items if isinstance(node, Items) else ()
        return [self._step(item) for item in items if isinstance(item, Tree)]

    def _step(self, node: Tree) -> Drawn:
        given = {entry.name: entry.value for entry in node.entries}
        kind = next((each for each in _KINDS if each in given), "step")
        value = given.get(kind)
        what = _WORDS[kind](value) if kind in _WORDS and value is not None else _short(value)
        title = _short(given.get("name")) or _short(given.get("id"))
        is_branch = kind == "then"
        return Drawn(
            kind=kind,
            title=title,
            what=f"if {_short(given.get('if'))}" if is_branch else what,
            condition="" if is_branch else _short(given.get("if")),
            facts=_facts(given),
            effect=self._effect(_short(value)) if kind == "do" else "",
            line=node.position[0],
            called=_short(value) if kind == "call" else "",
            lanes=self._lanes(kind, given),
            handlers=self._handlers(given),
        )

    def _lanes(self, kind: str, given: Mapping[str, Node]) -> list[Lane]:
        drawers: Mapping[str, Callable[[Mapping[str, Node]], list[Lane]]] = {
            "then": self._branches,
            "switch": self._cases,
            "for_each": lambda given: [Lane("for each", "loop", self.block(given.get("steps")))],
            "parallel": lambda given: self._named(given.get("parallel"), "parallel", ""),
            "steps": lambda given: [Lane("together", "group", self.block(given.get("steps")))],
        }
        return drawers[kind](given) if kind in drawers else []

    def _branches(self, given: Mapping[str, Node]) -> list[Lane]:
        lanes = [Lane("then", "branch", self.block(given.get("then")))]
        others = given.get("elif")
        for each in others.items if isinstance(others, Items) else ():
            if isinstance(each, Tree):
                label = f"else if {_short(_value(each, 'if'))}"
                lanes.append(Lane(label, "branch", self.block(_value(each, "then"))))
        return [*lanes, Lane("else", "branch", self.block(given.get("else")))]

    def _cases(self, given: Mapping[str, Node]) -> list[Lane]:
        return self._named(given.get("cases"), "branch", "")

    def _named(self, node: Node | None, kind: str, before: str) -> list[Lane]:
        entries = node.entries if isinstance(node, Tree) else ()
        return [Lane(f"{before}{each.name}", kind, self.block(each.value)) for each in entries]

    def _handlers(self, given: Mapping[str, Node]) -> list[Lane]:
        return [
            Lane(label, "undo" if name == "compensate" else "error", self.block(given[name]))
            for name, label in _HANDLERS
            if isinstance(given.get(name), Items)
        ]

    def _effect(self, name: str) -> str:
        action = self.actions.get(name)
        if action is None:
            return ""
        if action.effect == "read":
            return "asks outside" if action.outward else ""
        return "acts outside" if action.outward else "writes"


def _value(node: Tree, name: str) -> Node | None:
    entry = node.get(name)
    return None if entry is None else entry.value


def _facts(given: Mapping[str, Node]) -> list[str]:
    told = [f"{said} {_short(given[name])}" for name, said in _FACTS if name in given]
    if "retry" in given:
        told.append(_retry(plain(given["retry"])))
    if "detach" in given and plain(given["detach"]):
        told.append("as a run of its own")
    for name, label in _HANDLERS:
        if name in given and not isinstance(given[name], Items):
            told.append(f"{label}: {_short(given[name])}")
    return told


def _retry(value: Any) -> str:
    tries = value.get("attempts", "again") if isinstance(value, dict) else value
    return "never tried again" if tries == 0 else f"tried again: {tries}"


def _wait(node: Node) -> str:
    value = plain(node)
    if not isinstance(value, dict):
        return f"for {value}"
    if "until" in value:
        return f"until {_cut(value['until'])}"
    told = [f"for {_listed(value['for'])}"] if "for" in value else []
    poll = value.get("poll") or value.get("or_poll")
    if isinstance(poll, dict):
        told.append(f"asks {poll.get('do')} every {poll.get('every')}")
    if "key" in value:
        told.append(f"key {_cut(value['key'])}")
    return ", ".join(told)


def _names(node: Node) -> str:
    value = plain(node)
    return ", ".join(value) if isinstance(value, dict) else ""


def _branch_names(node: Node) -> str:
    value = plain(node)
    return f"{len(value)} side by side" if isinstance(value, dict) else ""


_WORDS: Mapping[str, Callable[[Node], str]] = {
    "wait": _wait,
    "vars": _names,
    "parallel": _branch_names,
    "steps": lambda _: "",
    "then": lambda _: "",
}


def _short(node: Node | None) -> str:
    return "" if node is None else _cut(plain(node))


def _listed(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


def _cut(value: Any) -> str:
    """A value on one line; of an object its keys."""
    if isinstance(value, dict):
        said = ", ".join(value)
    elif isinstance(value, bool) or value is None:
        said = {True: "true", False: "false", None: "null"}[value]
    else:
        said = " ".join(_listed(value).split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"

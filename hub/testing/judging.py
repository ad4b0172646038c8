"""From what happened on the stage to what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, plain
from hub.engine.yaml_profile import Sequence as Items
from hub.errors import StepFailed
from hub.testing.matching import ABSENT, Mismatch, fits, mismatches
from hub.testing.playing import Played
from hub.testing.stage import Stage
from hub.testing.story import Deed, length, shown
from hub.values import parse_duration
from hub.values import plain as as_plain

_UNFINISHED = ("queued", "running", "waiting")


def judge(stage: Stage) -> list[Mismatch]:
    """Everything that is not as the test expects it, in the order of the file."""
    expect = stage.trial.expect
    found: list[Mismatch] = []
    if stage.is_endless:
        found.append(Mismatch(expect, "the runs come to no end: something goes on for ever"))
    crash = stage.crash_after
    if crash is not None and not any(run.has_crashed for run in stage.runs):
        message = f"the worker did not die: no run came past the step '{crash}'"
        found.append(Mismatch(expect, message))
    for entry in expect.entries:
        found += _CHECKS[entry.name](stage, entry.value)
    return found


def notes(stage: Stage) -> list[str]:
    """What is no mismatch, but may be a mistake of the test."""
    told = list(stage.notes)
    unused = [name for name in stage.trial.own_mocks if name not in stage.story.called]
    if unused:
        told.append(f"never called, so its mock changes nothing: {', '.join(unused)}")
    return told + [
        f"line {line}: no run took notice of {event.name}"
        for event, line in stage.arrived
        if event.id not in stage.heard
    ]


def first_run(stage: Stage) -> Played | None:
    """The run that the test is about: the first of its workflow."""
    return next((run for run in stage.runs if run.workflow.name == stage.trial.workflow), None)


def _response(stage: Stage, node: Node) -> Iterator[Mismatch]:
    """The answer to the request; to the last one, if it came again."""
    asked = stage.exchanges
    if not asked or asked[-1].response is None:
        yield Mismatch(node, "nothing was answered")
        return
    response = asked[-1].response
    for mismatch in mismatches(node, _with_plain_headers(response), "the answer"):
        body = shown(response["body"])
        yield Mismatch(mismatch.node, f"{mismatch.message} (answered {response['status']}: {body})")


def _with_plain_headers(response: Mapping[str, Any]) -> dict[str, Any]:
    lower = {name.lower(): value for name, value in response["headers"].items()}
    return {**response, "headers": {**lower, **response["headers"]}}


def _status(stage: Stage, node: Node) -> Iterator[Mismatch]:
    run, wanted = first_run(stage), plain(node)
    if run is None:
        yield Mismatch(node, f"no run was started, expected one that is {wanted}")
    elif run.status != wanted and not (wanted == "running" and run.status in _UNFINISHED):
        yield Mismatch(node, f"the run is {run.status}{_why(run)}, expected {wanted}")


def _why(run: Played) -> str:
    error = run.ending.error if run.ending is not None else None
    return (
        ""
        if error is None
        else f" ({error['code']} at {error['step'] or 'the run'}: {error['message']})"
    )


def _error(stage: Stage, node: Node) -> Iterator[Mismatch]:
    run = first_run(stage)
    error = run.ending.error if run is not None and run.ending is not None else None
    code = (error or {}).get("code")
    if code != plain(node):
        said = (
            "there was no error"
            if run is None or code is None
            else f"the error is {code}{_why(run)}"
        )
        yield Mismatch(node, f"{said}, expected {plain(node)}")


def _result(stage: Stage, node: Node) -> Iterator[Mismatch]:
    run = first_run(stage)
    finished = None if run is None else run.finished
    value = ABSENT if finished is None or not finished.has_returned else as_plain(finished.value)
    yield from mismatches(node, value, "the result")


def _steps(stage: Stage, node: Node) -> Iterator[Mismatch]:
    """The steps with an id of the tested file; those of called files are theirs to test."""
    run = first_run(stage)
    walked = [] if run is None else list(run.walked.values())
    ids = [step.id for name, step in walked if step.id and name == stage.trial.workflow]
    yield from _in_order(node, ids, _List("ran", lambda item, found: plain(item) == found, str))


def _did(stage: Stage, node: Node) -> Iterator[Mismatch]:
    yield from _in_order(node, stage.story.did, _List("done", *_DEEDS))


def _simulated(stage: Stage, node: Node) -> Iterator[Mismatch]:
    yield from _in_order(node, stage.story.simulated, _List("simulated", *_DEEDS))


def _did_not(stage: Stage, node: Node) -> Iterator[Mismatch]:
    for item in _items(node):
        found = next((each for each in stage.story.did if each.action == plain(item)), None)
        if found is not None:
            yield Mismatch(item, f"{_told_deed(found)} was done, by {found.run} at {found.path}")


def _emitted(stage: Stage, node: Node) -> Iterator[Mismatch]:
    def is_one(item: Node, told: Any) -> bool:
        entry = _single(item)
        if entry is None:
            return bool(plain(item) == told.name)
        name, inner = entry
        return name == told.name and fits(inner, {"key": told.key, "data": told.data})

    def name(told: Any) -> str:
        return f"{told.name} for {told.key!r}"

    yield from _in_order(node, stage.story.emitted, _List("emitted", is_one, name))


def _runs(stage: Stage, node: Node) -> Iterator[Mismatch]:
    if len(stage.runs) != plain(node):
        names = ", ".join(f"{run.id} of {run.workflow.name}" for run in stage.runs) or "none"
        yield Mismatch(node, f"there are {len(stage.runs)} runs ({names}), expected {plain(node)}")


def _took(stage: Stage, node: Node) -> Iterator[Mismatch]:
    run = first_run(stage)
    if run is None:
        yield Mismatch(node, "no run was started")
        return
    taken = (run.ended_at or stage.clock) - run.created_at
    if taken != parse_duration(str(plain(node))):
        yield Mismatch(node, f"the run took {length(taken)}, expected {plain(node)}")


def _shows(stage: Stage, node: Node) -> Iterator[Mismatch]:
    for item, (inputs, gives) in zip(_items(node), _shown_parts(node), strict=True):
        entry = _single(item)
        if entry is None or gives is None:
            continue
        try:
            value = stage.look(entry[0], inputs)
        except StepFailed as failed:
            yield Mismatch(item, f"{entry[0]} fails: {failed.code}: {failed.message}")
            continue
        yield from mismatches(gives, value, entry[0])


def _shown_parts(node: Node) -> Iterator[tuple[Any, Node | None]]:
    for item in _items(node):
        entry = _single(item)
        inner = entry[1] if entry is not None and isinstance(entry[1], Tree) else None
        given = None if inner is None else inner.get("with")
        gives = None if inner is None else inner.get("gives")
        yield ({} if given is None else plain(given.value)), None if gives is None else gives.value


_CHECKS: Mapping[str, Callable[[Stage, Node], Iterator[Mismatch]]] = {
    "response": _response,
    "status": _status,
    "error": _error,
    "result": _result,
    "steps": _steps,
    "did": _did,
    "did_not": _did_not,
    "simulated": _simulated,
    "emitted": _emitted,
    "runs": _runs,
    "took": _took,
    "shows": _shows,
}


# ------------------------------------------------------------------------------ lists in order


@dataclass(frozen=True)
class _List:
    """How items of one kind are compared and called; `differences` of two that are alike."""

    word: str
    is_one: Callable[[Node, Any], bool]
    name: Callable[[Any], str]
    differences: Callable[[Node, Any], Iterator[Mismatch]] = lambda _node, _actual: iter(())

    def all(self, actual: Sequence[Any]) -> str:
        """All that there was."""
        if not actual:
            return f"(nothing was {self.word})"
        return f"({self.word}: {', '.join(self.name(each) for each in actual)})"


def _in_order(node: Node, actual: Sequence[Any], kind: _List) -> Iterator[Mismatch]:
    """Exactly these, in this order; only the first difference is told, the rest follows from it."""
    items = _items(node)
    for place, item in enumerate(items):
        found = actual[place] if place < len(actual) else ABSENT
        if found is not ABSENT and kind.is_one(item, found):
            continue
        deep = [] if found is ABSENT else list(kind.differences(item, found))
        instead = "nothing more" if found is ABSENT else kind.name(found)
        told = f"expected {shown(plain(item))}, there was {instead} {kind.all(actual)}"
        yield from deep or [Mismatch(item, told)]
        return
    if len(actual) > len(items):
        more = kind.name(actual[len(items)])
        yield Mismatch(node, f"there was also {more} {kind.all(actual)}")


def _is_deed(item: Node, deed: Deed) -> bool:
    entry = _single(item)
    if entry is None:
        return bool(plain(item) == deed.action)
    return entry[0] == deed.action and fits(entry[1], deed.inputs)


def _deed_mismatches(item: Node, deed: Deed) -> Iterator[Mismatch]:
    """The right action with other inputs: what differs, at its place."""
    entry = _single(item)
    if entry is not None and entry[0] == deed.action:
        yield from mismatches(entry[1], deed.inputs, deed.action)


def _told_deed(deed: Deed) -> str:
    return deed.action


_DEEDS = (_is_deed, _told_deed, _deed_mismatches)


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _single(node: Node) -> tuple[str, Node] | None:
    if isinstance(node, Tree) and len(node.entries) == 1:
        return node.entries[0].name, node.entries[0].value
    return None

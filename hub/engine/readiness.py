"""Which workflows cannot be served yet, because nobody implemented an action of theirs. Pure.

Their files are right and are checked like all others. They are not started by anything: their
endpoint answers 503, their schedule rests, and who calls them rests as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.action import Action
from hub.engine.compile.link import actions_of, steps_of
from hub.engine.findings import NOT_SERVED, Finding
from hub.engine.workflow import Call, Step, Workflow


def missing_actions(workflow: Workflow, actions: Mapping[str, Action]) -> tuple[str, ...]:
    """The actions of a workflow and of all it calls that cannot be done, by name."""
    return tuple(sorted(_Missing(actions).of(workflow)))


def unserved_workflows(
    workflows: Mapping[str, Workflow], actions: Mapping[str, Action]
) -> dict[str, tuple[str, ...]]:
    """The workflows that cannot be served, each with the actions that are missing."""
    missing = _Missing(actions)
    found = {name: tuple(sorted(missing.of(each))) for name, each in sorted(workflows.items())}
    return {name: names for name, names in found.items() if names}


def why_not_served(missing: tuple[str, ...]) -> str:
    """`jobs.book and services.get have no implementation yet`."""
    *others, last = missing
    named = f"{', '.join(others)} and {last}" if others else last
    return f"{named} {'have' if others else 'has'} no implementation yet"


def told_at_the_start(unserved: Mapping[str, tuple[str, ...]]) -> str:
    """One line for the log: which workflows rest."""
    return (
        f"not served, because an action has no implementation yet: {', '.join(unserved)}"
        " (`hub doctor` says which)"
    )


def note_of(workflow: Workflow, actions: Mapping[str, Action]) -> Finding | None:
    """What `hub check` says of a workflow that cannot be served, at the first step that keeps it.

    None for one that can.
    """
    missing = missing_actions(workflow, actions)
    if not missing:
        return None
    step = next(each for each in steps_of(workflow) if _is_kept_by(each, workflow, actions))
    place = step.position
    return Finding(
        code=NOT_SERVED,
        severity="note",
        file=place.file,
        line=place.line,
        column=place.column,
        end_column=place.column + 1,
        message=f"'{workflow.name}' is not served: {why_not_served(missing)}",
    )


def missing_in(step: Step, actions: Mapping[str, Action]) -> list[str]:
    """What one step asks for and nobody implemented, without what it calls."""
    asked_for = [each.action for each in actions_of(step)]
    return [name for name in asked_for if name not in actions or not actions[name].is_implemented]


class _Missing:
    """Looks at each workflow once, however many call it; versions of one name are told apart."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = actions
        self._found: dict[int, frozenset[str]] = {}

    def of(self, workflow: Workflow) -> frozenset[str]:
        """The actions that it and all below it lack. Calls never go in a circle (HUB216)."""
        if id(workflow) not in self._found:
            own = (name for step in steps_of(workflow) for name in missing_in(step, self._actions))
            below = (self.of(each) for each in workflow.called.values())
            self._found[id(workflow)] = frozenset(own).union(*below)
        return self._found[id(workflow)]


def _is_kept_by(step: Step, workflow: Workflow, actions: Mapping[str, Action]) -> bool:
    if isinstance(step, Call):
        called = workflow.called.get(step.workflow)
        return called is not None and bool(missing_actions(called, actions))
    return bool(missing_in(step, actions))

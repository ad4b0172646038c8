"""The names that editors offer: those of the hub, and those of one project."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hub.action import Action
from hub.engine.compile.waits import EVENT_FOLDER
from hub.engine.language.shapes import NameKind
from hub.engine.project import Project
from hub.engine.workflow import Inputs, Workflow


@dataclass(frozen=True)
class Names:
    """What a key that takes a name may hold. `called` are the workflows with `inputs`."""

    actions: Mapping[str, Action] = field(default_factory=dict)
    dialects: tuple[str, ...] = ()
    auth_types: tuple[str, ...] = ()
    auth: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    called: Mapping[str, Workflow] = field(default_factory=dict)

    def of(self, kind: NameKind) -> tuple[str, ...]:
        """The known names of a kind."""
        known: dict[NameKind, Collection[str]] = {
            "action": self.actions,
            "auth": (*self.auth, "public"),
            "auth_type": self.auth_types,
            "connection": self.connections,
            "dialect": self.dialects,
            "event": self.events,
            "workflow": self.workflows,
        }
        return tuple(known[kind])


def names_of(project: Project, *, dialects: Collection[str], auth_types: Collection[str]) -> Names:
    """All names of a project; files with mistakes lend theirs as far as they could be read."""
    events = (
        path.removeprefix(EVENT_FOLDER).removesuffix(".json")
        for path in project.files
        if path.startswith(EVENT_FOLDER) and path.endswith(".json")
    )
    return Names(
        actions=project.actions,
        dialects=tuple(dialects),
        auth_types=tuple(auth_types),
        auth=tuple(project.settings.auth),
        connections=tuple(project.settings.connections),
        events=tuple(sorted(events)),
        workflows=tuple(sorted({*project.workflows, *project.broken})),
        called={
            name: each
            for name, each in sorted(project.workflows.items())
            if isinstance(each.trigger, Inputs)
        },
    )

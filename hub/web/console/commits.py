"""What was written as a commit of the person who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.bootstrap import Hub
from hub.bootstrap.git_commits import Repository
from hub.storage import audit
from hub.web.console.app import Console, field


@dataclass(frozen=True)
class Commit:
    """A commit of these files of a workflow; `usual` is its message where nobody writes one."""

    workflow: str
    paths: Sequence[str]
    usual: str

    def make(self, app: Console) -> str:
        """The short name of the commit, which is audited. Raises `NotPossible`."""
        hub, actor = app.hub, app.actor
        paths = [hub.settings.project / each for each in self.paths]
        message = field("message").strip() or self.usual
        with audit.act(hub.console_database, actor, "console commit workflow") as act:
            made = repository_of(hub).commit(*paths, author=actor.who, message=message)
            act.note({"workflow": self.workflow, "commit": made})
        return made


def repository_of(hub: Hub) -> Repository:
    """The repository of the project's folder; raises `NotPossible` where it belongs to none."""
    return Repository(hub.settings.project, hub.settings.environment)

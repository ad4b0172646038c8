"""What the last requests of a workflow would have become with an edited text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from hub.bootstrap.retelling import Told, read_run
from hub.engine.project import Project
from hub.storage import audit, finding_runs
from hub.storage.finding_runs import Filter
from hub.testing.replaying import Replayed, Replays, can_be_replayed
from hub.web.console.app import Console
from hub.web.console.drafts import Drafts

MOST = 10  # requests
_LOOKED_AT = 40  # runs, of which some go on or were started by hand


@dataclass(frozen=True)
class WhatIf:
    """The last requests again; `why_not` says why there is nothing to tell."""

    replayed: Sequence[Replayed]
    why_not: str = ""

    @property
    def different(self) -> int:
        """How many would have gone otherwise."""
        return sum(bool(each.differences) for each in self.replayed)


def ask(app: Console, drafts: Drafts, workflow: str, text: str) -> WhatIf:
    """Play the last requests against the text. Who asked is noted: values are shown (S9)."""
    if not can_be_replayed(app.hub.project, workflow):
        return WhatIf((), "No request starts it, as its files are in force now.")
    recorded = _recorded(app, workflow)
    if not recorded:
        return WhatIf((), "No request that is over is kept.")

    def play(current: Project, edited: Project) -> WhatIf:
        if workflow not in edited.workflows:
            return WhatIf((), "The text has errors: it cannot be played.")
        replays = Replays(workflow, current, edited, app.hub.config, app.hub.hide)
        return WhatIf([replays.replay(each) for each in recorded])

    return drafts.both(workflow, text, play, app.aside)


def _recorded(app: Console, workflow: str) -> list[Told]:
    with app.hub.console_database.connect() as db:
        lines = finding_runs.newest(db, Filter(workflow=workflow), after=None, limit=_LOOKED_AT)
        ended = [each.id for each in lines.runs if each.ended_at and each.retry_of is None]
        told = (read_run(db, each) for each in ended)
        found = list(islice((each for each in told if each.delivery is not None), MOST))
    if found:
        with audit.act(app.hub.console_database, app.actor, "console what-if") as act:
            act.note({"workflow": workflow, "runs": len(found)})
    return found

"""Edited texts of workflows: checked in the whole project and tried, without being written.

One project is read for all who edit in this process, one after the other; only what changed is
compiled again. All of it computes beside the greenlets that take webhooks in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from hub.bootstrap import Hub
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.new_files import refuse_mistakes
from hub.bootstrap.project import DIALECT_FACTS, LoadedProject, ProjectReader
from hub.editing import offering
from hub.editing.beginning.drafts import Draft as NewFile
from hub.editing.offering import Offer
from hub.engine.editors import document, names_of
from hub.engine.findings import Finding
from hub.engine.project import Project
from hub.engine.versions import workflow_path
from hub.testing.plan import TrialFile
from hub.testing.reading import read_trials
from hub.testing.trying import Trials, Verdict

Aside = Callable[[Callable[[], object]], object]
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Draft:
    """The project as it would be with an edited text.

    `findings` are those of the file, `elsewhere` the errors that it makes in others, `of_tests`
    the mistakes in its own tests. Only `errors` keep it from being saved: tests are mended later.
    """

    name: str
    project: Project
    findings: Sequence[Finding]
    elsewhere: Sequence[Finding]
    of_tests: Sequence[Finding]
    trials: TrialFile | None

    @property
    def errors(self) -> int:
        """How many findings keep it from being saved."""
        return sum(each.is_error for each in (*self.findings, *self.elsewhere))

    @property
    def version(self) -> str:
        """The version that it would be; empty where the file has errors."""
        found = self.project.workflows.get(self.name)
        return "" if found is None else found.version


@dataclass(frozen=True)
class Tried:
    """What came of the tests of an edited text."""

    verdicts: Sequence[Verdict]
    draft: Draft

    @property
    def failed(self) -> int:
        """How many did not pass."""
        return sum(not each.is_passed for each in self.verdicts)


class Drafts:
    """Checks and tries the texts that people edit."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._reader = ProjectReader(hub.settings.project)
        self._turn = Lock()
        self._schema: tuple[Project, Mapping[str, Any]] | None = None

    def check(self, name: str, text: str, aside: Aside) -> Draft:
        """Everything that is wrong with this text as the file of a workflow."""
        return self._done(lambda: self._draft(name, text), aside)

    def try_tests(self, name: str, text: str, aside: Aside) -> Tried:
        """Play the tests of the workflow against this text; nothing outside is reached."""
        return self._done(lambda: self._tried(self._draft(name, text)), aside)

    def both(
        self, name: str, text: str, work: Callable[[Project, Project], _Found], aside: Aside
    ) -> _Found:
        """What a piece of work finds of the project as it lies there, and as it would be."""

        def compare() -> _Found:
            return work(self._hub.project, self._draft(name, text).project)

        return self._done(compare, aside)

    def plan(
        self, made: Callable[[LoadedProject], Sequence[NewFile]], aside: Aside
    ) -> tuple[Sequence[NewFile], Project]:
        """New files, made for the project as it lies there, and the project as it would be.

        Raises `NotPossible` when they are there already, or would be wrong.
        """

        def plan() -> tuple[Sequence[NewFile], Project]:
            files = self._reader.files
            loaded = self._reader.load(files.read(files.stamps()))
            new = made(loaded)
            return new, refuse_mistakes(loaded, new, self._reader).project

        return self._done(plan, aside)

    def offers(self, text: str, line: int, column: int) -> list[Offer]:
        """What may be written at a place."""
        return offering.offers(text, line, column, self._known())

    def explanation(self, text: str, line: int, column: int) -> str:
        """What stands at a place."""
        return offering.explanation(text, line, column, self._known())

    def _done(self, work: Callable[[], _Found], aside: Aside) -> _Found:
        with self._turn:
            return cast("_Found", aside(work))

    def _draft(self, name: str, text: str) -> Draft:
        files, path = self._reader.files, workflow_path(name)
        texts = {**files.read(files.stamps()), path: text}
        project = self._reader.load(texts).project
        trials = _trials(project, name)
        known = set(self._hub.current.findings)
        return Draft(
            name=name,
            project=project,
            findings=[each for each in (*project.findings, *project.notes) if each.file == path],
            elsewhere=[
                each
                for each in project.findings
                if each.file != path and each.is_error and each not in known
            ],
            of_tests=() if trials is None else trials.findings,
            trials=trials,
        )

    def _tried(self, draft: Draft) -> Tried:
        if draft.trials is None or not draft.trials.is_clean or draft.errors:
            return Tried((), draft)
        with Trials(draft.project) as stage:
            return Tried([stage.play(each) for each in draft.trials.trials], draft)

    def _known(self) -> Mapping[str, Any]:
        """The schema of workflow files, with the names of the project in force."""
        project = self._hub.project
        if self._schema is None or self._schema[0] is not project:
            names = names_of(project, dialects=DIALECT_FACTS, auth_types=all_auth_types())
            self._schema = (project, document("workflow", names))
        return self._schema[1]


def _trials(project: Project, name: str) -> TrialFile | None:
    path = f"workflows/tests/{name}.yaml"
    text = project.files.get(path)
    return None if text is None else read_trials(path, text, project)

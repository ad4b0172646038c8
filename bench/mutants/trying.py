"""One mutant: reported by `hub check`, caught by `hub test`, or not at all."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import FrameType
from typing import Literal

from bench.mutants.mutant import Mutant
from hub.bootstrap import read_project
from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS, actions_by_connection
from hub.engine.compile.link import called_names
from hub.engine.notes import Memory
from hub.engine.project import Project, load_project
from hub.engine.workflow import OnEvent
from hub.ingest.signatures import AUTH_TYPES
from hub.testing.plan import TrialFile
from hub.testing.reading import read_all, read_trials
from hub.testing.trying import Trials

Caught = Literal["check", "test", "no"]
LONGEST = 60
"""Seconds after which the tests of a mutant are said to hang, which a person would notice."""


class Hangs(Exception):
    """The tests of this mutant come to no end."""


class Judge:
    """The project without mistakes, and what becomes of it with one."""

    def __init__(self, folder: Path) -> None:
        self.files = read_project(folder).files
        self._actions = all_actions()
        self._memory = Memory()
        self._base = self._load(self.files, self._memory)
        self._above = _readers(self._base)
        self._trials = {file.workflow: file for file in read_all(self._base)}

    def refuse_red(self) -> None:
        """Stop where files or tests are wrong already: nothing could be said of mutants."""
        found = [str(each) for each in self._base.findings]
        found += [str(each) for file in self._trials.values() for each in file.findings]
        found += self._failures(self._base, self._trials)
        if found:
            raise SystemExit("the project has mistakes already:\n" + "\n".join(found))

    def verdict(self, mutant: Mutant) -> Caught:
        """Who tells of it: the check with --strict, else the tests of the file and its callers."""
        files = {**self.files, mutant.path: mutant.applied(self.files[mutant.path])}
        name = Path(mutant.path).stem
        concerned = _closure([name], self._above)
        project = self._load(files, copy(self._memory))
        if project.findings:
            return "check"
        try:
            with _time_limit(LONGEST):
                return "test" if self._failures(project, concerned) else "no"
        except Hangs:
            return "test"

    def _load(self, files: Mapping[str, str], memory: Memory) -> Project:
        """The project of these files; what did not change is known from the memory."""
        return load_project(
            files,
            actions=self._actions,
            auth_types=AUTH_TYPES,
            dialects=DIALECT_FACTS,
            connection_types=actions_by_connection(),
            memory=memory,
        )

    # ----------------------------------------------------------------------------------- tests

    def _failures(self, project: Project, names: Iterable[str]) -> list[str]:
        """The first test that fails, if any."""
        return next(([each] for each in self._failing(project, names)), [])

    def _failing(self, project: Project, names: Iterable[str]) -> Iterator[str]:
        with Trials(project) as stage:
            for name in names:
                known = self._trials.get(name)
                if known is None:
                    continue
                file = self._reread(known, project)
                if not file.is_clean:
                    yield str(file.findings[0])
                for trial in file.trials:
                    if not trial.given.real and not (verdict := stage.play(trial)).is_passed:
                        yield str(verdict.problems[0])

    def _reread(self, file: TrialFile, project: Project) -> TrialFile:
        """The tests are checked against the changed workflow, as `hub test` does."""
        if project is self._base:
            return file
        return read_trials(file.path, self.files[file.path], project)


def _readers(project: Project) -> dict[str, tuple[str, ...]]:
    """For each workflow those that start it: by `call`, or by an event they send."""
    found: dict[str, list[str]] = {name: [] for name in project.workflows}
    for name, workflow in project.workflows.items():
        text = project.files[f"workflows/{name}.yaml"]
        for called in called_names(workflow):
            found[called].append(name)
        for other, started in project.workflows.items():
            names = started.trigger.names if isinstance(started.trigger, OnEvent) else ()
            if any(f"emit: {event}" in text for event in names):
                found[other].append(name)
    return {name: tuple(each) for name, each in found.items()}


def _closure(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """These and all that can be reached from them, the nearest first."""
    found = list(names)
    for name in found:
        found += [each for each in edges.get(name, ()) if each not in found]
    return tuple(found)


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

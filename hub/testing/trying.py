"""Playing tests one after the other: verdicts, and which steps they reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Self

from sqlalchemy import Engine

from hub.engine.project import Project
from hub.engine.workflow import Position
from hub.errors import Rejected, StepFailed
from hub.testing.judging import judge, notes
from hub.testing.matching import Mismatch
from hub.testing.plan import Place, Trial
from hub.testing.real import for_one_test
from hub.testing.setting import Setting
from hub.testing.signing import secret_value
from hub.testing.stage import Stage
from hub.testing.story import length

OpenDatabase = Callable[[], AbstractContextManager[Engine]]


@dataclass(frozen=True)
class Problem:
    """One thing that is not as expected, and where the test says what is.

    `width`: how many characters of the line say it.
    """

    position: Position
    message: str
    width: int = 1

    def __str__(self) -> str:
        place = self.position
        return f"{place.file}:{place.line}:{place.column}: {self.message}"


@dataclass(frozen=True)
class Verdict:
    """What came of one test. `timeline` tells the whole of it, line by line."""

    trial: Trial
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    timeline: tuple[str, ...] = ()
    reached: frozenset[tuple[str, Position]] = frozenset()
    did: tuple[tuple[str, str, str], ...] = ()
    has_crashed: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


class Trials:
    """Plays the tests of one project. A database is opened only for tests that want one.

    Use it as a context: at its end the database is gone.
    """

    def __init__(self, project: Project, open_database: OpenDatabase | None = None) -> None:
        self.setting = Setting(project)
        self._open_database = open_database
        self._engine: Engine | None = None
        self._at_end = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._at_end.close()

    def play(self, trial: Trial, *, crash_after: str | Place | None = None) -> Verdict:
        """Play one test; a mistake in the hub itself becomes a problem of the test too.

        `crash_after` is another step behind which the worker dies: named as in a file of tests,
        or any step at its place in one run, also one without an id.
        """
        if trial.workflow not in self.setting.workflows:
            return Verdict(trial, (_broken(trial),))
        with ExitStack() as stack:
            stage = Stage(self.setting, trial, crash_after=crash_after)
            problem = self._prepare(stage, stack)
            if problem is not None:
                return Verdict(trial, (problem,))
            try:
                stage.play()
                return _verdict(stage)
            except Rejected as refusal:
                told = "; ".join([refusal.title, *(each.message for each in refusal.problems)])
                problem = Problem(trial.position, f"the run cannot start: {told}")
            except Exception as fault:  # noqa: BLE001 - the other tests are still to be played
                told = f"{type(fault).__name__}: {fault}"
                problem = Problem(trial.position, f"a fault of the hub: {told}")
            return Verdict(trial, (problem,), timeline=tuple(_timeline(stage)))

    def _prepare(self, stage: Stage, stack: ExitStack) -> Problem | None:
        """The database with what the test is given, where it wants one."""
        given = stage.trial.given
        if not given.real:
            return None
        engine = self._database()
        if engine is None:
            return Problem(stage.trial.position, "there is no database for `real` actions here")
        secret = partial(secret_value, settings=self.setting.project.settings)
        database = stack.enter_context(for_one_test(engine, given.real, stage.now, secret))
        stage.use(database)
        try:
            database.do_before(self.setting.project.actions, given.done_before)
        except StepFailed as failed:
            message = f"`given` cannot be done: {failed.code}: {failed.message}"
            return Problem(stage.trial.position, message)
        return None

    def _database(self) -> Engine | None:
        if self._engine is None and self._open_database is not None:
            self._engine = self._at_end.enter_context(self._open_database())
        return self._engine


def _broken(trial: Trial) -> Problem:
    message = f"the workflow '{trial.workflow}' has mistakes: `hub check` tells them"
    return Problem(trial.position, message)


def _verdict(stage: Stage) -> Verdict:
    found = judge(stage)
    file = stage.trial.position.file
    return Verdict(
        trial=stage.trial,
        problems=tuple(_problem(file, each) for each in found),
        notes=tuple(notes(stage)),
        timeline=tuple(_timeline(stage)),
        reached=frozenset(_reached(stage)),
        did=tuple((each.run, each.path, each.action) for each in stage.story.did),
        has_crashed=any(run.has_crashed for run in stage.runs),
    )


def _problem(file: str, mismatch: Mismatch) -> Problem:
    node = mismatch.node
    end = min(node.end, node.source.line_end(node.start))
    place = Position(file, *node.position)
    return Problem(place, mismatch.message, max(1, end - node.start))


def _timeline(stage: Stage) -> Iterable[str]:
    start = stage.trial.given.now
    moments = [f"+{length(line.at - start)}" for line in stage.story.lines]
    widest = max(map(len, moments), default=0)
    for moment, line in zip(moments, stage.story.lines, strict=True):
        yield f"{moment:>{widest}}  {line.run:<6} {line.text}"


def _reached(stage: Stage) -> Iterable[tuple[str, Position]]:
    for run in stage.runs:
        for workflow, step in run.walked.values():
            yield workflow, step.position

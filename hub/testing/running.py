"""All tests of a project, or some of them: what `hub test`, pytest and programs call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sqlalchemy import Engine

from hub import embedded
from hub.bootstrap import read_project
from hub.config import Settings
from hub.engine.findings import Finding
from hub.engine.project import Project
from hub.errors import NotPossible
from hub.testing.coverage import Coverage, coverage_of
from hub.testing.plan import Trial, TrialFile
from hub.testing.reading import read_all
from hub.testing.real import throwaway
from hub.testing.trying import Trials, Verdict

_SERVER = "HUB_TEST_DATABASE_URL"


@dataclass(frozen=True)
class Report:
    """What came of the tests. `findings` are mistakes in their files: these tests did not run."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    seconds: float

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The tests that did not pass."""
        return tuple(each for each in self.verdicts if not each.is_passed)

    @property
    def is_passed(self) -> bool:
        """Whether all tests ran and passed."""
        return not self.failed and not any(each.is_error for each in self.findings)


def run_project(
    folder: Path, *, names: Sequence[str] = (), text: str = "", settings: Settings | None = None
) -> Report:
    """Run the tests of a project; `names` are files or workflows, `text` a part of their names.

    Raises `Misconfigured` where there is no hub.yaml, `NotPossible` for a name without tests.
    """
    return run(read_project(folder).project, names, text, settings or _settings(folder))


def run_file(path: Path) -> Report:
    """Run the tests of one file, which lies in the `workflows/tests` of its project.

    Raises `NotPossible` where it does not.
    """
    folder = next((each for each in path.resolve().parents if (each / "hub.yaml").is_file()), None)
    if folder is None:
        raise NotPossible(f"{path} lies in no project: no folder above it holds a hub.yaml")
    return run_project(folder, names=[path.resolve().relative_to(folder).as_posix()])


def run(project: Project, names: Sequence[str], text: str, settings: Settings) -> Report:
    """Run tests of a project that is read already; raises `NotPossible` for an unknown name."""
    began = monotonic()
    files = chosen(read_all(project), names)
    findings = tuple(each for file in files for each in file.findings)
    trials = select(files, text)
    with Trials(project, lambda: test_database(settings)) as stage:
        verdicts = tuple(stage.play(trial) for trial in trials)
    reached = (place for each in verdicts for place in each.reached)
    tested = {trial.workflow for trial in trials}
    workflows = [
        each for each in project.workflows.values() if not (names or text) or each.name in tested
    ]
    return Report(verdicts, findings, coverage_of(workflows, reached), monotonic() - began)


def chosen(files: Sequence[TrialFile], names: Sequence[str]) -> list[TrialFile]:
    """The files of these names or workflows; raises `NotPossible` for a name without tests."""
    if not names:
        return list(files)
    for name in names:
        if not any(_is_called(file, name) for file in files):
            raise NotPossible(
                f"there are no tests for '{name}': name a workflow or a file of tests"
            )
    return [file for file in files if any(_is_called(file, name) for name in names)]


def _is_called(file: TrialFile, name: str) -> bool:
    is_inside = file.path.startswith(f"{name.rstrip('/')}/")
    return name in (file.workflow, file.path) or is_inside


def select(files: Sequence[TrialFile], text: str = "") -> list[Trial]:
    """The tests of files without mistakes that have this text in what they are called."""
    return [
        trial
        for file in files
        if file.is_clean
        for trial in file.trials
        if text.lower() in trial.id.lower()
    ]


@contextmanager
def test_database(settings: Settings) -> Iterator[Engine]:
    """A database of its own on HUB_TEST_DATABASE_URL, else on the project's embedded server."""
    named = settings.environment.get(_SERVER)
    if named:
        with throwaway(named) as engine:
            yield engine
        return
    with (
        embedded.start(settings.state_dir, is_brief=True) as servers,
        throwaway(servers.database_url) as engine,
    ):
        yield engine


def _settings(folder: Path) -> Settings:
    return Settings.from_environment(project=folder)

"""For pytest: each test of `workflows/tests/*.yaml` is an item, with its file and line.

Installed with the hub; it collects only from the folder `workflows/tests` of a project, and loads
the hub only there.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

_FOLDER = ("workflows", "tests")
_ENDINGS = (".yaml", ".yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of tests, wherever its project lies."""
    if file_path.suffix not in _ENDINGS or file_path.parts[-3:-1] != _FOLDER:
        return None
    if not (_folder(file_path) / "hub.yaml").is_file():
        return None
    return _File.from_parent(parent, path=file_path)


def _folder(path: Path) -> Path:
    """The project that a file of tests belongs to."""
    return path.parent.parent.parent


class TestFailed(Exception):
    """A workflow's test did not pass; the text says why."""

    __test__ = False


_PROJECTS = pytest.StashKey[dict[Path, Any]]()


class _File(pytest.File):
    def collect(self) -> Iterable[pytest.Item]:
        """One item for each test; a file with mistakes is one item that tells them."""
        from hub.engine.findings import render_text  # noqa: PLC0415 - only where it is needed

        loaded, stage, files = _project(self.config, _folder(self.path))
        name = f"workflows/tests/{self.path.name}"
        file = next(each for each in files if each.path == name)
        if not file.is_clean:
            said = render_text([each for each in file.findings if each.is_error], loaded.files)
            raise self.CollectError(said)
        for trial in file.trials:
            yield _Item.from_parent(self, name=trial.name, trial=trial, stage=stage, loaded=loaded)


class _Item(pytest.Item):
    def __init__(self, *, trial: Any, stage: Any, loaded: Any, **given: Any) -> None:
        super().__init__(**given)
        self._trial, self._stage, self._loaded = trial, stage, loaded

    def runtest(self) -> None:
        """Play it."""
        from hub.testing.telling import failure_text  # noqa: PLC0415 - only where it is needed

        verdict = self._stage.play(self._trial)
        if not verdict.is_passed:
            raise TestFailed(failure_text(verdict, self._loaded.files))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected and what happened, without a traceback."""
        if isinstance(excinfo.value, TestFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The place of the test in its file."""
        return self.path, self._trial.position.line - 1, self._trial.id


def _project(config: pytest.Config, folder: Path) -> tuple[Any, Any, Any]:
    """The project with its tests, read once for all its files."""
    from hub.bootstrap import read_project  # noqa: PLC0415 - only where it is needed
    from hub.config import Settings  # noqa: PLC0415
    from hub.testing.reading import read_all  # noqa: PLC0415
    from hub.testing.running import test_database  # noqa: PLC0415
    from hub.testing.trying import Trials  # noqa: PLC0415

    known = config.stash.setdefault(_PROJECTS, {})
    if folder not in known:
        loaded = read_project(folder)
        settings = Settings.from_environment(project=folder)
        at_end = ExitStack()
        stage = at_end.enter_context(Trials(loaded.project, lambda: test_database(settings)))
        config.add_cleanup(at_end.close)
        known[folder] = loaded, stage, read_all(loaded.project)
    found: tuple[Any, Any, Any] = known[folder]
    return found

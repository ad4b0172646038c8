"""Looks whether the files of the project changed, and reads what did. Writes no log, asks no row.

A change is taken up when two looks in a row see the same: editors write in parts, and save by
renaming. A `hub.yaml` with errors is not taken up: the files are read under the last good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.files import Stamp
from hub.bootstrap.project import LoadedProject, ProjectReader, config_values, connection_facts
from hub.engine.findings import Finding, in_order
from hub.engine.project import check_settings
from hub.engine.settings import PROJECT_FILE
from hub.errors import Misconfigured

_LAST_GOOD = "the last good one stays in force"
_MOST_RESTLESS = 4  # looks: somebody who never stops writing is read all the same


@dataclass(frozen=True)
class Sight:
    """The files as they lie there, read under the `hub.yaml` that can be in force.

    `refused` says why that is not the one that lies there. `findings` are those of all files.
    """

    loaded: LoadedProject
    config: Mapping[str, Any]
    findings: tuple[Finding, ...]
    refused: str | None = None

    @property
    def project_file(self) -> str:
        """The text of the `hub.yaml` that can be in force."""
        return self.loaded.files[PROJECT_FILE]


class Lookout:
    """Watches one folder. Belongs to one thread at a time."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._reader = ProjectReader(folder)
        self._environment = environment
        self._texts: dict[str, str] = {}
        self._first: Sight | None = None
        self._read: dict[str, Stamp] | None = None
        self._seen: dict[str, Stamp] | None = None
        self._restless = 0

    def first(self) -> Sight:
        """The files at the start; what is wrong with `hub.yaml` is told in `refused`.

        A process that was forked asks again: the same files are the same sight. Raises
        `Misconfigured` when there is none.
        """
        files = self._reader.files
        texts = files.read(files.glance())
        files.forget()  # they may have been written in this very moment: the next look tells
        if self._first is None or texts != self._texts:
            self._first, self._texts = None, texts
            self._first = self._sight(None)
        return self._first

    @property
    def is_restless(self) -> bool:
        """Whether the last look saw a change, which the next one may take up."""
        return self._restless > 0

    def again(self, last_good: str) -> Sight:
        """The same files, with an earlier `hub.yaml` in the place of one that has errors."""
        return self._sight(last_good)

    def look(self, last_good: str) -> Sight | None:
        """The files, if they changed and are quiet now; `last_good` is the text of a `hub.yaml`.

        Raises `OSError` for files that cannot be read.
        """
        files = self._reader.files
        stamps = files.glance()
        if stamps == self._read:
            self._restless = 0
            return None
        if stamps != self._seen and self._restless < _MOST_RESTLESS:
            self._seen = stamps
            self._restless += 1
            return None
        self._restless = 0
        texts = files.read(stamps)
        self._read = stamps
        if texts == self._texts:
            return None
        self._first, self._texts = None, texts
        return self._sight(last_good)

    def _sight(self, last_good: str | None) -> Sight:
        refused, findings, config = self._judged()
        files = self._texts
        if refused is not None and last_good is not None:
            files = {**files, PROJECT_FILE: last_good}
        loaded = self._reader.load(files)
        if refused is None or last_good is None:
            return Sight(loaded, config or {}, loaded.project.findings, refused)
        settings = loaded.project.settings
        found = in_order([*findings, *loaded.project.findings])
        config = config_values(settings, self._environment)
        return Sight(loaded, config, found, f"{refused}; {_LAST_GOOD}")

    def _judged(self) -> tuple[str | None, tuple[Finding, ...], Mapping[str, Any] | None]:
        """Why the `hub.yaml` that lies there cannot be in force, or the values of its `config`."""
        text = self._texts.get(PROJECT_FILE)
        if text is None:
            return "it is gone", (), None
        settings, findings = check_settings(text, all_auth_types(), connection_facts())
        try:
            config = config_values(settings, self._environment)
        except Misconfigured as wrong:
            return str(wrong), findings, None
        if any(each.is_error for each in findings):
            return "it has errors", findings, config
        return None, findings, config

"""An operator's terminal: `hub …` in this process, with the environment of a story's hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from hub.cli import main
from tests.acceptance.story import Story


@dataclass(frozen=True)
class Typed:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON lines that it printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def checks(self) -> dict[str, Any]:
        """What `hub doctor --json` found, by the name of the check."""
        return {line["check"]: line for line in self.lines}

    @property
    def json(self) -> Any:
        (only,) = self.lines
        return only


@dataclass(frozen=True)
class Terminal:
    """A shell with these variables, in this project."""

    project: Path
    variables: Mapping[str, str]

    @classmethod
    def of(cls, story: Story) -> Terminal:
        """Beside the hub of a story."""
        settings = story.hub.settings
        return cls(settings.project, settings.environment)

    def type(self, *words: object, stdin: str | None = None) -> Typed:
        """`hub` with these words."""
        done = CliRunner().invoke(
            main,
            ["--project", str(self.project), *map(str, words)],
            env=dict(self.variables),
            input=stdin,
        )
        return Typed(done.exit_code, done.stdout, done.stderr)

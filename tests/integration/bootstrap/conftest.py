"""A small project on disk, and the settings with which it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.bootstrap import Hub, open_hub
from hub.bootstrap.secrets import new_key
from hub.config import Settings

HUB_YAML = """
hub: 1
timezone: Europe/Berlin
secrets: [API_TOKEN]
"""
GREETS = """
hub: 1
title: Greets
inputs:
  name: {type: string}
steps:
  - return: Good morning, ${{ inputs.name }}
"""


@dataclass
class Folder:
    """A project's folder, and what its environment says."""

    path: Path
    environment: dict[str, str]

    def write(self, name: str, text: str) -> None:
        """One file."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def settings(self, **changed: str) -> Settings:
        """The settings of a process in this folder."""
        return Settings.from_environment({**self.environment, **changed}, project=self.path)


@pytest.fixture
def folder(tmp_path: Path, database: str, redis_url: str) -> Folder:
    environment = {
        "HUB_DATABASE_URL": database,
        "HUB_REDIS_URL": redis_url,
        "HUB_ENCRYPTION_KEY": new_key(),
    }
    made = Folder(tmp_path / "project", environment)
    made.write("hub.yaml", HUB_YAML)
    made.write("workflows/greets.yaml", GREETS)
    return made


OpenHub = Callable[..., Hub]


@pytest.fixture
def opening(folder: Folder) -> Iterator[OpenHub]:
    """Opens hubs of the folder, and closes them after the test."""
    opened: list[Hub] = []

    def open_it(environment: Mapping[str, str] | None = None) -> Hub:
        opened.append(open_hub(folder.settings(**(environment or {})), role="worker"))
        return opened[-1]

    yield open_it
    for hub in opened:
        hub.close()

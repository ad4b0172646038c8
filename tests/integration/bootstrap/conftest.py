"""A small project on disk, and the settings with which it opens; packages for one test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub import plug_ins
from hub.bootstrap import Hub, open_hub
from hub.bootstrap.actions import all_actions, all_connectors
from hub.bootstrap.auth_types import all_auth_types
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


Install = Callable[..., None]


def forget() -> None:
    """As in a process that begins."""
    plug_ins.look_again()
    all_actions.cache_clear()
    all_connectors.cache_clear()
    all_auth_types.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package as pip would, for this test; `entry` is what its entry point names."""
    packages: list[str] = []

    def installing(
        package: str,
        source: str,
        *,
        entry: str | None = None,
        group: str = plug_ins.ACTIONS,
        name: str | None = None,
    ) -> None:
        packages.append(package)
        (tmp_path / f"{package}.py").write_text(source)
        described = tmp_path / f"{package}-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (described / "entry_points.txt").write_text(
            f"[{group}]\n{name or package} = {entry or package}\n"
        )
        importlib.invalidate_caches()
        forget()

    monkeypatch.syspath_prepend(tmp_path)
    yield installing
    for package in packages:
        sys.modules.pop(package, None)
    monkeypatch.undo()
    importlib.invalidate_caches()
    forget()

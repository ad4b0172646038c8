"""The example of README.md, taken out of it: what it says is what is tested."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from hub.bootstrap import read_project
from hub.engine.project import Project

ROOT = Path(__file__).parents[1]
_CALLBACK = re.compile(r"^    options:\n      status_callback: .*\n", re.MULTILINE)
_STREAMS = re.compile(r"^streams:\n(?: .*\n)+", re.MULTILINE)
_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What the reader is asked to write, in place of what stands there.
MISTAKES = {
    "payload.name }} wants": "payload.nmae }} wants",
    "steps.number.": "steps.nummer.",
    "'none_available'": "'none_availble'",
}


def text() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def files() -> dict[str, str]:
    """Path → content of the files that the reader writes."""
    return {found[1]: found[2] for found in _FILE.finditer(text())}


def settings() -> str:
    """The hub.yaml of this repository, without what is only for its own flows and events."""
    text = (ROOT / "hub.yaml").read_text("utf-8")
    for written in (_CALLBACK, _STREAMS):
        text, count = written.subn("", text)
        assert count == 1, written.pattern
    return text


def shown(command: str) -> list[str]:
    """What the README says that a command prints, each time it is typed."""
    return [found[2] for found in _SHOWN.finditer(text()) if found[1] == command]


def write_example(folder: Path) -> None:
    """The project with the example in it, as the reader has it."""
    for name in ("workflows", "schemas", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "hub.yaml", folder)
    write_files(folder)


def write_files(folder: Path) -> None:
    """The files of the example alone, into a project."""
    for path, content in files().items():
        (folder / path).write_text(content, "utf-8")


def project(folder: Path) -> Project:
    """The compiled project of a folder."""
    return read_project(folder).project

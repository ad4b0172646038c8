"""The examples of docs/language.md, taken out of it: what the page says is what is tested.

A block with a path is that file; a `yaml` block without one is a part of a workflow, and is put
into one here; a `yaml test` block holds the tests of the workflow before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.findings import Finding
from hub.engine.language.workflow import TRIGGERS
from hub.engine.project import Project, load_project
from hub.ingest.signatures import AUTH_TYPES
from tests import readme

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "language.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDPOINT = "endpoint:\n  auth: broker\n  payload: schemas/example.json\n"
_WAITS = "  respond: {within: 5s}\n"
_STEPS = "steps:\n  - log: An example.\n"
_LONG_STEPS = "steps:\n  - {id: long, wait: 2h}\n"  # there is something to cancel


@dataclass(frozen=True)
class Example:
    """One block of the page: the files of a project that it makes."""

    line: int
    path: str
    text: str


def examples() -> Iterator[Example]:
    """Every workflow of the page, whole or put into one."""
    for found, line in _blocks():
        language, path, text = found.groups()
        if language == "yaml" and path != "test":
            whole = text if path else _whole(text)
            yield Example(line, path or f"workflows/line-{line}.yaml", whole)


def tests() -> Iterator[Example]:
    """The tests of the page's workflows, as files of tests."""
    for found, line in _blocks():
        if found[2] == "test":
            name = re.search(r"^workflow: (\S+)$", found[3], re.MULTILINE)
            yield Example(line, f"workflows/tests/{name[1] if name else line}.yaml", found[3])


@cache
def files() -> dict[str, str]:
    """The project that the page describes, with the repository's hub.yaml but for its flows."""
    schemas = {found[2]: found[3] for found, _ in _blocks() if found[1] == "json"}
    flows = {each.path: each.text for each in examples()}
    return {"hub.yaml": readme.settings(), **schemas, **flows}


@cache
def tested() -> frozenset[str]:
    """The paths of the workflows that have tests on the page."""
    return frozenset(each.path.replace("/tests/", "/") for each in tests())


def write(folder: Path) -> None:
    """The project of the page with its tests, as a folder that `hub test` can run."""
    for path, text in {**files(), **{each.path: each.text for each in tests()}}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


@cache
def project() -> Project:
    """It, checked."""
    return load_project(
        files(), actions=all_actions(), auth_types=AUTH_TYPES, dialects=DIALECT_FACTS
    )


def findings(example: Example) -> list[Finding]:
    """What is wrong with one example."""
    return [each for each in project().findings if each.file == example.path]


def _blocks() -> Iterator[tuple[re.Match[str], int]]:
    text = PAGE.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        yield found, text.count("\n", 0, found.start()) + 1


def _whole(part: str) -> str:
    head = "hub: 1\ntitle: An example\n"
    if part.startswith("- "):
        steps = "steps:\n" + "".join(f"  {line}\n" if line else "\n" for line in part.splitlines())
        answers = re.search(r"^- (reply|return):|^ +- return:|^  return:", part, re.MULTILINE)
        return f"{head}{_ENDPOINT}{_WAITS if answers else ''}{steps}"
    steps = _LONG_STEPS if part.startswith("cancel_on:") else _STEPS
    has_trigger = part.startswith(tuple(f"{name}:" for name in TRIGGERS))
    return f"{head}{'' if has_trigger else _ENDPOINT}{part}{steps}"

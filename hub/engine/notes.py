"""What is known of files that were read before, and whether it still holds.

A note of a workflow file names every other file that was asked for while it was compiled and
checked, and what it saw of the workflows it calls. As long as none of them changed, reading the
file again would tell the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from hub.engine.check import Outcome
from hub.engine.findings import Finding
from hub.engine.workflow import Workflow

ALL_NAMES = "*"  # stands for the list of all files; no file has this name

Digests = Mapping[str, str]


class Reading(Mapping[str, str]):
    """The files of a project for one of them: `asked` are the paths that it wanted to know."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self.asked: set[str] = set()

    def __getitem__(self, path: str) -> str:
        self.asked.add(path)
        return self._files[path]

    def __contains__(self, path: object) -> bool:
        self.asked.add(str(path))
        return path in self._files

    def __iter__(self) -> Iterator[str]:
        self.asked.add(ALL_NAMES)
        return iter(self._files)

    def __len__(self) -> int:
        self.asked.add(ALL_NAMES)
        return len(self._files)


@dataclass(frozen=True)
class Note:
    """What one file gave.

    `read`: the files it depends on, with their digests (None: there was none). `checked` is None
    for a file that could not be checked; `called`: the faces of what it calls, when it was.
    `is_sketch`: of `workflow` only as much is known as is needed to link others with it.
    """

    read: Mapping[str, str | None]
    compiled: tuple[Finding, ...]
    workflow: Workflow | None
    checked: tuple[Finding, ...] | None = None
    called: Mapping[str, str | None] = field(default_factory=dict)
    face: str = ""
    outcome: Outcome | None = None
    is_sketch: bool = False

    def holds(self, digests: Digests) -> bool:
        """Whether all that was read is as it was."""
        return all(digests.get(path) == digest for path, digest in self.read.items())


@dataclass
class Memory:
    """The notes of the last look at a project, by name; `setting`: under what they were made."""

    setting: Any = None
    notes: dict[str, Note] = field(default_factory=dict)
    linked: dict[str, Workflow] = field(default_factory=dict)

    def forget_unless(self, setting: Any) -> None:
        """Notes that were made under another `hub.yaml` or with other actions say nothing."""
        if self.setting != setting:
            self.forget()
        self.setting = setting

    def forget(self) -> None:
        """From now on nothing is known."""
        self.notes, self.linked = {}, {}


def digests_of(files: Mapping[str, str]) -> dict[str, str]:
    """The digest of each text, and of the list of all paths."""
    return with_all_names({path: digest(text) for path, text in files.items()})


def with_all_names(digests: Digests) -> dict[str, str]:
    """The digests by path, and that of the list of all paths."""
    return {**digests, ALL_NAMES: digest("\n".join(sorted(digests)))}


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def what_was_read(path: str, reading: Reading, digests: Digests) -> dict[str, str | None]:
    """Path → digest of a file and of all it asked for."""
    return {each: digests.get(each) for each in sorted({path, *reading.asked})}


def face_of(workflow: Workflow, outcome: Outcome) -> str:
    """The digest of what a caller can see of a workflow: all but its steps and its words.

    Whether anything cancels it is seen (HUB619), and so is what `outcome` tells of its steps.
    """
    seen = replace(
        workflow,
        version="",
        title="",
        description="",
        tags=(),
        mode=None,
        vars=(),
        steps=(),
        on_error=(),
        on_cancel=(),
        event_schemas={},
        called={},
    )
    return canonical_digest([seen, outcome])


def canonical_digest(value: Any) -> str:
    """The same digest for equal values, in every process."""
    return digest(json.dumps(_canonical(value), ensure_ascii=True, separators=(",", ":")))


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        parts = [_canonical(getattr(value, each.name)) for each in fields(value)]
        return [type(value).__name__, *parts]
    if isinstance(value, Mapping):
        return {"of": [[_canonical(key), _canonical(each)] for key, each in value.items()]}
    if isinstance(value, frozenset | set):
        return {"set": sorted(json.dumps(_canonical(each)) for each in value)}
    if isinstance(value, list | tuple):
        return [_canonical(each) for each in value]
    return repr(value)

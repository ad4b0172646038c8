"""Findings on files of tests, kept as long as all that was read for them is the same.

A file of tests reads itself, other files of the project (schemas of events), and the workflow it
tests with all that this one calls. Those are known by the files that their own notes name. What
all files share (`hub.yaml`, actions) is the setting, which the caller compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.engine.findings import Finding
from hub.engine.loading import Loaded
from hub.engine.notes import Digests, Note, Reading, canonical_digest, what_was_read
from hub.engine.project import Project, is_trial_file
from hub.engine.sketch import findings_from
from hub.engine.workflow import Workflow

ReadTrial = Callable[[str, Project], tuple[str, tuple[Finding, ...]]]
"""Path, project → the name of the workflow that the file tests, and what is wrong with the file."""


@dataclass(frozen=True)
class Tried:
    """The findings on all files of tests, and the notes for the next process."""

    findings: tuple[Finding, ...]
    notes: dict[str, Any]


class WholeWorkflows(Mapping[str, Workflow]):
    """The clean workflows with all of their steps, each read when it is asked for."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def __getitem__(self, name: str) -> Workflow:
        return self._loaded.whole(name)

    def __contains__(self, name: object) -> bool:
        return name in self._loaded.workflows

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded.workflows)

    def __len__(self) -> int:
        return len(self._loaded.workflows)


@dataclass
class Sights:
    """What a file of tests sees under the name of a workflow, as a digest."""

    loaded: Loaded
    notes: Mapping[str, Note]
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """The files of a clean workflow and of all it calls; of a name without one, all names."""
        if name in self.loaded.broken:
            return "broken"
        if name not in self.loaded.workflows:
            return canonical_digest([*self.loaded.workflows, *sorted(self.loaded.broken)])
        if name not in self._known:
            note = self.notes[name]
            below = {each: self.of(each) for each in sorted(note.called)}
            self._known[name] = canonical_digest([dict(sorted(note.read.items())), below])
        return self._known[name]


@dataclass(frozen=True)
class Retrial:
    """One look at all files of tests. The workflows of `project` are only sketches."""

    project: Project
    workflows: Mapping[str, Workflow]
    sights: Sights
    digests: Digests
    read_trial: ReadTrial

    def all(self, known: Mapping[str, Any]) -> Tried:
        """Every file, with the help of what the last process noted."""
        paths = [path for path in sorted(self.project.files) if is_trial_file(path)]
        notes = {path: self._note(path, known.get(path)) for path in paths}
        found = (each for note in notes.values() for each in findings_from(note["findings"]))
        return Tried(tuple(found), notes)

    def _note(self, path: str, known: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if known is not None and self._holds(known):
            return known
        reading = Reading(self.project.files)
        project = replace(self.project, files=reading, workflows=self.workflows)
        tested, findings = self.read_trial(path, project)
        return {
            "read": what_was_read(path, reading, self.digests),
            "tested": tested,
            "sight": self.sights.of(tested),
            "findings": [each.as_json() for each in findings],
        }

    def _holds(self, known: Mapping[str, Any]) -> bool:
        is_read = all(self.digests.get(path) == each for path, each in known["read"].items())
        return is_read and known["sight"] == self.sights.of(known["tested"])

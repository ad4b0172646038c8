"""What is wrong with a project that another process has checked before: only what changed is read.

The other process left its notes as JSON. What is in them is never run: at worst a finding is
wrong, so they belong where only those can write who may write the files themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from hub.action import Action
from hub.engine.check import check_hub_file
from hub.engine.compile import Context
from hub.engine.findings import Finding, in_order
from hub.engine.loading import load_workflows, setting_of
from hub.engine.notes import Memory, canonical_digest
from hub.engine.project import read_hub_file, workflow_files
from hub.engine.settings import DialectFacts
from hub.engine.sketch import as_json, from_json
from hub.engine.strays import stray_findings


@dataclass(frozen=True)
class Checked:
    """All findings, the number of workflow files, and the notes for the next process."""

    findings: tuple[Finding, ...]
    workflows: int
    notes: dict[str, Any]


def recheck(
    files: Mapping[str, str],
    digests: Mapping[str, str],
    *,
    actions: Mapping[str, Action],
    auth_types: Collection[str],
    dialects: Mapping[str, DialectFacts],
    notes: Mapping[str, Any] | None = None,
) -> Checked:
    """The findings that `load_project` has. `digests` are those of all files (`digests_of`).

    Raises what reading notes raises that no process ever wrote: then there are none.
    """
    hub_file = read_hub_file(files, auth_types)
    context = Context(files, hub_file.settings, actions, dialects)
    setting = _digest_of(context)
    memory = Memory()
    known: Mapping[str, Any] = {}
    if notes is not None and notes["setting"] == setting:
        known = notes["files"]
        memory.setting = setting_of(context)
        memory.notes = {name: from_json(name, each) for name, each in known.items()}
    before = memory.notes
    names, misnamed = workflow_files(files)
    loaded = load_workflows(context, names, memory, digests)
    strays = stray_findings(context, memory.notes.values())
    own = [*hub_file.findings, *check_hub_file(hub_file), *strays]
    written = {
        name: known[name] if note is before.get(name) else as_json(note)
        for name, note in memory.notes.items()
    }
    kept = {name: each for name, each in written.items() if each is not None}
    return Checked(
        findings=in_order([*own, *misnamed, *loaded.findings]),
        workflows=len(names),
        notes={"setting": setting, "files": kept},
    )


def _digest_of(context: Context) -> str:
    """The digest of `setting_of`, in which an action is what it declares."""
    seen = {each.name: getattr(setting_of(context), each.name) for each in fields(context)}
    seen["actions"] = {name: each.declaration() for name, each in context.actions.items()}
    return canonical_digest(seen)

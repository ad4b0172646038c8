"""What is wrong with a project that another process has checked before: only what changed is read.

The other process left its notes as JSON. What is in them is never run: at worst a finding is
wrong, so they belong where only those can write who may write the files themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from hub.action import Action
from hub.engine.addresses import address_findings
from hub.engine.check import check_hub_file
from hub.engine.compile import AuthTypes, ConnectionRules, Context
from hub.engine.compile.link import called_names, linked
from hub.engine.findings import Finding, in_order
from hub.engine.loading import Loaded, load_workflows, setting_of
from hub.engine.notes import Memory, canonical_digest
from hub.engine.project import Project, read_hub_file, workflow_files
from hub.engine.retrial import ReadTrial, Retrial, Sights, WholeWorkflows
from hub.engine.settings import DialectFacts
from hub.engine.sketch import as_json, from_json, workflow_from
from hub.engine.strays import stray_findings
from hub.engine.workflow import Workflow


@dataclass(frozen=True)
class Checked:
    """What `hub check` tells, the number of workflow files, and the notes for the next process.

    `findings` are all: those on files, on tests, and which workflows are not served. `secrets` are
    the names that `hub.yaml` gives.
    """

    findings: tuple[Finding, ...]
    workflows: int
    secrets: tuple[str, ...]
    notes: dict[str, Any]


def recheck(
    files: Mapping[str, str],
    digests: Mapping[str, str],
    *,
    actions: Mapping[str, Action],
    auth_types: AuthTypes,
    dialects: Mapping[str, DialectFacts],
    connection_types: Mapping[str, Collection[str]],
    connections: ConnectionRules,
    read_trial: ReadTrial,
    notes: Mapping[str, Any] | None = None,
) -> Checked:
    """The findings of `load_project`, of its notes and of `read_trial` for each file of tests.

    `digests` are those of all files (`digests_of`). Raises what reading notes raises that no
    process ever wrote: then there are none.
    """
    hub_file = read_hub_file(files, auth_types, connections)
    context = Context(
        files, hub_file.settings, actions, dialects, connection_types=connection_types
    )
    setting = _digest_of(context)
    known = notes if notes is not None and notes["setting"] == setting else _NO_NOTES
    memory = Memory(
        setting=setting_of(context),
        notes={name: from_json(name, each) for name, each in known["files"].items()},
    )
    before = memory.notes
    names, misnamed = workflow_files(files)
    loaded = load_workflows(context, names, memory, digests, with_versions=False)
    strays = stray_findings(context, memory.notes.values())
    written = {
        name: known["files"][name] if note is before.get(name) else as_json(note, actions)
        for name, note in memory.notes.items()
    }
    project = Project(
        settings=hub_file.settings,
        workflows=_sketches(loaded, written),
        findings=in_order(
            [
                *hub_file.findings,
                *check_hub_file(hub_file),
                *address_findings(hub_file, files, loaded, connections),
                *misnamed,
                *strays,
                *loaded.findings,
            ]
        ),
        broken=tuple(sorted(loaded.broken)),
        files=files,
        actions=actions,
    )
    retrial = Retrial(
        project, WholeWorkflows(loaded), Sights(loaded, memory.notes), digests, read_trial
    )
    tried = retrial.all(known["trials"])
    return Checked(
        findings=(*project.findings, *project.notes, *tried.findings),
        workflows=len(names),
        secrets=hub_file.settings.secrets,
        notes={"setting": setting, "files": written, "trials": tried.notes},
    )


_NO_NOTES: Mapping[str, Any] = {"files": {}, "trials": {}}


def _sketches(loaded: Loaded, written: Mapping[str, Any]) -> dict[str, Workflow]:
    """Of each clean workflow as much as is needed to tell whether it is served."""
    sketches: dict[str, Workflow] = {}
    for name in loaded.workflows:
        sketch = workflow_from(name, written[name]["sketch"])
        called = {each: sketches[each] for each in called_names(sketch)}
        sketches[name] = linked(sketch, "", called)
    return sketches


def _digest_of(context: Context) -> str:
    """The digest of `setting_of`, in which an action is what it declares."""
    seen = {each.name: getattr(setting_of(context), each.name) for each in fields(context)}
    seen["actions"] = {name: each.declaration() for name, each in context.actions.items()}
    return canonical_digest(seen)

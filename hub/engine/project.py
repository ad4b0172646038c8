"""All files of a project → the workflows that can run, and everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from hub.action import Action
from hub.engine.addresses import address_findings
from hub.engine.check import check_hub_file
from hub.engine.compile import AuthTypes, ConnectionRules, Context, HubFile, compile_hub_file
from hub.engine.findings import Finding, Source, in_order
from hub.engine.loading import Loaded, load_workflows
from hub.engine.notes import Memory
from hub.engine.readiness import note_of, unserved_workflows
from hub.engine.settings import PROJECT_FILE, DialectFacts, ProjectSettings
from hub.engine.strays import stray_findings
from hub.engine.versions import Bundle, bundle_of
from hub.engine.workflow import Endpoint, Workflow

_FILE = re.compile(r"workflows/([^/]*)\.ya?ml")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_TRIALS, _TRIAL_ENDINGS = "workflows/tests/", (".yaml", ".yml")


@dataclass(frozen=True)
class Project:
    """A folder of workflows. `workflows` holds the clean ones, `broken` the names of the others.

    Of the clean ones, `served` may start; `unserved` wait for somebody to implement an action.
    `closed` is the path at which each broken one would be served, as far as that can be known.
    """

    settings: ProjectSettings
    workflows: Mapping[str, Workflow]
    findings: tuple[Finding, ...]
    broken: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    actions: Mapping[str, Action] = field(default_factory=dict, repr=False)
    closed: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What must be mended."""
        return tuple(finding for finding in self.findings if finding.is_error)

    @cached_property
    def unserved(self) -> Mapping[str, tuple[str, ...]]:
        """The workflows that nothing starts, each with the actions that are missing."""
        return unserved_workflows(self.workflows, self.actions)

    @cached_property
    def served(self) -> Mapping[str, Workflow]:
        """The workflows that can be done."""
        return {name: each for name, each in self.workflows.items() if name not in self.unserved}

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is to be said of the workflows that are not served."""
        found = (note_of(self.workflows[name], self.actions) for name in self.unserved)
        return in_order(note for note in found if note is not None)


def load_project(
    files: Mapping[str, str],
    *,
    actions: Mapping[str, Action],
    auth_types: AuthTypes,
    dialects: Mapping[str, DialectFacts],
    connection_types: Mapping[str, Collection[str]] | None = None,
    connections: ConnectionRules | None = None,
    memory: Memory | None = None,
) -> Project:
    """Read `hub.yaml` and all workflows; `files` is path → text below the project's folder.

    `connection_types` names the actions that each type of connection is for, `connections` what
    each of them proves itself with.
    Never raises: a broken file is left out, with those that call it (S5). With the `memory` of the
    last look only what changed since then is compiled and checked.
    """
    hub_file = read_hub_file(files, auth_types, connections)
    context = Context(
        files, hub_file.settings, actions, dialects, connection_types=connection_types or {}
    )
    names, misnamed = workflow_files(files)
    memory = Memory() if memory is None else memory
    loaded = load_workflows(context, names, memory)
    strays = stray_findings(context, memory.notes.values())
    return Project(
        settings=hub_file.settings,
        workflows=loaded.workflows,
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
        files=dict(files),
        actions=actions,
        closed=_closed(loaded, hub_file.settings),
    )


def _closed(loaded: Loaded, settings: ProjectSettings) -> dict[str, str]:
    """A file that cannot be read at all may be an endpoint: it is where it would be by its name."""
    paths: dict[str, str] = {}
    for name, broken in loaded.broken.items():
        if broken is None:
            paths[name] = f"{settings.base_path}/{name}"
        elif isinstance(broken.trigger, Endpoint) and broken.is_enabled:
            paths[name] = broken.trigger.path
    return paths


def check_settings(
    text: str, auth_types: AuthTypes, connections: ConnectionRules | None = None
) -> tuple[ProjectSettings, tuple[Finding, ...]]:
    """What a `hub.yaml` says, and what is wrong with it. Never raises."""
    hub_file = compile_hub_file(text, auth_types=auth_types, connections=connections)
    return hub_file.settings, in_order([*hub_file.findings, *check_hub_file(hub_file)])


def bundle(project: Project, name: str) -> Bundle:
    """All files that this version of a workflow runs with; raises `KeyError` for a broken one."""
    return bundle_of(name, project.workflows, files=project.files, actions=project.actions)


def read_hub_file(
    files: Mapping[str, str],
    auth_types: AuthTypes,
    connections: ConnectionRules | None = None,
) -> HubFile:
    """What `hub.yaml` says; where there is none, that it is missing."""
    if PROJECT_FILE in files:
        return compile_hub_file(files[PROJECT_FILE], auth_types=auth_types, connections=connections)
    missing = Source(PROJECT_FILE, "").finding(
        110, "there is no hub.yaml in this folder", start=0, suggestion="write one with `hub: 1`"
    )
    found = compile_hub_file("hub: 1", auth_types=auth_types)
    return replace(found, findings=(missing,))


def is_trial_file(path: str) -> bool:
    """Whether a path of the project names a file of tests."""
    return path.startswith(_TRIALS) and path.endswith(_TRIAL_ENDINGS)


def workflow_files(files: Mapping[str, str]) -> tuple[dict[str, str], list[Finding]]:
    """Name → path of the workflow files, and findings on files that are not named like one."""
    names: dict[str, str] = {}
    findings = []
    for path in sorted(files):
        found = _FILE.fullmatch(path)
        if found is None:
            continue
        if path.endswith(".yaml") and _NAME.fullmatch(found.group(1)):
            names[found.group(1)] = path
        else:
            message = "a workflow's file is named `<name>.yaml` in small letters, digits and -"
            findings.append(Source(path, files[path]).finding(110, message, start=0))
    return names, findings

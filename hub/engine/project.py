"""All files of a project → the workflows that can run, and everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from hub.action import Action
from hub.engine.check import Outcome, check_file, check_hub_file
from hub.engine.compile import CompiledFile, Context, HubFile, compile_file, compile_hub_file
from hub.engine.compile.link import Linker, linked
from hub.engine.findings import Finding, Source, in_order
from hub.engine.readiness import note_of, unserved_workflows
from hub.engine.settings import PROJECT_FILE, DialectFacts, ProjectSettings
from hub.engine.versions import Bundle, bundle_of
from hub.engine.workflow import Workflow

_FILE = re.compile(r"workflows/([^/]*)\.ya?ml")
_UNKNOWN_NAMES = frozenset({"HUB214", "HUB215"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Project:
    """A folder of workflows. `workflows` holds the clean ones, `broken` the names of the others.

    Of the clean ones, `served` may start; `unserved` wait for somebody to implement an action.
    """

    settings: ProjectSettings
    workflows: Mapping[str, Workflow]
    findings: tuple[Finding, ...]
    broken: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    actions: Mapping[str, Action] = field(default_factory=dict, repr=False)

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
    auth_types: Collection[str],
    dialects: Mapping[str, DialectFacts],
    connection_types: Mapping[str, Collection[str]] | None = None,
) -> Project:
    """Read `hub.yaml` and all workflows; `files` is path → text below the project's folder.

    `connection_types` names the actions that each type of connection is for.

    Never raises: a broken file is left out, with those that call it (S5).
    """
    hub_file = _hub_file(files, auth_types)
    context = Context(
        files, hub_file.settings, actions, dialects, connection_types=connection_types or {}
    )
    names, misnamed = _names(files)
    compiled = {
        name: compile_file(path, files[path], name=name, context=context)
        for name, path in names.items()
    }
    linker = Linker(compiled, context)
    linker.check_names()
    linker.check_routes()
    workflows = _usable(linker)
    found = [finding for file in compiled.values() for finding in file.findings]
    found += [finding for findings in linker.found.values() for finding in findings]
    return Project(
        settings=hub_file.settings,
        workflows=workflows,
        findings=in_order([*hub_file.findings, *check_hub_file(hub_file), *misnamed, *found]),
        broken=tuple(sorted(name for name in compiled if name not in workflows)),
        files=dict(files),
        actions=actions,
    )


def bundle(project: Project, name: str) -> Bundle:
    """All files that this version of a workflow runs with; raises `KeyError` for a broken one."""
    return bundle_of(name, project.workflows, files=project.files, actions=project.actions)


def _hub_file(files: Mapping[str, str], auth_types: Collection[str]) -> HubFile:
    if PROJECT_FILE in files:
        return compile_hub_file(files[PROJECT_FILE], auth_types=auth_types)
    missing = Source(PROJECT_FILE, "").finding(
        110, "there is no hub.yaml in this folder", start=0, suggestion="write one with `hub: 1`"
    )
    found = compile_hub_file("hub: 1", auth_types=auth_types)
    return replace(found, findings=(missing,))


def _names(files: Mapping[str, str]) -> tuple[dict[str, str], list[Finding]]:
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


def _usable(linker: Linker) -> dict[str, Workflow]:
    """The clean workflows, callees first."""
    usable: dict[str, Workflow] = {}
    results: dict[str, Outcome] = {}
    for name in linker.in_call_order():
        file = linker.files[name]
        linker.refuse_broken_calls(name, usable)
        if file.workflow is None or not _can_be_checked(file, linker):
            continue
        linker.found.setdefault(name, []).extend(
            check_file(file, context=linker.context, called=usable, results=results)
        )
        if _is_clean(file, linker):
            context = linker.context
            version = bundle_of(
                name, {**usable, name: file.workflow}, files=context.files, actions=context.actions
            ).hash
            usable[name] = linked(file.workflow, version, usable)
    return usable


def _can_be_checked(file: CompiledFile, linker: Linker) -> bool:
    """Whether at most presets and actions are unknown: their results can then be anything."""
    found = [*file.findings, *linker.found.get(file.name, ())]
    return all(each.code in _UNKNOWN_NAMES for each in found if each.is_error)


def _is_clean(file: CompiledFile, linker: Linker) -> bool:
    return file.is_clean and not any(each.is_error for each in linker.found.get(file.name, ()))

"""The version of a workflow: the digest of all files it runs with, and the way back (E15)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.action import Action
from hub.engine.compile import Context, compile_file
from hub.engine.compile.link import Linker, actions_of, called_names, linked, steps_of
from hub.engine.compile.waits import event_path
from hub.engine.expressions import Literal, Template
from hub.engine.settings import DialectFacts, ProjectSettings
from hub.engine.workflow import Do, Endpoint, Workflow
from hub.errors import InvalidWorkflow


@dataclass(frozen=True)
class Bundle:
    """The files of one version, path → text, and their digest (64 hex digits)."""

    hash: str
    files: Mapping[str, str] = field(default_factory=dict)


def workflow_path(name: str) -> str:
    """Where the file of a workflow lies."""
    return f"workflows/{name}.yaml"


def bundle_of(
    name: str,
    workflows: Mapping[str, Workflow],
    *,
    files: Mapping[str, str],
    actions: Mapping[str, Action],
) -> Bundle:
    """The file of a workflow, its schema and templates, and those of all it calls."""
    paths = sorted(set(_paths(name, workflows, actions)))
    content = {path: files[path] for path in paths if path in files}
    return Bundle(digest(content), content)


def digest(files: Mapping[str, str]) -> str:
    """SHA-256 over paths and texts, sorted by path, each with its length before it."""
    total = hashlib.sha256()
    for path in sorted(files):
        for text in (path, files[path]):
            part = text.encode("utf-8", "surrogatepass")
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()


def compile_bundle(
    files: Mapping[str, str],
    name: str,
    settings: ProjectSettings,
    actions: Mapping[str, Action],
    *,
    dialects: Mapping[str, DialectFacts] | None = None,
) -> Workflow:
    """The workflow as it was when its bundle was made, whatever the files say now.

    Raises `InvalidWorkflow` when this hub cannot read that version.
    """
    context = Context(files, settings, actions, dialects or {}, is_stored=True)
    names = [path.removeprefix("workflows/").removesuffix(".yaml") for path in files]
    compiled = {
        each: compile_file(path, files[path], name=each, context=context)
        for each, path in zip(names, files, strict=True)
        if path == workflow_path(each)
    }
    linker = Linker(compiled, context)
    order = linker.in_call_order()
    findings = [finding for file in compiled.values() for finding in file.findings]
    errors = [finding for finding in findings if finding.is_error]
    if errors or name not in order:
        raise InvalidWorkflow(errors)
    usable: dict[str, Workflow] = {}
    for each in order:
        workflow = compiled[each].workflow
        callees = linker.called(each)
        if workflow is not None and usable.keys() >= set(callees):
            candidates = {**usable, each: workflow}
            version = bundle_of(each, candidates, files=files, actions=actions).hash
            usable[each] = linked(workflow, version, {name: usable[name] for name in callees})
    if name not in usable:
        raise InvalidWorkflow(errors)
    return usable[name]


def _paths(
    name: str, workflows: Mapping[str, Workflow], actions: Mapping[str, Action]
) -> Iterator[str]:
    names, waiting = {name}, [name]
    while waiting:
        workflow = workflows[waiting.pop()]
        yield workflow_path(workflow.name)
        if isinstance(workflow.trigger, Endpoint) and workflow.trigger.payload_path:
            yield workflow.trigger.payload_path
        yield from template_paths(workflow, actions)
        yield from (event_path(event) for event in workflow.event_schemas)
        new = set(called_names(workflow)) - names
        names |= new
        waiting.extend(new)


def template_paths(workflow: Workflow, actions: Mapping[str, Action]) -> Iterator[str]:
    """The files of `templates/` that its steps name."""
    for step in (ask for each in steps_of(workflow) for ask in actions_of(each)):
        action = actions.get(step.action)
        given = dict(_literal_inputs(step))
        for name in (*action.template_inputs, *action.file_or_text_inputs) if action else ():
            path = given.get(name)
            if isinstance(path, str) and path.startswith("templates/"):
                yield path


def _literal_inputs(step: Do) -> Iterator[tuple[str, object]]:
    if isinstance(step.inputs, Literal):
        yield from dict(step.inputs.value).items()
    else:
        for name, value in getattr(step.inputs, "entries", ()):
            if isinstance(value, Literal):
                yield name, value.value
            elif isinstance(value, Template) and value.file is not None:
                yield name, value.file

"""All workflow files together, step by step; what a note still tells is not worked out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.engine.check import Outcome, check_file
from hub.engine.compile import CompiledFile, Context, compile_file
from hub.engine.compile.asking import unknown_names
from hub.engine.compile.link import Linker, calls_of, linked
from hub.engine.compile.values import Places
from hub.engine.findings import Finding, Source
from hub.engine.notes import Memory, Note, Reading, digests_of, face_of, what_was_read
from hub.engine.versions import bundle_of
from hub.engine.workflow import Inputs, Workflow
from hub.engine.yaml_profile import Document, Node

_UNKNOWN_NAMES = frozenset({"HUB214", "HUB215"})


@dataclass(frozen=True)
class Loaded:
    """The clean workflows by name, callees first, and what is wrong with the files.

    `broken` are the others: None where nothing could be made of the file. `whole` gives a clean one
    with all of its steps, where `workflows` may hold a sketch; it raises `KeyError` for another.
    """

    workflows: Mapping[str, Workflow]
    findings: tuple[Finding, ...]
    broken: Mapping[str, Workflow | None]
    whole: Callable[[str], Workflow]


def load_workflows(
    context: Context,
    paths: Mapping[str, str],
    memory: Memory,
    digests: Mapping[str, str] | None = None,
    *,
    with_versions: bool = True,
) -> Loaded:
    """Compile, link and check the files of `paths` (name → path), with the help of a memory.

    The memory holds what this look gave when this returns. `digests` are those of all files, where
    they are known. Without versions nothing can run: that is for those who only check.
    """
    memory.forget_unless(setting_of(context))
    digests = digests or digests_of(context.files)
    try:
        return _Loading(context, paths, memory, digests, with_versions).load()
    except LookupError:  # a note does not fit what its file gives: none of them is believed
        memory.forget()
        return _Loading(context, paths, memory, digests, with_versions).load()


def setting_of(context: Context) -> Context:
    """What all files are read under: `hub.yaml`, actions, dialects."""
    return replace(context, files={}, _schemas={})


@dataclass
class _Loading:
    """One look at all files. `fresh` are those that were compiled in it."""

    context: Context
    paths: Mapping[str, str]
    memory: Memory
    digests: Mapping[str, str]
    with_versions: bool = True
    fresh: dict[str, CompiledFile] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    usable: dict[str, Workflow] = field(default_factory=dict)
    results: dict[str, Outcome] = field(default_factory=dict)
    _readings: dict[str, Reading] = field(default_factory=dict)

    def __post_init__(self) -> None:
        files = {name: self._file(name) for name in self.paths}
        self.linker = Linker(files, self.context)

    def load(self) -> Loaded:
        """The pipeline: names, routes, order of calls; then each file behind those it calls."""
        self.linker.check_names()
        self.linker.check_routes()
        found: list[Finding] = []
        for name in self.linker.in_call_order():
            self.linker.refuse_broken_calls(name, self.usable)
            if self._can_be_checked(name):
                found.extend(self._checked(name))
        for name in self.paths:
            found.extend(self.notes[name].compiled)
        for findings in self.linker.found.values():
            found.extend(findings)
        self.memory.notes = {name: self.notes[name] for name in self.paths}
        self.memory.linked = dict(self.usable)
        broken = {
            name: note.workflow for name, note in self.notes.items() if name not in self.usable
        }
        return Loaded(self.usable, tuple(found), broken, self.whole)

    def whole(self, name: str) -> Workflow:
        """A clean workflow with all of its steps; its file is read where only a sketch is known."""
        self._make_whole(name)
        return self.usable[name]

    # ------------------------------------------------------------------------------- one file

    def _file(self, name: str) -> CompiledFile:
        """The compiled file, or what its note says of it."""
        note = self.memory.notes.get(name)
        if note is None or not note.holds(self.digests):
            return self._compiled(name)
        self.notes[name] = note
        document = Document(Source(self.paths[name], ""), None)
        return CompiledFile(
            name, document, note.workflow, note.compiled, _RecalledPlaces(self, name, note)
        )

    def _compiled(self, name: str) -> CompiledFile:
        if name not in self.fresh:
            path = self.paths[name]
            reading = self._readings[name] = Reading(self.context.files)
            context = replace(self.context, files=reading)
            file = compile_file(path, self.context.files[path], name=name, context=context)
            self.fresh[name] = file
            self.notes[name] = Note(
                read=what_was_read(path, reading, self.digests),
                compiled=(*file.findings, *unknown_names(file, context)),
                workflow=file.workflow,
            )
        return self.fresh[name]

    def compiled_again(self, name: str) -> CompiledFile:
        """A file whose note holds, read once more for its places; the note stays."""
        note = self.notes[name]
        file = self._compiled(name)
        self.notes[name] = note
        return file

    def _can_be_checked(self, name: str) -> bool:
        """Whether at most presets and actions are unknown: their results can then be anything."""
        note = self.notes[name]
        found = [*note.compiled, *self.linker.found.get(name, ())]
        is_readable = all(each.code in _UNKNOWN_NAMES for each in found if each.is_error)
        return note.workflow is not None and is_readable

    def _checked(self, name: str) -> tuple[Finding, ...]:
        """The findings on a file whose callees are known; a clean one is usable from now on."""
        note = self.notes[name]
        faces = {each: self._face(each) for each in self.linker.called(name)}
        if note.checked is None or note.called != faces:
            note = self._check(name, faces)
        elif note.outcome is not None:
            self.results[name] = note.outcome
        self.notes[name] = note
        found = [*note.compiled, *(note.checked or ()), *self.linker.found.get(name, ())]
        if note.workflow is not None and not any(each.is_error for each in found):
            self.usable[name] = self._linked(name, note.workflow)
        return note.checked or ()

    def _check(self, name: str, faces: Mapping[str, str | None]) -> Note:
        file = self._compiled(name)
        for each in self.linker.called(name):
            self._make_whole(each)
        reading = self._readings[name]
        context = replace(self.context, files=reading)
        found = check_file(file, context=context, called=self.usable, results=self.results)
        outcome, workflow = self.results.get(name), file.workflow
        is_callable = workflow is not None and isinstance(workflow.trigger, Inputs)
        return replace(
            self.notes[name],
            read=what_was_read(self.paths[name], reading, self.digests),
            workflow=workflow,
            is_sketch=False,
            checked=tuple(found),
            called=faces,
            face=face_of(workflow, outcome) if is_callable and workflow and outcome else "",
            outcome=outcome if is_callable else None,
        )

    def _make_whole(self, name: str) -> None:
        """A callee of which only a sketch is known is read, so that a caller can be checked."""
        if name in self.usable and self.notes[name].is_sketch:
            self.notes[name] = self._check(name, self.notes[name].called)
            workflow = self.notes[name].workflow
            if workflow is not None:
                self.usable[name] = self._linked(name, workflow)

    def _face(self, name: str) -> str | None:
        """What a caller sees of a workflow; None when it cannot be called."""
        return self.notes[name].face if name in self.usable else None

    def _linked(self, name: str, workflow: Workflow) -> Workflow:
        """The workflow with those it calls and its version; the last one if nothing changed."""
        if self.notes[name].is_sketch:
            return workflow
        last = self.memory.linked.get(name)
        is_kept = self.memory.notes.get(name)
        callees = self.linker.called(name)
        if (
            last is not None
            and is_kept is not None
            and is_kept.workflow is workflow
            and is_kept.holds(self.digests)
            and all(last.called.get(each) is self.usable[each] for each in callees)
        ):
            return last
        version = self._version(name, workflow) if self.with_versions else ""
        return linked(workflow, version, {each: self.usable[each] for each in callees})

    def _version(self, name: str, workflow: Workflow) -> str:
        return bundle_of(
            name,
            {**self.usable, name: workflow},
            files=self.context.files,
            actions=self.context.actions,
        ).hash


class _RecalledPlaces(Places):
    """The places of a file that was not read this time; it is, when one of them is asked for."""

    def __init__(self, loading: _Loading, name: str, note: Note) -> None:
        super().__init__()
        self._loading, self._name, self._workflow = loading, name, note.workflow

    def node(self, compiled: Any) -> Node | None:
        """The node of the same part of the file as it is read again.

        Raises `LookupError` for what is neither the trigger nor a call: the linker asks for no
        other.
        """
        file = self._loading.compiled_again(self._name)
        if file.workflow is None or self._workflow is None:
            raise LookupError(f"{self._name} reads otherwise now")
        if compiled is self._workflow.trigger:
            return file.places.node(file.workflow.trigger)
        known, read = calls_of(self._workflow), calls_of(file.workflow)
        for old, new in zip(known, read, strict=True):
            if old is compiled:
                return file.places.node(new)
        raise LookupError(f"{compiled} is no call of {self._name}")

"""One file of tests: tree → `TrialFile`, or all that is wrong with it.

Whatever can be known to be wrong without running is told here, with line and column: unknown keys
and names, mocks that the action could never give, events that do not fit their schemas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.engine.compile.reader import Reader, Record
from hub.engine.findings import Finding, correction, in_order
from hub.engine.language.trials import REQUEST, SHARED_KEYS, TEST, TESTS
from hub.engine.project import Project, is_trial_file
from hub.engine.workflow import OnEvent, Position, Workflow
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, is_broken, load, plain
from hub.testing.expecting import Expectations
from hub.testing.mocking import Mocks
from hub.testing.names import Names
from hub.testing.plan import NOON, Given, Request, Trial, TrialFile
from hub.testing.timelines import Timelines

_Parts = Mapping[str, Node]
_MERGED = ("payload", "params", "query", "inputs", "config", "mocks")
"""Keys whose values are joined key by key; of all others the test's own replaces the file's."""


def read_trials(path: str, content: str, project: Project) -> TrialFile:
    """Read one file of tests. Never raises."""
    document = load(path, content)
    if document.root is None:
        empty = document.source.finding(110, "the file is empty", start=0)
        return TrialFile(path, "", (), document.findings or (empty,))
    reader = Reader(document.source)
    found = _File(path, reader, Names(reader, project))
    trials = found.trials(document.root)
    findings = in_order([*document.findings, *reader.findings])
    return TrialFile(path, found.workflow_name, trials, findings)


@dataclass
class _File:
    path: str
    reader: Reader
    names: Names
    workflow_name: str = ""
    _titles: dict[str, Node] = field(default_factory=dict)

    def trials(self, root: Node) -> tuple[Trial, ...]:
        record = self.reader.record(root, TESTS)
        if record is None:
            return ()
        if (language := record.get("hub")) is not None:
            self.reader.language(language)
        self.workflow_name = record.read("workflow") or ""
        workflow = self._workflow(record)
        names = (key.name for key in SHARED_KEYS)
        shared = {name: node for name in names if (node := record.get(name)) is not None}
        self._given(shared, {}, workflow)  # so that a mistake at the top is told once
        node = record.get("tests")
        items = () if node is None else self.reader.items(node, what="`tests`")
        if node is not None and not items and not is_broken(node):
            self.reader.refuse(110, "`tests` needs at least one test", node)
        read = (self._trial(item, shared, workflow) for item in items)
        return tuple(trial for trial in read if trial is not None)

    def _workflow(self, record: Record) -> Workflow | None:
        node = record.get("workflow")
        if node is None or not self.workflow_name:
            return None
        project = self.names.project
        found = project.workflows.get(self.workflow_name)
        if found is None and self.workflow_name not in project.broken:
            known = [*project.workflows, *project.broken]
            suggestion = correction(self.workflow_name, known, what="there are")
            message = f"there is no workflow '{self.workflow_name}'"
            self.reader.refuse(216, message, node, suggestion=suggestion)
        return found

    def _trial(self, node: Node, shared: _Parts, workflow: Workflow | None) -> Trial | None:
        record = self.reader.record(node, TEST)
        if record is None:
            return None
        name = record.read("name") or ""
        self._check_name(record, name)
        own = {name: each for name in TEST.names if (each := record.get(name)) is not None}
        given = self._given(own, shared, workflow)
        if given is not None and workflow is not None:
            parts = {"params": given.params, "inputs": given.inputs}
            self.names.check_complete(_first(record), parts, workflow)
            self._check_start(record, given, workflow)
        expect = Expectations(self.reader, self.names, workflow).read(record.get("expect"))
        if expect is None or given is None:
            return None
        line, column = self.reader.source.position(node.start)
        place = Position(self.path, line, column)
        mocks = own.get("mocks")
        mocked = [each.name for each in mocks.entries] if isinstance(mocks, Tree) else []
        return Trial(name, self.workflow_name, place, given, expect, tuple(mocked))

    def _check_start(self, record: Record, given: Given, workflow: Workflow) -> None:
        """A workflow that events start is started by the timeline."""
        is_started = any(each.emit is not None for each in given.timeline)
        if isinstance(workflow.trigger, OnEvent) and not is_started:
            message = f"an event starts {workflow.name}: write one into the `timeline`"
            self.reader.refuse(110, message, _first(record))

    def _check_name(self, record: Record, name: str) -> None:
        node = record.get("name")
        if node is not None and name in self._titles:
            self.reader.refuse(212, f"another test is called '{name}' already", node)
        elif node is not None:
            self._titles[name] = node

    def _given(self, own: _Parts, shared: _Parts, workflow: Workflow | None) -> Given | None:
        """What a test starts from. Only what it says itself is checked: the file's own was."""
        parts = _joined_parts(own, shared)
        values = {name: self._values(name, own, parts) for name in _MERGED if name != "mocks"}
        self.names.check_given(own, workflow)
        mocks = Mocks(self.reader, self.names)
        checked = mocks.read(own.get("mocks"))
        crash = own.get("crash_after")
        now = own.get("now") or shared.get("now")
        started = None if now is None else self.names.instant(now, "`now`", told="now" in own)
        return Given(
            now=started or NOON,
            payload=values["payload"] if "payload" in parts else None,
            request=self._request(own, parts),
            params=values["params"],
            query=values["query"],
            inputs=values["inputs"],
            config=values["config"],
            mocks={
                **Mocks(Reader(self.reader.source), self.names).read(shared.get("mocks")),
                **checked,
            },
            timeline=Timelines(self.reader, self.names, self.path).read(own.get("timeline")),
            crash_after=None if crash is None else self.names.step(crash, workflow),
            real=self.names.real(parts.get("real"), is_told="real" in own),
            done_before=self.names.done_before(parts, is_told="given" in own),
        )

    def _values(self, name: str, own: _Parts, parts: _Parts) -> dict[str, Any]:
        """The keys of `payload`, `params` and the like: the file's, then the test's."""
        joined: dict[str, Any] = {}
        for source in (parts.get(f"file's {name}"), parts.get(name)):
            if isinstance(source, Tree):
                joined.update(plain(source))
        node = own.get(name)
        if node is not None and not isinstance(node, Tree) and not is_broken(node):
            self.reader.refuse(110, f"`{name}` needs keys and values", node)
        return joined

    def _request(self, own: _Parts, parts: _Parts) -> Request | None:
        node = parts.get("request")
        if node is None:
            return None
        reader = self.reader if "request" in own else Reader(self.reader.source)
        record = reader.record(node, REQUEST, what="`request`")
        if record is None:
            return None
        body, headers, query = (record.get(name) for name in REQUEST.names)
        return Request(
            body=None if body is None else plain(body),
            headers={name: _text(value) for name, value in _object(headers).items()},
            query=_object(query),
        )


def _joined_parts(own: _Parts, shared: _Parts) -> dict[str, Node]:
    """The keys in force; of two ways to say what comes in the test's own is the one."""
    parts = dict(shared)
    if "request" in own:
        parts.pop("payload", None)
    if "payload" in own:
        parts.pop("request", None)
    for name, node in own.items():
        if name in _MERGED and name in parts:
            parts[f"file's {name}"] = parts[name]
        parts[name] = node
    return parts


def _first(record: Record) -> Node:
    """Where a test begins."""
    return record.node.entries[0].key if record.node.entries else record.node


def _object(node: Node | None) -> dict[str, Any]:
    return dict(plain(node)) if isinstance(node, Tree) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def check_trials(project: Project) -> Sequence[Finding]:
    """The mistakes in all files of tests of a project."""
    return [finding for file in read_all(project) for finding in file.findings]


def read_all(project: Project) -> list[TrialFile]:
    """All files of `workflows/tests/`, in the order of their names."""
    paths = [path for path in sorted(project.files) if is_trial_file(path)]
    return [read_trials(path, project.files[path], project) for path in paths]

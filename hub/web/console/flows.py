"""Workflows: all of them with their health, and a page for each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import unified_diff
from typing import Any

from flask import Response, request

from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.saving import BEGUN, SAVED
from hub.editing.differences import Difference, differences
from hub.engine.compile.link import called_names
from hub.engine.findings import Finding
from hub.engine.project import Project
from hub.engine.versions import workflow_path
from hub.engine.workflow import Endpoint, OnEvent, Schedule, Trigger, Workflow
from hub.errors import NotPossible, Rejected
from hub.ingest import openapi
from hub.people.roles import Deed
from hub.storage import audit, versions
from hub.storage.audit import Saved
from hub.storage.db import DatabaseClock
from hub.storage.last_runs import LastRun, last_runs
from hub.storage.versions import KeptVersion
from hub.testing.plan import Trial
from hub.testing.reading import read_trials
from hub.web.console import calling, flow_picture
from hub.web.console.app import Console
from hub.web.console.remembered import Remembered

_SHOWN_RUNS = 20
_SHOWN_VERSIONS = 12
_REMEMBERED = 3.0  # seconds
_LONGEST_TEXT = 100
_CONTEXT = 3  # lines around a change
_BAD = frozenset({"failed", "undo_failed"})


@dataclass(frozen=True)
class FlowLine:
    """One workflow in the list. `runs` are its last ones, the oldest first."""

    name: str
    title: str
    starts: str
    state: str
    why: str
    tags: Sequence[str]
    version: str
    runs: Sequence[LastRun]

    @property
    def failed(self) -> int:
        """How many of the last runs failed."""
        return sum(each.status in _BAD for each in self.runs)

    @property
    def is_well(self) -> bool:
        """Whether it is served as its file says, and its last run did not fail."""
        is_bad = bool(self.runs) and self.runs[-1].status in _BAD
        return self.state in {"served", "off"} and not is_bad


@dataclass(frozen=True)
class VersionLine:
    """One version, and how it differs from the one before it; None: there is none before it.

    `saved`: by whom, as the audit tells; None: its files were changed elsewhere.
    """

    kept: KeptVersion
    saved: Saved | None
    is_in_force: bool
    changes: Sequence[Difference] | None
    others: Sequence[str]
    lines: Sequence[tuple[str, str]]


class Flows:
    """The pages at `/admin/workflows`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        self._last = Remembered(self._read, seconds=_REMEMBERED)
        app.remembered.append(self._last)
        app.page("/admin/workflows", Deed.SEE_WORKFLOWS)(self.every_one)
        app.page("/admin/workflows/<workflow>", Deed.SEE_WORKFLOWS)(self.page)

    def every_one(self) -> Response:
        """The list; `q` is a part of a name, title, tag or path, `only` leaves out who is well."""
        said = request.args.get("q", "")[:_LONGEST_TEXT].strip()
        only_ill = request.args.get("only") == "ill"
        lines = self._lines(self._last.get())
        shown = [
            each
            for each in lines
            if said.lower() in " ".join([each.name, each.title, each.starts, *each.tags]).lower()
            and not (only_ill and each.is_well)
        ]
        return self._app.render(
            "flows.html",
            flows=shown,
            said=said,
            only_ill=only_ill,
            total=len(lines),
            ill=sum(not each.is_well for each in lines),
            refused=self._app.hub.current.refused,
        )

    def page(self, workflow: str) -> Response:
        """One workflow: what it does, how it is called, its tests, what was changed in it."""
        hub = self._app.hub
        current = hub.current
        project = current.project
        if workflow not in names_of(project):
            raise Rejected(404, "There is no such workflow.")
        found = project.workflows.get(workflow)
        with hub.console_database.connect() as db:
            now = DatabaseClock(db).now()
            kept = versions.newest(db, workflow, most=_SHOWN_VERSIONS + 1)
            runs = last_runs(db, [workflow], most=_SHOWN_RUNS).get(workflow, [])
            saved = audit.last_saved(db, workflow, actions=(SAVED, BEGUN))
        path = workflow_path(workflow)
        text = _text_in_force(found, kept, path) or project.files.get(path, "")
        trials = trials_of(project, workflow)
        return self._app.render(
            "flow.html",
            name=workflow,
            line=self._line(project, workflow, runs[::-1]),
            workflow=found,
            now=now,
            flow=flow_picture.draw(path, text, hub.actions),
            text=text,
            findings=_findings(current.findings, path),
            is_kept=workflow in current.kept,
            called_by=_callers(project, workflow),
            endpoint=self._endpoint(project, found, trials),
            trials=trials,
            versions=version_lines(kept, found, path, saved)[:_SHOWN_VERSIONS],
        )

    # ---------------------------------------------------------------------------- what they show

    def _read(self) -> Mapping[str, Sequence[LastRun]]:
        with self._app.hub.console_database.connect() as db:
            return last_runs(db, names_of(self._app.hub.project), most=_SHOWN_RUNS)

    def _lines(self, runs: Mapping[str, Sequence[LastRun]]) -> list[FlowLine]:
        project = self._app.hub.project
        return [
            self._line(project, name, list(runs.get(name, ()))[::-1]) for name in names_of(project)
        ]

    def _line(self, project: Project, name: str, runs: Sequence[LastRun]) -> FlowLine:
        found = project.workflows.get(name)
        state, why = state_of(project, name, is_kept=name in self._app.hub.current.kept)
        return FlowLine(
            name=name,
            title=name if found is None else found.title,
            starts="" if found is None else in_words(found.trigger),
            state=state,
            why=why,
            tags=() if found is None else found.tags,
            version="" if found is None else found.version,
            runs=runs,
        )

    def _endpoint(
        self, project: Project, workflow: Workflow | None, trials: Sequence[Trial]
    ) -> dict[str, Any] | None:
        """The URL, the command, what vendors and programs are told."""
        if workflow is None or not isinstance(workflow.trigger, Endpoint):
            return None
        endpoint, url = workflow.trigger, self._app.hub.settings.public_url
        preset = project.settings.auth.get(endpoint.auth)
        kinds = all_auth_types()
        document = openapi.openapi(project, url)
        operation = document["paths"].get(endpoint.path, {}).get(endpoint.method.lower())
        return {
            "url": f"{url}{endpoint.path}",
            "facts": endpoint,
            "proof": kinds["public" if preset is None else preset.type].proof,
            "curl": calling.curl(endpoint, preset, kinds, url=url, trials=trials),
            "is_provable": calling.is_provable(preset, kinds),
            "tool": _tool(workflow, url),
            "openapi": None if operation is None else _json(operation),
            "schema": None if endpoint.payload_schema is None else _json(endpoint.payload_schema),
        }


def names_of(project: Project) -> list[str]:
    """All workflows, those with errors included."""
    return sorted({*project.workflows, *project.broken})


def state_of(project: Project, name: str, *, is_kept: bool) -> tuple[str, str]:
    """Whether it is served, in a word and a sentence."""
    if name in project.broken:
        if is_kept:
            return "kept", "The file has errors: the last good version is in force."
        return "broken", "The file has errors: it is not served."
    if name in project.unserved:
        missing = ", ".join(project.unserved[name])
        return "unserved", f"Nobody implemented {missing} yet: it is not served."
    if not project.workflows[name].is_enabled:
        return "off", "`enabled: false`: nothing starts it."
    return "served", ""


def in_words(trigger: Trigger) -> str:
    """How runs begin."""
    if isinstance(trigger, Endpoint):
        return f"{trigger.method} {trigger.path}"
    if isinstance(trigger, OnEvent):
        return f"on {' or '.join(trigger.names)}"
    if isinstance(trigger, Schedule):
        if trigger.every is None:
            return f"cron {trigger.cron}" + (f" ({trigger.timezone})" if trigger.timezone else "")
        return f"every {_length(trigger.every)}"
    return "called by other workflows"


def _length(every: timedelta) -> str:
    seconds = int(every.total_seconds())
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}" if count > 1 else unit.removesuffix("s")
    return f"{seconds} seconds"


def trials_of(project: Project, name: str) -> list[Trial]:
    """The tests of a workflow, as far as their file can be read."""
    path = f"workflows/tests/{name}.yaml"
    if path not in project.files:
        return []
    return list(read_trials(path, project.files[path], project).trials)


def version_lines(
    kept: Sequence[KeptVersion], workflow: Workflow | None, path: str, saved: Mapping[str, Saved]
) -> list[VersionLine]:
    """Each version with its difference from the one that was in force before it."""
    lines = []
    for place, each in enumerate(kept):
        before = kept[place + 1] if place + 1 < len(kept) else None
        old = {} if before is None else before.files
        names = sorted({*old, *each.files} - {path})
        lines.append(
            VersionLine(
                kept=each,
                saved=saved.get(each.hash),
                is_in_force=workflow is not None and each.hash == workflow.version,
                changes=None
                if before is None
                else differences(old.get(path, ""), each.files.get(path, "")),
                others=[name for name in names if old.get(name) != each.files.get(name)]
                if before is not None
                else [],
                lines=changed_lines(old.get(path, ""), each.files.get(path, ""))
                if before is not None
                else [],
            )
        )
    return lines


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """The changed lines with some around them: `+`, `-`, ` ` or `@`, and the line."""
    found = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT)
    return [(line[:1], line[1:]) for line in list(found)[2:]]


def _text_in_force(workflow: Workflow | None, kept: Sequence[KeptVersion], path: str) -> str | None:
    """The text that runs: where the file has errors, it is not the one that lies there."""
    if workflow is None:
        return None
    return next((each.files.get(path) for each in kept if each.hash == workflow.version), None)


def _findings(found: Sequence[Finding], path: str) -> list[Finding]:
    return [each for each in found if each.file == path]


def _callers(project: Project, name: str) -> list[str]:
    return sorted(each.name for each in project.workflows.values() if name in called_names(each))


def _tool(workflow: Workflow, url: str) -> str | None:
    try:
        return _json(openapi.vapi_tool(workflow, url))
    except NotPossible:
        return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)

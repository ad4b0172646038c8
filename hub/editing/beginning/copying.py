"""A new workflow from one that is there: its file and its tests under another name. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.editing.beginning.drafts import Draft, tests_path, title_text, workflow_path
from hub.engine.workflow import Endpoint, OnEvent, Schedule, Workflow
from hub.errors import NotPossible

_TITLE = re.compile(r"^title:.*$", re.MULTILINE)
_OWN_PATH = re.compile(r"^(  path:) .*$", re.MULTILINE)
_TOOL = re.compile(r"^(  tool:) .*$", re.MULTILINE)
_TESTED = re.compile(r"^workflow:.*$", re.MULTILINE)
_PART = re.compile(r"\{[a-z][a-z0-9_]*\}")


def copies_of(
    source: Workflow, name: str, title: str, files: Mapping[str, str], *, base_path: str
) -> list[Draft]:
    """The files of `source` as those of `name`; the schemas are shared.

    What must differ does: the path, the name of the tool. Raises `NotPossible` when the file is
    not written as these keys are found.
    """
    text = files[workflow_path(source.name)]
    text = _TITLE.sub(lambda _: f"title: {title_text(title)}", text, count=1)
    trigger = source.trigger
    if isinstance(trigger, Endpoint):
        parts = "".join(f"/{part}" for part in _PART.findall(trigger.path))
        text = _OWN_PATH.sub(rf"\1 {base_path}/{name}{parts}", text, count=1)
        text = _TOOL.sub(rf"\1 {name.replace('-', '_')}", text, count=1)
    drafts = [Draft(workflow_path(name), text)]
    tests = files.get(tests_path(source.name))
    if tests is not None:
        drafts.append(Draft(tests_path(name), _TESTED.sub(f"workflow: {name}", tests, count=1)))
    return drafts


def source_of(name: str, workflows: Mapping[str, Workflow], broken: tuple[str, ...]) -> Workflow:
    """The workflow to copy. Raises `NotPossible` when there is none, or it has mistakes."""
    if name in workflows:
        return workflows[name]
    if name in broken:
        raise NotPossible(f"{workflow_path(name)} has mistakes: mend them first (`hub check`)")
    known = ", ".join(sorted(workflows)) or "none yet"
    raise NotPossible(f"there is no workflow {name!r} to begin with; there are: {known}")


def kind_of(workflow: Workflow) -> str:
    """The kind of a workflow that is there; empty for one that others call."""
    match workflow.trigger:
        case Endpoint(tool=tool):
            return "endpoint" if tool is None else "tool"
        case Schedule():
            return "schedule"
        case OnEvent():
            return "event"
    return ""

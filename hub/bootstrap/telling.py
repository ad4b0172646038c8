"""What a person must hear in the log when something else is in force: once for each change."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from hub.bootstrap.in_force import InForce
from hub.engine.readiness import told_at_the_start
from hub.engine.settings import PROJECT_FILE

log = logging.getLogger(__name__)

_SHORT = 12  # digits of a version, as `hub runs` shows them
_MOST_NAMES = 20

Line = tuple[int, str]


def tell(before: InForce | None, after: InForce) -> None:
    """Say in the log what is new; `before` is None at the start."""
    for level, said in lines(before, after):
        log.log(level, "%s", said)


def lines(before: InForce | None, after: InForce) -> Iterator[Line]:
    """Level and sentence of all that is new, what is wrong first."""
    yield from _findings(before, after)
    yield from _project_file(before, after)
    yield from _broken(before, after)
    yield from _unserved(before, after)
    yield from _missing_values(before, after)
    if before is not None:
        yield from _changes(before, after)


def _findings(before: InForce | None, after: InForce) -> Iterator[Line]:
    told = set(before.findings) if before is not None else set()
    for finding in after.findings:
        if finding not in told:
            yield logging.ERROR if finding.is_error else logging.WARNING, str(finding)


def _project_file(before: InForce | None, after: InForce) -> Iterator[Line]:
    was_refused = before.refused if before is not None else None
    if after.refused is not None and after.refused != was_refused:
        yield logging.ERROR, f"{PROJECT_FILE}: {after.refused}"
    if before is None:
        return
    if after.refused is None and (was_refused or after.project_file != before.project_file):
        yield logging.INFO, f"{PROJECT_FILE} was changed and is in force"
    for name, declared in after.settings.config.items():
        if before.settings.config.get(name) != declared:
            said = f"has the value that {declared.env} had when this process started"
            yield logging.INFO, f"config.{name} {said}; for another one restart it"


def _broken(before: InForce | None, after: InForce) -> Iterator[Line]:
    """Each file with errors, when it is newly saved: what is served in its place."""
    files = set(after.findings) - (set(before.findings) if before is not None else set())
    changed = {finding.file for finding in files if finding.is_error}
    for name in after.project.broken:
        if f"workflows/{name}.yaml" not in changed:
            continue
        workflow = after.project.workflows.get(name)
        if workflow is None:
            said = "it has errors, and there is no earlier version: its endpoint answers 503"
            yield logging.ERROR, f"workflows/{name}.yaml: {said}"
        else:
            said = f"version {workflow.version[:_SHORT]} stays in force until they are mended"
            yield logging.ERROR, f"workflows/{name}.yaml has errors: {said}"


def _unserved(before: InForce | None, after: InForce) -> Iterator[Line]:
    known = before.project.unserved if before is not None else {}
    new = {name: each for name, each in after.project.unserved.items() if name not in known}
    if new:
        yield logging.WARNING, told_at_the_start(new)


def _missing_values(before: InForce | None, after: InForce) -> Iterator[Line]:
    known = before.secrets.missing() if before is not None else []
    for name in after.secrets.missing():
        if name not in known:
            said = "what needs it is refused until it is set and this process restarted"
            yield logging.WARNING, f"the secret {name} has no value: {said}"


def _changes(before: InForce, after: InForce) -> Iterator[Line]:
    was, now = before.project.workflows, after.project.workflows
    changed = sorted(
        name for name in now if name not in was or now[name].version != was[name].version
    )
    gone = sorted(was.keys() - now.keys())
    mended = sorted(
        set(before.project.broken) - set(after.project.broken) - set(changed) - set(gone)
    )
    for said, names in (
        ("in force as they are saved now", changed),
        ("mended", mended),
        ("not in force any more", gone),
    ):
        if names:
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            yield logging.INFO, f"{said}: {', '.join(names[:_MOST_NAMES])}{more}"

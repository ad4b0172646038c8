"""`hub check --running`: the runs that still wait in older versions (language, chapter 17)."""

from __future__ import annotations

from hub.cli.console import instant, say, say_json, table
from hub.cli.environment import Environment
from hub.engine.project import Project
from hub.storage import reading
from hub.storage.reading import WaitingRun

_SHOWN = 12


def tell_older_runs(environment: Environment, *, as_json: bool) -> None:
    """List them, the oldest first. Needs the database; raises `Misconfigured` without one."""
    environment.use_logs("error")
    current = current_versions(environment.loaded.project)
    with environment.database() as engine, engine.connect() as connection:
        found = reading.waiting_elsewhere(connection, current)
    if as_json:
        for each in found:
            say_json(_as_json(each, current.get(each.workflow)))
    elif found:
        say()
        table(("run", "workflow", "version", "status", "since", "waits for"), map(_cells, found))
    else:
        say("no runs in older versions")


def current_versions(project: Project) -> dict[str, str]:
    """The version of each workflow that new runs begin with."""
    return {name: each.version for name, each in project.workflows.items()}


def _cells(run: WaitingRun) -> tuple[str, ...]:
    return (
        str(run.id),
        run.workflow,
        run.version[:_SHOWN],
        run.status,
        instant(run.since),
        run.waits_for or "",
    )


def _as_json(run: WaitingRun, current: str | None) -> dict[str, object]:
    return {
        "run": str(run.id),
        "workflow": run.workflow,
        "version": run.version,
        "current_version": current,
        "status": run.status,
        "since": run.since,
        "waits_for": run.waits_for,
    }

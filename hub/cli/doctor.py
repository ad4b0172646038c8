"""`hub doctor`: what is missing, and what is true that must never be (E18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import click
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hub.bootstrap.front_end import disagreements
from hub.bootstrap.project import config_values
from hub.bootstrap.secret_forms import unusable
from hub.bootstrap.secrets import Seal
from hub.bootstrap.services import revealed
from hub.cli.connecting import declared_connections, what_to_set
from hub.cli.console import say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import SECRETS_FILE, Environment, without_value
from hub.connectors.sql import SqlClient
from hub.domain import monitor, slot_monitor
from hub.domain.booking_sessions import queue
from hub.engine.project import Project
from hub.engine.readiness import why_not_served
from hub.engine.settings import PROJECT_FILE, ConnectionSettings
from hub.errors import HubError, Misconfigured, NotPossible, StepFailed
from hub.queue import Doorbell
from hub.storage import audit, books, db, invariants, reading, versions, workers
from hub.storage.unreachable import what_to_do

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True)
class Examined:
    """What one question gave; `rows` name what is wrong."""

    check: str
    status: State
    message: str
    rows: tuple[str, ...] = ()


@example("hub doctor", "hub doctor --json | jq 'select(.status == \"broken\")'")
@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def doctor(environment: Environment, *, as_json: bool) -> None:
    """Look for what is missing, and for rows that must not be.

    Asks the database and Redis, names workers, secrets and connections without a value, broken
    files with line and column, and every row that breaks a guarantee. Exits with 1 when anything
    is broken; a warning alone does not.
    """
    environment.use_logs("error")
    found = list(examine(environment))
    if as_json:
        for each in found:
            say_json(each)
    else:
        _tell(found)
    if any(each.status == "broken" for each in found):
        raise click.exceptions.Exit(1)


def examine(environment: Environment) -> Iterator[Examined]:
    """All questions, one after the other; a question that cannot be asked is an answer too."""
    yield from _project(environment)
    yield _redis(environment)
    try:
        engine = _engine(environment)
    except HubError as problem:
        yield Examined("database", "broken", str(problem))
        return
    try:
        server = _server(environment, engine)
        yield server
        if server.status != "broken":
            yield from _earlier_versions(environment, engine)
            yield from _rows(engine, lease=environment.settings.lease)
    finally:
        engine.dispose()


def _tell(found: Sequence[Examined]) -> None:
    table(("check", "is", ""), [(each.check, each.status, each.message) for each in found])
    for each in found:
        if each.rows:
            say()
            say(f"{each.check}: {each.message}", bold=True)
            for row in each.rows:
                say(f"  {row}")


# --------------------------------------------------------------------------------------- the files


def _project(environment: Environment) -> Iterator[Examined]:
    try:
        project = environment.loaded.project
    except Misconfigured as problem:
        yield Examined("workflows", "broken", str(problem))
        return
    errors = tuple(str(each) for each in project.errors)
    said = f"{len(project.served)} in force"
    if errors:
        broken = f"{said}, {len(project.broken)} broken"
        yield Examined("workflows", "broken", broken, errors)
    else:
        yield Examined("workflows", "ok", said)
    yield _actions(project)
    yield _config(environment)
    yield _secrets(environment)
    yield _connections(environment)
    yield from _asked_databases(environment)


def _actions(project: Project) -> Examined:
    if not project.unserved:
        return Examined("actions", "ok", "all that the workflows use are implemented")
    rows = tuple(f"{name}: {why_not_served(each)}" for name, each in project.unserved.items())
    said = (
        f"workflows that are not served, because an action is missing: {len(rows)};"
        " install what implements it, or take the step out"
    )
    return Examined("actions", "warning", said, rows)


def _config(environment: Environment) -> Examined:
    try:
        values = config_values(
            environment.loaded.project.settings, environment.settings.environment
        )
    except Misconfigured as wrong:
        return Examined("config", "broken", str(wrong))
    said = f"{len(values)} values are what hub.yaml says"
    differ = disagreements(environment.loaded.project.settings, environment.settings.environment)
    if differ:
        return Examined("config", "warning", f"{said}; a front end has others", differ)
    return Examined("config", "ok", said)


def _secrets(environment: Environment) -> Examined:
    settings = environment.settings
    names = environment.loaded.project.settings.secrets
    missing = without_value(names, settings)
    made = len(without_value(names, environment.stated)) - len(missing)
    said = f"{len(names) - len(missing)} of {len(names)} have a value"
    if made:
        said += f", {made} of them made up by `hub dev` ({settings.state_dir / SECRETS_FILE})"
    try:
        Seal(settings.encryption_key)
    except Misconfigured as wrong:
        return Examined("secrets", "broken", str(wrong))
    wrong_keys = unusable(environment.loaded.project.settings, settings.environment)
    if missing:
        said += "; what needs the others is refused"
    if wrong_keys:
        said += f", {len(wrong_keys)} cannot work"
    if missing or wrong_keys:
        rows = (*(f"set {name}" for name in missing), *wrong_keys.values())
        return Examined("secrets", "warning", said, rows)
    return Examined("secrets", "ok", said)


def _connections(environment: Environment) -> Examined:
    declared = _declared(environment)
    rows = tuple(row for each in declared.values() for row in _lacking(each, environment))
    if rows:
        said = f"{len(declared) - len(rows)} of {len(declared)} can be used"
        return Examined("connections", "warning", said, rows)
    return Examined("connections", "ok", f"{len(declared)} have what they need")


def _declared(environment: Environment) -> Mapping[str, ConnectionSettings]:
    """With a wrong value in `config`, which is a finding of its own, as they stand in hub.yaml."""
    try:
        return declared_connections(environment)
    except Misconfigured:
        return environment.loaded.project.settings.connections


def _lacking(connection: ConnectionSettings, environment: Environment) -> list[str]:
    """One sentence when a connection cannot be used: what to set, and where."""
    try:
        missing = what_to_set(connection, environment)
    except NotPossible as unknown:
        return [str(unknown)]
    return [f"{connection.name}: set {', '.join(missing)}"] if missing else []


def _asked_databases(environment: Environment) -> Iterator[Examined]:
    """What the roles of `sql.query` could do beyond reading (S13); nothing where there are none."""
    declared = _declared(environment)
    for connection in (each for each in declared.values() if each.type == "postgres"):
        what = f"connection {connection.name}"
        try:
            found = SqlClient(revealed(connection, environment.secrets)).excessive_rights()
        except StepFailed as problem:
            yield Examined(what, "warning", problem.message)
            continue
        if found:
            said = "its role can do too much: sql.query does not use it (docs/security.md)"
            yield Examined(what, "broken", said, tuple(f"the role {each}" for each in found))
        else:
            yield Examined(what, "ok", "its role can read and nothing else")


# ------------------------------------------------------------------------------------- the servers


def _redis(environment: Environment) -> Examined:
    url = environment.settings.redis_url
    if not url:
        return Examined("redis", "warning", "not named: set HUB_REDIS_URL, or start `hub dev`")
    try:
        is_reachable = Doorbell(url).is_reachable()
    except Misconfigured as problem:
        return Examined("redis", "broken", str(problem))
    if not is_reachable:
        return Examined(
            "redis",
            "warning",
            "does not answer: runs begin up to a second later; start it, or mend HUB_REDIS_URL",
        )
    return Examined("redis", "ok", "answers")


def _engine(environment: Environment) -> Engine:
    if not environment.settings.database_url:
        raise Misconfigured("not named: set HUB_DATABASE_URL, or start `hub dev`")
    return db.open_engine(
        environment.settings.database_url, pool_size=1, application="hub-doctor", may_write=False
    )


def _server(environment: Environment, engine: Engine) -> Examined:
    settings = environment.settings
    try:
        db.check_version(engine)
        db.check_durability(engine, allow_unsafe=settings.allows_unsafe_durability)
        revision = db.revision(engine)
        if not db.is_usable(engine):
            return Examined(
                "database", "broken", f"its tables are at {revision}: run `hub db upgrade`"
            )
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    except HubError as problem:
        return Examined("database", "broken", str(problem))
    except SQLAlchemyError as problem:
        return Examined("database", "broken", f"does not answer: {_reason(problem)}")
    if settings.allows_unsafe_durability:
        return Examined("database", "warning", "HUB_UNSAFE_DURABILITY=1: commits may be lost")
    return Examined("database", "ok", f"PostgreSQL {version}, durable, tables at {revision}")


def _reason(problem: SQLAlchemyError) -> str:
    said = str(problem.orig if isinstance(problem, DBAPIError) else problem).strip()
    advice = what_to_do(said)
    line = said.partition("\n")[0][:200]
    return f"{line}; {advice} (HUB_DATABASE_URL)" if advice else line


# ---------------------------------------------------------------------------------------- the rows


def _earlier_versions(environment: Environment, engine: Engine) -> Iterator[Examined]:
    """What web and worker serve in the place of files with errors; nothing where there are none."""
    try:
        project = environment.loaded.project
    except Misconfigured:
        return
    is_refused = any(each.file == PROJECT_FILE for each in project.errors)
    broken = [*project.broken, *([PROJECT_FILE] if is_refused else [])]
    if not broken:
        return
    known = versions.last_of(engine, broken)
    rows = tuple(f"{name}: {_IN_PLACE[name in known]}" for name in broken)
    said = f"of {len(broken)} files with errors {len(known)} have an earlier version in force"
    yield Examined("earlier versions", "warning", said, rows)


_IN_PLACE = {
    True: "its last good version stays in force until the file is mended",
    False: "there is no earlier version: it is not served until the file is mended",
}


def _rows(engine: Engine, *, lease: timedelta) -> Iterator[Examined]:
    alive = workers.count_alive(engine)
    if alive:
        yield Examined("workers", "ok", f"{alive} alive")
    else:
        yield Examined("workers", "broken", "none is alive: start `hub worker`")
    with engine.connect() as connection:
        yield _schedules(invariants.late_schedules(connection))
        yield _browsers(queue.look(connection))
        counted = reading.count_by_status(connection)
        said = ", ".join(f"{counted[status]} {status}" for status in sorted(counted))
        yield Examined("runs", "ok", said or "none")
        figures = {"books": str(books.read(connection))}
        for invariant in invariants.INVARIANTS:
            found = invariants.faults(connection, invariant, lease=lease)
            figure = figures.get(invariant.name)
            yield _invariant(invariant.name, invariant.promise, found, figure)
        promise = "the history of a number has no overlaps and no end is wrong (D3, D6)"
        yield _invariant("numbers", promise, monitor.faults(connection))
        promise = "no two reservations have one seat at one time, each session has its own (D2)"
        yield _invariant("slots", promise, slot_monitor.faults(connection))
        promise = "what a step did and that it is done are stored together (E6)"
        yield _invariant("half-done", promise, monitor.half_done(connection))
        promise = "what was done by hand stands as it was written, without gaps (S9)"
        yield _invariant("audit", promise, audit.faults(connection))


def _browsers(found: queue.Queue) -> Examined:
    """Booking sessions that nobody takes, or that lost their browser (X18)."""
    said = f"{found.driven} at work, {found.waiting} booking sessions wait"
    if found.long and not found.driven:
        start = "no browser worker takes them: start `hub browser-worker`"
        return Examined("browsers", "broken", f"{said}; {start}")
    if found.lost:
        return Examined("browsers", "warning", f"{said}; {found.lost} lost theirs and end soon")
    return Examined("browsers", "ok", said)


def _invariant(
    name: str, promise: str, faults: Sequence[str], figure: str | None = None
) -> Examined:
    if not faults:
        return Examined(name, "ok", figure or promise)
    return Examined(name, "broken", f"not so: {promise}", tuple(faults))


def _schedules(late: Sequence[invariants.LateSchedule]) -> Examined:
    if not late:
        return Examined("schedules", "ok", "none is late")
    rows = tuple(f"{each.workflow} is {each.seconds_late:.0f} s late" for each in late)
    return Examined(
        "schedules", "broken", f"{len(late)} late: no worker fires them; start `hub worker`", rows
    )

"""`hub db backup` and `hub db restore`: PostgreSQL's own `pg_dump` and `pg_restore`, with care.

A backup is what one snapshot of the database held, whatever happens beside it. It is restored only
into a database without tables, whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from types import FrameType

import click
from sqlalchemy import URL, Engine, text

from hub import embedded
from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.embedded.programs import postgres_programs
from hub.errors import Misconfigured, NotPossible
from hub.parent import end_with_parent
from hub.storage import audit, db, migrate

_AS_OTHERS = ("--no-owner", "--no-privileges")  # the account of the new place may be another one
_WHOLE_OR_NOT = ("--single-transaction", "--exit-on-error")
_MAJOR = 10_000


@example("hub db backup hub-$(date +%F).dump")
@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def backup(environment: Environment, *, file: Path, as_json: bool) -> None:
    """Write all that the database holds into FILE, as it is at one moment.

    Web and workers go on meanwhile. The database of `hub dev` is started for it when it does not
    run. The key HUB_ENCRYPTION_KEY is not in it: keep it elsewhere.
    """
    environment.use_logs("error")
    with _ends_in_order(), _whole(file) as draft, _source(environment) as engine:
        revision = db.revision(engine)
        programs = _Postgres(engine, environment.settings.environment)
        programs.on_database("pg_dump", "--format=custom", *_AS_OTHERS, f"--file={draft}")
    size = file.stat().st_size
    if as_json:
        say_json({"file": str(file), "bytes": size, "revision": revision})
    else:
        say(f"{file}: {size} bytes, tables at {revision}")


@example("hub db restore hub-2026-05-01.dump")
@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def restore(environment: Environment, *, file: Path, as_json: bool) -> None:
    """Put a backup into a database without tables, and bring it to this version.

    The database is the one that HUB_DATABASE_URL names, else a new one of `hub dev` in
    HUB_STATE_DIR. Start web and worker only when you have looked at what will go on: `hub runs
    --status queued --status running --status waiting`; with the database of `hub dev`, while `hub
    dev --servers` runs.
    """
    environment.use_logs("error")
    with _ends_in_order(), _target(environment) as url:
        engine = db.open_engine(url, pool_size=1, application="hub-restore")
        try:
            db.check_version(engine)
            _refuse_data(engine)
            programs = _Postgres(engine, environment.settings.environment)
            before = _revision_of(programs, file)
            programs.on_database("pg_restore", *_WHOLE_OR_NOT, *_AS_OTHERS, file)
            migrate.upgrade(url)
            with audit.act(engine, environment.actor, "hub db restore") as act:
                with file.open("rb") as content:
                    digest = file_digest(content, "sha256").hexdigest()
                act.note({"file": file.name, "sha256": digest, "revision": before}, after=digest)
            unfinished = _unfinished(engine)
        finally:
            engine.dispose()
    if as_json:
        say_json({"file": str(file), "revision": before, "unfinished": unfinished})
    else:
        say(f"restored; {unfinished} runs are not over and go on when a worker starts")


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does: what it began is gone, what it started ends."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A draft that becomes the file when all is well, and else is gone; for this account alone.

    One that a killed backup left behind is written anew. Raises `NotPossible` when the file is
    there, when another backup is at it, or when it cannot be written.
    """
    draft = file.with_name(f"{file.name}.unfinished")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise NotPossible(f"{draft} cannot be written: {problem.strerror}") from problem
    try:
        _have_alone(handle, draft)
        try:
            _refuse_to_replace(file)
            yield draft
            os.fsync(handle)
            draft.replace(file)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    finally:
        os.close(handle)


def _have_alone(handle: int, draft: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(handle, 0o600)  # before anything is in it that others must not read
        is_ours = os.path.samestat(os.fstat(handle), draft.stat())
    except (BlockingIOError, FileNotFoundError):
        is_ours = False
    except OSError as problem:
        raise NotPossible(f"{draft} cannot be written: {problem.strerror}") from problem
    if not is_ours:
        raise NotPossible(f"another backup writes {draft}: wait for it, or name another file")


def _refuse_to_replace(file: Path) -> None:
    if file.exists():
        raise NotPossible(f"{file} is there already: name another file")


@contextmanager
def _source(environment: Environment) -> Iterator[Engine]:
    """What to back up; a database of `hub dev` is started for it when it does not run."""
    stated = environment.stated
    with ExitStack() as at_end:
        if not stated.database_url and embedded.has_data(stated.state_dir):
            at_end.enter_context(embedded.start(stated.state_dir, is_brief=True))
        yield at_end.enter_context(environment.database())


@contextmanager
def _target(environment: Environment) -> Iterator[str]:
    """Where to restore to; a database of `hub dev` is started for it when it does not run."""
    if environment.settings.database_url:
        yield environment.settings.database_url
        return
    with embedded.start(environment.stated.state_dir, is_brief=True) as servers:
        yield servers.database_url


def _refuse_data(engine: Engine) -> None:
    with db.at_once(engine) as connection:
        found = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
                " AND relnamespace = current_schema()::regnamespace ORDER BY relname LIMIT 1"
            )
        ).scalar()
    if found is not None:
        raise NotPossible(
            f"the database is not empty, it has a table {found}: restore into a new one"
            " (`createdb`, or another HUB_STATE_DIR)"
        )


def _revision_of(programs: _Postgres, file: Path) -> str:
    """The revision of the tables in a backup; raises `NotPossible` for one of a newer version."""
    told = programs.run("pg_restore", "--data-only", "--table=alembic_version", "-f-", file)
    found = re.search(r"^COPY \S*alembic_version .*\n(\w+)$", told, re.MULTILINE)
    if found is None:
        raise NotPossible(f"{file} is no backup of a hub")
    if found[1] > db.NEWEST_REVISION:
        raise NotPossible(f"{file} has tables at {found[1]}: restore it with that newer version")
    return found[1]


def _unfinished(engine: Engine) -> int:
    with db.at_once(engine) as connection:
        query = text("SELECT count(*) FROM runs WHERE ended_at IS NULL")
        return int(connection.execute(query).scalar_one())


# ------------------------------------------------------------------------------------ the programs


@dataclass(frozen=True)
class _Postgres:
    """The programs for the server of an engine, in this environment."""

    engine: Engine
    variables: Mapping[str, str]

    def on_database(self, name: str, *arguments: object) -> None:
        """Run a program on the database itself."""
        url = self.engine.url
        named = URL.create(
            "postgresql",
            username=url.username,
            host=url.host,
            port=url.port,
            database=url.database,
            query=url.query,
        ).render_as_string()
        self.run(name, f"--dbname={named}", *arguments)

    def run(self, name: str, *arguments: object) -> str:
        """What a program prints; raises `NotPossible` with what it complains of.

        The password goes by the environment: others on this machine see the arguments.
        """
        password = self.engine.url.password
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [self._find(name), *map(str, arguments)],
            env={**self.variables, **({"PGPASSWORD": str(password)} if password else {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=end_with_parent,  # one call into C, which takes no lock
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise NotPossible(f"{name} failed: {said[0][:300] if said else done.returncode}")
        return done.stdout

    def _find(self, name: str) -> str:
        """The program of the server's own version: with others a restore may fail.

        Raises `Misconfigured` where there is none.
        """
        with db.at_once(self.engine) as connection:
            number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        on_path = shutil.which(name, path=self.variables.get("PATH"))
        places = [postgres_programs(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
        found = [str(place / name) for place in places if place and (place / name).is_file()]
        for program in [*([on_path] if on_path else []), *found]:
            asked = [program, "--version"]
            told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
            version = re.search(r"\) (\d+)", told.stdout)
            if version and int(version[1]) == number // _MAJOR:
                return program
        wanted = f"{name} of PostgreSQL {number // _MAJOR}"
        raise Misconfigured(f"there is no {wanted} here: install its client programs")

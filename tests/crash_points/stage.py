"""Servers, receivers, web and worker processes: what a play of one death needs.

Everything is looked at from outside: rows by plain SQL on a connection of its own, processes by
their end, the outside by what receivers took down.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import psycopg
from psycopg.rows import namedtuple_row

from hub.bootstrap.secrets import new_key
from hub.storage import migrate
from tests.crash_points.flows import ACCOUNT, SECRET, project_files, write_project
from tests.crash_points.ledger import TABLE
from tests.crash_points.probes import Death
from tests.fakes.certificates import loopback_certificate, server_context
from tests.fakes.receiver import FakeReceiver
from tests.fakes.servers import Servers, new_database
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import FakeTwilio

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
_LOOK_EVERY = 0.01
_NO_DEATH = Death()


def until(is_so: Callable[[], Any], what: str, *, within: float = PATIENCE) -> Any:
    """What `is_so` gives once it is true."""
    ends = monotonic() + within
    while not (found := is_so()):
        if monotonic() > ends:
            raise TimeoutError(f"this did not come: {what}")
        threading.Event().wait(_LOOK_EVERY)
    return found


class Nursery:
    """A process that forks one child for each life (nursery.py)."""

    def __init__(self, kind: str, log: Path) -> None:
        with log.open("wb") as lines:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash_points.nursery", kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=lines,
                cwd=ROOT,
                env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            )
        self._log = log
        self._born: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.ended: dict[int, int] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def wait_until_ready(self) -> None:
        """Everything is imported."""
        self._next()

    def begin(self, life: Mapping[str, Any]) -> int:
        """Fork; the child's id."""
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(life) + "\n").encode())
        self._process.stdin.flush()
        return int(self._next()["child"])

    def close(self) -> None:
        """No more children."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._listener.join()
        self._process.stdout.close()

    def _next(self) -> dict[str, Any]:
        try:
            return self._born.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(self._log.read_text("utf-8", "replace")) from None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "pid" in said:
                self.ended[said["pid"]] = said["status"]
            else:
                self._born.put(said)


@dataclass
class Life:
    """One process: what it has told, and how it ended."""

    pid: int
    nursery: Nursery
    told_file: Path
    log: Path

    @property
    def told(self) -> list[str]:
        """The lines it has told: points it passed, `!` where it died, `?` beside every site."""
        return self.told_file.read_text("utf-8").splitlines() if self.told_file.exists() else []

    @property
    def has_struck(self) -> bool:
        """Whether its death has come."""
        return any(line.startswith("!") for line in self.told)

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives."""
        return self.nursery.ended.get(self.pid)

    @property
    def lines(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        until(lambda: self.status is not None, "the end of a process")


class _TlsFromTheStart(FakeSmtp):
    """A mail server on whose port nothing is said in clear."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)


@dataclass
class Receivers:
    """Everything outside of the hub."""

    http: FakeReceiver
    slack: FakeSlack
    twilio: FakeTwilio
    mail: FakeSmtp
    tls_mail: FakeSmtp

    def forget(self) -> None:
        """A new play begins."""
        for service in (self.http, self.slack, self.twilio):
            service.release()
            service.always(None)
            service.requests.clear()
            service._planned.clear()  # noqa: SLF001
            service._released.clear()  # noqa: SLF001
        self.http.effects.clear()
        self.http._seen.clear()  # noqa: SLF001
        self.slack.messages.clear()
        self.twilio.messages.clear()
        self.mail.messages.clear()
        self.tls_mail.messages.clear()


@dataclass
class Stage:
    """One database, one project, and the processes of the play at hand."""

    folder: Path
    database_url: str
    environment: Mapping[str, str]
    receivers: Receivers
    nurseries: Mapping[str, Nursery]
    database: psycopg.Connection[Any]
    caller: httpx.Client
    project: Mapping[str, str]
    lives: list[Life] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    web: Life | None = None
    web_url: str = ""

    # ------------------------------------------------------------------------------------ processes

    def begin(
        self,
        role: str,
        *arguments: str,
        death: Death | None = None,
        is_hurried: bool = False,
        changed: Mapping[str, str] | None = None,
    ) -> Life:
        """A new process; with a `death` (an empty one is told only) its probes are awake.

        `changed`: variables of its environment.
        """
        number = next(self._numbers)
        told, log = self.folder / f"told-{number}", self.folder / f"log-{number}"
        nursery = self.nurseries["web" if role == "web" else "worker"]
        pid = nursery.begin(
            {
                "role": role,
                "arguments": arguments,
                "environment": {**self.environment, **(changed or {})},
                "told": str(told),
                "log": str(log),
                "death": None if death is None else asdict(death),
                "is_hurried": is_hurried,
            }
        )
        life = Life(pid, nursery, told, log)
        self.lives.append(life)
        return life

    def begin_web(self, death: Death | None = None) -> tuple[Life, str]:
        """A web process that is ready, or dead: then its address is empty."""
        web = self.begin("web", death=death)
        until(lambda: _port(web) or web.status is not None, "a web process")
        port = _port(web)
        if port and not web.status:
            until(lambda: self._is_open(port) or web.status is not None, "an open hub")
        return web, f"http://127.0.0.1:{port}" if port else ""

    def _is_open(self, port: str) -> bool:
        try:
            self.caller.get(f"http://127.0.0.1:{port}/healthz")
        except httpx.TransportError:
            return False
        return True

    def end_all(self, *, but: Life | None = None) -> None:
        """Every process but one ends now."""
        for life in self.lives:
            if life is not but and life.status is None:
                life.signal(signal.SIGKILL)
        leaving = [life for life in self.lives if life is not but]
        until(lambda: all(life.status is not None for life in leaving), "the end of processes")
        self.lives[:] = [life for life in self.lives if life is but]

    # ----------------------------------------------------------------------------------------- rows

    def rows(self, question: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.database.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(question, values).fetchall()

    def do(self, statement: str, **values: Any) -> None:
        """Change rows."""
        self.database.execute(statement, values)

    def clean(self) -> None:
        """No row and nothing outside is left of an earlier play."""
        self.database.execute("SET session_replication_role = replica")  # in any order
        for name in [row.relname for row in self.rows(_TABLES)]:
            self.do(f'DELETE FROM "{name}"')  # noqa: S608 - our names
        self.database.execute("SET session_replication_role = origin")
        self.receivers.forget()

    def leases_run_out(self, *, but: str) -> None:
        """Whoever owns a run, but one worker, was silent for longer than a lease.

        Rows in use come the next time.
        """
        self.do(
            "UPDATE runs SET lease_until = now() - interval '1 second'"
            " WHERE id IN (SELECT id FROM runs"
            " WHERE status = 'running' AND lease_until > now() AND worker <> %(but)s"
            " FOR UPDATE SKIP LOCKED)",
            but=but,
        )

    def time_goes_by(self) -> None:
        """Pauses before a retry or a poll are over; what is waited for at a time of day is not."""
        self.do(
            "UPDATE steps SET due_at = now()"
            " WHERE (run_id, path) IN (SELECT run_id, path FROM steps"
            " WHERE due_at > now() AND status = 'retrying' FOR UPDATE SKIP LOCKED)"
        )
        self.do(
            "UPDATE runs SET due_at = now() WHERE id IN (SELECT id FROM runs"
            " WHERE status = 'waiting' AND due_at > now()"
            " AND EXISTS (SELECT FROM steps WHERE run_id = runs.id AND status = 'retrying')"
            " FOR UPDATE SKIP LOCKED)"
        )

    def unfinished(self) -> int:
        """Runs that go on, and planned times that have come."""
        return int(self.rows(_UNFINISHED)[0].n)

    # -------------------------------------------------------------------------------------- callers

    def post(self, url: str, flow: str, body: bytes, key: str) -> httpx.Response | None:
        """One request; None when the connection broke."""
        headers = {
            "Authorization": f"Bearer {SECRET}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        try:
            return self.caller.post(f"{url}/webhook/{flow}", content=body, headers=headers)
        except httpx.TransportError:
            return None


_UNFINISHED = """
    SELECT (SELECT count(*) FROM runs WHERE ended_at IS NULL)
         + (SELECT count(*) FROM schedules WHERE next_at <= now()) AS n
"""
_TABLES = """
    SELECT relname FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition
       AND relname NOT IN ('alembic_version', 'workflow_versions', 'workers')
       AND relnamespace = 'public'::regnamespace
"""


def _port(web: Life) -> str:
    return next((line[5:] for line in web.told if line.startswith("port ")), "")


@contextmanager
def open_stage(folder: Path, servers: Servers) -> Iterator[Stage]:
    """A database of its own, the receivers, and both nurseries."""
    certificate = loopback_certificate(folder)
    with ExitStack() as opened:
        nurseries = {kind: Nursery(kind, folder / f"nursery-{kind}") for kind in ("worker", "web")}
        url = opened.enter_context(new_database(servers.database_url))
        migrate.upgrade(url)
        tls = server_context(certificate)
        receivers = Receivers(
            http=opened.enter_context(FakeReceiver()),
            slack=opened.enter_context(FakeSlack(SECRET)),
            twilio=opened.enter_context(FakeTwilio(ACCOUNT, SECRET)),
            mail=opened.enter_context(FakeSmtp(tls=tls, users={"user": SECRET})),
            tls_mail=opened.enter_context(_TlsFromTheStart(tls)),
        )
        files = project_files(
            receiver=receivers.http.url,
            ports=", ".join(
                str(each.port) for each in (receivers.http, receivers.slack, receivers.twilio)
            ),
            slack=receivers.slack.url,
            twilio=receivers.twilio.url,
            mail=receivers.mail.base_url,
            tls_mail=receivers.tls_mail.base_url.replace("smtp:", "smtps:"),
            certificate=str(certificate),
        )
        write_project(folder / "project", files)
        plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
        database = opened.enter_context(psycopg.connect(plain, autocommit=True))
        database.execute(TABLE)
        for each in nurseries.values():
            opened.callback(each.close)
            each.wait_until_ready()
        stage = Stage(
            folder=folder,
            database_url=url,
            environment=_environment(folder / "project", url, servers.redis_url),
            receivers=receivers,
            nurseries=nurseries,
            database=database,
            caller=opened.enter_context(_caller()),
            project=files,
        )
        opened.callback(stage.end_all)
        yield stage


def _environment(project: Path, database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(project),
        "HUB_DATABASE_URL": database_url,
        "HUB_REDIS_URL": redis_url,
        "HUB_PROJECT": str(project),
        "HUB_ENCRYPTION_KEY": new_key(),
        "HUB_WEB_PROCESSES": "1",
        "HUB_LEASE_SECONDS": "5",
        "HUB_LOG_LEVEL": "warning",
        "CALLER": SECRET,
        "SLACK": SECRET,
        "ACCOUNT": ACCOUNT,
        "SMTP_USER": "user",
    }


def _caller() -> httpx.Client:
    return httpx.Client(
        trust_env=False,
        timeout=20,
        limits=httpx.Limits(max_keepalive_connections=0),
    )

"""Servers, receivers, web and worker processes: what a play of one death needs.

Everything is looked at from outside: rows by plain SQL on a connection of its own, processes by
their end, the outside by what receivers took down.
"""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import namedtuple_row

from hub.bootstrap.secrets import new_key
from hub.storage import migrate
from tests.crash_points.flows import ACCOUNT, SECRET, project_files, write_project
from tests.crash_points.ledger import TABLE
from tests.crash_points.lives import Life, Nursery, until
from tests.crash_points.probes import Death
from tests.crash_points.vendors import Vendors, open_vendors
from tests.fakes.certificates import loopback_certificate, server_context
from tests.fakes.receiver import FakeReceiver
from tests.fakes.servers import Servers, new_database
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import FakeTwilio

_NO_DEATH = Death()


class _TlsFromTheStart(FakeSmtp):
    """A mail server on whose port nothing is said in clear."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)


class _TwilioOfToday(FakeTwilio):
    """Its messages have the time at which they were made: whoever looks for one says since when."""

    def created(self, form: dict[str, str], sid: str, service: str | None) -> dict[str, Any]:
        made = format_datetime(datetime.now(UTC))
        return {**super().created(form, sid, service), "date_created": made}


@dataclass
class Receivers:
    """Everything outside of the hub."""

    http: FakeReceiver
    slack: FakeSlack
    twilio: FakeTwilio
    mail: FakeSmtp
    tls_mail: FakeSmtp
    vendors: Vendors

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
        self.twilio._is_answer_lost = False  # noqa: SLF001
        self.vendors.forget()
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
            twilio=opened.enter_context(_TwilioOfToday(ACCOUNT, SECRET)),
            mail=opened.enter_context(FakeSmtp(tls=tls, users={"user": SECRET})),
            tls_mail=opened.enter_context(_TlsFromTheStart(tls)),
            vendors=opened.enter_context(open_vendors(SECRET)),
        )
        vendors = receivers.vendors
        files = project_files(
            vendors,
            receiver=receivers.http.url,
            ports=", ".join(
                str(each.port)
                for each in (receivers.http, receivers.slack, receivers.twilio, *vendors.all)
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
            environment={
                **_environment(folder / "project", url, servers.redis_url),
                **vendors.environment(hook=receivers.slack.webhook_url),
            },
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

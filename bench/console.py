"""`python -m bench.console`: how long the console's pages take with a million runs in history.

In one process, through the whole application: session, role, rows, template. The first call of
each page makes its template and is not counted.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path
from statistics import median
from urllib.parse import quote

from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from bench import history, trade_history
from bench.folder import fresh
from hub import embedded
from hub.bootstrap import open_hub
from hub.bootstrap.clock import new_id
from hub.bootstrap.secrets import new_key
from hub.config import Settings
from hub.people.tokens import digest_of, new_token
from hub.storage import console_sessions, db, migrate, people
from hub.web import create_app

_PROJECT = Path(__file__).parent / "project"
_NOBODYS_HASH = "none"
_DAYS = 2
_FAIL = text(
    'UPDATE runs SET status = \'failed\', error = \'{"code": "no_hold", "step": "hold"}\''
    " WHERE id IN (SELECT id FROM runs TABLESAMPLE SYSTEM (1) LIMIT 2000)"
)
_RARE = text(
    "UPDATE runs SET trigger = jsonb_set(trigger, '{payload,call_id}', '\"call-wanted\"')"
    " WHERE id = (SELECT id FROM runs ORDER BY created_at DESC OFFSET 1000 LIMIT 1)"
)
_MIDDLE = text("SELECT id, created_at FROM runs ORDER BY created_at OFFSET :half LIMIT 1")
_NEWEST = text("SELECT id FROM runs ORDER BY created_at DESC LIMIT 1")
_BROWSER = text("SELECT id FROM booking_sessions ORDER BY number OFFSET 1000 LIMIT 1")
_LONG_AGO = text("SELECT CAST(now() AS date) - 180")


def main() -> None:
    """Fill, measure, print."""
    options = _options()
    with fresh("hub-console-") as folder, embedded.start(folder / "state") as servers:
        migrate.upgrade(servers.database_url)
        apart = _DAYS * 86_400 / options.runs
        history.fill(servers.database_url, options.runs, days_ago=_DAYS, seconds_apart=apart)
        trade_history.fill(servers.database_url, options.runs)
        engine = db.open_engine(servers.database_url, pool_size=1, application="hub-bench")
        with engine.begin() as connection, db.taking_up_to(connection, db.CONNECT_TIMEOUT * 300):
            for statement in (_FAIL, _RARE, text("ANALYZE")):
                connection.execute(statement)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
        print(f"{options.runs:,} runs in history")
        settings = Settings.from_environment(
            {
                "HUB_DATABASE_URL": servers.database_url,
                "HUB_REDIS_URL": servers.redis_url,
                "HUB_ENCRYPTION_KEY": new_key(),
            },
            project=_PROJECT,
        )
        hub = open_hub(settings, role="web")
        client = create_app(hub).test_client()
        client.set_cookie("hub_session", _session(engine), path="/admin")
        for name, address in _pages(engine, options.runs).items():
            _tell(name, *_measured(client, address, options.times))
        hub.close()
        engine.dispose()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.console")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    return parser.parse_args()


def _session(engine: Engine) -> str:
    """Somebody who may see everything is signed in."""
    token, id_ = new_token(), new_id()
    with engine.begin() as connection:
        people.keep(
            connection,
            id_=id_,
            email="bench@example.com",
            role="admin",
            password_hash=_NOBODYS_HASH,
        )
        console_sessions.begin(
            connection,
            digest=digest_of(token),
            person=id_,
            origin="here",
            now=db.DatabaseClock(connection).now(),
        )
    return token


def _pages(engine: Engine, runs: int) -> dict[str, str]:
    """Every page that is read, and every kind of question about runs."""
    with engine.connect() as connection:
        middle = connection.execute(_MIDDLE, {"half": runs // 2}).one()
        newest = connection.execute(_NEWEST).one()
        browser = connection.execute(_BROWSER).scalar_one()
        long_ago = connection.execute(_LONG_AGO).scalar_one()
    place = quote(f"{middle.created_at.isoformat()}_{middle.id}")
    return {
        "home": "/admin",
        "runs": "/admin/runs",
        "runs, half a million further back": f"/admin/runs?after={place}",
        "runs of a workflow": "/admin/runs?workflow=booked",
        "runs that failed": "/admin/runs?status=failed",
        "runs that failed of a workflow": "/admin/runs?status=failed&workflow=booked",
        "runs that wait (none)": "/admin/runs?status=waiting",
        "runs that were cancelled (none)": "/admin/runs?status=cancelled",
        "runs of the last 7 days": "/admin/runs?period=7d&status=succeeded",
        "runs of no workflow that is": "/admin/runs?workflow=none-such",
        "search by an id": f"/admin/runs?q={middle.id}",
        "search for a text (one of 2,000)": "/admin/runs?q=call-wanted",
        "search for a text (none)": "/admin/runs?q=nowhere-at-all",
        "a run": f"/admin/runs/{middle.id}",
        "a run beside another": f"/admin/runs/{middle.id}/compare?with={newest.id}",
        "workflows": "/admin/workflows",
        "a workflow": "/admin/workflows/booked",
        "a workflow in the editor": "/admin/workflows/booked/edit",
        "calendar": "/admin/bookings",
        "calendar of half a year ago": f"/admin/bookings?week={long_ago}",
        "calendar of a year that is to come": "/admin/bookings?week=2099-01-01",
        "phone numbers": "/admin/bookings/phones",
        "bookings to decide": "/admin/bookings/pending",
        "slots": "/admin/bookings/slots",
        "booking sessions": "/admin/bookings/sessions",
        "booking sessions, further back": f"/admin/bookings/sessions?before={browser}",
        "a booking session": f"/admin/bookings/sessions/{browser}",
        "connections": "/admin/connections",
        "people": "/admin/people",
        "audit": "/admin/audit",
        "audit, further back": f"/admin/audit?before={runs // 20}",
        "own account": "/admin/account",
    }


def _measured(client: FlaskClient, address: str, times: int) -> tuple[float, float]:
    """Milliseconds of the median and of the slowest."""
    took = []
    for number in range(times + 1):
        began = time.perf_counter()
        answer = client.get(address)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{address}: {answer.status_code} {answer.text[:500]}")
        if number:
            took.append((time.perf_counter() - began) * 1000)
        if address == "/admin":
            _forget_home(client)
    return median(took), max(took)


def _forget_home(client: FlaskClient) -> None:
    """What home remembers for some seconds would be measured otherwise."""
    console = client.application.console  # type: ignore[attr-defined]
    console.forget()


def _tell(what: str, middle: float, slowest: float) -> None:
    print(f"{what:36}{middle:8,.0f} ms, slowest {slowest:,.0f} ms", flush=True)


if __name__ == "__main__":
    main()

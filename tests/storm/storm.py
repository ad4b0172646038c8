"""One storm from its plan to its result."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from uuid import uuid4

import psycopg
from sqlalchemy import create_engine

from hub.action import Attempt
from hub.bootstrap.clock import SystemClock
from hub.domain import leads, phones
from tests.processes.house import until
from tests.storm import facts, outside, reconcile
from tests.storm.books import Books
from tests.storm.faults import Faults
from tests.storm.houses import opened
from tests.storm.pace import Pace
from tests.storm.plan import Plan
from tests.storm.reconcile import Violation
from tests.storm.report import Result
from tests.storm.senders import Senders
from tests.storm.servers import Servers

WEBHOOKS_A_SECOND, SECONDS_A_FAULT = 40, 1.3
SETTLES_WITHIN = 60.0  # seconds: lease 5, sweep 2, retries of steps, on a busy machine (E2)
_LEADS = 40
_ACCEPTS_WITHIN = 60.0  # seconds without any new acceptance


def traffic_seconds(plan: Plan) -> float:
    """How long the traffic of a storm is to last."""
    return max(len(plan.webhooks) / WEBHOOKS_A_SECOND, len(plan.faults) * SECONDS_A_FAULT)


def blow(plan: Plan, folder: Path) -> Result:
    """Do what the plan says and reconcile; `folder` keeps the logs."""
    begins = monotonic()
    with outside.services() as services, opened(plan.servers, folder, services) as house:
        _check_durability(house.servers)
        senders = Senders(house.url, plan.webhooks, make_leads(house.servers))
        books = Books(house.servers, senders.known_runs)
        books.start()
        faults = Faults(plan.faults, house, senders.progress)
        _both(senders, faults, traffic_seconds(plan))
        over = monotonic()
        _settle(house.servers)
        settled_after = monotonic() - over
        books.stop()
        found = facts.read(house.servers, services)
        codes = house.supervisor.stop()
    ledger = senders.ledger
    return Result(
        plan=plan,
        applied=faults.applied,
        accepted=len(ledger.accepted),
        requests=ledger.sent,
        others=ledger.others,
        times=ledger.times,
        facts=found,
        ended=house.supervisor.ended,
        looks=books.looks,
        blind=books.blind,
        tracebacks=house.supervisor.tracebacks(),
        seconds=monotonic() - begins,
        settled_after=settled_after,
        violations=[
            *reconcile.violations(plan.webhooks, ledger.accepted, ledger.refused, found),
            *books.violations,
            *_not_applied(faults),
            *(
                Violation("exit", f"{name} ended with {code} at the end")
                for name, code in codes.items()
                if code
            ),
        ],
    )


def _not_applied(faults: Faults) -> list[Violation]:
    return [
        Violation("fault", f"{each.fault.number} {each.fault.kind}: {each.what}")
        for each in faults.applied
        if not each.is_done
    ]


def _both(senders: Senders, faults: Faults, seconds: float) -> None:
    pace = Pace(lambda: senders.progress()[0])
    blowing = threading.Thread(target=faults.run, args=(pace, seconds), name="faults")
    blowing.start()
    senders.run(pace, seconds, most=_ACCEPTS_WITHIN)
    blowing.join()


def _settle(servers: Servers) -> None:
    """Until nothing goes on any more, or until it should long have been so."""

    def is_quiet() -> bool:
        try:
            return facts.unfinished(servers) == 0
        except psycopg.Error:
            return False

    try:
        until(is_quiet, "the end of all runs", within=SETTLES_WITHIN)
    except AssertionError:
        return  # who is left behind is found by the reconciliation


def make_leads(servers: Servers) -> Sequence[str]:
    """People who hold a number each."""
    clock, made = SystemClock(), []
    engine = create_engine(servers.database_url)
    with engine.begin() as db:
        for number in range(_LEADS):
            attempt = Attempt(run_id=uuid4(), workflow="storm", key=uuid4().hex, mode="live")
            lead = leads.create(db, clock, attempt, first_name="Ada", last_name="Byron").lead_id
            phones.add_numbers(db, clock, numbers=[f"+1415555{number:04}"])
            phones.assign(db, clock, attempt, lead_id=lead)
            made.append(str(lead))
    engine.dispose()
    return made


def _check_durability(servers: Servers) -> None:
    """A storm over a database that may lose commits proves nothing (I2)."""
    with servers.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row is None or row[0] == "off":
                raise SystemExit(f"PostgreSQL runs with {name} = off")

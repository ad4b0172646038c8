"""SIGKILL and SIGTERM of a real `hub browser-worker`, with sessions in every state (X18, B-20)."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine

from hub.cli.demo.clinic import Clinic, open_clinic
from hub.domain.booking_sessions import pictures
from tests import readme
from tests.fakes.clock import FakeClock
from tests.integration.domain.session_desk import SessionDesk, lead_number, of_run
from tests.processes.conftest import open_house
from tests.processes.house import ROOT, House, Process, until
from tests.processes.link import Link

STUCK = ("navigating", "ready_for_handoff", "monitoring")
LEASE_IS_OVER = timedelta(seconds=31)
IN_TIME = 120.0  # seconds; a busy machine starts a browser slowly

_RUN = (
    "INSERT INTO runs (id, workflow, version, status, mode, trigger, deadline, due_at)"
    " VALUES (:id, 'booking-session', 'v', 'queued', 'live', '{}', now() + '1h', now() + '1h')"
)
_ITS_HISTORY = (
    "INSERT INTO run_history (run_id, status, token, why, at)"
    " VALUES (:id, 'queued', 0, 'made by the test', now())"
)

# The same worker, with less patience than 20 s.
IMPATIENT = """
import sys
from hub.browser import process
from hub.browser.__main__ import main
process.DRAIN_WITHIN = 0.5
sys.exit(main())
"""


@dataclass
class Sessions:
    """A mock page, the rows of sessions, and browser workers that are started and killed."""

    house: House
    desk: SessionDesk
    mock: Clinic
    begun: int = 0

    def worker(self) -> Process:
        return self.house.start("browser-worker", "-c", IMPATIENT)

    def begin(self, way: str = "usual", time: str = "2:30pm") -> str:
        self.begun += 1
        by = of_run()
        for statement in (_RUN, _ITS_HISTORY):
            self.house.do(statement, id=by.run_id)
        started = self.desk.begin(
            lead_number(self.begun),
            booking_url=self.mock.url(way),
            allowed_origins=[self.mock.origin],
            date=(real_now() + timedelta(days=self.begun + 2)).date().isoformat(),
            time=time,
            by=by,
        )
        return started.session_id

    def in_each_state(self) -> dict[str, str]:
        """One that is filled in and does not come on, one that is ready, one with its lead."""
        held = {
            "navigating": self.begin("stuck", "9am"),
            "ready_for_handoff": self.begin(time="11:15"),
            "monitoring": self.begin(time="4pm"),
        }
        for state, session in held.items():
            wanted = "ready_for_handoff" if state == "monitoring" else state
            self.becomes(session, wanted)
        self.desk.hand_over(held["monitoring"])
        until(lambda: all(it in self.pictures(held[it]) for it in held), "pictures", within=IN_TIME)
        return held

    def becomes(self, session: str, state: str) -> None:
        until(
            lambda: self.desk.look(session).state == state, f"{state} of {session}", within=IN_TIME
        )

    def pictures(self, session: str) -> set[str]:
        with self.desk.transaction() as db:
            return {each.state for each in pictures.of(db, UUID(session))}

    def ends(self, held: dict[str, str]) -> dict[str, tuple[str, str | None]]:
        told = {state: self.desk.look(session) for state, session in held.items()}
        return {state: (each.state, each.error) for state, each in told.items()}


@pytest.fixture
def sessions(tmp_path: Path, database: str, link: Link, chromium: str) -> Iterator[Sessions]:
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "workflows/platforms", folder / "workflows/platforms")
    (folder / "hub.yaml").write_text(readme.settings())
    now = FakeClock(real_now())
    with open_clinic() as mock, opened_desk(database, now) as desk:
        told = {
            "HUB_MOCK_CLINIC": mock.origin,
            "HUB_BROWSER_PROGRAM": chromium,
            "HUB_BROWSER_SANDBOX": "off",
            "HUB_BROWSER_PATIENCE": "100",
        }
        with open_house(folder, database, link, **told) as house:
            yield Sessions(house, desk, mock)


def real_now() -> datetime:
    """What the database's clock says, by which real workers go."""
    return datetime.now(UTC)  # noqa: TID251 - as above


@contextmanager
def opened_desk(database: str, clock: FakeClock) -> Iterator[SessionDesk]:
    engine = create_engine(database, pool_size=2)
    try:
        yield SessionDesk(engine, clock)
    finally:
        engine.dispose()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_X18_B_20_a_killed_and_a_stopped_browser_worker_leave_the_truth_and_no_process(sessions):
    killed = sessions.worker()
    held = sessions.in_each_state()
    browsers = chromiums_of(killed.pid)
    assert browsers

    killed.signal(signal.SIGKILL)  # it alone: what it has started hears nothing of it

    killed.running.wait()
    until(lambda: not alive(browsers), "its Chromium is gone", within=IN_TIME)
    assert {state: of for state, (of, _) in sessions.ends(held).items()} == {s: s for s in STUCK}
    sessions.desk.clock.set(real_now() + LEASE_IS_OVER)
    assert len(sessions.desk.settle()) == len(STUCK)
    assert sessions.ends(held) == {
        state: ("failed", f"the browser was lost while the session was {state}") for state in STUCK
    }
    assert sessions.house.count("FROM booking_sessions WHERE seat IS NOT NULL") == 0

    stopped = sessions.worker()
    held = sessions.in_each_state()
    browsers = chromiums_of(stopped.pid)

    assert stopped.terminate() == 0

    assert alive(browsers) == set()
    why = "the browser worker was stopped"
    assert sessions.ends(held) == dict.fromkeys(STUCK, ("failed", why))
    assert sessions.house.count("FROM booking_sessions WHERE seat IS NOT NULL") == 0
    for state, session in held.items():
        assert {"navigating", state, "failed"} <= sessions.pictures(session)


def chromiums_of(worker: int) -> set[tuple[int, str]]:
    """Every Chromium below this process, its parts included: the id, and since when it runs."""
    parents: dict[int, int] = {}
    found: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            facts = (path / "stat").read_text().rpartition(")")[2].split()
            said = (path / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(path.name)] = int(facts[1])
        if b"chromium" in said.partition(b"\0")[0]:
            found[int(path.name)] = facts[19]
    return {(pid, since) for pid, since in found.items() if worker in _line_of(pid, parents)}


def _line_of(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid:
        yield pid
        pid = parents.get(pid, 0)


def alive(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of them that still run."""
    return {(pid, since) for pid, since in processes if _runs(pid, since)}


def _runs(pid: int, since: str) -> bool:
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return facts[0] != "Z" and facts[19] == since

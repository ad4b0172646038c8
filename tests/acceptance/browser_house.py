"""Browser workers on the mock booking page, with one real Chromium for all tests of a module."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.browser.chromium import Chromium, Program
from hub.browser.process import BrowserWorker
from hub.cli.demo.clinic import Clinic as MockClinic
from hub.domain.booking_sessions import pictures
from hub.domain.booking_sessions.lead_lines import DONE
from hub.lines import Lines
from hub.storage.tables import booking_sessions
from tests.acceptance.clinic_desk import Clinic

PATIENCE = 60.0  # seconds; the machine may be busy


class Loop:
    """A thread in which coroutines run, and a Chromium that all of them share."""

    def __init__(self, program: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.program = program
        self.chromium = Chromium(Program(program, has_sandbox=False), idle=3600)

    def begin(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)

    def close(self) -> None:
        self.begin(self.chromium.stop()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class House:
    """A clinic with a mock page, and the browser worker that fills it in."""

    clinic: Clinic
    mock: MockClinic
    loop: Loop
    workers: list[tuple[BrowserWorker, Any]] = field(default_factory=list)

    def start(self, way: str = "usual", **more: Any) -> str:
        return self.clinic.started(bookingUrl=self.mock.url(way), **more)

    def open_worker(self, **times: float) -> BrowserWorker:
        made: list[BrowserWorker] = []

        async def run() -> None:
            times_ = {"look_every": 0.4, "claim_every": 0.1, "drain_within": 0.1, **times}
            hub = self.clinic.story.hub
            made.append(
                BrowserWorker(hub, self.loop.program, chromium=self.loop.chromium, **times_)
            )
            await made[0].run()

        future = self.loop.begin(run())
        until(lambda: bool(made), "the worker is there")
        self.workers.append((made[0], future))
        return made[0]

    def close_workers(self) -> None:
        for worker, future in self.workers:
            self.loop.call(worker.stop)
            future.result(PATIENCE)
        self.workers.clear()

    # -------------------------------------------------------------------------------- sessions

    def becomes(self, session: str, *states: str) -> dict[str, Any]:
        """Wait until the session is in one of these states, and ask; runs go on meanwhile."""
        until(lambda: self._worked(session) in states, lambda: f"{states}: {self.row(session)}")
        told: dict[str, Any] = {}

        def is_told() -> bool:
            answer = self.clinic.ask(session)
            told.update(answer.json if answer.status == HTTPStatus.OK else {})
            return bool(told)

        until(is_told, "somebody answers")  # a busy machine may say 503 first
        return told

    def _worked(self, session: str) -> str:
        self.clinic.story.work_all()
        return str(self.row(session).state)

    def row(self, session: str) -> Any:
        with self.clinic.story.transaction() as db:
            wanted = booking_sessions.c.id == UUID(session)
            return db.execute(select(booking_sessions).where(wanted)).one()

    def with_lead(self, way: str = "usual", **more: Any) -> str:
        """A session whose payment page the lead has."""
        session = self.start(way, **more)
        self.becomes(session, "monitoring")
        return session

    def pays(self, session: str, card: str) -> None:
        """The lead types a card's number into the page that he sees, and sends it."""
        self.types(session, card)
        self.does(session, {"do": "key", "key": "Enter"})

    def types(self, session: str, card: str) -> None:
        """The lead types a card's number into the page that he sees."""
        self.does(session, {"do": "key", "key": "Tab"}, {"do": "text", "text": card})

    def does(self, session: str, *inputs: dict[str, Any]) -> None:
        """What the lead's page of the hub passes on."""
        hub = self.clinic.story.hub
        lines = Lines(hub.settings.redis_url, close=hub.seal.close, open_=hub.seal.open)
        said = json.dumps({"kind": "inputs", "inputs": inputs}).encode()
        until(lambda: lines.say(DONE.format(session), said) > 0, "the page is shown")
        lines.close()

    def pictures(self, session: str) -> dict[str, bytes]:
        with self.clinic.story.transaction() as db:
            return {str(each.state): each.jpeg for each in pictures.of(db, UUID(session))}

    @property
    def contexts(self) -> int:
        return self.loop.chromium.contexts

    def asks_page(self, question: str) -> Any:
        """What the one page that is open answers to a script."""
        (page,) = self.loop.chromium.pages
        return self.loop.begin(page.evaluate(question)).result(PATIENCE)


def until(is_so: Callable[[], bool], what: str | Callable[[], str]) -> None:
    ends_at, pause = monotonic() + PATIENCE, threading.Event()
    while not is_so():
        assert monotonic() < ends_at, f"never: {what if isinstance(what, str) else what()}"
        pause.wait(0.1)


@contextmanager
def opened_house(clinic: Clinic, mock: MockClinic, loop: Loop) -> Iterator[House]:
    """A worker is at work; at the end no context is left."""
    house = House(clinic, mock, loop)
    house.open_worker()
    try:
        yield house
    finally:
        house.close_workers()
    until(lambda: house.contexts == 0, "all contexts are closed")

"""`hub browser-worker`: takes sessions in their turn, and leaves in good order on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap import Hub
from hub.bootstrap.following import Following
from hub.browser.chromium import Chromium, Program
from hub.browser.desk import SessionDesk
from hub.browser.program import find_program
from hub.browser.visit import LOOK_EVERY, Bench, Visit
from hub.browser.way_out import WayOut
from hub.connectors.http.addresses import OutboundPolicy
from hub.domain.booking_sessions.browsers import Claim
from hub.domain.booking_sessions.lead_lines import PATH, link_token
from hub.lines import Lines
from hub.metrics import catalogue as metrics
from hub.platforms import Platform, read_platforms

log = logging.getLogger(__name__)

CLAIM_EVERY = 1.0  # seconds
DRAIN_WITHIN = 20.0  # seconds in which sessions in hand may end by themselves
_THREADS_OF_A_SESSION = 3
_Result = TypeVar("_Result")


def run_browser_worker(hub: Hub) -> int:
    """Work until SIGTERM or SIGINT; the exit code. Raises `Misconfigured` without a Chromium."""
    program = find_program(hub.settings.browser_program)
    asyncio.run(BrowserWorker(hub, program, drain_within=DRAIN_WITHIN).run())
    return 0


class BrowserWorker:
    """One worker with one Chromium. The times are those of tests, where they say so."""

    def __init__(
        self,
        hub: Hub,
        program: str,
        *,
        look_every: float = LOOK_EVERY,
        claim_every: float = CLAIM_EVERY,
        drain_within: float = DRAIN_WITHIN,
        chromium: Chromium | None = None,
    ) -> None:
        settings = hub.settings
        self._hub, self._program = hub, program
        self._look_every, self._claim_every = look_every, claim_every
        self._drain_within = drain_within
        self._shared = chromium  # a test has one for all its workers
        self._stopping = asyncio.Event()
        self._visits: set[asyncio.Task[None]] = set()
        self._executor = ThreadPoolExecutor(
            settings.browser_seats * _THREADS_OF_A_SESSION + 2, thread_name_prefix="browser"
        )
        self._lines = Lines(settings.redis_url, close=hub.seal.close, open_=hub.seal.open)
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._desk = SessionDesk(hub, name)
        self._platforms = read_platforms({})
        self._read_from: object = None

    def stop(self) -> None:
        """Take nothing more, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Until it is stopped; then what is in hand has a while to end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(ValueError, RuntimeError):  # in a thread of a test
                loop.add_signal_handler(number, self.stop)
        way_out = WayOut(self._policy(), self._is_listed)
        proxy = await way_out.start()
        sandbox = self._hub.settings.browser_sandbox
        chromium = self._shared or Chromium(Program(self._program, sandbox))
        bench = self._bench(chromium, proxy)
        following = asyncio.create_task(self._follow())
        log.info("the browser worker is ready", extra={"seats": self._hub.settings.browser_seats})
        try:
            while not self._stopping.is_set():
                claim = await self._claim()
                if claim is None:
                    await self._rest()
                else:
                    self._begin(bench, claim)
        finally:
            await self._drain()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            if self._shared is None:
                await chromium.stop()
            await way_out.stop()
            self._lines.close()
            self._executor.shutdown(wait=False)

    def _bench(self, chromium: Chromium, proxy: str) -> Bench:
        settings = self._hub.settings
        return Bench(
            desk=self._desk,
            chromium=chromium,
            lines=self._lines,
            executor=self._executor,
            platform_of=self._platform_of,
            link=lambda session: (
                f"{settings.public_url}{PATH}{link_token(session.id, settings.encryption_key)}"
            ),
            patience=float(settings.browser_patience),
            proxy=proxy,
            look_every=self._look_every,
        )

    # ------------------------------------------------------------------------------ taking sessions

    async def _claim(self) -> Claim | None:
        """The next session; a database that is away is asked again."""
        if len(self._visits) >= self._hub.settings.browser_seats:
            return None
        try:
            return await self._aside(self._desk.claim)
        except SQLAlchemyError as problem:
            log.warning("the database cannot be reached: %s", type(problem).__name__)
            return None

    async def _rest(self) -> None:
        """Until somebody leaves, or until the next look at the queue."""
        waits = [asyncio.create_task(self._stopping.wait()), *self._visits]
        await asyncio.wait(waits, timeout=self._claim_every, return_when=asyncio.FIRST_COMPLETED)
        waits[0].cancel()

    def _begin(self, bench: Bench, claim: Claim) -> None:
        log.info("a session has a browser", extra={"session": str(claim.session.id)})
        visit = asyncio.create_task(Visit(bench, claim).run())
        self._visits.add(visit)
        metrics.BROWSER_SESSIONS.add()
        visit.add_done_callback(self._ended)

    def _ended(self, visit: asyncio.Task[None]) -> None:
        self._visits.discard(visit)
        metrics.BROWSER_SESSIONS.add(by=-1)

    async def _drain(self) -> None:
        """What does not end by itself in time ends as an error: its browser goes."""
        if self._visits:
            log.info("the browser worker stops", extra={"in_hand": len(self._visits)})
            await asyncio.wait(self._visits, timeout=self._drain_within)
        visits = list(self._visits)
        for each in visits:
            each.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    # ------------------------------------------------------------------------------------ the files

    async def _follow(self) -> None:
        """Take up what is saved in the project's files."""
        following = Following(self._hub)
        while True:
            await asyncio.sleep(following.pause)
            found = await self._aside(following.look)
            await self._aside(lambda found=found: following.take(found))  # type: ignore[misc]

    def _platform_of(self, url: str) -> Platform | None:
        """By the descriptions that are in force now."""
        files = self._hub.project.files
        if files is not self._read_from:
            self._platforms, self._read_from = read_platforms(files), files
        return self._platforms.of(url)

    def _policy(self) -> OutboundPolicy:
        rules = self._hub.current.settings.outbound_allow
        return OutboundPolicy.of(*((rule.network, rule.ports) for rule in rules))

    def _is_listed(self, host: str, port: int) -> bool:
        """Whether the mock page of a demonstration lies there."""
        mock = urlsplit(self._hub.settings.mock_clinic or "")
        return bool(mock.hostname) and (host, port) == (mock.hostname, mock.port)

    async def _aside(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

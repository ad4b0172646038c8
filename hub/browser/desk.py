"""The rows of sessions, as a browser worker reads and changes them: each call one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from hub.action import Clock
from hub.bootstrap import Hub
from hub.domain.booking_sessions import browsers, pictures, rows
from hub.domain.booking_sessions.browsers import LEASE, Claim
from hub.domain.booking_sessions.pictures import Picture
from hub.domain.booking_sessions.rows import Session
from hub.domain.booking_sessions.states import Outcome, Source, State, Verdict, verdict
from hub.metrics import catalogue as metrics
from hub.queue import ANY
from hub.storage.db import DatabaseClock


class SessionDesk:
    """What one worker does; `owner` is its name in the rows."""

    def __init__(self, hub: Hub, owner: str) -> None:
        self._hub, self.owner = hub, owner

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Connection, Clock]]:
        with self._hub.database.begin() as db:
            yield db, self._hub.runs_clock or DatabaseClock(db)

    @property
    def _test_origins(self) -> Sequence[str]:
        current = self._hub.current
        return current.settings.test_destinations_with(current.config).get("url", ())

    def claim(self) -> Claim | None:
        """The session whose turn it is, if a seat is free (B-18)."""
        with self._transaction() as (db, clock):
            return browsers.claim(
                db,
                clock,
                owner=self.owner,
                seats=self._hub.settings.browser_seats,
                lease=LEASE,
                test_origins=self._test_origins,
                mock_origin=self._hub.settings.mock_clinic,
            )

    def renew(self, claim: Claim) -> tuple[Session, Verdict | None]:
        """Keep it; and how it must end by now, if at all. Raises `Permanent("lost_session")`."""
        with self._transaction() as (db, clock):
            session = browsers.renew(db, clock, claim, lease=LEASE)
            return session, verdict(session.standing, clock.now())

    def read(self, claim: Claim) -> Session:
        """The session as it stands, whoever has it."""
        with self._transaction() as (db, _):
            return rows.read(db, str(claim.session.id))

    def choose(self, claim: Claim, *, service: str, provider: str) -> None:
        """Note what was taken on the page (B-02)."""
        with self._transaction() as (db, clock):
            browsers.choose(db, clock, claim, service=service, provider=provider)

    def ready(self, claim: Claim, *, handoff_url: str, page_url: str, source: Source) -> None:
        """Steps 1 to 4 are done; the session's run hands over (B-05)."""
        pages = {"handoff_url": handoff_url, "page_url": page_url}
        with self._transaction() as (db, clock):
            browsers.announce(db, browsers.ready(db, clock, claim, source=source, **pages))
        self._hub.ringer.ring(ANY)

    def leave(self, claim: Claim) -> None:
        """Give the seat back; the session goes on without us (X20)."""
        with self._transaction() as (db, clock):
            browsers.leave(db, clock, claim)

    def declined(self, claim: Claim, evidence: Mapping[str, Any]) -> None:
        """A card was declined, which ends nothing (X22)."""
        with self._transaction() as (db, clock):
            browsers.declined(db, clock, claim, evidence=evidence)

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        why: str,
        *,
        evidence: Mapping[str, Any] | None = None,
        number: str | None = None,
    ) -> None:
        """The session is over, and its run hears of it (B-04)."""
        with self._transaction() as (db, clock):
            ended = browsers.finish(
                db,
                clock,
                claim,
                outcome=outcome,
                why=why,
                evidence=evidence,
                confirmation_number=number,
            )
            browsers.announce(db, ended)
        metrics.BROWSER_ENDS.add(outcome)
        self._hub.ringer.ring(ANY)

    def keep_picture(self, session_id: UUID, state: State, jpeg: bytes) -> None:
        """What the page looked like in this state."""
        with self._transaction() as (db, clock):
            pictures.keep(db, session_id, Picture(state, clock.now(), jpeg))

"""One play: a process that dies at one point, others that go on, and the books at the end.

A worker is kept that is stopped (SIGSTOP) while the one under test is at work, and woken after it
died: whoever comes after a death has been there before. Leases run out from outside, by rows.
"""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic
from typing import Any, Literal
from uuid import uuid4

from redis import Redis
from sqlalchemy import create_engine

from hub.storage import invariants
from tests.crash_points import books
from tests.crash_points.books import Sent
from tests.crash_points.lives import Life, until
from tests.crash_points.probes import Death
from tests.crash_points.stage import Stage

Role = Literal["web", "worker", "command"]
_DUTIES_WITHIN = 2.0  # seconds: a run may be over before the worker has gone its first round
_AT_WORK_FOR = 12.0  # seconds until a process under test has done what there was
_OVER_WITHIN = 40.0
_PAUSE = 0.04
_ALL_WAIT = "SELECT FROM runs WHERE ended_at IS NULL HAVING bool_and(status = 'waiting')"
_NAMES = "SELECT host || ':' || pid || ':' || left(id, 8) AS name FROM workers"  # as runs have them


@dataclass(frozen=True)
class Kind:
    """A kind of step (or of command), and what must have come of it.

    `acts` is what callers do; one of `ledgers` is what our own effects are in the end. Of a
    failure nobody planned (the way `exception`), and where a call may have been made, less is
    allowed, and never more. `meanwhile` is looked at while the process under test lives: true when
    there is nothing more to wait for.
    """

    name: str
    role: Role
    acts: Callable[[Play], None]
    ledgers: tuple[tuple[str, ...], ...] = ((),)
    statuses: tuple[str, ...] = ("succeeded",)
    is_found: bool = False  # the worker comes when everything is there; else it is there first
    meanwhile: Callable[[Play], bool] | None = None
    command: Callable[[Play], list[str] | None] | None = None
    judge: Callable[[Play], list[str]] | None = None
    lost_before: str = ""
    has_helper: bool = True  # for the web: a worker is at work beside it
    is_repeated: bool = True  # after a failure the same request would be a new run
    environment: Mapping[str, str] = field(default_factory=dict)
    owed: Callable[[Play], object] | None = None  # what others wait for whose bringer has failed


@dataclass
class Play:
    """What goes on now."""

    stage: Stage
    kind: Kind
    death: Death
    web_url: str
    sent: list[Sent] = field(default_factory=list)
    life: Life | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def send(self, flow: str, *, name: str = "a", at: timedelta = timedelta(), **more: str) -> Sent:
        """One request with a key of its own to the web process at hand."""
        body = {
            "name": name,
            "at": (datetime.now(UTC) + at).isoformat(),
            "lead_id": more.get("lead_id", str(uuid4())),
        }
        sent = Sent(flow, json.dumps(body).encode(), uuid4().hex)
        self.sent.append(sent)
        sent.answer = self.stage.post(self.web_url, flow, sent.body, sent.key)
        return sent

    def run_of(self, sent: Sent) -> str:
        """The id of the run that a request made."""
        (row,) = self.stage.rows(
            "SELECT runs.id FROM deliveries JOIN runs ON runs.delivery_id = deliveries.id"
            " WHERE deliveries.body = %(body)s",
            body=sent.body,
        )
        return str(row.id)


@dataclass
class Outcome:
    """What came of a play. `told`: the points that were passed, when nobody was to die."""

    has_struck: bool
    faults: list[str]
    told: list[str]
    logs: str = ""


def has_done_all(play: Play) -> bool:
    """Whether every run has ended."""
    play.stage.time_goes_by()
    return not play.stage.unfinished() and bool(play.stage.rows("SELECT FROM runs LIMIT 1"))


class Theatre:
    """Plays one after the other on one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._engine = create_engine(stage.database_url, pool_size=1)
        self._web, self._web_url = stage.begin_web()
        self._helper = stage.begin("worker", is_hurried=True)
        (kept,) = until(lambda: stage.rows(_NAMES), "the worker that is kept")
        self._kept = str(kept.name)  # it lives: its leases do not run out, however slow it is
        self._is_stopped = False

    def close(self) -> None:
        """Everybody goes home."""
        self._helper.signal(signal.SIGCONT)
        self.stage.end_all()
        self._engine.dispose()

    def play(self, kind: Kind, death: Death) -> Outcome:
        """Play it; the processes of the play are gone afterwards."""
        stage = self.stage
        untimely = self._untimely_end()
        self._stop()
        stage.clean()
        play = Play(stage, kind, death, self._web_url)
        try:
            {"web": self._with_web, "worker": self._with_worker, "command": self._with_command}[
                kind.role
            ](play)
            self._finish(play)
            faults = self._judge(play)
        except TimeoutError as late:
            faults = [str(late), *books.faults(stage, play.sent)]
        life = play.life
        assert life is not None
        outcome = Outcome(life.has_struck, untimely + faults, life.told, life.lines)
        life.end()
        return outcome

    def _untimely_end(self) -> list[str]:
        """Nobody kills the web process that is kept: did it end? Another one goes on."""
        status = self._web.status
        if status is None:
            return []
        told = f"the web process that is kept ended by itself: {status} {self._web.lines[-2000:]}"
        self._web, self._web_url = self.stage.begin_web()
        return [told]

    # ------------------------------------------------------------------------------- who dies where

    def _with_worker(self, play: Play) -> None:
        """The worker under test is alone until it has died, or there is nothing more to do."""
        if play.kind.is_found:
            play.kind.acts(play)
        play.life = self._begin(play, "worker")
        if not play.kind.is_found:
            life = play.life
            until(lambda: life.status is not None or self._listens(), "a worker that listens")
            play.kind.acts(play)
        self._watch(play, is_over=lambda: self._has_done_all(play))

    def _has_done_all(self, play: Play) -> bool:
        if play.kind.meanwhile is not None:
            return play.kind.meanwhile(play)
        return has_done_all(play)

    def _with_web(self, play: Play) -> None:
        """The web process under test serves; callers send again elsewhere what it broke."""
        if play.kind.has_helper:
            self._go_on()
        death = self._death(play)
        play.life, url = self.stage.begin_web(death)
        play.web_url = url or self._web_url
        acting = threading.Thread(target=play.kind.acts, args=(play,))
        acting.start()
        self._watch(play, is_over=lambda: not acting.is_alive() and self._has_served(play))
        acting.join(_OVER_WITHIN)

    def _has_served(self, play: Play) -> bool:
        return play.kind.meanwhile is None or play.kind.meanwhile(play)

    def _with_command(self, play: Play) -> None:
        """The command is given again when it broke, as a person does it."""
        self._go_on()
        play.kind.acts(play)
        assert play.kind.command is not None
        arguments = play.kind.command(play)
        assert arguments is not None
        play.life = self._begin(play, "command", *arguments)
        self._watch(play, is_over=lambda: False)
        if play.life.has_struck:
            self._settle(play)
            again = play.kind.command(play)
            if again is not None:
                life = self.stage.begin("command", *again)
                until(lambda: life.status is not None, "the end of the second command")

    def _settle(self, play: Play) -> None:
        life = play.life
        until(lambda: life is None or life.status is not None, "the end of the command")

    # ----------------------------------------------------------------------------------- the pieces

    def _death(self, play: Play) -> Death:
        death = play.death
        return Death(death.point, death.hit, death.way, play.kind.lost_before)

    def _begin(self, play: Play, role: str, *arguments: str) -> Life:
        death, changed = self._death(play), play.kind.environment
        return self.stage.begin(role, *arguments, death=death, changed=changed)

    def _watch(self, play: Play, *, is_over: Callable[[], bool]) -> None:
        """Until the process is gone, its death has struck, or all is done that it had to do."""
        life = play.life
        assert life is not None
        ends = monotonic() + _AT_WORK_FOR
        over_since = inf
        while life.status is None and not life.has_struck and monotonic() < ends:
            over_since = min(over_since, monotonic()) if is_over() else inf
            if monotonic() - over_since > _DUTIES_WITHIN:
                return
            threading.Event().wait(_PAUSE)

    def _finish(self, play: Play) -> None:
        """Whoever is left goes on, until every run has ended; then every request is repeated."""
        stage, life = self.stage, play.life
        assert life is not None
        stage.receivers.http.release()
        if not life.has_struck or play.death.way == "killed":
            life.end()  # it has done its part
            self._go_on()
        elif play.kind.role != "worker":
            self._go_on()
        self._send_again(play)
        ends = monotonic() + _OVER_WITHIN
        while stage.unfinished() and monotonic() < ends:
            if life.status is not None:
                self._go_on()  # it ended by itself, and somebody comes after it
            self._time_passes(play)
        for each in play.sent if play.kind.is_repeated else ():
            each.repeated = stage.post(self._web_url, each.flow, each.body, each.key)
        while stage.unfinished() and monotonic() < ends:  # of a failure that freed its key
            self._go_on()
            self._time_passes(play)

    def _time_passes(self, play: Play) -> None:
        self.stage.leases_run_out(but=self._kept)
        self.stage.time_goes_by()
        threading.Event().wait(_PAUSE)
        if play.death.way == "exception" and play.kind.owed and self.stage.rows(_ALL_WAIT):
            play.kind.owed(play)

    def _send_again(self, play: Play) -> None:
        """A caller that was not answered, or was told to come again, does so."""
        for each in play.sent:
            if not each.is_accepted:
                each.answer = self.stage.post(self._web_url, each.flow, each.body, each.key)

    def _judge(self, play: Play) -> list[str]:
        found = books.faults(self.stage, play.sent)
        found += [
            f"{each.flow}: never accepted, {each.told}"
            for each in play.sent
            if not each.is_accepted
        ]
        found += _ledger_faults(play)
        found += play.kind.judge(play) if play.kind.judge is not None else []
        with self._engine.connect() as connection:
            for each in invariants.INVARIANTS:
                found += invariants.faults(connection, each)
        return found

    def _listens(self) -> bool:
        """Whether a second worker, beside the one that is kept, has said that it lives."""
        return len(self.stage.rows("SELECT FROM workers")) > 1

    def _stop(self) -> None:
        if not self._is_stopped:
            self._helper.signal(signal.SIGSTOP)
            self._is_stopped = True
            self._take_the_bell_away()

    def _take_the_bell_away(self) -> None:
        """Whoever is stopped in his wait for the bell would still get the next message."""
        with Redis.from_url(self.stage.environment["HUB_REDIS_URL"]) as redis:
            for client in redis.client_list():
                if "b" in client["flags"]:
                    redis.client_kill_filter(_id=client["id"])

    def _go_on(self) -> None:
        if self._is_stopped:
            self._helper.signal(signal.SIGCONT)
            self._is_stopped = False


def _ledger_faults(play: Play) -> list[str]:
    """Our own effects are what the kind says: each once, none too many."""
    rows = play.stage.rows("SELECT said FROM crash_ledger")
    found = Counter(row.said for row in rows)
    runs = play.stage.rows("SELECT status, error ->> 'code' AS code FROM runs")
    statuses = {row.status for row in runs}
    if play.death.way == "exception":
        return []  # a run may have failed and come again; each effect has its step, say the books
    told = []
    if all(found != Counter(wanted) for wanted in play.kind.ledgers):
        told.append(f"E6: the ledger says {dict(found)} instead of {play.kind.ledgers}")
    if statuses - set(play.kind.statuses):
        told.append(f"E2: the runs are {[(row.status, row.code) for row in runs]}")
    return told

"""Requests with keys by chance, whatever becomes of their runs, against a model (P3, I7, I9)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hub.storage import runs
from hub.storage.runs import ClaimedRun, Ending
from tests.figures import Figure
from tests.integration.storage.office import Office, at_once, delivery, run
from tests.integration.storage.retaining import removed

EXAMPLES = settings().max_examples // 8
STEPS = 30
DAY = timedelta(days=1)
KEPT = 30  # days after which retention takes an ended run
KEYS = ("a", "b", "ä" * 300)
BODIES = (b"{}", b"[1]")
TABLES = ("dedupe_keys", "run_history", "steps", "turns", "runs", "deliveries")


@dataclass
class Known:
    """What the model knows of a run. Ages are days of the model's own time."""

    id: UUID
    key: str
    body: bytes
    window: int
    born: int
    ended: int | None = None
    has_key: bool = True  # it is the one whose answer a repeat gets
    repeats: int = 0


class KeyMachine(RuleBasedStateMachine):
    """Senders repeat themselves, owners come to all ends, time goes by and what is old goes."""

    office: Office
    seen: Counter[str]

    @initialize()
    def begin(self) -> None:
        for table in TABLES:
            self.office.do(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self.today = 0
        self.known: dict[UUID, Known] = {}
        self.owned: dict[UUID, ClaimedRun] = {}

    def holder(self, key: str) -> Known | None:
        """Who has the key: the last one that took it, inside its window or not yet at its end."""
        for each in self.known.values():
            in_window = self.today < each.born + each.window
            if each.has_key and each.key == key and (in_window or each.ended is None):
                return each
        return None

    def take(self, id_: UUID, key: str, body: bytes, window: int) -> None:
        for other in self.known.values():
            other.has_key = other.has_key and other.key != key
        self.known[id_] = Known(id_, key, body, window, born=self.today)
        self.seen["new"] += 1

    # ------------------------------------------------------------------------------------- senders

    @rule(
        key=st.sampled_from(KEYS),
        body=st.sampled_from(BODIES),
        window=st.sampled_from([1, 7]),
        senders=st.sampled_from([1, 1, 1, 4]),
    )
    def somebody_sends(self, key: str, body: bytes, window: int, senders: int) -> None:
        before = self.holder(key)
        asked = [run(key, window=window * DAY) for _ in range(senders)]

        def send(place: int) -> Any:
            return self.office.record(asked[place], of=delivery(body))[0]

        answers = at_once(senders, send) if senders > 1 else [send(0)]

        new = [each.run_id for each in answers if each.is_new]
        if before is None:
            assert len(new) == 1, "I7: one run for one key"
            self.take(new[0], key, body, window)
            before = self.known[new[0]]
        else:
            assert new == [], "I9: the key is kept"
        assert {each.run_id for each in answers} == {before.id}
        assert {each.is_same_body for each in answers if not each.is_new} <= {body == before.body}
        before.repeats += senders - len(new)
        self.seen["repeats"] += senders - len(new)

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=2, max_size=3, unique=True))
    def one_request_asks_for_several_runs(self, keys: list[str]) -> None:
        before = {key: self.holder(key) for key in keys}
        answers = self.office.record(*(run(key, window=7 * DAY) for key in keys), of=delivery())

        for key, answer in zip(keys, answers, strict=True):
            first = before[key]
            assert answer.is_new == (first is None)
            if first is None:
                self.take(answer.run_id, key, b"{}", 7)
            else:
                assert answer.run_id == first.id
        self.seen["of several"] += len(keys)

    # -------------------------------------------------------------------------------------- owners

    def owned_run(self, place: int) -> ClaimedRun | None:
        """One of the runs in hand; all that is due is."""
        self.owned |= {each.id: each for each in self.office.claim()}
        ids = [id_ for id_ in self.known if id_ in self.owned]
        return self.owned.pop(ids[place % len(ids)]) if ids else None

    @rule(
        place=st.integers(0, 9),
        end=st.sampled_from(["succeeds", "fails", "is cancelled", "maybe done", "refuses", "dies"]),
    )
    def an_owner_is_through(self, place: int, end: str) -> None:
        owned = self.owned_run(place)
        if owned is None:
            return
        self.seen[end] += 1
        if end == "dies":
            self.office.owner_dies(owned)
            runs.sweep(self.office.engine)
            return
        with self.office.engine.begin() as connection:
            runs.lock(connection, owned)
            refusal = {"status": 409} if end == "refuses" else None
            runs.end(connection, owned, ENDINGS[end], response=refusal)
        known = self.known[owned.id]
        known.ended = self.today
        known.has_key = known.has_key and end in ("succeeds", "maybe done")

    # ---------------------------------------------------------------------------------------- time

    @rule(days=st.sampled_from([1, 6, 8]))
    def time_goes_by_for(self, days: int) -> None:
        self.time_goes_by(days)

    def time_goes_by(self, days: int) -> None:
        self.today += days
        for statement in PASSING:
            self.office.do(statement, days=days)

    @rule(days=st.sampled_from([0, KEPT + 1]))
    def what_is_old_goes(self, days: int) -> None:
        self.time_goes_by(days)
        removed(self.office)
        stays = {row.id for row in self.office.rows("SELECT id FROM runs")}
        for id_ in set(self.known) - stays:
            gone = self.known.pop(id_)
            assert gone.ended is not None
            assert self.today - gone.ended >= KEPT, "E19: inside its period"
            assert not (gone.has_key and self.today < gone.born + gone.window), "I9: has its key"
            self.seen["went"] += 1

    @invariant()
    def each_run_is_there_once_with_its_repeats(self) -> None:
        if not hasattr(self, "known"):
            return
        rows = self.office.rows("SELECT id, ended_at IS NULL AS goes_on FROM runs")
        assert {row.id: row.goes_on for row in rows} == {
            each.id: each.ended is None for each in self.known.values()
        }
        held = self.office.rows("SELECT run_id FROM dedupe_keys")
        owners = {each.id for key in KEYS if (each := self.holder(key)) is not None}
        assert owners <= {row.run_id for row in held}


ENDINGS = {
    "succeeds": Ending("succeeded"),
    "refuses": Ending("succeeded"),
    "fails": Ending("failed", error={"code": "x"}, frees_key=True),
    "is cancelled": Ending("cancelled", frees_key=True),
    "maybe done": Ending("failed", error={"code": "x"}, is_maybe_done=True, frees_key=True),
}
_BACK = "make_interval(days => :days)"
PASSING = (
    f"UPDATE dedupe_keys SET expires_at = expires_at - {_BACK}",  # noqa: S608 - our own text
    (
        f"UPDATE runs SET created_at = created_at - {_BACK}, ended_at = ended_at - {_BACK},"  # noqa: S608
        f" due_at = due_at - {_BACK}, deadline = now() + interval '9 days'"
    ),
    f"UPDATE deliveries SET received_at = received_at - {_BACK}",  # noqa: S608 - our own text
)


@pytest.mark.long
def test_P3_I7_I9_requests_by_chance_agree_with_the_model_of_their_keys(
    office: Office, figure: Figure
):
    class Machine(KeyMachine):
        pass

    Machine.office, Machine.seen = office, Counter()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            deadline=None,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

    told = ", ".join(f"{times} {what}" for what, times in sorted(Machine.seen.items()))
    figure("I9", f"{EXAMPLES:,} examples of keys by chance: {told}")


def test_the_rules_of_keys_lead_to_repeats_and_to_runs_that_go(office: Office):
    KeyMachine.office, KeyMachine.seen = office, Counter()
    machine = KeyMachine()
    machine.begin()

    machine.somebody_sends(key="a", body=b"{}", window=7, senders=4)
    machine.an_owner_is_through(place=0, end="succeeds")
    machine.what_is_old_goes(days=KEPT + 1)
    machine.each_run_is_there_once_with_its_repeats()

    assert machine.seen == {"new": 1, "repeats": 3, "succeeds": 1, "went": 1}

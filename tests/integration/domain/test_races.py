"""Many at once, with real threads and real transactions: D1, D5, X04, E16.

D1 has the figures of guarantees.md always: what lies between two races is done by one statement
for many. D5 and the others grow with `--hypothesis-profile=proofs`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID

import pytest
from hypothesis import settings
from sqlalchemy import func, select, text

from hub.domain import phones
from hub.domain.appointments import Outcome
from hub.errors import Permanent
from hub.storage import db as database_access
from hub.storage.tables import appointments, phone_assignments, phone_numbers
from tests.fakes.clock import FakeClock
from tests.integration.domain.desk import Desk, attempt

pytestmark = pytest.mark.timeout(1800)

HOUR = timedelta(hours=1)
TIMES = max(1, settings().max_examples // 200)
TAKERS, POOL = 64, 40
ROUNDS = 100
RACES = min(500 * TIMES, 10_000)
PAIRS = 50  # of a booking and a release that race at once
SOME = 400 * TIMES
THREADS = 8


@pytest.fixture
def busy_desk(database: str, clock: FakeClock) -> Iterator[Desk]:
    """A desk with a connection for every thread."""
    engine = database_access.open_engine(database, pool_size=TAKERS, application="hub test")
    desk = Desk(engine, clock)
    yield desk
    faults = desk.faults()
    engine.dispose()
    assert faults == []


def one(call: Callable[[], object]) -> str:
    """The code of its refusal, or `done`."""
    try:
        call()
    except Permanent as refused:
        return refused.code
    return "done"


def together(calls: Sequence[Callable[[], object]]) -> list[str]:
    """Start all calls at the same moment; what became of each."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return together_on(threads, calls)


def together_on(threads: ThreadPoolExecutor, calls: Sequence[Callable[[], object]]) -> list[str]:
    """The same on threads that are there already, at least one for each."""
    start = threading.Barrier(len(calls))

    def begin(call: Callable[[], object]) -> str:
        start.wait()
        return one(call)

    return list(threads.map(begin, calls))


def held_numbers(desk: Desk) -> dict[str, UUID]:
    with desk.transaction() as db:
        rows = db.execute(select(phone_numbers).where(phone_numbers.c.lead_id.is_not(None)))
        return {row.number: row.lead_id for row in rows}


FREE_AGAIN = text("""
    WITH over AS (
        UPDATE phone_assignments SET ended_at = :at WHERE ended_at IS NULL
    )
    UPDATE phone_numbers SET lead_id = NULL, assigned_at = NULL, initial_until = NULL,
           release_at = NULL, free_since = :at
""")


@pytest.mark.long
def test_D1_P6_64_takers_of_40_numbers_leave_24_without_a_hundred_times(busy_desk, figure):
    desk = busy_desk
    desk.numbers(POOL)
    leads = [desk.lead(f"Lead {index}") for index in range(TAKERS)]
    answers: Counter[str] = Counter()

    with ThreadPoolExecutor(TAKERS) as threads:
        for _ in range(ROUNDS):
            round_ = Counter(together_on(threads, [partial(desk.assign, lead) for lead in leads]))

            assert round_ == {"done": POOL, "none_available": TAKERS - POOL}
            held = held_numbers(desk)
            assert len(held) == len(set(held.values())) == POOL
            answers += round_
            desk.clock.advance(19 * HOUR)
            with desk.transaction() as db:
                db.execute(FREE_AGAIN, {"at": desk.now()})

    figure(
        "D1",
        f"{ROUNDS} rounds of {TAKERS} takers on {POOL} numbers: {answers['done']} got one,"
        f" {answers['none_available']} none free, 0 doubles, 0 other errors",
    )


def test_D1_overdue_numbers_are_taken_over_by_as_many(busy_desk):
    desk = busy_desk
    desk.numbers(POOL)
    for index in range(POOL):
        desk.assign(desk.lead(f"Earlier {index}"))
    leads = [desk.lead(f"Lead {index}") for index in range(TAKERS)]
    desk.clock.advance(18 * HOUR)

    answers = together([partial(desk.assign, lead) for lead in leads])

    assert Counter(answers) == {"done": POOL, "none_available": TAKERS - POOL}
    assert set(held_numbers(desk).values()) <= set(leads)


def test_D1_one_lead_who_writes_many_times_at_once_gets_one_number(busy_desk):
    desk = busy_desk
    desk.numbers(POOL)
    lead = desk.lead()

    answers = together([partial(desk.assign, lead)] * THREADS)

    assert answers == ["done"] * THREADS
    assert list(held_numbers(desk).values()) == [lead]


def test_a_number_that_comes_back_while_others_are_taken_is_found(busy_desk):
    desk = busy_desk
    desk.numbers(1)
    ada, bob = desk.lead("Ada"), desk.lead("Bob")

    with ThreadPoolExecutor(1) as threads, desk.transaction() as db:
        phones.assign(db, desk.clock, attempt(), lead_id=ada)
        waiting = threads.submit(desk.assign, bob)
        until_somebody_waits(desk)
        db.rollback()
        given = waiting.result()

    assert given.phone_number == "+14155550000"


def until_somebody_waits(desk: Desk) -> None:
    for _ in range(20_000):
        with desk.transaction() as db:
            if db.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
    raise AssertionError("nobody waits for a lock")


HELD_AGAIN = text("""
    WITH nobody AS (DELETE FROM appointments), again AS (
        UPDATE phone_assignments SET ended_at = NULL
    )
    UPDATE phone_numbers SET lead_id = a.lead_id, assigned_at = a.assigned_at,
           initial_until = :until, follow_up_until = NULL, release_at = :until
      FROM phone_assignments a WHERE a.phone_id = phone_numbers.id
""")
AFTER_THE_RACE = text("""
    SELECT a.lead_id, p.lead_id IS NOT NULL AS is_held, p.release_at,
           a.ended_at IS NULL AS is_open,
           (SELECT max(starts_at) FROM appointments WHERE lead_id = a.lead_id) AS booked_for
      FROM phone_assignments a JOIN phone_numbers p ON p.id = a.phone_id
""")


@pytest.mark.long
def test_D5_P6_release_and_extension_at_once_never_free_a_held_number(busy_desk, figure):
    """Of each pair the one that commits first decides, and the other one sees that."""
    desk = busy_desk
    leads = [desk.holder(f"Lead {index}") for index in range(PAIRS)]
    until = desk.clock.set(desk.hold(leads[0]).release_at)
    phones_of = {line.lead_id: str(line.phone_id) for line in desk.holds()}
    appointment = until + 48 * HOUR
    random = Random(5)  # noqa: S311 -- dice
    seen: Counter[tuple[str, str]] = Counter()

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(RACES // PAIRS):
            deeds = []
            for lead in leads:
                pair = [
                    ((lead, "book"), partial(desk.book, lead, appointment)),
                    (
                        (lead, "release"),
                        partial(desk.release, phones_of[lead], expect_release_at=until),
                    ),
                ]
                random.shuffle(pair)
                deeds += pair
            codes = threads.map(one, [deed for _, deed in deeds])
            told = {who: code for (who, _), code in zip(deeds, codes, strict=True)}
            with desk.transaction() as db:
                for row in db.execute(AFTER_THE_RACE).all():
                    answers = told[row.lead_id, "book"], told[row.lead_id, "release"]
                    seen[answers] += 1
                    is_extended = answers == ("done", "hold_changed")
                    assert is_extended or answers == ("no_active_hold", "done")
                    assert row.is_held == row.is_open == is_extended
                    assert row.release_at == (appointment + 24 * HOUR if is_extended else None)
                    assert row.booked_for == (appointment if is_extended else None)
                db.execute(HELD_AGAIN, {"until": until})

    assert len(seen) == 2, "both orders must have happened, or nothing was raced"
    booked, freed = seen["done", "hold_changed"], seen["no_active_hold", "done"]
    assert booked + freed == RACES
    figure("D5", f"{RACES:,} races: {booked:,} extended, {freed:,} released, 0 wrong")


def test_D5_a_taker_and_an_extension_at_once_agree_on_one_holder(busy_desk):
    desk = busy_desk
    desk.numbers(1)
    ada, bob = desk.lead("Ada"), desk.lead("Bob")

    for _ in range(SOME // 3):
        desk.assign(ada)
        desk.clock.advance(18 * HOUR)
        appointment = desk.now() + 48 * HOUR
        booked, taken = together([partial(desk.book, ada, appointment), partial(desk.assign, bob)])

        assert (booked, taken) in {("done", "none_available"), ("no_active_hold", "done")}
        holder = bob if taken == "done" else ada
        assert list(held_numbers(desk).values()) == [holder]
        desk.clock.advance(80 * HOUR)
        desk.sweep()


def test_D4_X04_no_taker_gets_the_number_of_an_appointment_that_is_moved(busy_desk):
    desk = busy_desk
    lead = desk.holder()
    takers = [desk.lead(f"Taker {index}") for index in range(3)]
    desk.book(lead, desk.now() + 48 * HOUR)

    for day in range(SOME // 6):
        new = desk.now() + (49 + day) * HOUR
        answers = together(
            [
                partial(desk.outcome, lead, "rescheduled", new_starts_at=new),
                *(partial(desk.assign, taker) for taker in takers),
            ]
        )

        assert answers == ["done", *["none_available"] * len(takers)]
        assert list(held_numbers(desk).values()) == [lead]


def test_E16_two_outcomes_at_once_end_as_if_one_came_first(busy_desk):
    desk = busy_desk
    lead = desk.holder()

    for _ in range(SOME // 6):
        at = desk.now() + HOUR
        desk.book(lead, at)
        answers = together(
            [
                partial(desk.outcome, lead, "showed", starts_at=at),
                partial(desk.outcome, lead, "cancelled", starts_at=at),
            ]
        )

        assert answers == ["done", "done"]
        # `showed` gives its window whether it came first or corrected the cancellation
        assert desk.hold(lead).release_at == desk.now() + 24 * HOUR
        desk.clock.advance(2 * HOUR)


def test_X06_one_booking_by_many_roads_at_once_is_one_appointment(busy_desk):
    desk = busy_desk
    lead = desk.holder()

    answers = together([partial(desk.book, lead, desk.now() + 48 * HOUR)] * THREADS)

    with desk.transaction() as db:
        stored = db.scalar(select(func.count()).select_from(appointments))
        history = db.scalar(select(func.count()).select_from(phone_assignments))
    assert answers == ["done"] * THREADS
    assert (stored, history) == (1, 1)


def test_everything_at_once_leaves_no_fault_and_no_circle_of_waiting(busy_desk):
    desk = busy_desk
    desk.numbers(3)
    leads = [desk.lead(f"Lead {index}") for index in range(THREADS)]
    outcomes: Sequence[Outcome] = ("showed", "no_show", "cancelled", "rescheduled")

    def work(seed: int) -> Counter[str]:
        random = Random(seed)  # noqa: S311 -- dice
        codes: Counter[str] = Counter()
        for _ in range(SOME // THREADS):
            lead = random.choice(leads)
            deeds: list[Callable[[], object]] = [
                partial(desk.assign, lead),
                partial(desk.book, lead, desk.now() + random.randint(-20, 20) * HOUR),
                partial(desk.outcome, lead, random.choice(outcomes)),
                desk.sweep,
                partial(desk.clock.advance, HOUR),
            ]
            try:
                random.choice(deeds)()
                codes["done"] += 1
            except Permanent as refused:
                codes[refused.code] += 1
        return codes

    with ThreadPoolExecutor(THREADS) as threads:
        codes = sum(threads.map(work, range(THREADS)), Counter())

    assert codes["done"] > 0
    assert set(codes) <= {
        "done",
        "none_available",
        "no_active_hold",
        "no_appointment",
        "hold_changed",
    }

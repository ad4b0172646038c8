"""Many at once, with real threads and real transactions: R-05, X26 to X30, D2.

500 takers of each operation that a person races for, and fewer of the others; a thousand of each
with `--hypothesis-profile=proofs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from sqlalchemy import text

from hub.domain.seats import Slot
from hub.storage import db as database_access
from tests.fakes.clock import FakeClock
from tests.integration.domain.slot_desk import HOUR, LENGTH, QUARTER, SlotDesk
from tests.integration.domain.test_races import one, together_on

pytestmark = pytest.mark.timeout(1800)

IS_PROOF = settings().max_examples > 200
TAKERS = 1_000 if IS_PROOF else 500
THREADS = 8
RACES = 1_000 if IS_PROOF else 100
PAIRS = 50

LIVE = text("""
    SELECT status, count(*) FROM slot_reservations
     WHERE mechanic_id = :mechanic AND status IN ('reserved', 'confirmed')
     GROUP BY status ORDER BY status
""")
NOTHING_YET = text("DELETE FROM slot_reservations")
NO_SESSIONS = text("DELETE FROM sessions")


@pytest.fixture
def busy_desk(database: str, clock: FakeClock) -> Iterator[SlotDesk]:
    """A desk with a connection for every thread."""
    engine = database_access.open_engine(database, pool_size=32, application="hub test")
    desk = SlotDesk(engine, clock)
    yield desk
    faults = desk.faults()
    engine.dispose()
    assert faults == []


def live(desk: SlotDesk, mechanic: UUID) -> dict[str, int]:
    with desk.transaction() as db:
        return {row[0]: row[1] for row in db.execute(LIVE, {"mechanic": mechanic})}


def shuffled(random: Random, deeds: list[Any]) -> list[Any]:
    random.shuffle(deeds)
    return deeds


@pytest.mark.long
def test_R_05_D2_P6_of_all_takers_of_one_slot_exactly_one_wins(busy_desk, figure):
    desk = busy_desk
    slot = desk.slot()
    answers: Counter[str] = Counter()

    with ThreadPoolExecutor(32) as threads:
        answers.update(threads.map(one, [partial(desk.reserve, slot)] * TAKERS))

    assert answers == {"done": 1, "slot_taken": TAKERS - 1}
    assert live(desk, slot.mechanic_id) == {"reserved": 1}
    figure("D2", f"{TAKERS:,} takers of one slot: 1 got it, {TAKERS - 1} taken, 0 doubles")


@pytest.mark.long
def test_R_05_D2_P6_in_each_race_of_two_exactly_one_wins(busy_desk, figure):
    desk = busy_desk
    slots = [desk.slot(24 + number, uuid4()) for number in range(TAKERS)]
    random = Random(5)  # noqa: S311 -- dice
    deeds = []
    for slot in slots:
        late = LENGTH * random.choice((0, 0.25, 0.5, 0.99))
        rival = Slot(slot.mechanic_id, slot.start + late, slot.end + late)
        deeds += [(slot.mechanic_id, partial(desk.reserve, each)) for each in (slot, rival)]

    with ThreadPoolExecutor(THREADS) as threads:
        codes = list(threads.map(one, [deed for _, deed in deeds]))

    won = Counter(who for (who, _), code in zip(deeds, codes, strict=True) if code == "done")
    assert Counter(codes) == {"done": TAKERS, "slot_taken": TAKERS}
    assert set(won.values()) == {1}
    figure("D2 pairs", f"{TAKERS:,} races of two for overlapping times: {TAKERS:,} won, 0 doubles")


@pytest.mark.long
def test_D2_P6_64_takers_of_40_seats_leave_24_without(busy_desk):
    desk = busy_desk
    desk.seats(40)
    rounds = 100 if IS_PROOF else 10

    with ThreadPoolExecutor(32) as threads:
        for number in range(rounds):
            slot = desk.slot(24 + number)
            round_ = Counter(threads.map(one, [partial(desk.reserve, slot)] * 64))
            assert round_ == {"done": 40, "slot_taken": 24}
            with desk.transaction() as db:
                seats = db.scalars(
                    text("SELECT seat FROM slot_reservations WHERE starts_at = :at"),
                    {"at": slot.start},
                ).all()
            assert sorted(seats) == list(range(1, 41))


def test_X29_one_key_at_once_from_many_is_one_reservation(busy_desk):
    desk = busy_desk
    for number in range(10):
        slot = desk.slot(24 + number)
        with ThreadPoolExecutor(THREADS) as threads:
            deeds = [partial(desk.reserve, slot, client_key=f"k{number}")] * THREADS
            assert together_on(threads, deeds) == ["done"] * THREADS
    assert live(desk, desk.mechanic) == {"reserved": 10}


def test_X29_one_key_at_once_for_many_mechanics_is_one_reservation(busy_desk):
    desk = busy_desk
    for number in range(10):
        deeds = [
            partial(desk.reserve, desk.slot(24, uuid4()), client_key=f"k{number}")
            for _ in range(THREADS)
        ]
        with ThreadPoolExecutor(THREADS) as threads:
            told = Counter(together_on(threads, deeds))
        assert told == {"done": 1, "key_reused": THREADS - 1}


@pytest.mark.long
def test_X26_X28_a_late_confirmation_and_a_taker_at_once_agree_on_one(busy_desk, figure):
    """What lapsed is either confirmed late or taken by another: never both, never neither."""
    seen = raced(busy_desk, rival="reserve", after=QUARTER)

    assert set(seen) == {("done", "slot_taken"), ("expired", "done")}
    figure("D2 late", told_of(seen, "a late confirmation and a taker at once"))


@pytest.mark.long
def test_X28_a_confirmation_in_time_beats_every_taker_and_sweep(busy_desk):
    seen = raced(busy_desk, rival="reserve", after=QUARTER - timedelta(seconds=1))

    assert set(seen) == {("done", "slot_taken")}


@pytest.mark.long
def test_X28_a_late_confirmation_and_the_sweep_at_once_keep_the_slot(busy_desk):
    seen = raced(busy_desk, rival="sweep", after=QUARTER)

    assert set(seen) == {("done", "done")}


@pytest.mark.long
def test_X27_release_and_confirmation_at_once_leave_it_confirmed_or_free(busy_desk, figure):
    seen = raced(busy_desk, rival="release", after=timedelta(0))

    assert set(seen) == {("done", "confirmed"), ("released", "done")}
    figure("D2 release", told_of(seen, "a release and a confirmation at once"))


def told_of(seen: Counter[tuple[str, str]], what: str) -> str:
    parts = " and ".join(f"{count:,} {a}/{b}" for (a, b), count in sorted(seen.items()))
    return f"{sum(seen.values()):,} races of {what}: {parts}, 0 wrong"


def raced(desk: SlotDesk, *, rival: str, after: timedelta) -> Counter[tuple[str, str]]:
    """Confirmations against rivals; what both heard. Whatever came first, one has the slot."""
    seen: Counter[tuple[str, str]] = Counter()
    random = Random(7)  # noqa: S311 -- dice
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(max(1, RACES // PAIRS)):
            pairs = [prepared(desk, rival) for _ in range(PAIRS)]
            desk.clock.advance(after)
            deeds = []
            for pair in pairs:
                deeds += shuffled(random, list(pair.items()))
            codes = threads.map(one, [deed for _, deed in deeds])
            told = {who: code for (who, _), code in zip(deeds, codes, strict=True)}
            for mechanic in {who for who, _ in told}:
                answers = told[mechanic, "confirm"], told[mechanic, "rival"]
                seen[answers] += 1
                check_one(desk, mechanic, answers)
            desk.clock.advance(-after)
            with desk.transaction() as db:
                db.execute(NOTHING_YET)
                db.execute(NO_SESSIONS)
    return seen


def prepared(desk: SlotDesk, rival: str) -> dict[tuple[UUID, str], Callable[[], object]]:
    slot = desk.slot(24, uuid4())
    made = desk.reserve(slot).reservation_id
    session = desk.session(slot)
    deeds: dict[str, Callable[[], object]] = {
        "reserve": partial(desk.reserve, slot, customer_id=uuid4()),
        "release": partial(desk.release, made),
        "sweep": desk.sweep,
    }
    return {
        (slot.mechanic_id, "confirm"): partial(desk.confirm, made, session),
        (slot.mechanic_id, "rival"): deeds[rival],
    }


def check_one(desk: SlotDesk, mechanic: UUID, answers: tuple[str, str]) -> None:
    held = live(desk, mechanic)
    if answers[0] == "done":
        assert held == {"confirmed": 1}
    else:
        assert held == ({"reserved": 1} if answers == ("expired", "done") else {})


@pytest.mark.long
def test_X30_of_all_movers_to_one_time_exactly_one_gets_it_and_all_others_keep_theirs(
    busy_desk, figure
):
    desk = busy_desk
    takers = TAKERS if IS_PROOF else 64
    sessions = [desk.book(desk.slot(100 + number))[1] for number in range(takers)]
    wanted = desk.now() + 24 * HOUR

    with ThreadPoolExecutor(32) as threads:
        told = Counter(threads.map(one, [partial(desk.move, each, wanted) for each in sessions]))

    assert told == {"done": 1, "slot_taken": takers - 1}
    assert live(desk, desk.mechanic) == {"confirmed": takers}
    figure("D2 moves", f"{takers:,} movers to one time: 1 moved, {takers - 1} kept theirs")


@pytest.mark.long
def test_X30_while_a_session_is_moved_no_taker_gets_both_times_or_none_is_held(busy_desk):
    desk = busy_desk
    with ThreadPoolExecutor(4) as threads:
        for _ in range(RACES // 3):
            old, new = desk.slot(24, uuid4()), desk.now() + 48 * HOUR
            _, session = desk.book(old)
            at_new = Slot(old.mechanic_id, new, new + LENGTH)
            told = together_on(
                threads,
                [
                    partial(desk.move, session, new),
                    partial(desk.reserve, old, customer_id=uuid4()),
                    partial(desk.reserve, at_new, customer_id=uuid4()),
                ],
            )

            assert told in (
                ["done", "done", "slot_taken"],
                ["done", "slot_taken", "slot_taken"],
                ["slot_taken", "slot_taken", "done"],
            )
            assert live(desk, old.mechanic_id)["confirmed"] == 1


@pytest.mark.long
def test_two_moves_and_a_cancellation_at_once_end_as_if_one_came_first(busy_desk):
    desk = busy_desk
    with ThreadPoolExecutor(4) as threads:
        for _ in range(RACES // 3):
            slot = desk.slot(24, uuid4())
            _, session = desk.book(slot)
            told = together_on(
                threads,
                [
                    partial(desk.move, session, desk.now() + 48 * HOUR),
                    partial(desk.move, session, desk.now() + 72 * HOUR),
                    partial(desk.cancel, session),
                ],
            )

            assert set(told) <= {"done", "conflict"}
            assert told[2] == "done"
            assert live(desk, slot.mechanic_id) == {}
            moves = told[:2].count("done")
            assert desk.session_row(session).version == moves + 2


@pytest.mark.long
def test_everything_at_once_leaves_no_fault_and_no_circle_of_waiting(busy_desk):
    desk = busy_desk
    desk.seats(2)
    booked = [desk.book(desk.slot(24 + number)) for number in range(THREADS)]

    def work(seed: int) -> Counter[str]:
        random = Random(seed)  # noqa: S311 -- dice
        codes: Counter[str] = Counter()
        for _ in range(RACES // 3):
            reservation, session = random.choice(booked)
            hours = random.randint(24, 40)
            deeds: list[Callable[[], object]] = [
                partial(desk.reserve, desk.slot(hours)),
                partial(desk.move, session, desk.now() + hours * HOUR),
                partial(desk.confirm, reservation, session),
                partial(desk.release, reservation),
                partial(desk.cancel, session),
                partial(desk.book, desk.slot(hours)),
                partial(desk.presence, is_online=random.random() < 0.9),
                desk.sweep,
                partial(desk.clock.advance, QUARTER / 100),
            ]
            codes[one(random.choice(deeds))] += 1
        return codes

    with ThreadPoolExecutor(THREADS) as threads:
        codes = sum(threads.map(work, range(THREADS)), Counter())

    assert codes["done"] > 0
    assert set(codes) <= {
        "done",
        "slot_taken",
        "conflict",
        "confirmed",
        "released",
        "expired",
        "mechanic_offline",
        "slot_in_past",
        "too_late",
    }

"""Many at once, with real threads and real transactions: X32, K-08, D2.

A part of the thousand takers of each operation; `--hypothesis-profile=proofs` has them all.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

import pytest
from hypothesis import settings

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import DAY, HOUR, Office, at, outcome

pytestmark = pytest.mark.timeout(1800)

TIMES = max(1, settings().max_examples // 200)
TAKERS = 50
RACES = min(1_000, 200 * TIMES)  # takers of each operation
FEW = RACES if TIMES > 1 else 80
THREADS = 8


def together_on(threads: ThreadPoolExecutor, calls: Sequence[Callable[[], object]]) -> list[str]:
    """Start all calls at the same moment, on at least one thread for each; what became of each."""
    start = threading.Barrier(len(calls))

    def begin(call: Callable[[], object]) -> str:
        start.wait()
        return outcome(call)

    return list(threads.map(begin, calls))


def client(number: int) -> Client:
    return Client(f"Client {number}", f"client{number}@example.com")


def occupied(office: Office) -> int:
    return sum(
        row.status in ("pending-confirmation", "scheduled", "in-progress")
        for row in office.rows("jobs")
    )


@pytest.mark.parametrize("seats", [1, 3])
def test_K08_X32_50_parallel_requests_get_exactly_as_many_seats_as_there_are(office, seats):
    service = office.service(max_bookings_per_slot=seats)

    with ThreadPoolExecutor(TAKERS) as threads:
        answers = together_on(
            threads,
            [partial(office.book, service, at(21, 10), client(n)) for n in range(TAKERS)],
        )

    assert Counter(answers) == {"done": seats, "slot_taken": TAKERS - seats}
    assert occupied(office) == seats
    assert {row.seat for row in office.rows("taken_seats")} == set(range(1, seats + 1))


@pytest.mark.long
def test_X32_D2_takers_of_each_kind_double_nothing(office, figure):
    """Booking, overlapping starts, shared resources: in each round one of two gets it."""
    tenant = office.tenant()
    ana = office.resource(tenant, "Ana")
    half_hours = {"step_minutes": 30, "needs": {"person": [ana]}}
    first, second = (office.service(tenant, **half_hours) for _ in range(2))
    random = Random(32)  # noqa: S311 - dice
    won: Counter[str] = Counter()

    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(RACES // 4):
            start = at(21, 9) + (number % 60) * DAY
            takers = [
                partial(office.book, random.choice([first, second]), start + shift, client(n))
                for n, shift in enumerate([0 * HOUR, HOUR / 2, 0 * HOUR, HOUR / 2])
            ]
            answers = Counter(together_on(threads, takers))
            assert answers == {"done": 1, "slot_taken": 3}
            won += answers
            (made,) = (row for row in office.rows("jobs") if row.status == "scheduled")
            office.cancel(made.id)

    figure("D2 bookings", f"{RACES:,} takers of one person: {won['done']} got it, 0 doubles")


@pytest.mark.long
def test_X32_moves_to_one_time_leave_one_there_and_the_others_where_they_were(office):
    service = office.service(step_minutes=60, advance_days=400)
    homes = [at(21, 9 + n) for n in range(4)]
    jobs = [office.book(service, home, client(n)).id for n, home in enumerate(homes)]

    with ThreadPoolExecutor(len(jobs)) as threads:
        for number in range(RACES // len(jobs)):
            goal = at(22, 9) + timedelta(days=number % 80)
            answers = together_on(threads, [partial(office.move, job, goal) for job in jobs])

            assert Counter(answers) == {"done": 1, "slot_taken": len(jobs) - 1}
            winner = jobs[answers.index("done")]
            office.move(winner, homes[jobs.index(winner)])

    assert [office.job(job).start for job in jobs] == homes


@pytest.mark.long
def test_X37_takers_of_what_nobody_decided_in_time(office):
    service = office.service(require_confirmation=True, decide_within_minutes=60, advance_days=400)

    with ThreadPoolExecutor(4) as threads:
        for number in range(RACES // 4):
            start = at(21, 10) + timedelta(days=number)
            office.book(service, start, client(99))
            office.clock.advance(HOUR)
            takers = [partial(office.book, service, start, client(n)) for n in range(4)]

            assert Counter(together_on(threads, takers)) == {"done": 1, "slot_taken": 3}
            office.clock.advance(-HOUR)

    expired = [row for row in office.rows("jobs") if row.status == "cancelled"]
    assert len(expired) == RACES // 4


@pytest.mark.long
def test_K12_K13_decisions_at_once_agree_on_one(office):
    service = office.service(require_confirmation=True, max_bookings_per_slot=1, advance_days=400)
    seen: Counter[tuple[str, str]] = Counter()

    with ThreadPoolExecutor(2) as threads:
        for number in range(RACES // 2):
            job = office.book(service, at(21, 9 + number % 8) + (number // 8) * DAY).id
            confirmed, declined = together_on(
                threads, [partial(office.confirm, job), partial(office.decline, job)]
            )
            seen[confirmed, declined] += 1
            expected = "scheduled" if confirmed == "done" else "cancelled"
            assert office.job(job).status == expected

    assert set(seen) <= {("done", "conflict"), ("conflict", "done")}


@pytest.mark.long
def test_X31_a_client_who_cancels_and_staff_who_move_at_once_never_undo_each_other(office, figure):
    """Both have seen the same version: one gets it, the other hears that it changed."""
    service = office.service(step_minutes=60, advance_days=400)
    tenant = office.rows("services", id=service)[0].tenant_id
    seen: Counter[tuple[str, str]] = Counter()

    with ThreadPoolExecutor(2) as threads:
        for number in range(FEW // 2):
            job = office.book(service, at(21, 9), client(number)).id
            deeds = [
                partial(office.cancel, job, by="client", from_version=1),
                partial(office.move_by_staff, tenant, job, at(22, 9), from_version=1),
            ]
            cancelled, moved = together_on(threads, deeds)
            seen[cancelled, moved] += 1
            after = office.job(job)
            expected = ("cancelled", at(21, 9)) if cancelled == "done" else ("scheduled", at(22, 9))
            assert (after.status, after.start, after.version) == (*expected, 2)
            if after.status == "scheduled":
                office.cancel(job)

    assert set(seen) <= {("done", "conflict"), ("conflict", "done")}
    figure("D2 cancels", f"{FEW:,} takers of one version of a job: 1 of 2 got it, 0 both")


@pytest.mark.long
def test_K27_X32_an_offer_that_many_take_up_at_once_is_one_job(office, figure):
    """Two answers of whoever it was offered to, and two strangers who want the time."""
    service = office.service(step_minutes=60, advance_days=400)

    with ThreadPoolExecutor(4) as threads:
        for number in range(FEW // 4):
            start = at(21, 9 + number % 8) + (number // 8) * DAY
            entry = office.wait_for(service, start, start + HOUR, client(number)).id
            takers: list[Callable[[], object]] = [
                *[partial(office.accept, entry)] * 2,
                *(partial(office.book, service, start, client(n)) for n in (-1, -2)),
            ]
            assert together_on(threads, takers) == ["done", "done", "slot_taken", "slot_taken"]

    assert len(office.rows("jobs")) == len(office.rows("taken_seats")) == FEW // 4
    figure("D2 offers", f"{FEW:,} takers of offered times: one job of each, 0 doubles")


def test_everything_at_once_leaves_no_fault_and_no_circle_of_waiting(office):
    tenant = office.tenant()
    people = [office.resource(tenant, name) for name in ("Ana", "Ben")]
    needs = {"person": people}
    services = [
        office.service(tenant, needs=needs, max_bookings_per_slot=2, step_minutes=30),
        office.service(tenant, needs=needs, require_confirmation=True, decide_within_minutes=60),
    ]

    def work(seed: int) -> Counter[str]:
        random = Random(seed)  # noqa: S311 - dice
        codes: Counter[str] = Counter()
        mine: list[UUID] = []

        def book(start: datetime) -> None:
            mine.append(office.book(random.choice(services), start, client(seed)).id)

        for _ in range(40 * TIMES):
            start = at(21, random.randint(9, 16), random.choice([0, 30]))
            deeds: list[Callable[[], object]] = [
                partial(book, start),
                partial(office.clock.advance, timedelta(minutes=7)),
            ]
            if mine:
                job = random.choice(mine)
                deeds += [
                    partial(office.confirm, job),
                    partial(office.cancel, job),
                    partial(office.move, job, start),
                    partial(office.set_status, job, "in-progress"),
                ]
            codes[outcome(random.choice(deeds))] += 1
        return codes

    with ThreadPoolExecutor(THREADS) as threads:
        codes = sum(threads.map(work, range(THREADS)), Counter())

    assert codes["done"] > 0
    assert set(codes) <= {
        *("done", "slot_taken", "outside_hours", "in_the_past", "conflict", "outside_window")
    }

"""A run whose next death decides is claimed by itself, and beside no second one (E10)."""

from __future__ import annotations

import pytest

from hub.storage import runs

SIZE = 10  # what a worker process has in hand


def deaths_of(office) -> list[int]:
    return sorted(row.deaths for row in office.rows("SELECT deaths FROM runs"))


def fill(office, worker: str) -> None:
    """The worker claims as a process does: until there is nothing for it."""
    free = SIZE
    while free and (claimed := office.claim(worker=worker, most=free)):
        free -= len(claimed)


@pytest.mark.parametrize(
    ("due", "claims"),
    [
        ([0, 0, 1], [[0, 0, 1]]),
        ([2, 0, 1], [[2], [0, 1]]),
        ([0, 1, 2], [[2], [0, 1]]),
        ([2, 2, 0], [[2], [0]]),
        ([3, 0, 2], [[3], [0]]),
        ([2, 3, 2], [[2]]),
    ],
)
def test_E10_one_worker_has_one_run_on_its_last_chance(office, due, claims):
    for deaths in due:
        office.dying(deaths)

    found = []
    while claimed := office.claim():
        found.append([each.deaths for each in claimed])

    assert found == claims


def test_E10_a_last_chance_waits_for_its_turn_as_any_run_does(office):
    older, awaited = office.accepted(), office.accepted(is_awaited=True)
    last = office.dying(2)

    first = [each.id for each in office.claim(most=2)]
    assert set(first) == {older, awaited}
    assert [each.id for each in office.claim(most=2)] == [last]


def test_E10_an_awaited_last_chance_comes_before_others(office):
    office.dying(2)
    awaited = office.dying(2, is_awaited=True)

    assert [each.id for each in office.claim()] == [awaited]


def test_E10_however_many_last_chances_are_older_new_runs_are_claimed(office):
    for _ in range(30):
        office.dying(2)
    new = [office.accepted() for _ in range(3)]

    assert len(office.claim(most=5)) == 1
    assert {each.id for each in office.claim(most=5)} == set(new)


def test_E10_the_next_last_chance_comes_when_the_first_got_through_its_step(office):
    for _ in range(2):
        office.dying(2)
    (first,) = office.claim()
    assert office.claim() == []

    office.ask(lambda connection: runs.clear_deaths(connection, first))

    (second,) = office.claim()
    assert second.id != first.id


def test_E10_each_worker_has_a_last_chance_of_its_own(office):
    for _ in range(3):
        office.dying(2)

    claims = [office.claim(worker=name) for name in ("w1", "w2", "w3", "w1")]

    assert [len(claimed) for claimed in claims] == [1, 1, 1, 0]
    assert len({each.id for claimed in claims for each in claimed}) == 3


def test_E10_E2_E5_a_machine_that_goes_down_again_and_again_condemns_one_run_a_worker(
    office, figure
):
    """After the first and the second time all go on at once; from then on one by one."""
    for _ in range(2 * SIZE):
        office.accepted()
    in_hand = []
    for _ in range(runs.MOST_DEATHS):
        for worker in ("w1", "w2"):
            fill(office, worker)
        (row,) = office.rows("SELECT count(*) AS found FROM runs WHERE status = 'running'")
        in_hand.append(row.found)
        office.do("UPDATE runs SET lease_until = now() - interval '1 s' WHERE status = 'running'")
        runs.sweep(office.engine)

    assert in_hand == [2 * SIZE, 2 * SIZE, 2]
    assert deaths_of(office) == [2] * 18 + [3] * 2

    ended = 0
    while claimed := office.claim():
        for each in claimed:
            office.end(each)
            ended += 1
    assert ended == 2 * SIZE
    figure("E10", "3 power cuts, 2 workers with 10 runs each: 2 of 20 runs may be poison")

"""The threads of a worker: each task is done once, by few, and the end waits for all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hub.worker.hands import Hands

PATIENCE = 20.0


class Task:
    """Notes who does it, and takes until it may end."""

    def __init__(self, *, may_end: bool = True) -> None:
        self.by: list[str] = []
        self.is_begun = threading.Event()
        self.may_end = threading.Event()
        if may_end:
            self.may_end.set()

    def __call__(self) -> None:
        self.by.append(threading.current_thread().name)
        self.is_begun.set()
        assert self.may_end.wait(PATIENCE)


@pytest.fixture
def two() -> Iterator[Hands]:
    hands = Hands(2, name="hand")
    yield hands
    hands.dismiss()


def test_as_many_tasks_are_done_at_once_as_there_are_hands_and_the_others_wait(two: Hands):
    first, second, third = (Task(may_end=False) for _ in range(3))
    for each in (first, second, third):
        two.give(each)

    assert first.is_begun.wait(PATIENCE)
    assert second.is_begun.wait(PATIENCE)
    assert not third.is_begun.is_set()
    first.may_end.set()
    assert third.is_begun.wait(PATIENCE)
    for each in (second, third):
        each.may_end.set()

    assert first.by == third.by != second.by


def test_tasks_one_after_the_other_need_one_hand(two: Hands):
    long, tasks = Task(may_end=False), [Task() for _ in range(20)]
    two.give(long)
    for task in tasks:
        two.give(task)
        assert task.is_begun.wait(PATIENCE)
    long.may_end.set()

    assert {name for task in tasks for name in task.by} == {"hand_1"}


def test_a_task_that_fails_is_told_and_its_hand_goes_on(caplog):
    def fail() -> None:
        raise ValueError("a fault")

    one, last = Hands(1, name="hand"), Task()
    for each in (fail, fail, fail, last):
        one.give(each)
    one.dismiss()

    assert last.by == ["hand_0"]
    assert caplog.text.count("ValueError: a fault") == 3


def test_the_end_waits_for_what_is_being_done_and_for_what_waits():
    hands = Hands(1, name="hand")
    slow, behind = Task(may_end=False), Task()
    hands.give(slow)
    hands.give(behind)
    ending = threading.Thread(target=hands.dismiss)
    ending.start()

    assert slow.is_begun.wait(PATIENCE)
    assert ending.is_alive()
    slow.may_end.set()
    ending.join(PATIENCE)

    assert not ending.is_alive()
    assert behind.by == ["hand_0"]
    with pytest.raises(RuntimeError, match="no more work"):
        hands.give(Task())


def test_many_givers_lose_nothing():
    hands = Hands(4, name="hand")
    tasks = [Task() for _ in range(400)]

    def give(those: list[Task]) -> None:
        for task in those:
            hands.give(task)

    givers = [threading.Thread(target=give, args=[tasks[place::8]]) for place in range(8)]
    for giver in givers:
        giver.start()
    for giver in givers:
        giver.join()
    hands.dismiss()

    assert [len(task.by) for task in tasks] == [1] * 400
    assert len({name for task in tasks for name in task.by}) <= 4

"""Two runs side by side: every step of both stands there once, beside its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.storage.reading import StepFacts
from hub.web.console.alignment import align

PATHS = st.lists(st.sampled_from([f"s{number}" for number in range(9)]), unique=True)


def step(path: str, **said: Any) -> StepFacts:
    facts: dict[str, Any] = {
        "kind": "do",
        "step_id": path,
        "action": "a.b",
        "status": "succeeded",
        "attempts": 1,
        "is_simulated": False,
        "key": None,
        "inputs": {},
        "result": None,
        "error": None,
        "started_at": datetime(2025, 1, 1, tzinfo=UTC),
        "ended_at": None,
        "due_at": None,
    }
    return StepFacts(path=path, **{**facts, **said})


def paths_of(left: list[str], right: list[str]) -> list[str]:
    return [pair.path for pair in align([*map(step, left)], [*map(step, right)])]


@given(PATHS, PATHS)
def test_each_step_of_both_runs_stands_there_once_and_the_left_keeps_its_order(
    left: list[str], right: list[str]
):
    pairs = align([*map(step, left)], [*map(step, right)])

    assert sorted(pair.path for pair in pairs) == sorted({*left, *right})
    assert [pair.path for pair in pairs if pair.left is not None] == left
    assert {pair.path for pair in pairs if pair.is_same} == {*left} & {*right}
    for pair in pairs:
        assert (pair.left is None) == (pair.path not in left)
        assert (pair.right is None) == (pair.path not in right)


@given(PATHS)
def test_a_run_beside_itself_differs_nowhere(paths: list[str]):
    steps = [*map(step, paths)]
    assert all(pair.is_same for pair in align(steps, steps))


def test_what_only_one_run_has_stands_behind_its_neighbour():
    assert paths_of(["a", "c"], ["a", "b1", "b2", "c", "d"]) == ["a", "b1", "b2", "c", "d"]
    assert paths_of(["a", "b"], ["x", "a"]) == ["x", "a", "b"]
    assert [pair.only for pair in align([step("a")], [step("b")])] == ["right", "left"]


def test_what_differs_is_named():
    (pair,) = align(
        [step("a", inputs={"at": 1}, result={"x": [1]})],
        [step("a", inputs={"at": 2}, status="failed", error={"code": "no"})],
    )
    assert pair.differs == ("status", "inputs", "result", "error")

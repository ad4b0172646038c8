"""Whether an answer comes, and before the caller goes on without it (HUB612, HUB618)."""

from __future__ import annotations

import pytest

from tests.unit.engine.order_project import FILES, findings

HEAD = """\
hub: 1
title: Answer soon

endpoint:
  auth: broker
  respond: {within: 5s, otherwise: later}

steps:
"""
CALLED = """\
hub: 1
title: Takes its time

inputs: {}

steps:
"""
CALL = "  - id: slow\n    call: slow\n    with: {}\n"


def told(steps: str, *, called: str = "  - log: x\n") -> list[tuple[str, int]]:
    """Codes of the findings and the lines below `steps:` they stand in."""
    files = {
        **FILES,
        "workflows/minimal.yaml": HEAD + steps + "  - reply: done\n",
        "workflows/slow.yaml": CALLED + called,
    }
    return [(each.code, each.line - HEAD.count("\n")) for each in findings(files)]


def wait(length: str, name: str = "pause") -> str:
    return f"  - id: {name}\n    wait: {length}\n"


def test_waits_that_are_too_long_together_are_told_at_the_one_that_crosses_the_limit():
    assert told(wait("2s", "a") + wait("3s", "b")) == []
    assert told(wait("2s", "a") + wait("4s", "b")) == [("HUB618", 4)]
    assert told(wait("3s", "a") + wait("3s", "b") + wait("3s", "c")) == [("HUB618", 4)]


def test_the_shortest_of_several_ways_counts():
    ways = (
        "  - if: caller.ip == '::1'\n    then:\n      - id: long\n        wait: 1m\n"
        "    else:\n      - id: short\n        wait: 3s\n"
    )

    assert told(ways) == []
    assert told(ways + wait("3s")) == [("HUB618", 9)]
    assert told(ways.replace("3s", "6s")) == [("HUB618", 4)]


@pytest.mark.parametrize(
    ("called", "is_late"),
    [
        (wait("3s"), False),
        (wait("6s"), True),
        ("  - if: run.test\n    return: 1\n" + wait("6s") + "  - return: 2\n", False),
        (wait("6s") + "  - if: run.test\n    return: 1\n  - return: 2\n", True),
    ],
)
def test_the_waits_of_what_is_called_count(called, is_late):
    assert told(CALL, called=called) == ([("HUB618", 2)] if is_late else [])


def test_waits_of_the_caller_and_of_what_it_calls_are_added():
    assert told(wait("3s") + CALL, called=wait("3s")) == [("HUB618", 4)]


def test_what_is_called_aside_or_not_for_long_does_not_delay_the_answer():
    assert told(CALL + "    detach: true\n", called=wait("1h")) == []
    assert told(CALL + "    timeout: 3s\n    on_error: continue\n", called=wait("1h")) == []


@pytest.mark.parametrize(
    ("ways", "codes"),
    [
        ("  - if: caller.ip == '::1'\n    then:\n      - reply: here\n", []),
        ("  - switch: caller.ip\n    cases:\n      a: [{reply: a}]\n      else: [{log: x}]\n", []),
        ("  - if: caller.ip == '::1'\n    then:\n      - log: x\n", ["HUB612"]),
    ],
)
def test_an_answer_that_only_a_branch_gives_is_one(ways, codes):
    files = {**FILES, "workflows/minimal.yaml": HEAD + ways}

    assert [each.code for each in findings(files)] == codes

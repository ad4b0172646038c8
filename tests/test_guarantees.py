"""Every promise has its proof: the tables of docs/guarantees.md hold nothing without a test."""

from __future__ import annotations

import pytest

from tests import figures, guarantees
from tests.guarantees import CLAUSES, Clause

KNOWN = guarantees.proofs()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_each_promise_has_a_test_or_waits_for_a_feature(clause: Clause):
    assert KNOWN.get(clause.id) or clause.due, f"no test is named test_{clause.id}_..."


def test_tests_name_promises_that_exist():
    unknown = {name: tests for name, tests in KNOWN.items() if name not in BY_ID}

    assert unknown == {}


def test_figures_belong_to_promises():
    assert sorted({key.split()[0] for key in figures.kept()} - set(BY_ID)) == []


def test_the_promises_are_those_that_were_given():
    numbers = {"I": 17, "E": 20, "D": 10, "S": 21, "P": 10}
    given = [f"{letter}{n}" for letter, most in numbers.items() for n in range(1, most + 1)]

    assert [clause.id for clause in CLAUSES] == given


@pytest.mark.parametrize(
    ("test", "clauses"),
    [
        ("test_E6_effect_and_step", ["E6"]),
        ("test_E2_E5_E6_a_worker_killed", ["E2", "E5", "E6"]),
        ("test_something_of_E6", []),
        ("test_E6x_nothing", []),
        ("kept_E6", []),
    ],
)
def test_a_test_proves_what_its_name_begins_with(test: str, clauses: list[str]):
    assert guarantees.named(test) == clauses


BY_ID = {clause.id: clause for clause in CLAUSES}

"""The mutation run of `make bench-mutants`, with a small sample of its mutants."""

from __future__ import annotations

import pytest

from bench.mutants.flows import mutants_of
from bench.mutants.mutant import Mutant
from bench.mutants.sampling import all_mutants, sample
from bench.mutants.table import Result, rows, share, survivors
from bench.mutants.trying import Judge
from bench.processes import ROOT

FLOW = """\
hub: 1
title: Give a number
inputs:
  lead_id: {type: string}
steps:
  - id: given
    do: phones.assign
    with:
      lead_id: ${{ inputs.lead_id }}
    on_error:
      - if: error.code == 'none_available'
        fail: empty
      - if: error.code == 'unknown_lead'
        fail: nobody
  - log: given
  - return: ${{ steps.given.phone_number }}
"""
NAME = "workflows/flow.yaml"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(ROOT)


def made(kind: str) -> list[str]:
    return [each.applied(FLOW) for each in mutants_of(NAME, FLOW, 1) if each.kind == kind]


def test_nearly_all_of_a_sample_of_planted_mistakes_are_caught(judge):
    mutants = sample(all_mutants(judge.files, 1, None), 60, 1)

    results = [Result(each, judge.verdict(each)) for each in mutants]

    assert {each.caught for each in results} >= {"check", "test"}
    assert share(results) >= 0.9, "\n".join(survivors(results, judge.files))


def test_a_misspelt_reference_is_reported_by_the_check(judge):
    assert judge.verdict(of_lead_phone(judge, "payload.lead_id", "payload.lead_x")) == "check"


def test_another_answer_is_caught_by_a_test(judge):
    assert judge.verdict(of_lead_phone(judge, "status: 409", "status: 410")) == "test"


def test_what_changes_nothing_survives(judge):
    mutant = of_lead_phone(judge, "title: A lead gave", "title: A lead left")

    assert judge.verdict(mutant) == "no"


def of_lead_phone(judge: Judge, before: str, after: str) -> Mutant:
    path = "workflows/lead-phone.yaml"
    start = judge.files[path].index(before)
    return Mutant("by hand", path, start, start + len(before), after)


def test_every_mutant_is_another_text():
    texts = [each.applied(FLOW) for each in mutants_of(NAME, FLOW, 1)]

    assert FLOW not in texts
    assert len(texts) > 50


def test_the_same_seed_makes_the_same_mutants():
    assert mutants_of(NAME, FLOW, 7) == mutants_of(NAME, FLOW, 7)
    assert mutants_of(NAME, FLOW, 7) != mutants_of(NAME, FLOW, 8)


def test_a_step_goes_away_as_a_whole():
    assert FLOW.replace("  - return: ${{ steps.given.phone_number }}\n", "") in made("step removed")


def test_a_log_stays_where_it_is_and_as_it_is():
    assert all("  - log: given\n" in each for each in made("step removed"))
    assert all("log: given" in each for each in made("value changed"))


def test_steps_that_exclude_each_other_keep_their_order():
    assert made("steps swapped") == []


def test_a_condition_is_turned_round():
    turned = FLOW.replace(
        "if: error.code == 'unknown_lead'", "if: not (error.code == 'unknown_lead')"
    )

    assert turned in made("condition negated")


def test_the_first_key_of_an_item_leaves_the_item_to_the_next_one():
    assert FLOW.replace("  - id: given\n    do:", "  - do:") in made("key dropped")


def test_a_mutant_is_told_with_its_line_before_and_after():
    start = FLOW.index("phones.assign")
    mutant = Mutant("by hand", NAME, start, start + len("phones.assign"), "phones.asign")

    assert mutant.told(FLOW) == (
        "workflows/flow.yaml:7  by hand: do: phones.assign → do: phones.asign"
    )


def test_the_table_counts_by_kind_and_by_who_told():
    mutant = Mutant("step removed", NAME, 0, 1, "")
    results = [Result(mutant, "check"), Result(mutant, "test"), Result(mutant, "no")]

    last = list(rows(results))[-1]

    assert last.split() == ["all", "3", "1", "1", "1"]
    assert share(results) == pytest.approx(2 / 3)

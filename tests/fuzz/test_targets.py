"""A small part of `make fuzz` on every change, and whatever it found before (P5)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench.fuzz import corpus
from bench.fuzz.__main__ import TARGETS
from bench.fuzz.limits import MOST_MEMORY, MOST_SECONDS, judge, peak_memory
from bench.fuzz.shrinking import shrunk
from bench.fuzz.target import Target, expect

CASES = {"yaml": 40, "projects": 12, "answers": 150}
MOST_CASES = 600
FOUND = [pytest.param(*each, id="-".join(each[1].parts[-2:])) for each in corpus.kept()]
EVERY = 100  # one case of so many is weighed as well: that makes Python slow


@pytest.mark.parametrize("name", TARGETS)
def test_P5_a_damaged_or_made_up_case_stumbles_over_nothing(name: str):
    target = TARGETS[name]
    for sample in target.samples:
        judge(target, sample)  # what is loaded on first use belongs to no case

    for seed in range(CASES.get(name, MOST_CASES)):
        case = target.case(seed)
        assert judge(target, case).fault is None, f"seed {seed}: {case[:200]!r}"
        if seed % EVERY == 0:
            assert peak_memory(target, case) < MOST_MEMORY


@pytest.mark.parametrize(("name", "path"), FOUND)
def test_P5_what_was_found_once_is_mended(name: str, path: Path):
    assert judge(TARGETS[name], path.read_bytes()).fault is None


def made_up(check) -> Target:
    """A target whose code does this."""
    return Target("made-up", check, lambda: [b"good"], lambda _: b"x", [b"w"], most=100)


def spin(_: bytes) -> None:
    while True:
        pass


def hoard(_: bytes) -> None:
    assert len(bytearray(MOST_MEMORY + 1)) > MOST_MEMORY


def stumble(case: bytes) -> None:
    expect(b"bad" not in case, "a bad case")


def test_a_case_that_never_ends_is_stopped_and_told():
    verdict = judge(made_up(spin), b"")

    assert verdict.fault == f"more than {MOST_SECONDS:g} s"


def test_a_case_that_hoards_is_told():
    assert peak_memory(made_up(hoard), b"") > MOST_MEMORY


def test_a_found_case_is_made_small_and_keeps_its_fault():
    target = made_up(stumble)
    case = b"a" * 500 + b"bad" + b"c" * 500

    assert judge(target, case).fault == "a bad case"
    assert shrunk(case, lambda shorter: judge(target, shorter).fault is not None) == b"bad"


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_is_one_case_within_what_the_hub_lets_through(name: str):
    target = TARGETS[name]

    assert target.case(7) == target.case(7)
    assert all(len(target.case(seed)) <= target.most for seed in range(50))
    assert target.write(Random(1)) == target.write(Random(1))  # noqa: S311 - no secret

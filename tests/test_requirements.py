"""Every requirement of this stage is named by a test: the list is read from the tests themselves.

An id counts where it stands in the name or the docstring of a test function (`H_07` or `H-07`), or
in the text of a workflow test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import time_rows

PROJECT = Path(__file__).parents[1]

ROWS = {"H": 32, "B": 27, "C": 24, "R": 28, "K": 27}
CAPABILITIES = {f"{flow}-{row:02}" for flow, rows in ROWS.items() for row in range(1, rows + 1)}
TRAPS = {f"X{number:02}" for number in range(1, 41)}
INGEST = {f"I{number}" for number in range(1, 8)}
EXECUTION = {f"E{number}" for number in (*range(1, 9), 11, 12, 15, 17)}

# What the public booking is tried with (K-26): the modules of a kind, and at least so many tests.
SUITES = {
    "public flow": ("acceptance/test_booking_flows.py", 6),
    "double booking": ("integration/bookings/test_booking_races.py", 3),
    "rules": ("integration/bookings/test_booking_rules.py", 4),
    "staff in each other's way, the life of a job": ("integration/bookings/test_staff.py", 5),
    "e-mails": ("acceptance/test_mails.py", 5),
    "days that are no usual ones": ("unit/domain/bookings/test_hours.py", 6),
    "by chance": ("integration/bookings/test_booking_machine.py", 1),
    "in a browser, at the size of a phone": ("acceptance/test_demo_page.py", 1),
}

_ID = re.compile(r"(?<![a-z0-9])(?:([bhcrk])[-_]?(\d\d)|([xie])(\d\d?))(?![a-z0-9])", re.IGNORECASE)


def ids_in(text: str) -> set[str]:
    """The ids that a text names."""
    return {
        f"{capability}-{number}".upper() if capability else f"{letter}{clause}".upper()
        for capability, number, letter, clause in _ID.findall(text)
    }


def words_of_tests(source: str) -> Iterator[str]:
    """Names and docstrings of the test functions of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{node.name} {ast.get_docstring(node) or ''}"


@cache
def named_ids() -> set[str]:
    """All ids that the tests of the project name."""
    modules = (PROJECT / "tests").rglob("test_*.py")
    texts = [
        words for path in modules for words in words_of_tests(path.read_text(encoding="utf-8"))
    ]
    workflow_tests = (PROJECT / "workflows" / "tests").glob("*.yaml")
    texts += [path.read_text(encoding="utf-8") for path in workflow_tests]
    return set().union(*map(ids_in, texts))


def test_every_capability_of_the_trade_is_named_by_a_test():
    assert sorted(CAPABILITIES - named_ids()) == []


def test_every_trap_of_the_first_designs_is_named_by_a_test():
    assert sorted(TRAPS - named_ids()) == []


def test_every_guarantee_of_taking_requests_in_is_named_by_a_test():
    assert sorted(INGEST - named_ids()) == []


def test_every_guarantee_of_execution_is_named_by_a_test():
    assert sorted(EXECUTION - named_ids()) == []


def test_each_row_about_time_is_among_those_that_are_played_with_a_false_clock():
    named = " ".join(name for path in time_rows.FILES for name in names_of_tests(PROJECT / path))

    missing = [
        row for row in time_rows.ROWS if not any(each in named for each in time_rows.spelled(row))
    ]
    assert missing == []


def names_of_tests(path: Path) -> list[str]:
    """What pytest calls the tests of a file, as far as the file says it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return re.findall(r"^  - name: (.+)$", text, re.MULTILINE)
    tree = ast.parse(text)
    return [each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]


def test_an_id_is_found_however_it_is_written_and_only_as_a_whole():
    found = {"H-07", "X06", "H-24", "I7", "I2", "E12"}
    assert ids_in("test_H_07_X06_a_booking, H-24; I7 and E12; test_i2_a_server") == found
    assert ids_in("sha256 HI7 E123 I14b H7") == set()


@pytest.mark.parametrize("kind", SUITES)
def test_K_26_the_public_booking_has_a_suite_of_each_kind(kind):
    module, least = SUITES[kind]

    tests = list(words_of_tests((PROJECT / "tests" / module).read_text("utf-8")))

    assert len(tests) >= least

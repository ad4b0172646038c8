"""What commands write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.cli import console


def test_text_of_strangers_cannot_steer_the_terminal():
    assert console.printable("a\x1b[2Jb\x9bc\nd ü") == "a\\x1b[2Jb\\x9bc\nd ü"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0352, "35 ms"), (2.44, "2.4 s"), (119, "119.0 s"), (600, "10 min"), (9000, "2.5 h")],
)
def test_a_duration_is_said_in_the_unit_that_fits(seconds: float, shown: str):
    assert console.duration(timedelta(seconds=seconds)) == shown


def test_an_instant_is_said_with_its_zone():
    assert console.instant(datetime(2025, 10, 20, 14, 0, 0, 5, tzinfo=UTC)) == (
        "2025-10-20 14:00:00Z"
    )
    assert console.instant(None) == "-"


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]):
    console.table(("run", "status", "note"), [("1", "succeeded", ""), ("22222", "x", "y")])

    assert capsys.readouterr().out.splitlines() == [
        "run    status     note",
        "1      succeeded",
        "22222  x          y",
    ]


def test_a_long_value_is_cut_on_one_line():
    assert console.one_line("a  b\nc", widest=5) == "a b c"
    assert console.one_line({"key": "x" * 20}, widest=10) == '{"key":"x…'


def test_json_lines_hold_instants_and_ids_as_text():
    @dataclass(frozen=True)
    class Row:
        id: UUID
        at: datetime

    row = Row(UUID(int=7), datetime(2025, 10, 20, 14, tzinfo=UTC))

    assert json.loads(console.json_line(row)) == {
        "id": str(UUID(int=7)),
        "at": "2025-10-20T14:00:00Z",
    }

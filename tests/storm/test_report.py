"""The page of storms: one row for each storm, an old one replaced, the rest of the page kept."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.storm import report
from tests.storm.facts import Facts, RunFacts
from tests.storm.faults import Applied
from tests.storm.plan import plan
from tests.storm.reconcile import Violation
from tests.storm.report import Result

AT = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


def result(seed: int, *violations: Violation) -> Result:
    made = plan(seed, webhooks=30, faults=2, servers="postgres")
    runs = tuple(
        RunFacts(
            str(place),
            each.id,
            "succeeded",
            created_at=AT + timedelta(minutes=place),
            ended_at=AT + timedelta(minutes=place, seconds=place),
        )
        for place, each in enumerate(made.webhooks[:3])
    )
    third = AT + timedelta(minutes=2)
    applied = [
        Applied(fault, third, third, "done", accepted=20 + 10 * place, of=30, is_done=True)
        for place, fault in enumerate(made.faults)
    ]
    return Result(
        plan=made,
        applied=applied,
        accepted=30,
        requests=40,
        others=Counter({"503": 10}),
        times=[AT, AT + timedelta(seconds=1), third],
        facts=Facts(runs),
        ended=Counter({("web", -9): 1}),
        looks=100,
        blind=1,
        tracebacks=0,
        seconds=50.0,
        settled_after=1.5,
        violations=list(violations),
    )


def test_a_storm_is_one_row_of_the_page_and_a_second_time_the_same_row(tmp_path: Path):
    page = tmp_path / "storms.md"
    page.write_text("# Storms\n\n<!-- storms -->\n<!-- end of storms -->\n\nMore.\n")

    report.write(page, result(2, Violation("lost", "w1")))
    report.write(page, result(10))
    report.write(page, result(2))

    text = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert [row.split("|")[1].strip() for row in rows] == ["2", "10"]
    assert all(row.endswith("| 0 | 0 | 0 | 0 | 0 |") for row in rows)
    assert text.startswith("# Storms\n")
    assert text.endswith("\nMore.\n")


def test_what_is_broken_stands_in_its_row_and_in_the_report(tmp_path: Path):
    page = tmp_path / "storms.md"
    broken = result(2, Violation("lost", "w1"), Violation("stuck", "w2"), Violation("books", "x"))

    report.write(page, broken)

    assert page.read_text().splitlines()[-2].endswith("| 1 | 0 | 0 | 1 | 1 |")
    assert "! lost: w1" in report.told(broken)
    assert "1               stuck runs" in report.told(broken)


def test_runs_near_a_fault_do_not_count_as_runs_in_calm():
    assert report.longest_in_calm(result(2)) == 1.0


def test_faults_after_the_last_acceptance_did_not_fall_amid_traffic():
    assert result(2).amid_traffic == 1

"""What `make bench` tells of its figures: rows, targets, page and plot; and its own project."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from xml.dom.minidom import parseString

import pytest

from bench import against, chart, page, plots, processes, receiver
from bench.earlier import beside_n8n
from bench.figures import Aim, Row, as_json, markdown
from bench.load import Measured
from bench.measuring import ACCEPTED, DRAINED
from bench.requests import Booking, ToolCall, lead
from bench.sides import PROJECT
from hub.bootstrap.project import read_project

ROWS = [
    Row(ACCEPTED, "/s", 400.0, 1000.0, 1, Aim(least=0.8)),
    Row(ACCEPTED, "/s", 900.0, 1000.0, 10, Aim(least=0.8)),
    Row("memory <idle>", "MiB", 149.96, aim=Aim(most=150, of_ratio=False)),
    Row("reference flow", "/s", 12.34),
]


def test_a_ratio_or_a_figure_of_its_own_is_held_to_its_target():
    assert [row.is_met for row in ROWS] == [False, True, True, None]
    assert not Row("p99", "ms", 3.01, 1.0, aim=Aim(most=3)).is_met
    assert as_json(ROWS)[0]["ratio"] == pytest.approx(0.4)


def test_the_table_says_what_is_missed_and_repeats_no_name():
    lines = markdown(ROWS).splitlines()

    assert lines[2:] == [
        f"| {ACCEPTED} | 1 | 1,000 /s | 400 /s | 0.40 | ≥ 0.8 | **no** |",
        "|  | 10 | 1,000 /s | 900 /s | 0.90 | ≥ 0.8 | yes |",
        "| memory <idle> |  |  | 150 MiB |  | ≤ 150 MiB | yes |",
        "| reference flow |  |  | 12.3 /s |  |  |  |",
    ]


def test_figures_of_n8n_stand_beside_those_of_the_same_kind():
    found = beside_n8n([*ROWS, Row(DRAINED, "/s", 590.0, 2000.0)])

    assert [(row.floor, row.ratio, row.is_met) for row in found] == [
        (20, 45, None),
        (55, pytest.approx(900 / 55), None),
        (10, 59, False),
        (38, pytest.approx(590 / 38), True),
    ]


def test_a_page_gets_what_stands_between_its_marks_and_keeps_the_rest(tmp_path: Path):
    written = tmp_path / "page.md"
    written.write_text("before\n<!-- bench -->\nold\n<!-- end of bench -->\nafter\n")

    page.put(written, "bench", r"new \1 text" + "\n\n")

    assert written.read_text() == (
        "before\n<!-- bench -->\nnew \\1 text\n<!-- end of bench -->\nafter\n"
    )
    with pytest.raises(SystemExit, match="growth"):
        page.require(written, "growth")


def test_a_plot_has_a_bar_for_each_figure_and_no_markup_of_others():
    (drawn,) = plots.of_bench(ROWS)
    picture = chart.svg([drawn])
    texts = re.findall(r">([^<]+)</text>", picture)

    assert len(parseString(picture).getElementsByTagName("svg")) == 1  # noqa: S318 - our own
    assert {"1 caller", "10 callers", "floor", "hub", "400", "900", "1,000"} <= set(texts)
    assert "&lt;b&gt;" in chart.svg([chart.Panel("<b>", "", ["x"], [chart.Series("y", [1.0])])])


def test_a_percentile_is_that_of_the_answers_and_what_failed_is_counted():
    measured = Measured(2.0, [0.001 * number for number in range(100)], {202: 97, 503: 3})

    assert measured.rate == 48.5
    assert measured.percentile(0.5) == pytest.approx(50)
    assert measured.percentile(0.99) == pytest.approx(99)
    assert measured.failed == 3


def test_no_two_requests_are_the_same_and_each_names_a_lead_that_holds_a_number():
    plain = [json.loads(Booking("/webhook/booked")(number).body) for number in (0, 0, 3001)]
    tool = json.loads(ToolCall("/webhook/booked-answers")(7).body)["message"]["toolCallList"][0]

    assert [each["lead_id"] for each in plain] == [str(lead(0)), str(lead(0)), str(lead(1))]
    assert len({each["call_id"] for each in plain}) == 3
    assert len({each["appointment_time"] for each in plain}) == 3
    assert tool["function"]["arguments"]["lead_id"] == str(lead(7))


def test_another_program_is_named_with_its_webhook_and_its_processes():
    named = against.program("n8n=http://127.0.0.1:5678/webhook/reference@11,12")

    assert named == against.Program("n8n", 5678, "/webhook/reference", (11, 12))
    assert against.program("hub=http://localhost:8000/webhook/x").pids == ()
    for wrong in (
        "http://127.0.0.1:5678/x",
        "n8n=http://n8n.example:5678/x",
        "n8n=http://127.0.0.1/x",
    ):
        with pytest.raises(ArgumentTypeError):
            against.program(wrong)


def test_a_run_of_another_program_is_over_when_its_post_was_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    port = processes.free_port()
    itself = f"receiver=http://127.0.0.1:{port}/booked"
    few = ["--callers", "5", "--rounds", "1", "--requests", "10", "--receiver-port", str(port)]
    monkeypatch.setattr(sys, "argv", ["against", itself, *few])

    against.main()

    name, callers, answered, p50, _, completed, *_ = capsys.readouterr().out.splitlines()[3].split()
    assert (name, callers) == ("receiver", "5")
    assert float(p50) >= receiver.ANSWERS_AFTER * 1000
    assert float(completed) <= float(answered) <= 5 / receiver.ANSWERS_AFTER


def test_the_project_of_the_benchmark_is_right_and_served():
    project = read_project(PROJECT).project

    assert sorted(project.served) == [
        "booked",
        "booked-answers",
        "calls-out",
        "reference",
        "reference-answers",
    ]
    assert project.broken == ()

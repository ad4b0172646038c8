"""How findings read, for people and for machines."""

from __future__ import annotations

import pytest

from hub.engine.findings import (
    Finding,
    Fix,
    Source,
    did_you_mean,
    in_order,
    only_candidate,
    render_text,
)

SOURCE = Source("workflows/x.yaml", "steps:\n  - lead_id: ${{ payload.leadid }}\n")


def finding(**changes: object) -> Finding:
    start = SOURCE.text.index("leadid }}")
    made = SOURCE.finding(
        203,
        "payload has no field 'leadid'",
        start=start,
        end=start + 6,
        suggestion="did you mean 'lead_id'?",
        source="schemas/x.json",
    )
    return Finding(**{**made.__dict__, **changes})


def test_a_finding_reads_as_one_line():
    assert str(finding()) == (
        "workflows/x.yaml:2:26: error HUB203 payload has no field 'leadid'"
        " — did you mean 'lead_id'? (schemas/x.json)"
    )


def test_the_text_shows_the_line_and_a_caret_below_the_place():
    shown = render_text([finding()], {SOURCE.file: SOURCE.text}).split("\n")

    assert shown[1:] == [
        "      2 |   - lead_id: ${{ payload.leadid }}",
        "        |                          ^^^^^^",
    ]


def test_a_finding_without_its_source_is_one_line():
    assert render_text([finding()], {}) == str(finding())


def test_machines_get_what_there_is():
    assert finding(source=None).as_json() == {
        "code": "HUB203",
        "severity": "error",
        "file": "workflows/x.yaml",
        "line": 2,
        "column": 26,
        "end_column": 32,
        "message": "payload has no field 'leadid'",
        "suggestion": "did you mean 'lead_id'?",
    }


def test_a_place_of_several_lines_ends_with_its_first():
    made = SOURCE.finding(110, "x", start=0, end=len(SOURCE.text))

    assert (made.line, made.column, made.end_column) == (1, 1, 7)


def test_findings_are_sorted_and_told_once():
    late, early = finding(line=9), finding(line=1)

    assert in_order([late, early, late]) == (early, late)


def test_a_warning_does_not_keep_a_file_from_being_loaded():
    assert SOURCE.finding(331, "x", start=0).severity == "warning"
    assert not SOURCE.finding(331, "x", start=0).is_error


def test_the_nearest_name_is_proposed_and_nothing_far_away():
    known = ["lead_id", "appointment_time"]

    assert did_you_mean("leadId", known) == "did you mean 'lead_id'?"
    assert did_you_mean("apointment_time", known) == "did you mean 'appointment_time'?"
    assert did_you_mean("zebra", known) is None
    assert did_you_mean("vapi", ["vapi_secret", "slack"]) == "did you mean 'vapi_secret'?"
    assert did_you_mean("slack", ["slack_of_one_kind", "slack_of_another"]) is None


def test_a_correction_has_its_place_in_the_line():
    found = SOURCE.finding(203, "x", start=SOURCE.text.index("leadid }}"), fix="lead_id")
    wider = SOURCE.finding(302, "x", start=10, fix="x", fixed=(8, 15))

    assert found.fix == Fix(2, 26, 27, "lead_id")
    assert found.as_json()["fix"] == {"line": 2, "column": 26, "end_column": 27, "text": "lead_id"}
    assert (wider.column, wider.fix) == (4, Fix(2, 2, 9, "x"))
    assert "fix" not in SOURCE.finding(203, "x", start=0).as_json()


def test_what_goes_over_several_lines_gets_no_correction():
    assert SOURCE.finding(203, "x", start=0, end=9, fix="y").fix is None


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("leadid", ["lead_id", "lead_ip"], "lead_id"),
        ("nmae", ["name", "phone"], "name"),
        ("seats", ["seat", "seating"], "seat"),
        ("sets", ["seats", "sits"], None),
        ("guest_ide", ["guest_id", "guest_if"], "guest_id"),
        ("appointment", ["appointments_one", "appointments_two"], None),
        ("nothing", ["name"], None),
        ("x", [], None),
    ],
)
def test_a_name_is_certain_when_no_other_could_be_meant(written, known, meant):
    assert only_candidate(written, known) == meant

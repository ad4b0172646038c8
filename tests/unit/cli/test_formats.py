"""Findings in the forms that other programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.formats import FORMATS, as_github, as_json_lines, as_sarif
from hub.engine.finding_codes import CODES
from hub.engine.findings import Finding

HERE = Path()
FIRST = Finding(
    code="HUB203",
    severity="error",
    file="workflows/a b.yaml",
    line=3,
    column=5,
    end_column=9,
    message="payload has no field 'nmae'",
    suggestion="did you mean 'name'?",
    source="schemas/a.json",
)
SECOND = Finding("HUB331", "warning", "workflows/b.yaml", 1, 1, 2, "100 % sure,\nnot: needed")


def test_a_workflow_command_says_where_what_and_how_bad():
    assert as_github([FIRST], HERE) == (
        "::error file=workflows/a b.yaml,line=3,col=5,endColumn=9,title=HUB203::"
        "payload has no field 'nmae' — did you mean 'name'? (schemas/a.json)"
    )


def test_signs_that_end_a_workflow_command_are_escaped():
    told = as_github([Finding("HUB101", "warning", "a,b:c%.yaml", 1, 2, 3, "x%\r\ny:z,")], HERE)

    assert told == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=1,col=2,endColumn=3,title=HUB101::x%25%0D%0Ay:z,"
    )


@pytest.mark.parametrize("form", [as_github, as_sarif])
def test_a_file_is_named_from_where_the_command_runs(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert "flows/mine/workflows/b.yaml" in form([SECOND], tmp_path / "flows" / "mine")


def test_a_log_for_code_scanning_has_its_parts():
    log = json.loads(as_sarif([FIRST, SECOND, FIRST], HERE))

    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == ["HUB203", "HUB331"]
    assert [rule["defaultConfiguration"]["level"] for rule in rules] == ["error", "warning"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [
        each["ruleId"] for each in run["results"]
    ]
    first = run["results"][0]
    assert first["level"] == "error"
    assert first["message"]["text"] == FIRST.text
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {
        "uri": "workflows/a%20b.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}


def test_a_log_without_findings_is_a_whole_log():
    (run,) = json.loads(as_sarif([], HERE))["runs"]

    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_json_lines_have_one_object_a_line():
    first, second = (json.loads(line) for line in as_json_lines([FIRST, SECOND], HERE).splitlines())

    assert (first["code"], first["source"], second["message"]) == (
        "HUB203",
        "schemas/a.json",
        SECOND.message,
    )


def test_every_form_can_be_written_for_every_code():
    found = [
        Finding(f"HUB{code}", "error", "hub.yaml", 1, 1, 2, known.meaning)
        for code, known in CODES.items()
    ]

    for form in FORMATS.values():
        assert "HUB620" in form(found, HERE)

"""Verdicts as JUnit XML, which CI systems read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from hub.engine.findings import Finding
from hub.testing.running import Report
from hub.testing.telling import failure_text
from hub.testing.trying import Verdict

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, files: Mapping[str, str]) -> str:
    """One suite for each file of tests; a file with mistakes is a test that could not run."""
    suites: dict[str, list[str]] = {}
    for verdict in report.verdicts:
        suites.setdefault(verdict.trial.position.file, []).append(_case(verdict, files))
    for finding in report.findings:
        if finding.is_error:
            suites.setdefault(finding.file, []).append(_broken(finding))
    written = [_suite(name, cases) for name, cases in suites.items()]
    head = f"<testsuites name={_attribute('hub test')} time={_attribute(f'{report.seconds:.3f}')}>"
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *written, "</testsuites>\n"])


def _suite(name: str, cases: list[str]) -> str:
    failed = sum("<failure" in each for each in cases)
    broken = sum("<error" in each for each in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="{broken}"'
    return "\n".join([f"  <testsuite name={_attribute(name)} {counts}>", *cases, "  </testsuite>"])


def _case(verdict: Verdict, files: Mapping[str, str]) -> str:
    trial, place = verdict.trial, verdict.trial.position
    head = (
        f"    <testcase classname={_attribute(trial.workflow)} name={_attribute(trial.name)}"
        f' file={_attribute(place.file)} line="{place.line}"'
    )
    if verdict.is_passed:
        return f"{head}/>"
    first = _attribute(str(verdict.problems[0]))
    text = escape(_clean(failure_text(verdict, files)))
    return f"{head}>\n      <failure message={first}>{text}</failure>\n    </testcase>"


def _broken(finding: Finding) -> str:
    head = f"    <testcase classname={_attribute(finding.file)} name={_attribute(finding.code)}"
    return f"{head}>\n      <error message={_attribute(str(finding))}/>\n    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)

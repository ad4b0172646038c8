"""Verdicts for people: what was expected where, what happened, what nobody tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.testing.coverage import Coverage, named
from hub.testing.running import Report
from hub.testing.trying import Problem, Verdict

_MOST_STEPS = 12


def failure_text(verdict: Verdict, files: Mapping[str, str]) -> str:
    """A test that did not pass: each problem with its line of the file, then the timeline."""
    lines = [line for each in verdict.problems for line in _problem(each, files)]
    return "\n".join([*lines, *note_lines(verdict), *timeline_lines(verdict)])


def _problem(problem: Problem, files: Mapping[str, str]) -> Iterator[str]:
    yield str(problem)
    place = problem.position
    lines = files.get(place.file, "").replace("\r\n", "\n").split("\n")
    if 0 < place.line <= len(lines) and lines[place.line - 1]:
        yield f"{place.line:>7} | {lines[place.line - 1]}".rstrip()
        yield f"{'':>7} | {' ' * (place.column - 1)}{'^' * problem.width}"


def note_lines(verdict: Verdict) -> list[str]:
    """What is no mismatch, but may be a mistake of the test."""
    return [f"note: {each}" for each in verdict.notes]


def timeline_lines(verdict: Verdict) -> list[str]:
    """What happened, line by line."""
    if not verdict.timeline:
        return []
    return ["what happened:", *(f"  {line}" for line in verdict.timeline)]


def coverage_lines(coverage: Coverage) -> list[str]:
    """By workflow, the steps that no test reached."""
    return [
        f"  {workflow}: {_some([named(step) for step in steps])}"
        for workflow, steps in coverage.missing.items()
    ]


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_STEPS
    told = ", ".join(names[:_MOST_STEPS])
    return f"{told} and {more} more" if more > 0 else told


def summary(report: Report) -> str:
    """`70 passed, 2 failed, 95 % of 310 steps reached, in 0.3 s`."""
    failed = len(report.failed)
    parts = [f"{len(report.verdicts) - failed} passed"]
    if failed:
        parts.append(f"{failed} failed")
    mistakes = sum(each.is_error for each in report.findings)
    if mistakes:
        parts.append("1 mistake" if mistakes == 1 else f"{mistakes} mistakes")
    covered = report.coverage
    if covered.total:  # no test could be read otherwise
        parts.append(f"{int(covered.percent)} % of {covered.total} steps reached")
    return f"{', '.join(parts)}, in {report.seconds:.1f} s"

"""`hub test`: try the workflows, without a network and without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.engine.findings import render_text
from hub.errors import NotPossible
from hub.testing.coverage import named
from hub.testing.junit import junit
from hub.testing.running import Report, run
from hub.testing.telling import (
    coverage_lines,
    failure_text,
    note_lines,
    summary,
    timeline_lines,
)
from hub.testing.trying import Verdict


@example(
    "hub test",
    "hub test slot-checkout --timeline",
    "hub test workflows/tests/slot-checkout.yaml -k taken",
    "hub test --coverage 100 --junit report.xml",
)
@click.command()
@click.argument("names", nargs=-1)
@click.option("-k", "text", default="", help="Only tests with this text in their name.")
@click.option(
    "--coverage",
    "least",
    type=click.IntRange(0, 100),
    help="Fail when the tests reach less than so many percent of the steps.",
)
@click.option(
    "--junit",
    "junit_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also write the results as JUnit XML.",
)
@click.option("--timeline", is_flag=True, help="Tell what happened in tests that passed, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a test.")
@pass_environment
def test(
    environment: Environment,
    *,
    names: tuple[str, ...],
    text: str,
    least: int | None,
    junit_file: Path | None,
    timeline: bool,
    as_json: bool,
) -> None:
    """Run the tests in workflows/tests.

    NAMES are workflows, files or folders. Nothing outside is reached: actions give what the test
    says, else their example, and the clock is a false one. Exits with 1 when a test fails, with 2
    when there is no such test.
    """
    loaded = environment.loaded
    try:
        report = run(
            loaded.project, [_name(loaded.folder, each) for each in names], text, environment.stated
        )
    except NotPossible as unknown:
        raise click.UsageError(str(unknown)) from unknown
    if junit_file is not None:
        junit_file.write_text(junit(report, loaded.files), "utf-8")
    if as_json:
        _say_as_json(report)
    else:
        _say(report, loaded.files, timeline=timeline)
        if not text:
            _say_coverage(report)
        say(f"\n{summary(report)}", bold=True)
    is_covered = least is None or report.coverage.percent >= least
    if not is_covered and not as_json:
        say(f"the tests reach less than {least} % of the steps", colour="red")
    if not (report.is_passed and is_covered):
        raise click.exceptions.Exit(1)


def _name(folder: Path, given: str) -> str:
    """A path as the project has it; other names as they are."""
    path = Path(given)
    if path.exists() and path.resolve().is_relative_to(folder.resolve()):
        return path.resolve().relative_to(folder.resolve()).as_posix()
    return given


def _say(report: Report, files: Mapping[str, str], *, timeline: bool) -> None:
    if report.findings:
        say(render_text(report.findings, files))
        say()
    for workflow, verdicts in _by_workflow(report.verdicts).items():
        failed = sum(not each.is_passed for each in verdicts)
        passed = len(verdicts) - failed
        told = f"{passed} passed" + (f", {failed} failed" if failed else "")
        say(f"{workflow}: {told}", colour="red" if failed else "green")
        for verdict in verdicts:
            _say_one(verdict, files, timeline=timeline)


def _say_coverage(report: Report) -> None:
    missing = coverage_lines(report.coverage)
    if missing:
        say("\nSteps that no test reached:")
        for line in missing:
            say(line)


def _say_one(verdict: Verdict, files: Mapping[str, str], *, timeline: bool) -> None:
    if not verdict.is_passed:
        say(f"\nFAILED {verdict.trial.id}", colour="red", bold=True)
        say(failure_text(verdict, files) + "\n")
        return
    lines = [*note_lines(verdict), *(timeline_lines(verdict) if timeline else [])]
    if lines:
        say(f"  {verdict.trial.name}")
        for line in lines:
            say(f"    {line}", dim=True)


def _by_workflow(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.trial.workflow, []).append(verdict)
    return found


def _say_as_json(report: Report) -> None:
    """One object a test, one a mistake in a file, and last what no test reached."""
    for finding in report.findings:
        say_json(finding.as_json())
    for verdict in report.verdicts:
        place = verdict.trial.position
        say_json(
            {
                "workflow": verdict.trial.workflow,
                "name": verdict.trial.name,
                "file": place.file,
                "line": place.line,
                "passed": verdict.is_passed,
                "problems": [
                    {
                        "file": each.position.file,
                        "line": each.position.line,
                        "column": each.position.column,
                        "message": each.message,
                    }
                    for each in verdict.problems
                ],
                "notes": verdict.notes,
                "timeline": verdict.timeline,
            }
        )
    covered = report.coverage
    say_json(
        {
            "coverage": round(covered.percent, 1),
            "steps": covered.total,
            "not_reached": {
                workflow: [named(step) for step in steps]
                for workflow, steps in covered.missing.items()
            },
        }
    )

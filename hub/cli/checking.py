"""`hub check`: everything that is wrong with the files, with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hub.cli.console import complain, say
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, without_value
from hub.cli.formats import FORMATS
from hub.cli.older_runs import tell_older_runs
from hub.engine.findings import Finding, Source, render_text
from hub.engine.settings import PROJECT_FILE
from hub.testing import check_trials


@example(
    "hub check",
    "hub check workflows/appointment-outcome.yaml",
    "hub check --format json | jq .message",
    "hub check --strict --format sarif > hub.sarif",
    "hub check --running",
)
@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="text with the line and a caret, one JSON object a line, or a form for code hosts.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Warnings count as mistakes.")
@click.option("--env", "with_env", is_flag=True, help="Also name secrets without a value here.")
@click.option(
    "--running",
    "with_runs",
    is_flag=True,
    help="Also list the runs that still wait in older versions; needs the database.",
)
@pass_environment
def check(
    environment: Environment,
    *,
    paths: tuple[Path, ...],
    form: str,
    as_json: bool,
    strict: bool,
    with_env: bool,
    with_runs: bool,
) -> None:
    """Find the mistakes in hub.yaml, the workflows, their schemas and their tests.

    A note names a workflow that is right and not served, because nobody implemented an action of
    its yet. PATHS limit what is shown to these files and folders; all files are read all the same.
    Needs no database but with --running. Exits with 1 when there is a mistake (with --strict: or a
    warning); a note is none.
    """
    loaded = environment.loaded
    project = loaded.project
    found: Sequence[Finding] = [*project.findings, *project.notes, *check_trials(project)]
    if with_env:
        found = [*found, *_secrets_without_value(environment)]
    shown = [each for each in found if _is_asked_for(loaded.folder, each.file, paths)]
    form = "json" if as_json else form
    if with_runs and form not in {"text", "json"}:
        raise click.UsageError(f"--running cannot be told in the format {form}")
    if form == "text":
        if shown:
            say(render_text(shown, loaded.files))
            say()
        say(_summary(len(loaded.project.workflows) + len(loaded.project.broken), shown))
    elif shown or form == "sarif":
        say(FORMATS[form](shown, loaded.folder))
    if with_runs:
        tell_older_runs(environment, as_json=form == "json")
    if any(each.is_error or (strict and not each.is_note) for each in shown):
        raise click.exceptions.Exit(1)


def _is_asked_for(folder: Path, file: str, paths: Sequence[Path]) -> bool:
    place = (folder / file).resolve()
    return not paths or any(place.is_relative_to(path.resolve()) for path in paths)


def _summary(workflows: int, shown: Sequence[Finding]) -> str:
    errors = sum(each.is_error for each in shown)
    notes = sum(each.is_note for each in shown)
    warnings = len(shown) - errors - notes
    told = [_count(errors, "mistake")] if errors else ["no mistakes"]
    if warnings:
        told.append(_count(warnings, "warning"))
    if notes:
        told.append(_count(notes, "note"))
    return f"{_count(workflows, 'workflow')}, {', '.join(told)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _secrets_without_value(environment: Environment) -> list[Finding]:
    """HUB504: names of hub.yaml that this environment gives no value."""
    loaded = environment.loaded
    source = Source(PROJECT_FILE, loaded.files[PROJECT_FILE])
    names = loaded.project.settings.secrets
    missing = without_value(names, environment.settings)
    if missing:
        complain(f"hub: {len(missing)} of {len(names)} secrets have no value here")
    return [
        source.finding(
            504,
            f"the secret {name} has no value in this environment",
            start=max(source.text.find(name), 0),
            end=max(source.text.find(name), 0) + len(name),
            suggestion=f"set {name}",
        )
        for name in missing
    ]

"""`hub check`: everything that is wrong with the files, with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.bootstrap.checked import CheckedProject
from hub.cli.console import complain, say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, without_value
from hub.cli.formats import FORMATS
from hub.engine.findings import Finding, Source, render_text
from hub.engine.settings import PROJECT_FILE

if TYPE_CHECKING:
    from hub.bootstrap import LoadedProject
    from hub.editing import Mending
    from hub.engine.project import Project


@example(
    "hub check",
    "hub check workflows/appointment-outcome.yaml",
    "hub check --format json | jq .message",
    "hub check --fix",
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
@click.option("--fix", is_flag=True, help="Mend what has one correction, and tell what it was.")
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
    fix: bool,
    with_env: bool,
    with_runs: bool,
) -> None:
    """Find the mistakes in hub.yaml, the workflows, their schemas and their tests.

    A note names a workflow that is right and not served, because nobody implemented an action of
    its yet. PATHS limit what is shown and mended to these files and folders; all files are read all
    the same. Needs no database but with --running. Exits with 1 when there is a mistake (with
    --strict: or a warning); a note is none.
    """
    form = "json" if as_json else form
    if with_runs and form not in {"text", "json"}:
        raise click.UsageError(f"--running cannot be told in the format {form}")
    checked = _mended(environment.loaded, paths, form=form) if fix else environment.checked
    found = checked.findings
    if with_env:
        found = (*found, *_secrets_that_fail(checked, environment))
    shown = [each for each in found if _is_asked_for(checked.folder, each.file, paths)]
    _tell(checked, shown, form=form)
    if with_runs:
        _tell_runs(environment, form=form)
    if any(each.is_error or (strict and not each.is_note) for each in shown):
        raise click.exceptions.Exit(1)


def _tell(checked: CheckedProject, shown: Sequence[Finding], *, form: str) -> None:
    if form == "text":
        if shown:
            say(render_text(shown, checked.files))
            say()
        say(_summary(checked.workflows, shown))
    elif shown or form == "sarif":
        say(FORMATS[form](shown, checked.folder))


def _tell_runs(environment: Environment, *, form: str) -> None:
    from hub.cli.older_runs import tell_older_runs  # noqa: PLC0415 - needs the database's library

    tell_older_runs(environment, as_json=form == "json")


def _findings(project: Project) -> list[Finding]:
    """Of a project that was read as a whole."""
    from hub.testing import check_trials  # noqa: PLC0415 - `hub check` alone reads what changed

    return [*project.findings, *project.notes, *check_trials(project)]


def _mended(loaded: LoadedProject, paths: Sequence[Path], *, form: str) -> CheckedProject:
    """Write the corrections into the files and tell them, file by file."""
    from hub.bootstrap import compile_project  # noqa: PLC0415 - as above
    from hub.bootstrap.replacing import replace_text  # noqa: PLC0415 - as above
    from hub.editing import mend  # noqa: PLC0415 - as above

    mended = mend(
        loaded.files,
        lambda files: _findings(compile_project(files)),
        asked=lambda file: _is_asked_for(loaded.folder, file, paths),
    )
    for file in sorted({each.finding.file for each in mended.mendings}):
        replace_text(loaded.folder / file, before=loaded.files[file], after=mended.files[file])
        _tell_mended(file, mended.of(file), form=form)
    project = compile_project(mended.files)
    return CheckedProject(
        loaded.folder,
        tuple(_findings(project)),
        len(project.workflows) + len(project.broken),
        project.settings.secrets,
        mended.files,
    )


def _tell_mended(file: str, mendings: Sequence[Mending], *, form: str) -> None:
    """For people and in JSON; the other forms tell what is left, and nothing else."""
    if form == "json":
        for each in mendings:
            say_json({**each.finding.as_json(), "fixed": True})
    if form != "text":
        return
    say(f"{file}: {_count(len(mendings), 'correction')}")
    for each in mendings:
        place = f"{each.finding.line}:{each.finding.column}"
        say(f"  {place} {each.finding.code} {each.written} → {each.meant}")
    say()


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


def _secrets_that_fail(checked: CheckedProject, environment: Environment) -> list[Finding]:
    """HUB504: names of hub.yaml that this environment gives no value, or one that cannot work."""
    from hub.bootstrap.secret_forms import unusable  # noqa: PLC0415 - as below
    from hub.engine.compile import secret_places  # noqa: PLC0415 - not for the other checks

    source = Source(PROJECT_FILE, checked.files[PROJECT_FILE])
    names = checked.secrets
    missing = without_value(names, environment.settings)
    if missing:
        complain(f"hub: {len(missing)} of {len(names)} secrets have no value here")
    places = secret_places(source.text)
    told = {name: f"the secret {name} has no value in this environment" for name in missing}
    told |= unusable(environment.loaded.project.settings, environment.settings.environment)
    return [
        source.finding(
            504, said, start=places[name][0], end=places[name][1], suggestion=f"set {name}"
        )
        for name, said in told.items()
        if name in places
    ]

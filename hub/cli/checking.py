"""`hub check`: everything that is wrong with the files, with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from hub.bootstrap import LoadedProject, compile_project
from hub.cli.console import complain, say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, without_value
from hub.cli.replacing import replace_text
from hub.editing import Mending, mend
from hub.engine.findings import Finding, Source, render_text
from hub.engine.settings import PROJECT_FILE


@example(
    "hub check",
    "hub check workflows/appointment-outcome.yaml",
    "hub check --format json | jq .message",
    "hub check --fix",
)
@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text with the line and a caret, or one JSON object a line.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Warnings count as mistakes.")
@click.option("--fix", is_flag=True, help="Mend what has one correction, and tell what it was.")
@click.option("--env", "with_env", is_flag=True, help="Also name secrets without a value here.")
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
) -> None:
    """Find the mistakes in hub.yaml, the workflows and their schemas.

    PATHS limit what is shown and mended to these files and folders; all files are read all the
    same. Needs no database. Exits with 1 when there is a mistake.
    """
    loaded, as_json = environment.loaded, as_json or form == "json"
    if fix:
        loaded = _mended(loaded, paths, as_json=as_json)
    found: Sequence[Finding] = loaded.project.findings
    if with_env:
        found = [*found, *_secrets_without_value(environment)]
    shown = [each for each in found if _is_asked_for(loaded.folder, each.file, paths)]
    if as_json:
        for each in shown:
            say_json(each.as_json())
    else:
        if shown:
            say(render_text(shown, loaded.files))
            say()
        say(_summary(len(loaded.project.workflows) + len(loaded.project.broken), shown))
    if any(each.is_error or strict for each in shown):
        raise click.exceptions.Exit(1)


def _mended(loaded: LoadedProject, paths: Sequence[Path], *, as_json: bool) -> LoadedProject:
    """Write the corrections into the files and tell them, file by file."""
    mended = mend(
        loaded.files,
        lambda files: compile_project(files).findings,
        asked=lambda file: _is_asked_for(loaded.folder, file, paths),
    )
    for file in sorted({each.finding.file for each in mended.mendings}):
        replace_text(loaded.folder / file, before=loaded.files[file], after=mended.files[file])
        _tell(file, mended.of(file), as_json=as_json)
    return replace(loaded, project=compile_project(mended.files), files=mended.files)


def _tell(file: str, mendings: Sequence[Mending], *, as_json: bool) -> None:
    if as_json:
        for each in mendings:
            say_json({**each.finding.as_json(), "fixed": True})
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
    warnings = len(shown) - errors
    told = [_count(errors, "mistake")] if errors else ["no mistakes"]
    if warnings:
        told.append(_count(warnings, "warning"))
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

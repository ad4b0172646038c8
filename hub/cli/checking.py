"""`hub check`: everything that is wrong with the files, with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hub.cli.console import complain, say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, without_value
from hub.engine.findings import Finding, Source, render_text
from hub.engine.settings import PROJECT_FILE


@example(
    "hub check",
    "hub check workflows/appointment-outcome.yaml",
    "hub check --format json | jq .message",
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
@click.option("--env", "with_env", is_flag=True, help="Also name secrets without a value here.")
@pass_environment
def check(
    environment: Environment,
    *,
    paths: tuple[Path, ...],
    form: str,
    as_json: bool,
    strict: bool,
    with_env: bool,
) -> None:
    """Find the mistakes in hub.yaml, the workflows and their schemas.

    PATHS limit what is shown to these files and folders; all files are checked all the same. What
    was found is remembered in .hub/ (HUB_STATE_DIR), so that the next time only what changed is
    read. Needs no database. Exits with 1 when there is a mistake.
    """
    checked = environment.checked
    found: Sequence[Finding] = checked.findings
    if with_env:
        found = [*found, *_secrets_without_value(environment)]
    shown = [each for each in found if _is_asked_for(checked.folder, each.file, paths)]
    if as_json or form == "json":
        for each in shown:
            say_json(each.as_json())
    else:
        if shown:
            say(render_text(shown, checked.files))
            say()
        say(_summary(checked.workflows, shown))
    if any(each.is_error or strict for each in shown):
        raise click.exceptions.Exit(1)


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

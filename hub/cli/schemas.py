"""`hub schema`: the JSON Schemas by which editors complete, explain and check the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import click

from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.project import DIALECT_FACTS, LoadedProject
from hub.cli.console import say
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.engine.editors import DOCUMENTS, Subject, document, names_of


@example("hub schema workflow > workflow.schema.json", "hub schema --write")
@click.command()
@click.argument("subject", required=False, type=click.Choice(list(DOCUMENTS)))
@click.option("--write", "writes", is_flag=True, help="Into the project, where editors find them.")
@pass_environment
def schema(environment: Environment, *, subject: str | None, writes: bool) -> None:
    """Make the JSON Schema that editors read: of workflows, of their tests, of hub.yaml.

    It holds the names of this project: actions with their inputs, workflows, presets, events.
    Write them again when there are new ones. Without SUBJECT all three are written.
    """
    loaded = environment.loaded
    if writes:
        for each in [subject] if subject else DOCUMENTS:
            _write(loaded, cast("Subject", each))
    elif subject:
        click.echo(schema_text(loaded, cast("Subject", subject)), nl=False)
    else:
        raise click.UsageError(f"name one of {', '.join(DOCUMENTS)}, or add --write")


def schema_text(loaded: LoadedProject, subject: Subject) -> str:
    """The file for one kind of files, as it is written into a project."""
    names = names_of(loaded.project, dialects=DIALECT_FACTS, auth_types=all_auth_types())
    return json.dumps(document(subject, names), ensure_ascii=False, indent=1) + "\n"


def _write(loaded: LoadedProject, subject: Subject) -> None:
    path = DOCUMENTS[subject].path
    file, text = loaded.folder / path, schema_text(loaded, subject)
    if _is(file, text):
        say(f"{path} is up to date")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    say(f"{path} is written")


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text

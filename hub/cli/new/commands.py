"""`hub new`: the first files of a workflow; `hub init`: those of a project."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from hub.bootstrap.new_files import refuse_mistakes, refuse_present, write_all
from hub.bootstrap.project import LoadedProject, ProjectReader
from hub.cli.console import say
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.cli.new import asking
from hub.cli.schemas import schema_text
from hub.editing.beginning.copying import copies_of, kind_of, source_of
from hub.editing.beginning.drafts import (
    KINDS,
    PUBLIC,
    WITH_CALLER,
    Draft,
    Wanted,
    check_name,
    check_title,
    drafts_of,
    event_of,
    preset_of,
    project_drafts,
    title_of,
    workflow_path,
)
from hub.engine.editors import DOCUMENTS
from hub.engine.settings import PROJECT_FILE
from hub.engine.workflow import Workflow
from hub.errors import NotPossible


@example(
    "hub new callback-request",
    "hub new book-appointment --kind tool --auth vapi",
    "hub new order-paid --kind event --event order.paid",
    "hub new callback-request-test --from callback-request",
)
@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), help="What starts it.  [default: endpoint]")
@click.option("--title", help="What it does, in a few words, for people.")
@click.option("--auth", "preset", metavar="PRESET", help="How callers prove themselves (hub.yaml).")
@click.option("--event", metavar="EVENT", help="The event that starts it, such as order.paid.")
@click.option("--from", "source", metavar="WORKFLOW", help="Begin with a copy of this one.")
@pass_environment
def new(
    environment: Environment,
    *,
    name: str,
    kind: str | None,
    title: str | None,
    preset: str | None,
    event: str | None,
    source: str | None,
) -> None:
    """Write the first files of a workflow: itself, the schema of what comes in, its tests.

    They work as they are and say what each line is for. Nothing is written over. What is not said
    here is asked where somebody sits at the terminal, and else what is usual is taken.
    """
    check_name(name)
    _refuse_together(kind=kind, preset=preset, event=event, source=source)
    loaded = environment.loaded
    refuse_present(loaded.folder, [Draft(workflow_path(name), "")])
    if source is None:
        wanted = _wanted(loaded, name, kind=kind, title=title, preset=preset, event=event)
        drafts, kind = drafts_of(wanted), wanted.kind
        told = f"callers prove themselves as the preset {wanted.preset!r} of hub.yaml says"
        notes = [told] if kind in WITH_CALLER and wanted.preset != PUBLIC else []
    else:
        found = source_of(source, loaded.project.workflows, loaded.project.broken)
        drafts, kind, notes = _copied(loaded, name, found, title), kind_of(found), []
    refuse_mistakes(loaded, drafts, ProjectReader(loaded.folder))
    for path in write_all(loaded.folder, drafts):
        say(f"wrote {path}", colour="green")
    for note in notes:
        say(note)
    _say_next([_from_here(environment.stated.project, *each) for each in _next_for(name, kind)])


def _from_here(project: Path, command: str, what: str) -> tuple[str, str]:
    """The command as it works from where the person is."""
    if Path.cwd().resolve() == project.resolve():
        return command, what
    return command.replace("hub", f"hub --project {shlex.quote(str(project))}", 1), what


def _refuse_together(
    *, kind: str | None, preset: str | None, event: str | None, source: str | None
) -> None:
    """Options that say nothing beside each other are a usage error."""
    if source is not None and (kind or preset or event):
        raise click.UsageError("--from copies what starts the workflow: leave the others out")
    if preset is not None and kind not in (None, *WITH_CALLER):
        raise click.UsageError(f"--auth is for callers: a workflow of kind {kind} has none")
    if event is not None and kind != "event":
        raise click.UsageError("--event goes with --kind event")


def _wanted(
    loaded: LoadedProject,
    name: str,
    *,
    kind: str | None,
    title: str | None,
    preset: str | None,
    event: str | None,
) -> Wanted:
    """What is written, asked or usual. Raises `NotPossible` for what cannot be."""
    presets = {each.name: each.type for each in loaded.project.settings.auth.values()}
    is_asking = asking.is_somebody_there()
    if kind is None:
        kind = asking.ask_kind() if is_asking and preset is None else "endpoint"
    if title is None:
        title = asking.ask_title(title_of(name)) if is_asking else title_of(name)
    check_title(title)
    chosen = PUBLIC
    if kind in WITH_CALLER:
        chosen = preset_of(kind, preset, presets)
        if is_asking and preset is None:
            chosen = asking.ask_preset([*presets, PUBLIC], chosen)
    return Wanted(name, kind, title, chosen, event_of(name, event) if kind == "event" else "")


def _copied(loaded: LoadedProject, name: str, source: Workflow, title: str | None) -> list[Draft]:
    title = title_of(name) if title is None else title
    check_title(title)
    base_path = loaded.project.settings.base_path
    return copies_of(source, name, title, loaded.files, base_path=base_path)


def _next_for(name: str, kind: str) -> list[tuple[str, str]]:
    """Command and what it is for."""
    last = {
        "tool": (f"hub tool vapi {name}", "what to enter at Vapi"),
        "callable": (f"hub run {name} --input name=Ada", "start it by hand, while `hub dev` runs"),
        "schedule": (f"hub run {name}", "start it by hand, while `hub dev` runs"),
    }.get(kind, ("hub dev", "run everything on this machine"))
    return [
        (f"hub check {workflow_path(name)}", "what is wrong with it"),
        (f"hub test {name}", "run its tests"),
        last,
    ]


@example("hub init my-team", "hub init .")
@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Begin a project in DIR: hub.yaml, folders for workflows and schemas, a page to read.

    It runs as it is: go there, write a workflow with `hub new`, start `hub dev`. Nothing is written
    over.
    """
    drafts = project_drafts()
    drafts += _for_editors(folder, drafts)
    if (folder / PROJECT_FILE).exists():
        raise NotPossible(f"{folder} is a project already: it holds a {PROJECT_FILE}")
    missing = [each for each in drafts if not (folder / each.path).exists()]
    for path in write_all(folder, missing):
        say(f"wrote {folder / path}", colour="green")
    for name in ("workflows/tests", "schemas/events"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for draft in drafts:
        if draft not in missing:
            say(f"kept {folder / draft.path}, which was there already")
    first = [] if Path.cwd().resolve() == folder.resolve() else [(f"cd {folder}", "go there")]
    _say_next([*first, ("hub new my-first", "write a workflow"), ("hub dev", "run everything")])


def _for_editors(folder: Path, drafts: Sequence[Draft]) -> list[Draft]:
    """The schemas by which editors complete and check the files of this project."""
    files = {each.path: each.text for each in drafts}
    loaded = ProjectReader(folder).load(files)
    return [Draft(each.path, schema_text(loaded, each.subject)) for each in DOCUMENTS.values()]


def _say_next(steps: Sequence[tuple[str, str]]) -> None:
    """The next commands to type."""
    widest = max(len(command) for command, _ in steps)
    say("\nNext:")
    for command, what in steps:
        say(f"  {command.ljust(widest)}   {what}")

"""`hub tool`, `hub openapi`, `hub actions`: what there is, for programs and for authors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from hub.action import Action
from hub.bootstrap.actions import all_actions
from hub.cli.console import say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.engine.findings import did_you_mean
from hub.errors import NotPossible
from hub.ingest import openapi as documents

DECLARED_ONLY = "declared only"


@click.group()
def tool() -> None:
    """Definitions for vendors, made from the workflows."""


@example("hub tool vapi vapi-appointment-booked > tool.json")
@tool.command()
@click.argument("workflow")
@pass_environment
def vapi(environment: Environment, *, workflow: str) -> None:
    """Print the function tool to create at Vapi for WORKFLOW: name, parameters, URL."""
    found = environment.loaded.project.workflows.get(workflow)
    if found is None:
        raise NotPossible(f"there is no usable workflow {workflow}: see `hub check`")
    _say_document(documents.vapi_tool(found, environment.settings.public_url))


@example("hub openapi > openapi.json")
@click.command()
@pass_environment
def openapi(environment: Environment) -> None:
    """Print the OpenAPI 3.1 document of all endpoints."""
    project = environment.loaded.project
    _say_document(documents.openapi(project, environment.settings.public_url))


def _say_document(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


@example("hub actions", "hub actions appointments.book", "hub actions --json")
@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def actions(*, name: str | None, as_json: bool) -> None:
    """List what a step can `do:`, or tell one action: inputs, output, errors, an example."""
    known = all_actions()
    if name is not None and name not in known:
        meant = did_you_mean(name, known)
        raise NotPossible(f"there is no action {name}" + (f": {meant}" if meant else ""))
    chosen = [known[name]] if name is not None else list(known.values())
    if as_json:
        for each in chosen:
            say_json({"name": each.name, **each.declaration()})
    elif name is None:
        _list(chosen)
    else:
        _tell(chosen[0])


def _list(actions: Sequence[Action]) -> None:
    state = {True: "", False: DECLARED_ONLY}
    rows = [(each.name, each.effect, state[each.is_implemented], each.summary) for each in actions]
    table(("action", "effect", "", "summary"), rows)


def _tell(action: Action) -> None:
    say(action.name, bold=True)
    say(f"  {action.summary}.")
    if not action.is_implemented:
        say("  declared only: nobody implemented it yet; workflows that use it are not served")
    reach = "reaches out of the hub" if action.outward else "works on the hub's own data"
    say(f"  effect {action.effect}: {reach}; an attempt takes {_seconds(action)} at most")
    if action.errors:
        say(f"  errors {', '.join(action.errors)}")
    for title, schema in (("with", action.input_schema), ("gives", action.output_schema)):
        rows = field_rows(schema)
        if rows:
            say()
            table((title, "type", "", "note"), rows, indent="  ")
    say()
    say(f"  example {json.dumps(action.example, ensure_ascii=False)}")


def _seconds(action: Action) -> str:
    return f"{action.timeout.total_seconds():g} s"


def field_rows(schema: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """One row for each field of an object: name, type, whether it is needed, default."""
    required = set(schema.get("required", ()))
    rows = []
    for name, field in schema.get("properties", {}).items():
        note = f"default {json.dumps(field['default'])}" if "default" in field else ""
        is_needed = "required" if name in required else ""
        rows.append((name, kind_of(field), is_needed, note))
    return rows


def kind_of(schema: Mapping[str, Any]) -> str:
    """The type of a field in a few words: `date-time`, `list of object`, `showed | no_show`."""
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(kind_of(each) for each in schema["anyOf"])
    kind = schema.get("format") or schema.get("type", "anything")
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return kind if isinstance(kind, str) else " or ".join(kind)

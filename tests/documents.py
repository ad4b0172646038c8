"""The parts of docs/ that are made from the code: `python -m tests.documents` writes them anew.

A made part stands between `<!-- made: name -->` and `<!-- end -->`; the rest is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hub.action import Action
from hub.bootstrap.actions import all_actions, all_connectors
from hub.cli import main
from hub.cli.describing import field_rows
from hub.config import VARIABLES
from hub.connectors.connections import ConnectionType
from hub.ingest.signatures import AUTH_TYPES, AuthType
from hub.metrics.catalogue import CATALOGUE
from tests import callers, guarantees, reference

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_MADE = re.compile(r"<!-- made: ([a-z-]+) -->\n(?:(?!<!-- ).)*<!-- end -->", re.DOTALL)
_WIDTH = 100
_DECLARED_ONLY = "**Declared only**: it has no implementation yet, and what uses it is not served."


def pages() -> Iterator[tuple[Path, str]]:
    """Each page with a made part, as it should be."""
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text("utf-8")
        if _MADE.search(text):
            yield path, _MADE.sub(lambda found: _made(found[1]), text)


def _made(name: str) -> str:
    return f"<!-- made: {name} -->\n{PARTS[name]()}\n<!-- end -->"


# ------------------------------------------------------------------------------------- the parts


def variables() -> str:
    rows = [
        (f"`{each.name}`", each.meaning, f"`{each.default}`" if each.default else "")
        for each in VARIABLES
    ]
    return _table(("Variable", "Meaning", "Default"), rows)


def metrics() -> str:
    """Every metric, by whom it is counted or asked."""
    parts = []
    for source, told in _SOURCES.items():
        rows = [
            (
                f"`{each.name}`",
                each.kind,
                ", ".join(f"`{label}`" for label in each.labels),
                each.meaning,
            )
            for each in CATALOGUE.values()
            if each.source == source
        ]
        parts.append(f"{told}\n\n{_table(('Metric', 'Kind', 'Labels', 'Meaning'), rows)}")
    return "\n\n".join(parts)


_SOURCES = {
    "processes": "**Counted by web and worker**, and added up over all processes of a machine:",
    "database": "**Asked of the database** for each page, within a second for each question:",
    "here": "**Asked of the process** that answers:",
}


def auth_types() -> str:
    """Each type of a preset, and how long a captured request is proved by it."""
    rows = [
        (f"`{name}`", each.proof, _options(each.options), _lasts(each))
        for name, each in AUTH_TYPES.items()
    ]
    return _table(("`type`", "What proves the caller", "Options", "A captured signature"), rows)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`{_default(value)}" for name, value in options.items())


def _default(value: Any) -> str:
    if value is None:
        return " (required)"
    return f" (`{json.dumps(value)}`)" if value != "" else ""


def _lasts(kind: AuthType) -> str:
    if kind.lasting_when is None:
        return ""
    when = " and ".join(
        f"`{name}: {json.dumps(value)}`" for name, value in kind.lasting_when.items()
    )
    return f"is right for ever{' with ' if when else ''}{when}"


def connection_types() -> str:
    return "\n\n".join(_connection_type(each.kind) for each in all_connectors().values())


def _connection_type(kind: ConnectionType) -> str:
    rows = [(f"`{kind.base_url.name}`", kind.base_url.meaning, _needed(kind.base_url.required))]
    for place, fields in (("credentials", kind.credentials), ("options", kind.options)):
        rows += [(f"`{place}.{one.name}`", one.meaning, _needed(one.required)) for one in fields]
    used_by = ", ".join(f"`{name}`" for name in kind.actions)
    head = f"**`type: {kind.name}`**: {kind.title}; for {used_by}"
    return f"{head}\n\n{_table(('Key', 'Meaning', ''), rows)}"


def commands() -> str:
    return "\n\n".join(
        f"## {' '.join(words)}\n\n```text\n{_help(words, command)}\n```"
        for words, command in every_command()
    )


def every_command() -> Iterator[tuple[list[str], click.Command]]:
    """`hub`, then every command and subcommand in the order of their names."""
    yield ["hub"], main
    yield from _below(["hub"], main)


def _below(words: list[str], group: click.Group) -> Iterator[tuple[list[str], click.Command]]:
    for name, command in sorted(group.commands.items()):
        yield [*words, name], command
        if isinstance(command, click.Group):
            yield from _below([*words, name], command)


def _help(words: Sequence[str], command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=" ".join(words),
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    return command.get_help(context)


def actions() -> str:
    return "\n\n".join(_action(each) for each in all_actions().values())


def _action(action: Action) -> str:
    reach = "reaches out of the hub" if action.outward else "works on the hub's own data"
    declared = [] if action.is_implemented else [_DECLARED_ONLY]
    longest = f"{action.timeout.total_seconds():g} s an attempt"
    facts = [*declared, f"Effect `{action.effect}`, {reach}; {longest}."]
    if action.errors:
        facts.append(f"Errors: {_codes(action.errors)}.")
    if action.secret_inputs:
        facts.append(f"Takes secrets in {_codes(action.secret_inputs)}.")
    if action.destination_inputs:
        named = [f"`{name}` ({kind})" for name, kind in action.destination_inputs.items()]
        facts.append(f"Mode `test` looks at {', '.join(named)}.")
    parts = [f"## {action.name}", f"{action.summary}.", " ".join(facts)]
    for title, schema in (("`with`", action.input_schema), ("Gives", action.output_schema)):
        if schema.get("properties"):
            parts.append(_fields(title, schema))
    parts.append(f"Example: `{json.dumps(action.example, ensure_ascii=False)}`")
    return "\n\n".join(parts)


def _fields(title: str, schema: Mapping[str, Any]) -> str:
    rows = [
        (f"`{name}`", kind.replace("|", "\\|"), needed, note)
        for name, kind, needed, note in field_rows(schema)
    ]
    return _table((title, "Type", "", ""), rows)


# ---------------------------------------------------------------------------------------- Markdown


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(headings), _row(["---"] * len(headings)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def table_of_callers() -> str:
    return _table(callers.HEADINGS, callers.rows())


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _needed(is_required: bool) -> str:  # noqa: FBT001
    return "required" if is_required else ""


PARTS: Mapping[str, Callable[[], str]] = {
    "actions": actions,
    "auth-types": auth_types,
    "callers": table_of_callers,
    "commands": commands,
    "connection-types": connection_types,
    "metrics": metrics,
    "variables": variables,
    **guarantees.PARTS,
    **reference.PARTS,
}

if __name__ == "__main__":
    for page, content in pages():
        page.write_text(content, "utf-8")

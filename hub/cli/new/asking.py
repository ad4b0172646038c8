"""What is asked where somebody sits at the terminal and has not said it on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from hub.editing.beginning.drafts import WHAT_STARTS_IT


def is_somebody_there() -> bool:
    """Whether questions can be answered: never in a script or a pipe."""
    return sys.stdin.isatty()


def ask_kind() -> str:
    """What starts the workflow."""
    click.echo("What starts it?")
    for kind, what in WHAT_STARTS_IT.items():
        click.echo(f"  {kind:<9} {what}")
    return _ask("Kind", default="endpoint", type=click.Choice(list(WHAT_STARTS_IT)))


def ask_title(first: str) -> str:
    """The title, for people."""
    return _ask("Title", default=first)


def ask_preset(presets: Iterable[str], first: str) -> str:
    """How the caller proves himself."""
    known = click.Choice(list(presets))
    return _ask("How callers prove themselves (auth)", default=first, type=known)


def _ask(question: str, **more: Any) -> str:
    return str(click.prompt(question, **more))

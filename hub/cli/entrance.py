"""The group of all commands: what goes wrong becomes one clear line on stderr and an exit code.

1: the hub says no, or found something wrong. 2: the command was not understood. Never a traceback,
unless HUB_LOG_LEVEL is debug.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, TypeVar

import click

from hub.cli.console import complain
from hub.cli.environment import Environment
from hub.errors import HubError

Command = TypeVar("Command", bound=click.Command)
EXAMPLE = "Example"
pass_environment = click.make_pass_decorator(Environment)


class Commands(MutableMapping[str, click.Command]):
    """The commands by name, each `module:attribute` of this package; imported when it is wanted.

    A person waits for `hub check`, which needs little of what the others need.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = getattr(import_module(f"{__package__}.{module}"), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._places[name] = ""
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Entrance(click.Group):
    """The outermost group."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises is told to a person."""
        try:
            result = super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _write_no_more()
            raise click.exceptions.Exit(0) from None
        except HubError as refused:
            complain(f"hub: {refused}")
        except Exception as fault:  # noqa: BLE001 - nobody above would tell a person
            if _is_of_the_database(fault):
                complain(f"hub: the database cannot be used: {_first_line(fault)}")
            else:
                _confess(ctx, fault)
        else:
            return result
        raise click.exceptions.Exit(1)


def _write_no_more() -> None:
    """Nobody reads on (`hub runs | head`): what is still buffered must not fail at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _is_of_the_database(fault: Exception) -> bool:
    """Asked without loading what only commands with a database need."""
    errors = sys.modules.get("sqlalchemy.exc")
    return errors is not None and isinstance(fault, (errors.DBAPIError, errors.TimeoutError))


def _first_line(problem: Exception) -> str:
    lines = str(getattr(problem, "orig", None) or problem).strip().splitlines()
    return lines[0][:300] if lines else type(problem).__name__


def _confess(ctx: click.Context, fault: Exception) -> None:
    where = traceback.extract_tb(fault.__traceback__)[-1]
    complain(
        f"hub: a fault of the hub: {type(fault).__name__} in {where.name}, line {where.lineno}"
    )
    if _is_debugging(ctx):
        traceback.print_exception(fault, file=sys.stderr)
    else:
        complain("hub: HUB_LOG_LEVEL=debug shows the details")


def _is_debugging(ctx: click.Context) -> bool:
    environment = ctx.find_object(Environment)
    try:
        return environment is not None and environment.stated.log_level == "debug"
    except HubError:
        return False


def example(*lines: str) -> Callable[[Command], Command]:
    """Examples at the end of a command's help, as they are typed."""

    def attach(command: Command) -> Command:
        shown = "\n".join(f"  {line}" for line in lines)
        command.epilog = f"\b\n{EXAMPLE}:\n{shown}"
        return command

    return attach

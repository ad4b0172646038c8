"""The group of all commands: what goes wrong becomes one clear line on stderr and an exit code.

1: the hub says no, or found something wrong. 2: the command was not understood. Never a traceback,
unless HUB_LOG_LEVEL is debug.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.cli.console import complain
from hub.cli.environment import Environment
from hub.errors import HubError

Command = TypeVar("Command", bound=click.Command)
EXAMPLE = "Example"
pass_environment = click.make_pass_decorator(Environment)


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
        except (DBAPIError, PoolTimeout) as problem:
            complain(f"hub: the database cannot be used: {_first_line(problem)}")
        except Exception as fault:  # noqa: BLE001 - nobody above would tell a person
            _confess(ctx, fault)
        else:
            return result
        raise click.exceptions.Exit(1)


def _write_no_more() -> None:
    """Nobody reads on (`hub runs | head`): what is still buffered must not fail at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


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

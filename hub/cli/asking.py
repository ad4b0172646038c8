"""`hub holds`: the monitors of the phone numbers."""

from __future__ import annotations

import click

from hub.cli.console import instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.domain import monitor
from hub.domain.monitor import HoldLine, OverdueLine
from hub.storage.db import DatabaseClock


@example(
    "hub holds",
    "hub holds --json | jq -r .number",
    "hub holds --overdue || echo 'the sweep does not keep up'",
)
@click.command()
@click.option(
    "--overdue", is_flag=True, help="Only holds that are over and not released; exit 1 if any."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def holds(environment: Environment, *, overdue: bool, as_json: bool) -> None:
    """Who holds which phone number, until when, and why; by the time of the appointment.

    --overdue is empty right after a sweep, and exits with 1 when it is not, so that it can alert.
    """
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        clock = DatabaseClock(connection)
        lines: list[HoldLine] | list[OverdueLine] = (
            monitor.overdue_holds(connection, clock)
            if overdue
            else monitor.holds(connection, clock)
        )
    if as_json:
        for line in lines:
            say_json(line)
    elif lines:
        say_holds(lines)
    else:
        say("no hold is overdue" if overdue else "no number is held")
    if overdue and lines:
        raise click.exceptions.Exit(1)


def say_holds(lines: list[HoldLine] | list[OverdueLine], *, indent: str = "") -> None:
    """The monitor as a table."""
    if isinstance(lines[0], OverdueLine):
        headings: tuple[str, ...] = ("number", "lead", "appointment", "released at", "overdue")
    else:
        headings = ("number", "lead", "e-mail", "appointment", "released at", "hold", "outcome")
    table(headings, map(_cells, lines), indent=indent)


def _cells(line: HoldLine | OverdueLine) -> tuple[str, ...]:
    start = (line.number, line.lead_name or str(line.lead_id))
    times = (instant(line.appointment_at), instant(line.release_at))
    if isinstance(line, OverdueLine):
        return (*start, *times, f"{line.hours_overdue:.1f} hrs")
    return (*start, line.email or "-", *times, line.label, line.last_outcome or "-")

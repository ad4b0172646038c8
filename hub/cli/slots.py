"""`hub slots`: who has which time of which mechanic, the monitor, and how many one serves."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import click

from hub.action import Mode
from hub.cli.console import instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.domain import mechanics, slot_monitor
from hub.domain.slot_monitor import Figures, ReservationLine
from hub.errors import NotPossible, Permanent
from hub.storage.db import DatabaseClock


@example(
    "hub slots",
    "hub slots --json | jq -r .session_id",
    "hub slots monitor || echo 'two have one seat'",
)
@click.group(invoke_without_command=True)
@click.option("--mechanic", type=click.UUID, help="Only this one's time.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
@pass_environment
def slots(
    environment: Environment, context: click.Context, *, mechanic: UUID | None, as_json: bool
) -> None:
    """Who has which time of which mechanic: reserved or confirmed and not over; by the time.

    An overdue reservation keeps nobody out: whoever needs its time takes it.
    """
    if context.invoked_subcommand is not None:
        return
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        clock = DatabaseClock(connection)
        lines = slot_monitor.lines(connection, clock, mechanic_id=mechanic)
    if as_json:
        for line in lines:
            say_json(line)
    elif lines:
        headings = ("begins", "ends", "mechanic", "seat", "status", "until", "session")
        table(headings, map(_cells, lines))
    else:
        say("no time is reserved")


@example("hub slots monitor", "hub slots monitor --days 7 --json | jq .conflicts")
@slots.command("monitor")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400))
@click.option("--timezone", default="UTC", show_default=True, help="For the peak hours.")
@click.option(
    "--mode", default="live", show_default=True, type=click.Choice(["live", "test", "simulate"])
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def monitor(
    environment: Environment, *, days: int, timezone: str, mode: Mode, as_json: bool
) -> None:
    """Figures of the last days; exits with 1 when a conflict is among them."""
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        try:
            figures = slot_monitor.monitor(
                connection,
                DatabaseClock(connection),
                period=timedelta(days=days),
                timezone=timezone,
                mode=mode,
            )
        except Permanent as refused:
            raise click.BadParameter(refused.message, param_hint="--timezone") from refused
    if as_json:
        say_json(figures)
    else:
        table(("figure", "value"), _figures(figures))
    if figures.conflicts:
        raise click.exceptions.Exit(1)


@example("hub slots capacity 66666666-6666-4666-8666-666666666666 3")
@slots.command("capacity")
@click.argument("mechanic", type=click.UUID)
@click.argument("seats", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def capacity(environment: Environment, *, mechanic: UUID, seats: int, as_json: bool) -> None:
    """Say how many a mechanic serves at a time. What is booked already stays."""
    environment.use_logs("error")
    with environment.changing("hub slots capacity") as act:
        try:
            clock = DatabaseClock(act.connection)
            now = mechanics.set_capacity(
                act.connection, clock, mechanic_id=mechanic, capacity=seats
            )
        except Permanent as refused:
            raise NotPossible(refused.message) from refused
        act.note({"mechanic": str(mechanic), "capacity": seats}, after=asdict(now))
    if as_json:
        say_json(now)
    else:
        say(f"the mechanic serves {now.capacity} at a time")


def _cells(line: ReservationLine) -> tuple[str, ...]:
    status = f"{line.status}, mechanic away" if line.is_mechanic_offline else line.status
    return (
        instant(line.starts_at),
        instant(line.ends_at),
        str(line.mechanic_id),
        str(line.seat),
        status,
        instant(line.expires_at),
        str(line.session_id or "-"),
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _figures(found: Figures) -> list[tuple[str, str]]:
    peaks = ", ".join(f"{each.hour:02}:00 ({each.sessions})" for each in found.peak_hours)
    paid = ", ".join(f"{each.amount} {each.currency}" for each in found.revenue)
    sweeps = ", ".join(str(each.expired) for each in found.sweeps)
    return [
        ("conflicts", str(found.conflicts)),
        ("reserved", str(found.reserved)),
        ("confirmed", str(found.confirmed)),
        ("overdue", str(found.overdue)),
        ("expired", str(found.expired)),
        ("expired by the last sweeps", sweeps or "-"),
        ("sessions", str(found.sessions)),
        ("scheduled", f"{found.scheduled} ({_share(found.scheduled_share)})"),
        ("mails that left", f"{found.mails_sent} ({_share(found.mail_delivery_share)})"),
        ("mechanic away", str(found.mechanic_offline)),
        ("no-shows", f"{found.no_shows} ({_share(found.no_show_share)})"),
        ("utilisation", _share(found.utilisation)),
        ("peak hours", peaks or "-"),
        ("revenue, smallest unit", paid or "-"),
    ]

"""`hub mails`: which addresses get no mails, and lifting that (K-19)."""

from __future__ import annotations

from collections.abc import Callable

import click
from sqlalchemy import Connection

from hub.action import Clock
from hub.cli.console import instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.domain import mail_addresses as rules
from hub.errors import NotPossible, Permanent
from hub.storage import mail_addresses
from hub.storage.db import DatabaseClock

_COMMAND = "hub mails"
_HEADINGS = ("address", "why", "since", "told by")

_Change = Callable[[Connection, Clock], rules.Standing]


@click.group()
def mails() -> None:
    """Mail addresses that nothing is sent to."""


@example("hub mails blocked", "hub mails blocked --json | jq -r .address")
@mails.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def blocked(environment: Environment, *, limit: int, as_json: bool) -> None:
    """Addresses that mails came back from or are not wanted at; the latest first."""
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        found = mail_addresses.blocked(connection, most=limit)
    if as_json:
        for each in found:
            say_json(each)
    elif found:
        rows = (
            (each.address, each.reason, instant(each.blocked_at), each.source) for each in found
        )
        table(_HEADINGS, rows)
    else:
        say("no address is blocked")


@example("hub mails allow zoe@example.com")
@mails.command()
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def allow(environment: Environment, *, address: str, as_json: bool) -> None:
    """Send to an address again, until something newer is reported of it."""

    def change(db: Connection, clock: Clock) -> rules.Standing:
        return rules.allow(db, clock, address=address, source=f"{_COMMAND} allow")

    _change(environment, f"{_COMMAND} allow", address, change, as_json=as_json)


@example("hub mails block zoe@example.com")
@mails.command()
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def block(environment: Environment, *, address: str, as_json: bool) -> None:
    """Send nothing more to an address, because somebody asked for it."""

    def change(db: Connection, clock: Clock) -> rules.Standing:
        return rules.block(db, clock, address=address, reason="request", source=f"{_COMMAND} block")

    _change(environment, f"{_COMMAND} block", address, change, as_json=as_json)


def _change(
    environment: Environment, command: str, address: str, change: _Change, *, as_json: bool
) -> None:
    environment.use_logs("error")
    with environment.changing(command) as act:
        try:
            standing = change(act.connection, DatabaseClock(act.connection))
        except Permanent as refused:
            raise NotPossible(refused.message) from refused
        act.note({"address": address}, after=vars(standing))
    if as_json:
        say_json({"address": address, "blocked": standing.blocked})
    else:
        say(f"{address} is {'blocked' if standing.blocked else 'written to again'}")

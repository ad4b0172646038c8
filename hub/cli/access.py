"""`hub people`: who may use the console, and with which role."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import click
from sqlalchemy import Engine

from hub.bootstrap.clock import new_id
from hub.cli.console import instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.people import accounts
from hub.people.roles import ROLES, Role
from hub.storage import api_tokens, console_sessions
from hub.storage import people as people_rows
from hub.storage.db import DatabaseClock

_ROLE = click.Choice(ROLES)


@click.group()
def people() -> None:
    """Who may use the console, and with which role."""


@example("hub people list", "hub people list --json | jq 'select(.role == \"admin\")'")
@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def list_people(environment: Environment, *, as_json: bool) -> None:
    """Tell who may sign in, who is invited, and where they are signed in."""
    environment.use_logs("error")
    with environment.database() as engine:
        told = _told(engine)
    if as_json:
        for each in told:
            say_json(each)
    elif told:
        headings = ("e-mail", "role", "since", "signed in", "sessions")
        table(headings, [tuple(map(_cell, each.values())) for each in told])
    else:
        say("nobody may sign in yet: hub people invite --role admin YOU@EXAMPLE.COM")


def _told(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        now = DatabaseClock(connection).now()
        sessions = console_sessions.count_by_person(connection, now)
        known = people_rows.every_one(connection)
        invited = people_rows.open_invitations(connection, now)
    emails = {each.email for each in known}
    found: list[dict[str, object]] = [
        {
            "email": each.email,
            "role": each.role,
            "since": each.created_at,
            "signed_in_at": each.signed_in_at,
            "sessions": sessions.get(each.id, 0),
        }
        for each in known
    ]
    return found + [
        {
            "email": each.email or "(whoever has the link)",
            "role": each.role,
            "since": "invited",
            "signed_in_at": None,
            "sessions": 0,
        }
        for each in invited
        if each.email not in emails
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return instant(value) if isinstance(value, datetime) else str(value)


@example("hub people invite ada@example.com --role operator", "hub people invite ada@example.com")
@people.command()
@click.argument("email")
@click.option("--role", type=_ROLE, help="What they may do; a known person keeps theirs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def invite(environment: Environment, *, email: str, role: str | None, as_json: bool) -> None:
    """Print a link with which EMAIL chooses a password, once, within a day.

    For somebody who is known it is a new password. Nothing is sent: hand the link on yourself.
    """
    environment.use_logs("error")
    address = accounts.read_email(email)
    wanted = Role(role) if role else None
    with environment.changing("hub people invite") as act:
        now = DatabaseClock(act.connection).now()
        token = accounts.invite(act, email=address, role=wanted, now=now)
    link = link_of(environment, token)
    if as_json:
        say_json({"email": address, "link": link})
    else:
        say(link)


def link_of(environment: Environment, token: str) -> str:
    """Where somebody who was invited goes."""
    return f"{environment.settings.public_url}/admin/join?token={token}"


def first_link(environment: Environment) -> str | None:
    """A link for whoever is the first to use the console; None when somebody can sign in."""
    with environment.database() as engine, engine.connect() as connection:
        if people_rows.is_anybody(connection):
            return None
    with environment.changing("first link to the console") as act:
        now = DatabaseClock(act.connection).now()
        return link_of(environment, accounts.invite(act, email=None, role=Role.ADMIN, now=now))


@example("hub people set-role ada@example.com editor")
@people.command("set-role")
@click.argument("email")
@click.argument("role", type=_ROLE)
@pass_environment
def set_role(environment: Environment, *, email: str, role: str) -> None:
    """Give EMAIL another role. They are signed out everywhere."""
    environment.use_logs("error")
    address = accounts.read_email(email)
    with environment.changing("hub people set-role") as act:
        accounts.set_role(act, email=address, role=Role(role))
    say(f"{address} is {role}")


@example("hub people remove ada@example.com")
@people.command()
@click.argument("email")
@pass_environment
def remove(environment: Environment, *, email: str) -> None:
    """Take EMAIL's access away at once: sessions, tokens and invitations end."""
    environment.use_logs("error")
    address = accounts.read_email(email)
    with environment.changing("hub people remove") as act:
        accounts.remove(act, email=address)
    say(f"{address} has no access any more")


@example("hub people end-sessions ada@example.com")
@people.command("end-sessions")
@click.argument("email")
@pass_environment
def end_sessions(environment: Environment, *, email: str) -> None:
    """Sign EMAIL out everywhere; the password stays."""
    environment.use_logs("error")
    address = accounts.read_email(email)
    with environment.changing("hub people end-sessions") as act:
        ended = accounts.end_sessions(act, email=address)
    say(f"{ended} sessions of {address} ended")


@example("hub people tokens", "hub people tokens --json")
@people.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def tokens(environment: Environment, *, as_json: bool) -> None:
    """Tell the tokens of programs: whose, what they may, until when, when they were used."""
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        found = api_tokens.every_one(connection)
    if as_json:
        for each in found:
            say_json(each)
    elif found:
        headings = ("token", "for", "of", "role", "until", "last used")
        table(headings, map(_token_cells, found))
    else:
        say("no tokens")


def _token_cells(token: api_tokens.ApiToken) -> tuple[str, ...]:
    return (
        str(token.id),
        token.name,
        token.email,
        token.role,
        instant(token.expires_at),
        instant(token.used_at),
    )


@example("hub people make-token ada@example.com --name dashboard --role viewer --days 90")
@people.command("make-token")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=_ROLE, default="viewer", show_default=True, help="At most EMAIL's.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def make_token(
    environment: Environment, *, email: str, name: str, role: str, days: int, as_json: bool
) -> None:
    """Print a token with which a program asks `/admin/api` in the name of EMAIL. Shown once."""
    environment.use_logs("error")
    address, id_ = accounts.read_email(email), new_id()
    with environment.changing("hub people make-token") as act:
        token = accounts.make_token(
            act,
            id_=id_,
            email=address,
            name=name,
            role=Role(role),
            lives_for=timedelta(days=days),
            now=DatabaseClock(act.connection).now(),
        )
    if as_json:
        say_json({"id": id_, "token": token})
    else:
        say(token)


@example("hub people revoke-token 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10")
@people.command("revoke-token")
@click.argument("token_id", metavar="ID", type=click.UUID)
@pass_environment
def revoke_token(environment: Environment, *, token_id: UUID) -> None:
    """Take a token back at once; its id stands in `hub people tokens`."""
    environment.use_logs("error")
    with environment.changing("hub people revoke-token") as act:
        accounts.revoke_token(act, id_=token_id)
    say(f"token {token_id} is worth nothing any more")

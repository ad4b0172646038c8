"""`hub leads` and `hub phones`: the rows an operator needs to begin at all."""

from __future__ import annotations

from uuid import UUID

import click

from hub.action import Attempt
from hub.bootstrap.clock import new_id
from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.domain import leads as lead_rows
from hub.domain import phones as phone_rows
from hub.errors import NotPossible, Permanent
from hub.schemas import compile_schema
from hub.storage.db import DatabaseClock

_EMAIL = {"type": "string", "format": "email"}


@click.group()
def leads() -> None:
    """The people who are called."""


@example(
    "hub leads add --first-name Ada --last-name Byron --phone '+1 202 555 0147'",
    "hub leads add --first-name Ada --last-name Byron --id 5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21",
)
@leads.command("add")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--email")
@click.option("--phone", help="Written in any way that names its country.")
@click.option("--id", "lead_id", type=click.UUID, help="The id it has elsewhere; else a new one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def add_lead(
    environment: Environment,
    *,
    first_name: str,
    last_name: str,
    email: str | None,
    phone: str | None,
    lead_id: UUID | None,
    as_json: bool,
) -> None:
    """Add a lead and print its id. An id that is known already changes nothing."""
    environment.use_logs("error")
    if email is not None and compile_schema(_EMAIL).problems(email):
        raise click.BadParameter(f"{email!r} is not an e-mail address", param_hint="--email")
    made = new_id()
    attempt = Attempt(run_id=made, workflow="hub leads add", key=str(made), mode="live")
    with environment.changing("hub leads add") as act:
        try:
            lead = lead_rows.create(
                act.connection,
                DatabaseClock(act.connection),
                attempt,
                first_name=first_name,
                last_name=last_name,
                email=email,
                phone=phone,
                lead_id=lead_id,
            )
        except Permanent as refused:
            raise NotPossible(refused.message) from refused
        act.note({"lead": str(lead.lead_id)}, after=vars(lead))
    if as_json:
        say_json(lead)
    else:
        say(str(lead.lead_id))


@click.group()
def phones() -> None:
    """The pool of phone numbers."""


@example("hub phones add '+1 202 555 0100' +12025550101")
@phones.command("add")
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def add_phones(environment: Environment, *, numbers: tuple[str, ...], as_json: bool) -> None:
    """Put numbers into the pool. A number that is in it already changes nothing."""
    environment.use_logs("error")
    with environment.changing("hub phones add") as act:
        try:
            clock = DatabaseClock(act.connection)
            added = phone_rows.add_numbers(act.connection, clock, numbers=numbers)
        except Permanent as refused:
            raise NotPossible(refused.message) from refused
        act.note({"numbers": list(numbers), "added": added}, after=list(numbers))
    if as_json:
        say_json({"added": added, "known": len(numbers) - added})
    else:
        say(f"{added} added, {len(numbers) - added} known already")

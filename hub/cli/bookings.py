"""`hub bookings`: the jobs of the tenants, their figures, their set-up and their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy import Connection

from hub.bootstrap.clock import new_id
from hub.cli.console import instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.domain.bookings import demo_data, monitor, set_up, staff
from hub.domain.bookings import figures as figure_rows
from hub.domain.bookings import tenants as tenant_rows
from hub.domain.bookings.figures import Figure, Figures
from hub.domain.bookings.staff import JobLine
from hub.errors import Misconfigured, NotPossible, Permanent
from hub.storage.db import DatabaseClock
from hub.values import caller_key

_TENANT = click.option("--tenant", type=click.UUID, help="The id of one; else all of them.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_STATUSES = click.Choice(list(staff.COLOURS))


@click.group()
def bookings() -> None:
    """Tenants, their services and the jobs that are booked."""


@example("hub bookings list --status scheduled", "hub bookings list --json | jq .client_name")
@bookings.command("list")
@_TENANT
@click.option("--status", type=_STATUSES, help="Only those that are this now.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, staff.MOST_LISTED))
@_JSON
@pass_environment
def list_bookings(
    environment: Environment, *, tenant: UUID | None, status: Any, limit: int, as_json: bool
) -> None:
    """The jobs of each tenant, by their start."""
    _say_jobs(environment, tenant, status=status, limit=limit, as_json=as_json)


@example("hub bookings pending")
@bookings.command()
@_TENANT
@_JSON
@pass_environment
def pending(environment: Environment, *, tenant: UUID | None, as_json: bool) -> None:
    """The jobs that wait for a decision, and until when."""
    limit = staff.MOST_LISTED
    _say_jobs(environment, tenant, status="pending-confirmation", limit=limit, as_json=as_json)


@example("hub bookings stats", "hub bookings stats --days 7 --json")
@bookings.command()
@_TENANT
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660))
@_JSON
@pass_environment
def stats(environment: Environment, *, tenant: UUID | None, days: int, as_json: bool) -> None:
    """The figures of each tenant beside what they should be; exits with 1 when one is missed."""
    with _looking(environment) as db:
        now = DatabaseClock(db).now()
        found = [
            figure_rows.figures(db, tenant_id=each, first=now - timedelta(days=days), last=now)
            for each in _tenants(db, tenant)
        ]
    for each in found:
        _say_figures(each, as_json=as_json)
    if not all(figure.is_met for each in found for figure in each.figures):
        raise click.exceptions.Exit(1)


@example("hub bookings check")
@bookings.command()
@_JSON
@pass_environment
def check(environment: Environment, *, as_json: bool) -> None:
    """Look for double bookings and other faults in the rows; exits with 1 when there are any."""
    with _looking(environment) as db:
        faults = monitor.faults(db)
    for fault in faults:
        if as_json:
            say_json({"fault": fault})
        else:
            say(fault, colour="red")
    if faults:
        raise click.exceptions.Exit(1)
    if not as_json:
        say("no fault was found")


@example("hub bookings set-up acme.json")
@bookings.command("set-up")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
@pass_environment
def set_up_tenant(environment: Environment, *, file: Path, as_json: bool) -> None:
    """Store a tenant with its resources, services, hours and policies, as a JSON file says.

    Done again it changes what the file says now; what the file does not name stays as it is.
    """
    environment.use_logs("error")
    try:
        wanted = set_up.read_set_up(json.loads(file.read_text("utf-8")))
    except ValueError as wrong:
        raise NotPossible(f"{file} is not JSON: {wrong}") from wrong
    except Permanent as wrong:
        raise NotPossible(f"{file}: {wrong.message}") from wrong
    with environment.changing("hub bookings set-up") as act, _refusals():
        set_up.put_set_up(act.connection, wanted)
        services = [str(each.id) for each in wanted.services]
        act.note({"tenant": str(wanted.tenant.id)}, after={"services": services})
    told = {"tenant": str(wanted.tenant.id), "services": services}
    if as_json:
        say_json(told)
    else:
        say(f"{wanted.tenant.name} has {len(services)} services of this file")


@example("hub bookings demo-data", "hub bookings demo-data --origin http://127.0.0.1:8000")
@bookings.command("demo-data")
@click.option("--origin", "origins", multiple=True, help="Of a page that may book; may repeat.")
@_JSON
@pass_environment
def load_demo_data(environment: Environment, *, origins: tuple[str, ...], as_json: bool) -> None:
    """Two tenants in two zones, with a service of each policy; done again it changes nothing."""
    environment.use_logs("error")
    with environment.changing("hub bookings demo-data") as act:
        loaded = demo_data.load(act.connection, DatabaseClock(act.connection), origins=origins)
        act.note({"tenants": [str(each) for each in loaded.tenants]}, after=vars(loaded))
    if as_json:
        say_json(loaded)
    else:
        say(f"{len(loaded.tenants)} tenants, {len(loaded.services)} services")


@bookings.group()
def keys() -> None:
    """Keys of those who speak for a tenant: its staff and its programs."""


@example("hub bookings keys add --tenant b00c0000-0000-4000-8000-000000000001 --label 'front desk'")
@keys.command("add")
@click.option("--tenant", required=True, type=click.UUID, help="Who it speaks for.")
@click.option("--label", required=True, help="Who has it, for people.")
@_JSON
@pass_environment
def add_key(environment: Environment, *, tenant: UUID, label: str, as_json: bool) -> None:
    """Make a key and print it. It is nowhere else: what is lost is made anew."""
    environment.use_logs("error")
    key_id = f"key-{new_id().hex}"
    key = caller_key(key_id, _secret(environment).encode())
    with environment.changing("hub bookings keys add") as act, _refusals():
        tenant_rows.add_key(act.connection, key_id=key_id, tenant_id=tenant, label=label)
        act.note({"key": key_id, "tenant": str(tenant)}, after=label)
    if as_json:
        say_json({"id": key_id, "key": key})
    else:
        say(key)


@example("hub bookings keys list")
@keys.command("list")
@_JSON
@pass_environment
def list_keys(environment: Environment, *, as_json: bool) -> None:
    """The ids of the keys, whose they are, and which were revoked."""
    with _looking(environment) as db:
        lines = tenant_rows.keys(db)
    if as_json:
        for line in lines:
            say_json(line)
    elif lines:
        cells = [
            (each.id, str(each.tenant_id), each.label, instant(each.created_at),
             instant(each.revoked_at))
            for each in lines
        ]  # fmt: skip
        table(("id", "tenant", "label", "made", "revoked"), cells)
    else:
        say("there are no keys")


@example("hub bookings keys revoke key-0190f3c2a6c17d1e8f5a0c9b7e2d4f61")
@keys.command("revoke")
@click.argument("key_id", metavar="ID")
@_JSON
@pass_environment
def revoke_key(environment: Environment, *, key_id: str, as_json: bool) -> None:
    """Let a key speak for nobody any more."""
    environment.use_logs("error")
    with environment.changing("hub bookings keys revoke") as act, _refusals():
        clock = DatabaseClock(act.connection)
        revoked = tenant_rows.revoke_key(act.connection, clock, key_id=key_id.partition(".")[0])
        act.note({"key": key_id.partition(".")[0]}, after={"revoked": revoked})
    if as_json:
        say_json({"revoked": revoked})
    else:
        say("revoked" if revoked else "it was revoked before")


@contextmanager
def _looking(environment: Environment) -> Iterator[Connection]:
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        yield connection


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Permanent as refused:
        raise NotPossible(refused.message) from refused


def _tenants(db: Connection, one: UUID | None) -> list[UUID]:
    known = tenant_rows.all_tenants(db)
    if one is not None and one not in known:
        raise NotPossible(f"there is no tenant {one}")
    return known if one is None else [one]


def _secret(environment: Environment) -> str:
    presets = environment.loaded.project.settings.auth.values()
    names = [each.secrets[0] for each in presets if each.type == "caller_key" and each.secrets]
    if not names:
        raise Misconfigured("hub.yaml has no entry under `auth` of the type caller_key")
    try:
        return environment.secrets.reveal(names[0])
    except Permanent as missing:
        raise Misconfigured(missing.message) from missing


def _say_jobs(
    environment: Environment, tenant: UUID | None, *, status: Any, limit: int, as_json: bool
) -> None:
    with _looking(environment) as db:
        lines = [
            line
            for each in _tenants(db, tenant)
            for line in staff.list_jobs(db, tenant_id=each, status=status, limit=limit).jobs
        ]
    if as_json:
        for line in lines:
            say_json(line)
    elif lines:
        table(("start", "service", "client", "status", "decide by", "id"), map(_cells, lines))
    else:
        say("there are no such bookings")


def _cells(line: JobLine) -> tuple[str, ...]:
    label = "No-show" if line.is_no_show else line.label
    return (
        instant(line.start), line.service_name, line.client_name, label, instant(line.decide_by),
        str(line.id),
    )  # fmt: skip


def _say_figures(found: Figures, *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    say(str(found.tenant_id), bold=True)
    table(("figure", "value", "wanted", ""), map(_figure_cells, found.figures), indent="  ")


def _figure_cells(figure: Figure) -> tuple[str, ...]:
    value = "-" if figure.value is None else f"{figure.value:g} {figure.unit}".strip()
    wanted = "" if figure.target is None else f"{figure.wanted} {figure.target:g}"
    return figure.name, value, wanted, "ok" if figure.is_met else "missed"

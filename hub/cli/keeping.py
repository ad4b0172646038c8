"""`hub audit` and `hub retention`: what was done by hand, and how long things are kept."""

from __future__ import annotations

from dataclasses import asdict

import click

from hub.cli.console import instant, one_line, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.errors import NotPossible
from hub.storage import audit as audit_rows
from hub.storage import people
from hub.storage import retention as old_rows
from hub.storage.audit import AuditRow
from hub.storage.retention import Busy, Gone, Place
from hub.values.durations import format_duration
from hub.worker.retention import remove_all


@example("hub audit", "hub audit --json --limit 1000 | jq 'select(.action == \"hub cancel\")'")
@click.command()
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def audit(environment: Environment, *, limit: int, as_json: bool) -> None:
    """Tell what was done by hand, the newest first: who, where, what.

    `hub doctor` follows the chain of the rows and names each that was changed or taken out.
    """
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        rows = audit_rows.newest(connection, limit=limit)
    if as_json:
        for row in rows:
            say_json(_as_json(row))
    elif rows:
        table(("no", "at", "who", "where", "did", "what"), map(_cells, rows))
    else:
        say("nothing was done by hand")


def _cells(row: AuditRow) -> tuple[str, ...]:
    return (
        str(row.id), instant(row.at), row.who, row.origin, row.action, one_line(dict(row.what)),
    )  # fmt: skip


def _as_json(row: AuditRow) -> dict[str, object]:
    return {
        **asdict(row),
        "before_digest": row.before_digest.hex() if row.before_digest else None,
        "after_digest": row.after_digest.hex() if row.after_digest else None,
        "digest": row.digest.hex(),
    }


@example("hub retention", "hub retention --json")
@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
@pass_environment
def retention(environment: Environment, context: click.Context, *, as_json: bool) -> None:
    """How long things are kept, and what is older; removes nothing.

    The periods stand in hub.yaml under `retention`. A worker removes what is older once an hour.
    """
    if context.invoked_subcommand is not None:
        return
    environment.use_logs("error")
    periods = environment.loaded.project.settings.retention
    with environment.database() as engine:
        beginning = Place.beginning(engine, periods.runs)
        with engine.connect() as connection:
            told = old_rows.forecast(connection, before=beginning.at)
            told += Gone(audit=audit_rows.count_old(connection, periods.audit))
            told += Gone(invitations=people.count_expired_invitations(connection))
    if as_json:
        kept = {"runs": periods.runs.total_seconds(), "audit": periods.audit.total_seconds()}
        say_json({"kept_seconds": kept, "older_than": beginning.at, "would_go": asdict(told)})
        return
    say(f"ended runs are kept for {format_duration(periods.runs)}; of those before")
    say(f"{instant(beginning.at)} would go: {_counted(told)}")
    say(f"rows of the audit are kept for {format_duration(periods.audit)}; older: {told.audit}")


@example("hub retention apply", "hub retention apply --json")
@retention.command("apply")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def apply_retention(environment: Environment, *, as_json: bool) -> None:
    """Remove what is older than its period now, without waiting for a worker.

    May be stopped at any time: what is gone by then is gone, the rest stays for the next time.
    """
    environment.use_logs("error")
    periods = environment.loaded.project.settings.retention
    gone = Gone()
    # One act, many transactions: its row is committed before the first of them, so that nothing
    # goes without one, however early it is stopped. It tells the periods, which say what went.
    with environment.changing("hub retention apply") as act:
        kept = {name: format_duration(each) for name, each in vars(periods).items()}
        act.note({"kept": kept})
    try:
        with environment.database(may_write=True) as engine:
            for each in remove_all(engine, periods, environment.actor):
                gone += each
    except Busy:
        raise NotPossible("a worker removes what is old right now: look again later") from None
    if as_json:
        say_json({"gone": asdict(gone)})
    else:
        say(f"{_counted(gone)}, {gone.events} events and {gone.audit} rows of the audit went")


def _counted(gone: Gone) -> str:
    return f"{gone.runs} runs, {gone.deliveries} requests, {gone.versions} versions of files"

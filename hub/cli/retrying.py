"""`hub retry` and `hub cancel`: what an operator does to a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from uuid import UUID

import click

from hub.bootstrap.repeating import ask_to_cancel, plan_repetition, retry_run
from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.errors import NotPossible
from hub.queue import Doorbell


@example(
    "hub retry 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10",
    "hub retry 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10 --from announce --yes",
)
@click.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@click.option(
    "--from",
    "start_at",
    metavar="STEP",
    help="Begin at this step (its id, or its path in `hub runs show`) instead of the failed one.",
)
@click.option("--yes", is_flag=True, help="Repeat effects without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def retry(
    environment: Environment, *, run_id: UUID, start_at: str | None, yes: bool, as_json: bool
) -> None:
    """Run again what RUN did not get done, as a new run with the same version of the workflow.

    Results before the failed step are taken over; a run that succeeded begins at its first step,
    one that was undone at the first step that was.
    Asks before anything is sent a second time.
    """
    environment.use_logs("error")
    with environment.hub() as hub:
        with hub.database.connect() as connection:
            wanted = plan_repetition(connection, run_id, start_at, hub.actions)
        if not yes:
            _ask(wanted.doubts)
        plan = wanted.plan
        new_id = retry_run(hub, wanted.facts, plan, environment.actor)
    if as_json:
        say_json({"id": new_id, "retry_of": run_id, "taken_over": list(plan.kept)})
    else:
        say(str(new_id))


def _ask(doubts: Sequence[str]) -> None:
    if not doubts:
        return
    listed = "".join(f"\n  {doubt}" for doubt in doubts)
    if not sys.stdin.isatty():
        raise NotPossible(f"this would be done again; say --yes if it shall be:{listed}")
    click.confirm(f"This would be done again:{listed}\nGo on?", abort=True, err=True)


@example("hub cancel 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10")
@click.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def cancel(environment: Environment, *, run_id: UUID, as_json: bool) -> None:
    """End RUN before its time.

    What it did is undone as its steps say (`compensate`), then its `on_cancel` runs.
    """
    environment.use_logs("error")
    with environment.changing("hub cancel") as act:
        status = ask_to_cancel(act, run_id)
    if environment.settings.redis_url:
        Doorbell(environment.settings.redis_url).ring(run_id)
    if as_json:
        say_json({"id": run_id, "status": status, "cancel_requested": True})
    elif status == "running":
        say(f"run {run_id} ends before its next step; the step in hand is finished first")
    else:
        say(f"run {run_id} was {status} and ends as soon as a worker sees it")

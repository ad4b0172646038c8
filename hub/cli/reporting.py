"""`hub report`: figures over what is stored, for those who answer for it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from hub.cli.console import say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.storage.answer_times import AnswerTimes, answer_times
from hub.values import parse_duration


def _period(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


@click.group()
def report() -> None:
    """Figures over what is stored."""


@example("hub report answers", "hub report answers --since 1d --json | jq -r .p95")
@report.command()
@click.option(
    "--since", default="7d", show_default=True, callback=_period, help="How far to look back."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def answers(environment: Environment, *, since: timedelta, as_json: bool) -> None:
    """How long callers waited for an answer, by dialect and workflow.

    Half of them, 95 and 99 of a hundred waited no longer than p50, p95 and p99; `otherwise` is the
    share that was told the fallback at the deadline. Only callers that wait for a run
    (`respond: within`) are in it.
    """
    environment.use_logs("error")
    with environment.database() as engine, engine.connect() as connection:
        lines = answer_times(connection, since=since)
    if as_json:
        for line in lines:
            say_json({**asdict(line), "fallback_share": line.fallback_share})
    elif lines:
        headings = ("dialect", "workflow", "callers", "p50", "p95", "p99", "otherwise", "failed")
        table(headings, map(_cells, lines))
    else:
        say("nobody waited for an answer")


def _cells(line: AnswerTimes) -> tuple[str, ...]:
    times = (f"{seconds:.2f} s" for seconds in (line.p50, line.p95, line.p99))
    shares = (line.fallback_share, line.failures / line.callers)
    return (
        line.dialect,
        line.workflow,
        str(line.callers),
        *times,
        *(f"{share:.1%}" for share in shares),
    )

"""`hub web`, `hub worker` and `hub dev`: the processes."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace

import click

from hub.browser.program import find_program
from hub.cli.console import say
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, environment_of
from hub.cli.ports import await_free_port, require_free_port
from hub.config import Settings
from hub.errors import Misconfigured


@example("hub web", "PORT=80 HUB_WEB_PROCESSES=4 hub web")
@click.command()
@pass_environment
def web(environment: Environment) -> None:
    """Take webhooks in. Ends in good order on SIGTERM.

    Listens on HUB_HOST and HUB_PORT (or PORT). Needs HUB_DATABASE_URL, HUB_REDIS_URL and
    HUB_ENCRYPTION_KEY; runs nothing itself: that is the worker's.
    """
    environment.use_logs("error")
    settings = environment.startable()
    await_free_port(settings)
    # gunicorn's workers must patch for greenlets before they import the hub.
    _become("hub.web.server", settings)


def _become(module: str, settings: Settings) -> None:
    """Go on as a fresh process that has loaded nothing of the commands."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", module]
    os.execve(sys.executable, command, environment_of(settings))  # noqa: S606 - our own module


@example("hub worker", "HUB_WORKER_RUNS=20 hub worker", "hub worker --metrics-port 9464")
@click.command()
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Answer /metrics on this port; as HUB_METRICS_PORT.",
)
@pass_environment
def worker(environment: Environment, *, metrics_port: int | None) -> None:
    """Work on runs, fire timers and schedules, sweep. Ends in good order on SIGTERM.

    Any number of workers may run, on any number of machines; each works on HUB_WORKER_RUNS runs at
    once.
    """
    environment.use_logs("error")
    settings = environment.startable()
    if metrics_port is not None:
        said = {"HUB_METRICS_PORT": str(metrics_port)}
        settings = replace(settings, environment={**settings.environment, **said})
    _become("hub.worker", settings)


@example("hub browser-worker", "HUB_BROWSER_SEATS=10 hub browser-worker")
@click.command("browser-worker")
@pass_environment
def browser_worker(environment: Environment) -> None:
    """Fill in booking pages for booking sessions, in a Chromium without a window.

    Needs the extra `browser` (pip install 'webhook-hub[browser]') and a Chromium on this machine
    (HUB_BROWSER_PROGRAM). Any number may run; together they have HUB_BROWSER_SEATS browsers. On
    SIGTERM sessions in hand get 20 s to end by themselves; then they end as an error.
    """
    environment.use_logs("error")
    settings = environment.startable()
    find_program(settings.browser_program)
    _become("hub.browser", settings)


def _children(settings: Settings) -> tuple[str, ...]:
    """The processes of `hub dev`: a browser worker too, where a page may be opened (B-18)."""
    from hub.cli.household import CHILDREN  # noqa: PLC0415 - web and worker need nothing of it

    if not settings.environment.get("SESSION_ORIGINS"):
        return CHILDREN
    try:
        find_program(settings.browser_program)
    except Misconfigured as missing:
        say(f"booking sessions wait, no browser worker is started: {missing}")
        return CHILDREN
    return (*CHILDREN, "browser-worker")


def _tell_of_console(environment: Environment) -> None:
    """Where the pages for people are; for the first of them a link."""
    from hub.cli.access import first_link  # noqa: PLC0415 - web and worker need nothing of it

    link = first_link(environment)
    if link is None:
        say(f"console: {environment.settings.public_url}/admin")
    else:
        say(f"console, once, to choose the first admin: {link}")


@example("hub dev", "HUB_PORT=8080 hub dev", "hub dev --servers")
@click.command()
@click.option(
    "--servers",
    "only_servers",
    is_flag=True,
    help="Database and Redis only: look at the rows before web and worker begin.",
)
@pass_environment
def dev(environment: Environment, *, only_servers: bool) -> None:
    """Everything on this machine with one command: database, Redis, web and worker.

    Starts its own PostgreSQL and Redis unless HUB_DATABASE_URL and HUB_REDIS_URL name others,
    brings the tables up to date and makes up a value for every secret that has none. Its state
    lies in .hub/ (HUB_STATE_DIR); other commands find it there. Starts a web, a worker or a
    server of its own that dies again; a browser worker too, where SESSION_ORIGINS names pages and
    a Chromium is there. Ctrl-C ends it.
    """
    from hub.cli.demo.page import client_page  # noqa: PLC0415 - never in `hub web`
    from hub.cli.household import (  # noqa: PLC0415 - web and worker have no servers to start
        Household,
        prepared,
    )

    environment.use_logs("warning")
    if not only_servers:
        require_free_port(environment.stated)
    say("starting …", dim=True)
    with ExitStack() as at_end:
        ready = at_end.enter_context(prepared(environment))
        page = (
            None if only_servers else at_end.enter_context(client_page(environment, ready.settings))
        )
        settings = ready.settings if page is None else page.settings
        children = () if only_servers else _children(settings)
        household = at_end.enter_context(
            Household(settings, revive=ready.revive, children=children)
        )
        if only_servers:
            say("database and Redis answer; no web and no worker", bold=True)
        else:
            household.wait_for_port()
            say(f"listening on http://{settings.host}:{settings.port}", bold=True)
            _tell_of_console(Environment.of(settings))
        if page is not None and not household.is_stopping:
            at_end.enter_context(page.serving())
            say(f"click through the flows: {page.url}")
        if ready.made:
            say(f"secrets of this machine: {ready.secrets_file}")
        say("in another shell: hub runs, hub holds, hub doctor; Ctrl-C ends this one")
        code = household.wait()
        say("draining …", dim=True)
    raise click.exceptions.Exit(code)

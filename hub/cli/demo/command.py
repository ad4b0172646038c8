"""`hub demo`: start everything, play the scenes, show what happened, keep serving."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from time import monotonic

import click
from sqlalchemy import Engine

from hub.bootstrap.clock import SystemClock, new_id
from hub.cli.console import say, table
from hub.cli.demo.caller import Caller
from hub.cli.demo.page import ClientPage, client_page
from hub.cli.demo.part import Part, Scene
from hub.cli.demo.parts import PARTS, parts_named
from hub.cli.demo.stage import Stage
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.cli.household import CHILDREN, Household, Prepared, prepared
from hub.cli.ports import is_free, require_free_port
from hub.cli.timeline import Teller
from hub.config import Settings
from hub.errors import NotPossible
from hub.storage import db

_PORTS = 20
_START_WITHIN = 60.0


@dataclass(frozen=True)
class Performance:
    """How it went."""

    claims: int
    wrong: int


@example("hub demo", "hub demo holds call --once", "make run PART=holds ONCE=1")
@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]), metavar="[PART]...")
@click.option("--once", is_flag=True, help="End afterwards: 0, or 1 when any answer was wrong.")
@pass_environment
def demo(environment: Environment, *, parts: tuple[str, ...], once: bool) -> None:
    """See it work: start everything, send real webhooks, show what became of them.

    PART plays one flow from its beginning to its end: holds, call, slots, booking or session (which
    needs a Chromium); several are played one after the other. Without it: every road in, one scene
    for each.

    Runs on the embedded servers with its state in .hub/, whatever HUB_DATABASE_URL says, and
    simulates all effects: nothing leaves this machine. It can be played again and again.
    """
    environment.use_logs("error")
    chosen = parts_named(parts)
    began = monotonic()
    with ExitStack() as at_end:
        outfits = [at_end.enter_context(each.outfit(environment.stated)) for each in chosen]
        variables = {name: said for each in outfits for name, said in each.variables.items()}
        simulated = Environment.of(_demo_settings(environment.stated, variables))
        for each in chosen:
            each.require_flows(simulated.loaded.project.workflows)
        titles = ", then of ".join(each.title for each in chosen)
        say(f"Webhook Hub: a demonstration of {titles}.")
        say("Effects are simulated: nothing leaves this machine.")
        say("Starting PostgreSQL, Redis, web and worker …", dim=True)
        ready = at_end.enter_context(prepared(simulated))
        page = None if once else at_end.enter_context(client_page(simulated, ready.settings))
        settings = ready.settings if page is None else page.settings
        more = (child for each in outfits for child in each.children)
        household = at_end.enter_context(
            Household(settings, is_quiet=True, children=(*CHILDREN, *more))
        )
        performances = [_perform(each, simulated, ready, household, began) for each in chosen]
        if once:
            code = 1 if any(each.wrong for each in performances) else 0
        else:
            if page is not None:
                at_end.enter_context(page.serving())
            _say_where_next(ready, page)
            code = household.wait()
        say("Draining …", dim=True)
    raise click.exceptions.Exit(code)


def _demo_settings(stated: Settings, variables: Mapping[str, str]) -> Settings:
    """Embedded servers, simulated effects, and a port that is free."""
    changed = {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": "", "HUB_MODE": "simulate"}
    changed["HUB_PUBLIC_URL"] = ""  # links lead to this machine, and to the port that is free
    environment = {**stated.environment, **changed, **variables}
    if not stated.environment.get("HUB_PORT"):
        environment["HUB_PORT"] = str(_free_port(stated))
    settings = Settings.from_environment(environment, project=stated.project)
    require_free_port(settings)
    return settings


def _free_port(stated: Settings) -> int:
    tried = range(stated.port, stated.port + _PORTS)
    return next((port for port in tried if is_free(stated.host, port)), stated.port)


def _perform(
    chosen: type[Part],
    environment: Environment,
    ready: Prepared,
    household: Household,
    began: float,
) -> Performance:
    settings = ready.settings
    url = f"http://{settings.host}:{settings.port}"
    engine = db.open_engine(settings.database_url, pool_size=2, application="hub-demo")
    with closing(_Engine(engine)), Caller(url, environment.secrets.reveal) as caller:
        stage = Stage(environment, engine, caller, SystemClock().now(), chosen.played())
        _wait_for(stage, household)
        say(f"Listening on {url} after {monotonic() - began:.1f} s.", dim=True)
        part = chosen(stage, mark=new_id().hex[:13] + new_id().hex[-6:])
        part.prepare()
        scenes = []
        for place, scene in enumerate(part.scenes, start=1):
            if household.is_stopping:
                raise click.Abort
            scenes.append(scene())
            _say_scene(place, scenes[-1])
        _say_inside(part)
    claims = [claim for scene in scenes for claim in scene.claims]
    performance = Performance(len(claims), sum(not claim.is_true for claim in claims))
    _say_verdict(performance)
    return performance


@dataclass(frozen=True)
class _Engine:
    """An engine that `closing` can close."""

    engine: Engine

    def close(self) -> None:
        self.engine.dispose()


def _wait_for(stage: Stage, household: Household) -> None:
    is_there = stage.wait_until(
        lambda: household.missing() is not None or household.is_stopping or stage.is_ready(),
        seconds=_START_WITHIN,
    )
    if household.missing() is not None or not is_there:
        raise NotPossible(f"{household.missing() or 'web'} did not start: see above")
    if household.is_stopping:
        raise click.Abort


def _say_scene(place: int, scene: Scene) -> None:
    say()
    say(f"{place}  {scene.title}", bold=True)
    say(f"   {scene.request}", dim=True)
    if scene.spoken:
        say(f"   {scene.answer.status}  the agent hears: “{scene.spoken}”")
    else:
        say(f"   {scene.answer.said}")
    for claim in scene.claims:
        sign, colour = ("✓", "green") if claim.is_true else ("✗", "red")
        say(f"   {sign} {claim.text}", colour=colour)


def _say_inside(part: Part) -> None:
    """The timelines, what would have been sent, the rows."""
    stage = part.stage
    teller = Teller(stage.environment)
    say()
    say("What the runs did", bold=True)
    for workflow in part.shown:
        for run in reversed(stage.runs(workflow)):
            say()
            with stage.database.connect() as connection:
                teller.say(teller.read(connection, run.id), values=False)
    say()
    say("What would have left the hub (simulated)", bold=True)
    rows = [
        (action, str(inputs.get("channel", "")), " ".join(str(inputs.get("text", "")).split()))
        for action, inputs in stage.sent()
    ]
    if rows:
        table(("action", "to", "text"), rows, indent="  ")
    say()
    part.say_rows()


def _say_verdict(performance: Performance) -> None:
    say()
    if performance.wrong:
        said = f"{performance.wrong} of {performance.claims} checks failed (✗ above)."
        say(said, colour="red", bold=True)
    else:
        say(f"All {performance.claims} checks passed.", colour="green", bold=True)


def _say_where_next(ready: Prepared, page: ClientPage | None) -> None:
    settings = ready.settings
    say()
    say("Where to look next, in another shell", bold=True)
    for command, purpose in (
        (".venv/bin/hub runs", "every run; `runs show ID` tells one with inputs and results"),
        (".venv/bin/hub holds", "the monitor of the phone numbers"),
        (".venv/bin/hub doctor", "is everything there, and is everything right?"),
        ("workflows/vapi-appointment-booked.yaml", "the workflow that answered the voice agent"),
        ("README.md", "an endpoint of your own in ten minutes"),
    ):
        say(f"  {command:<40}{purpose}")
    say(f"  {ready.secrets_file!s:<40}the secrets that callers need here")
    say()
    if page is not None:
        say(f"Click through the flows: {page.url}")
    say(f"Serving on http://{settings.host}:{settings.port} until Ctrl-C.")

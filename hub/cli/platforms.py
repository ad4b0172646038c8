"""`hub platforms`: the descriptions of booking pages, and whether they still fit the pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.bootstrap.clock import SystemClock
from hub.browser.program import find_program
from hub.cli.console import say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.connectors.http.addresses import OutboundPolicy
from hub.engine.findings import did_you_mean
from hub.errors import NotPossible
from hub.platforms import FOLDER, STEP_NAMES, Platform, Platforms, place_of, read_platforms
from hub.values import origin_of

if TYPE_CHECKING:
    from hub.browser.checking import Missed, Tried

_AHEAD = timedelta(days=7)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def platforms() -> None:
    """The descriptions of booking pages, in workflows/platforms."""


@example("hub platforms list", "hub platforms list --json")
@platforms.command("list")
@_JSON
@pass_environment
def list_platforms(environment: Environment, *, as_json: bool) -> None:
    """Tell whose pages are described, and how the lead gets them. Asks nobody."""
    described = _described(environment)
    known, wrong = described.known, sorted({each.file for each in described.findings})
    if as_json:
        for each in known:
            facts = {"name": each.name, "title": each.title, "origins": each.origins}
            say_json({**facts, "handover": each.handover})
    elif known:
        table(("platform", "title", "handover", "pages"), map(_cells, known))
    elif not wrong:
        say("there are no descriptions in workflows/platforms")
    if wrong:
        raise NotPossible(f"{', '.join(wrong)}: there are mistakes, see `hub check`")


@example(
    "hub platforms check usual --url https://book.clinic.example/new",
    "hub platforms check usual --to time --day 2026-02-06 --picture page.jpg",
)
@platforms.command()
@click.argument("name")
@click.option("--url", help="A page of the platform; else the first of its `origins`.")
@click.option(
    "--to",
    "upto",
    type=click.Choice(STEP_NAMES),
    default="payment",
    show_default=True,
    help="The last step that is opened; behind `time` a page may keep a time for a while.",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Of a visit; else in a week.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the picture of the last step goes, a JPEG; else platform-NAME.jpg in this folder.",
)
@_JSON
@pass_environment
def check(
    environment: Environment,
    *,
    name: str,
    url: str | None,
    upto: str,
    day: datetime | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Try the description NAME on a page: tell which of its selectors match nothing any more.

    A browser fills in steps 1 to 4 for a lead that does not exist, takes the first time that is
    free, and stops at the payment: nothing is booked. Needs the extra `browser` and a Chromium.
    Exits with 1 when something does not match, with its place in the file.
    """
    environment.use_logs("error")
    platform = _named(_described(environment), name)
    page = _page_of(platform, url)
    tried = _try(environment, platform, page, upto=upto, day=day)
    kept = _keep(tried, picture or Path(f"platform-{name}.jpg"))
    places = [(each, _place(environment, platform, each)) for each in tried.missed]
    if as_json:
        say_json(_as_json(platform, page, tried, places=places, kept=kept))
    else:
        _tell(tried, places, kept)
    if not tried.is_right:
        raise click.exceptions.Exit(1)


def _described(environment: Environment) -> Platforms:
    return read_platforms(environment.loaded.project.files)


def _named(described: Platforms, name: str) -> Platform:
    found = next((each for each in described.known if each.name == name), None)
    if found is not None:
        return found
    if any(each.file == f"{FOLDER}{name}.yaml" for each in described.findings):
        raise NotPossible(f"the description {name} has mistakes: see `hub check`")
    meant = did_you_mean(name, [each.name for each in described.known])
    raise NotPossible(f"there is no {FOLDER}{name}.yaml" + (f": {meant}" if meant else ""))


def _page_of(platform: Platform, url: str | None) -> str:
    if url is None and not platform.origins:
        raise NotPossible(f"{platform.name} names no `origins`: name a page with --url")
    page = platform.origins[0] if url is None else url
    if origin_of(page) is None:
        raise NotPossible("--url wants the address of a page, such as https://book.clinic.example")
    return page


def _try(
    environment: Environment, platform: Platform, page: str, *, upto: str, day: datetime | None
) -> Tried:
    settings = environment.settings
    path = find_program(settings.browser_program)
    # What drives a browser comes with the extra, which is there by now.
    from hub.browser.checking import NOBODY, check_platform  # noqa: PLC0415
    from hub.browser.chromium import Program  # noqa: PLC0415
    from hub.browser.steps import Wish  # noqa: PLC0415

    on = day or SystemClock().now() + _AHEAD
    wish = Wish(url=page, day=on.date(), at=None, service=None, provider=None, contact=NOBODY)
    rules = environment.loaded.project.settings.outbound_allow
    return check_platform(
        platform,
        wish,
        program=Program(path, settings.browser_sandbox),
        policy=OutboundPolicy.of(*((rule.network, rule.ports) for rule in rules)),
        upto=upto,
        patience=float(settings.browser_patience),
    )


def _keep(tried: Tried, path: Path) -> Path | None:
    if tried.picture is None:
        return None
    try:
        path.write_bytes(tried.picture)
    except OSError as problem:
        raise NotPossible(f"{path} cannot be written: {problem.strerror}") from problem
    return path


def _place(environment: Environment, platform: Platform, missed: Missed) -> str:
    file = f"{FOLDER}{platform.name}.yaml"
    text = environment.loaded.project.files[file]
    line, column = place_of(file, text, missed.step, missed.key)
    return f"{file}:{line}:{column}"


def _as_json(
    platform: Platform,
    page: str,
    tried: Tried,
    *,
    places: list[tuple[Missed, str]],
    kept: Path | None,
) -> dict[str, Any]:
    return {
        "platform": platform.name,
        "url": page,
        "reached": tried.reached,
        "missed": [
            {
                "place": place,
                "step": it.step,
                "key": it.key,
                "selector": it.selector,
                "why": it.why,
            }
            for it, place in places
        ],
        "fault": tried.fault,
        "idle_signs": [{"kind": it.kind, "pattern": it.pattern} for it in tried.idle],
        "picture": None if kept is None else str(kept),
    }


def _tell(tried: Tried, places: list[tuple[Missed, str]], kept: Path | None) -> None:
    for step in tried.reached:
        say(f"{step} stands open", colour="green")
    for each, place in places:
        say(f"{place}: {each.why}", colour="red")
        if (each.step, each.key) == ("time", "option"):
            say("  perhaps nothing is free on that day: --day names another one")
    if tried.fault is not None:
        say(tried.fault, colour="red")
    for sign in tried.idle:
        say(
            f"the sign {sign.pattern!r} ({sign.kind}) is there before the payment: there it means"
            " nothing",
            colour="yellow",
        )
    say("no picture was taken" if kept is None else f"what the page looked like: {kept}")


def _cells(platform: Platform) -> tuple[str, ...]:
    pages = ", ".join(platform.origins) or "all that no other description claims"
    return platform.name, platform.title, platform.handover, pages

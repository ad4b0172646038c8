"""The page beside web and worker: its port before they start, its doors when they listen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address

from hub import bootstrap
from hub.bootstrap.clock import SystemClock
from hub.bootstrap.secrets import Secrets
from hub.cli.demo.caller import Caller
from hub.cli.demo.page.desk import Desk
from hub.cli.demo.page.flows import Offer, offers
from hub.cli.demo.page.serving import HOST, Page, open_page
from hub.cli.demo.sending import Sender
from hub.cli.demo.stage import Stage
from hub.cli.environment import Environment
from hub.config import Settings
from hub.engine.project import Project
from hub.engine.workflow import Endpoint
from hub.storage import db


@dataclass(frozen=True)
class ClientPage:
    """A page that will be served: `settings` are those with which the web knows its origin."""

    page: Page
    settings: Settings
    environment: Environment
    found: tuple[Offer, ...]

    @property
    def url(self) -> str:
        """Where a person opens it."""
        return self.page.url

    @property
    def is_closed(self) -> bool:
        """Whether all its flows have real effects."""
        return all(each.is_closed for each in self.found)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve it, once the web listens."""
        settings, project = self.settings, self.environment.loaded.project
        engine = db.open_engine(settings.database_url, pool_size=4, application="hub-page")
        secret = Secrets(project.settings.secrets, settings.environment).reveal
        url = f"http://{_reached_at(settings)}"
        try:
            with Caller(url, secret) as caller:
                clock = SystemClock()
                stage = Stage(self.environment, engine, caller, clock.now(), (), clock)
                desk = Desk(
                    sender=Sender(url, project.settings, secret, stage.now),
                    offers={each.flow.name: each for each in self.found},
                    stage=stage,
                    origin=self.page.origin,
                )
                desk.begin_once()
                with self.page.serving(desk):
                    yield
        finally:
            engine.dispose()


@contextmanager
def client_page(environment: Environment, settings: Settings) -> Iterator[ClientPage | None]:
    """Take a port for the page; None where the project has no flow that it can show."""
    project = environment.loaded.project
    config = bootstrap.config_values(project.settings, settings.environment)
    found = tuple(offers(project, config, SystemClock()))
    if not found:
        yield None
        return
    with open_page(settings.port + 1) as page:
        known = _knowing(settings, project, page.origin)
        yield ClientPage(page, known, environment, found)


def _knowing(settings: Settings, project: Project, origin: str) -> Settings:
    """The settings with the page among the origins that come from the environment (`cors`)."""
    declared = project.settings.config
    changed = {}
    for name in sorted(_named_by_cors(project)):
        if declared[name].schema.get("type") == "array":
            said = settings.environment.get(declared[name].env) or ",".join(
                declared[name].default or ()
            )
            changed[declared[name].env] = ",".join(filter(None, (said, origin)))
    environment = {**settings.environment, **changed}
    return replace(settings, environment=environment) if changed else settings


def _named_by_cors(project: Project) -> set[str]:
    endpoints = (each.trigger for each in project.workflows.values())
    lists = (each.cors for each in endpoints if isinstance(each, Endpoint))
    return {name for each in lists if each is not None for name in each.from_config}


def _reached_at(settings: Settings) -> str:
    """The web's host and port as this machine reaches them."""
    try:
        is_everywhere = ip_address(settings.host.strip("[]")).is_unspecified
    except ValueError:  # a name
        is_everywhere = False
    return f"{HOST if is_everywhere else settings.host}:{settings.port}"

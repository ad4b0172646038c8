"""Connections: what each has and lacks, what went wrong with it lately, and asking its service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response

from hub.bootstrap import connections
from hub.bootstrap.connections import Asked
from hub.engine.settings import ConnectionSettings
from hub.errors import NotPossible
from hub.people.roles import Deed
from hub.storage import audit, step_errors
from hub.storage.step_errors import StepError
from hub.web.console.app import Console

_PAGE = "/admin/connections"
_ERRORS = 3  # of each action


@dataclass(frozen=True)
class Shown:
    """A connection as the page shows it. Of secrets only the names stand there."""

    name: str
    type: str
    base_url: str | None
    secrets: Sequence[tuple[str, bool]]  # the name, and whether it has a value
    missing: Sequence[str]
    actions: Sequence[str]
    errors: Sequence[StepError]


class Connections:
    """The page at `/admin/connections`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page(_PAGE, Deed.SEE_CONNECTIONS)(self.page)
        app.page(f"{_PAGE}/<name>/test", Deed.TEST_CONNECTIONS, methods=("POST",))(self.test)

    def page(self, asked: Asked | None = None) -> Response:
        """All of hub.yaml, in its order."""
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            errors = step_errors.last_errors(db, each=_ERRORS)
        shown = [self._shown(each, errors) for each in self._declared().values()]
        return self._app.render("connections.html", now=now, connections=shown, asked=asked)

    def test(self, name: str) -> Response:
        """Ask the service something harmless; other requests go on meanwhile."""
        hub, declared = self._app.hub, self._declared().get(name)
        if declared is None:
            raise NotPossible(f"hub.yaml has no connection {name}.")
        given = hub.settings.environment
        found = connections.ask(declared, hub.secrets, given, hub.services.http)
        with audit.act(hub.console_database, self._app.actor, "console test connection") as act:
            act.note({"connection": name, "status": found.status, "code": found.code})
        return self.page(found)

    def _declared(self) -> dict[str, ConnectionSettings]:
        hub = self._app.hub
        return hub.project.settings.connections_with(hub.config)

    def _shown(self, declared: ConnectionSettings, errors: Sequence[StepError]) -> Shown:
        hub = self._app.hub
        kind = connections.connector_of(declared).kind
        return Shown(
            name=declared.name,
            type=declared.type,
            base_url=_without_user(declared.base_url),
            secrets=[
                (secret, bool(hub.secrets.live(secret)))
                for secret in dict.fromkeys(declared.credentials.values())
            ],
            missing=connections.what_to_set(declared, hub.secrets, hub.settings.environment),
            actions=kind.actions,
            errors=[each for each in errors if each.action in kind.actions],
        )


def _without_user(url: str | None) -> str | None:
    """An address without a user and password that somebody wrote into it."""
    if url is None:
        return None
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=place, query="", fragment="").geturl()

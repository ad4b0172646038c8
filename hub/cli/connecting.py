"""`hub connection`: the connections of hub.yaml, and whether their services take them."""

from __future__ import annotations

from dataclasses import dataclass

import click

from hub.bootstrap import connections
from hub.bootstrap.connections import Asked
from hub.bootstrap.project import config_values
from hub.bootstrap.services import open_services
from hub.cli.console import say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment, without_value
from hub.engine.settings import ConnectionSettings
from hub.errors import NotPossible


@dataclass(frozen=True)
class Listed:
    """A connection of hub.yaml; `missing` is what must be set before it can be used.

    `made_up`: secrets of its whose value `hub dev` made up, which no service knows.
    """

    name: str
    type: str
    actions: tuple[str, ...]
    missing: tuple[str, ...]
    made_up: tuple[str, ...] = ()


@click.group()
def connection() -> None:
    """The connections of hub.yaml, and whether their services take them."""


@example("hub connection list", "hub connection list --json")
@connection.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_environment
def list_connections(environment: Environment, *, as_json: bool) -> None:
    """Tell which connections there are, what uses them, and what is missing. Asks nobody."""
    environment.use_logs("error")
    declared = declared_connections(environment)
    found = [_listed(each, environment) for each in declared.values()]
    if as_json:
        for each in found:
            say_json(each)
    elif found:
        rows = [
            (
                each.name,
                each.type,
                "warning" if each.missing or each.made_up else "ok",
                _told(each),
            )
            for each in found
        ]
        table(("name", "type", "is", ""), rows)
    else:
        say("hub.yaml has no connections")


@example("hub connection test slack", "hub connection test twilio --json")
@connection.command(name="test")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def test_connection(environment: Environment, *, name: str, as_json: bool) -> None:
    """Ask the service behind a connection something harmless, in every mode of the hub.

    Nothing is sent, posted or changed there. Says in one sentence what it found or what to set;
    exits with 1 when the service does not answer or refuses what hub.yaml says.
    """
    environment.use_logs("error")
    found = _ask(environment, name)
    if as_json:
        say_json(found)
    else:
        table(("connection", "is", ""), [(found.name, found.status, found.message)])
    if found.status == "failed":
        raise click.exceptions.Exit(1)


def _ask(environment: Environment, name: str) -> Asked:
    settings = environment.loaded.project.settings
    declared = declared_connections(environment).get(name)
    if declared is None:
        known = ", ".join(settings.connections) or "none at all"
        raise NotPossible(f"hub.yaml has no connection {name}; it has {known}")
    config = config_values(settings, environment.settings.environment)
    services = open_services(settings, environment.secrets, config=config)
    secrets, given = environment.secrets, environment.settings.environment
    try:
        return connections.ask(declared, secrets, given, services.http)
    finally:
        services.close()


def declared_connections(environment: Environment) -> dict[str, ConnectionSettings]:
    """The connections of hub.yaml, with what `config` holds; raises `Misconfigured`."""
    settings = environment.loaded.project.settings
    return settings.connections_with(config_values(settings, environment.settings.environment))


def what_to_set(declared: ConnectionSettings, environment: Environment) -> tuple[str, ...]:
    """The secrets without a value, and what hub.yaml does not say; raises `NotPossible`."""
    return connections.what_to_set(declared, environment.secrets, environment.settings.environment)


def _listed(declared: ConnectionSettings, environment: Environment) -> Listed:
    kind = connections.connector_of(declared).kind
    missing = what_to_set(declared, environment)
    ours = {each.name for each in kind.credentials if each.form is not None}
    given = [secret for name, secret in declared.credentials.items() if secret and name not in ours]
    secrets = dict.fromkeys(given)  # a key that we sign with may be made up
    made_up = tuple(
        name for name in without_value(secrets, environment.stated) if name not in missing
    )
    return Listed(declared.name, declared.type, kind.actions, missing, made_up)


def _told(listed: Listed) -> str:
    if listed.missing:
        return f"set {', '.join(listed.missing)}"
    if listed.made_up:
        return f"set {', '.join(listed.made_up)}: `hub dev` made up what is there"
    return ", ".join(listed.actions)

"""The connections of hub.yaml, for commands and the console: what they lack, what services say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.bootstrap.actions import all_connectors
from hub.bootstrap.secrets import Secrets
from hub.bootstrap.services import revealed
from hub.connectors.connections import Connector
from hub.connectors.http import Http
from hub.engine.settings import ConnectionSettings
from hub.errors import NotPossible, StepFailed


@dataclass(frozen=True)
class Asked:
    """What a service said; `code` is that of a failed step, null when all is well."""

    name: str
    type: str
    status: Literal["ok", "failed"]
    message: str
    code: str | None = None


def connector_of(declared: ConnectionSettings) -> Connector:
    """What speaks to services of its type; raises `NotPossible`."""
    found = all_connectors().get(declared.type)
    if found is None:
        raise NotPossible(f"{declared.name}: there is no type {declared.type} of connections")
    return found


def what_to_set(
    declared: ConnectionSettings, secrets: Secrets, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """The secrets without a value, and what hub.yaml does not say; raises `NotPossible`."""
    kind, missing = connector_of(declared).kind, list[str]()
    for path in kind.missing(revealed(declared, secrets)):
        if path in kind.either():
            missing += _begun(declared, environment) or [f"{path} in hub.yaml"]
            continue
        place, _, key = path.partition(".")
        secret = declared.credentials.get(key) if place == "credentials" else None
        missing.append(secret or f"{path} in hub.yaml")
    return tuple(missing)


def ask(
    declared: ConnectionSettings,
    secrets: Secrets,
    environment: Mapping[str, str],
    http: Http,
) -> Asked:
    """Ask the service something harmless; nothing is sent, posted or changed there.

    What it says of itself is told without our secrets. Raises `NotPossible`.
    """
    connector = connector_of(declared)
    missing = what_to_set(declared, secrets, environment)
    if missing:
        told = f"set {', '.join(missing)}"
        return Asked(declared.name, declared.type, "failed", told, "not_configured")
    try:
        said = connector.check(revealed(declared, secrets), http)
    except StepFailed as failure:
        message: Any = secrets.hide(failure.message)
        return Asked(declared.name, declared.type, "failed", message, failure.code)
    return Asked(declared.name, declared.type, "ok", secrets.hide(said))


def _begun(declared: ConnectionSettings, environment: Mapping[str, str]) -> list[str]:
    """The secrets without a value of a set of `one_of` that hub.yaml names whole."""
    for names in connector_of(declared).kind.one_of:
        wanted = [declared.credentials.get(name) for name in names]
        if all(wanted):
            return [name for name in wanted if name and not environment.get(name)]
    return []

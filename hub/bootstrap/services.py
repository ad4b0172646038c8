"""The services that actions ask for by type, built once from `connections:` of hub.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.action import FormerSecrets
from hub.bootstrap.actions import all_connectors
from hub.bootstrap.secrets import Secrets
from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, OutboundPolicy
from hub.engine.settings import ConnectionSettings as DeclaredConnection
from hub.engine.settings import ProjectSettings
from hub.errors import Misconfigured, Permanent

_DEFAULT = None


@dataclass(frozen=True)
class Services:
    """Clients by type, for the default connections and for those a step names."""

    http: Http
    _sets: Mapping[str | None, Mapping[type, Any]]

    def of(self, connection: str | None) -> Mapping[type, Any]:
        """The services of a step; raises `Permanent` for a connection that does not exist."""
        if connection not in self._sets:
            raise Permanent("not_configured", f"hub.yaml has no connection {connection}")
        return self._sets[connection]

    def close(self) -> None:
        """Let go of connections that are kept open."""
        self.http.close()


def open_services(
    settings: ProjectSettings,
    secrets: Secrets,
    *,
    config: Mapping[str, Any],
    public_url: str = "",
) -> Services:
    """Build the clients; nothing is connected yet.

    Without `connection:` a step uses the first connection of its service's type. `public_url`:
    where services may call us back. Raises `Misconfigured` when `outbound_allow` cannot be read.
    """
    try:
        policy = OutboundPolicy.of(
            *((rule.network, rule.ports) for rule in settings.outbound_allow)
        )
    except ValueError as problem:
        raise Misconfigured(f"hub.yaml: outbound_allow: {problem}") from problem
    http = Http(policy)
    known = {
        name: replace(revealed(each, secrets), public_url=public_url)
        for name, each in settings.connections_with(config).items()
    }
    first: dict[str, ConnectionSettings] = {}
    for connection in known.values():
        first.setdefault(connection.type, connection)
    sets: dict[str | None, Mapping[type, Any]] = {_DEFAULT: _clients(http, first, secrets)}
    for name, connection in known.items():
        sets[name] = _clients(http, {**first, connection.type: connection}, secrets)
    return Services(http, sets)


def revealed(declared: DeclaredConnection, secrets: Secrets) -> ConnectionSettings:
    """A connection of hub.yaml with the values of its secrets; those without one are left out."""
    return ConnectionSettings(
        name=declared.name,
        type=declared.type,
        base_url=declared.base_url,
        credentials={
            key: live[0]
            for key, secret in declared.credentials.items()
            if (live := secrets.live(secret))
        },
        options={key: str(value) for key, value in declared.options.items()},
    )


def _clients(
    http: Http, by_type: Mapping[str, ConnectionSettings], secrets: Secrets
) -> dict[type, Any]:
    opened = {
        each.client: each.open(by_type.get(each.kind.name), http)
        for each in all_connectors().values()
    }
    return {Http: http, FormerSecrets: secrets, **opened}

"""What `hub.yaml` says: the settings that all workflows of a project share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from hub.engine.expressions import CompiledValue

PROJECT_FILE = "hub.yaml"


@dataclass(frozen=True)
class AuthPreset:
    """How callers prove themselves: a type of verification, its secrets by name, its options.

    `is_lasting`: what it signs is right for ever, and can be sent again (S2). `header`: the one
    that holds the proof, by the options or by the type.
    """

    name: str
    type: str
    secrets: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_lasting: bool = False
    header: str | None = None


class AuthRules(Protocol):
    """What the checker must know of a way to prove oneself."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options it has, each with its default; None: it must be given."""

    @property
    def fixed(self) -> Mapping[str, Any]:
        """What its vendor has settled, by the names of options."""

    @property
    def lasting_when(self) -> Mapping[str, Any] | None:
        """The options with which a signature is right for ever; None: there are none."""


@dataclass(frozen=True)
class AuthFacts:
    """The same, without what verifies."""

    options: Mapping[str, Any]
    lasting_when: Mapping[str, Any] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ConfigDeclaration:
    """One value of `config`: its JSON Schema, the variable it comes from, what it is without."""

    name: str
    schema: Mapping[str, Any]
    env: str
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True)
class ConnectionFacts:
    """What the checker must know of a type of connection.

    `required` are paths such as `options.from` and `base_url`; `callbacks` are options that hold
    the path of an endpoint, which the service calls.
    """

    credentials: Sequence[str] = ()
    options: Sequence[str] = ()
    required: Sequence[str] = ()
    callbacks: Sequence[str] = ()


@dataclass(frozen=True)
class ConnectionSettings:
    """An account of a connector; `credentials` maps what the connector asks for to secret names.

    `from_config` maps `base_url` and `options.<name>` to the values of `config` that hold them.
    """

    name: str
    type: str
    base_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    from_config: Mapping[str, str] = field(default_factory=dict)

    def with_config(self, config: Mapping[str, Any]) -> ConnectionSettings:
        """The same with the values of `config`; what has none there is not given."""
        found = {path: config.get(name) for path, name in self.from_config.items()}
        held = {path: value for path, value in found.items() if value not in (None, "")}
        options = {
            name: held.get(f"options.{name}", value)
            for name, value in self.options.items()
            if f"options.{name}" not in found or f"options.{name}" in held
        }
        base_url = held.get("base_url") if "base_url" in found else self.base_url
        return replace(self, base_url=base_url, options=options, from_config={})


@dataclass(frozen=True)
class OutboundRule:
    """Private addresses that workflows may reach all the same (S3); no ports means all of them."""

    network: str
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Retention:
    """How long is kept what is over (E19): ended runs, and rows of the audit."""

    runs: timedelta = timedelta(days=90)
    audit: timedelta = timedelta(days=400)


@dataclass(frozen=True)
class EventStream:
    """Events that may be watched: the part in braces of `path` is their key."""

    name: str
    path: str
    auth: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class SignInProvider:
    """Who proves people to the console by OpenID Connect; `secret` is the name of a secret."""

    name: str
    issuer: str
    client_id: str
    secret: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    scopes: tuple[str, ...] = ("openid", "email")
    domains: tuple[str, ...] = ()  # of e-mail addresses; none: all


@dataclass(frozen=True)
class SignIn:
    """The ways into the console."""

    has_passwords: bool = True
    provider: SignInProvider | None = None


@dataclass(frozen=True)
class ProjectSettings:
    """The whole of `hub.yaml`; destinations are by kind: phone, email, channel, url.

    `test_destinations_from` names the value of `config` that holds the list of a kind.
    """

    timezone: str = "UTC"
    base_path: str = "/webhook"
    auth: Mapping[str, AuthPreset] = field(default_factory=dict)
    config: Mapping[str, ConfigDeclaration] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    mode: CompiledValue | None = None
    test_destinations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    test_destinations_from: Mapping[str, str] = field(default_factory=dict)
    outbound_allow: tuple[OutboundRule, ...] = ()
    retention: Retention = Retention()
    streams: tuple[EventStream, ...] = ()
    sign_in: SignIn = SignIn()

    def connections_with(self, config: Mapping[str, Any]) -> dict[str, ConnectionSettings]:
        """The connections by name, with what `config` holds of them."""
        return {name: each.with_config(config) for name, each in self.connections.items()}

    def test_destinations_with(self, config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The lists by kind, those that `config` holds included."""
        held = {kind: config.get(name) or () for kind, name in self.test_destinations_from.items()}
        return {**self.test_destinations, **{kind: tuple(each) for kind, each in held.items()}}


@dataclass(frozen=True)
class DialectFacts:
    """What the checker must know of a dialect; `payload_names` are the fields it always gives.

    `default_max_body` is in bytes; `is_tool` dialects answer a language model; one that
    `names_messages` finds in the body what tells each message from others (I6). Its callers wait
    `usual_wait` seconds, `longest_wait` at most, as is set at `wait_set_at` (with `{}` for the
    seconds); for kinds of message in `fixed_waits` so many, whatever anybody sets.
    """

    name: str
    default_max_body: int = 262_144
    is_tool: bool = False
    payload_names: tuple[str, ...] = ()
    names_messages: bool = False
    usual_wait: float | None = None
    longest_wait: float | None = None
    wait_set_at: str = ""
    fixed_waits: Mapping[str, float] = field(default_factory=dict)

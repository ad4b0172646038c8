"""What `connections:` of hub.yaml says about a service outside, and what each type needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from hub.connectors.http import Http
from hub.errors import Permanent
from hub.values.secret_forms import SecretForm

CHECK_TIME = timedelta(seconds=10)  # what one question of `hub connection test` may take


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection, its secrets revealed: made by the bootstrap, never stored or printed.

    `public_url`: how services outside reach the hub, without a slash at its end.
    """

    name: str
    type: str
    base_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""


@dataclass(frozen=True)
class Field:
    """A setting of a connection type: its name, what it is, and whether it can be left out.

    `form`: what a secret must be where not any text is a key. `is_callback`: it is the path of an
    endpoint of the project, which the service calls.
    """

    name: str
    meaning: str
    required: bool = True
    form: SecretForm | None = None
    is_callback: bool = False


@dataclass(frozen=True)
class ConnectionType:
    """What must stand under `connections:` for a service; `credentials` are names of secrets.

    `one_of`: sets of credentials that stand for each other; one of them must be whole.
    """

    name: str
    title: str
    actions: tuple[str, ...]
    credentials: tuple[Field, ...]
    options: tuple[Field, ...] = ()
    base_url: Field = field(default_factory=lambda: Field("base_url", "", required=False))
    one_of: tuple[tuple[str, ...], ...] = ()

    def either(self) -> tuple[str, ...]:
        """What `one_of` asks for, as one text if any."""
        sets = [" and ".join(f"credentials.{name}" for name in names) for names in self.one_of]
        return (" or else ".join(sets),) if sets else ()

    def missing(self, settings: ConnectionSettings) -> tuple[str, ...]:
        """The required settings that are absent or empty, as paths: `credentials.token`."""
        absent = [
            f"credentials.{each.name}"
            for each in self.credentials
            if each.required and not settings.credentials.get(each.name)
        ]
        absent += [
            f"options.{each.name}"
            for each in self.options
            if each.required and not settings.options.get(each.name)
        ]
        if not any(all(map(settings.credentials.get, names)) for names in self.one_of):
            absent += self.either()
        if self.base_url.required and not settings.base_url:
            absent.append("base_url")
        return tuple(absent)


@runtime_checkable
class Checkable(Protocol):
    """A client that can ask its service something harmless, for `hub connection test`."""

    def check(self) -> str:
        """What it found, in one sentence without a secret; raises `StepFailed`."""
        ...


@dataclass(frozen=True)
class Connector:
    """A service outside, as its module offers it: what hub.yaml says of it, and its client.

    `client`: the type by which actions ask for it; `open` makes one, and connects to nothing.
    Without settings every use of the client says what to set.
    """

    kind: ConnectionType
    client: type
    open: Callable[[ConnectionSettings | None, Http], object]

    def check(self, settings: ConnectionSettings, http: Http) -> str:
        """Ask the service something harmless; what it found in one sentence.

        A client without a method `check` is asked for its settings alone. Raises `StepFailed`.
        """
        client = self.open(configured(settings, self.kind), http)
        if isinstance(client, Checkable):
            return client.check()
        return f"has what it needs; connections of type {self.kind.name} have no question to ask"


def told_by(service: str, said: object, *names: str) -> Mapping[str, Any]:
    """The answer to a question of `check`, which holds what the service always gives.

    Raises `Permanent("rejected")` for another: something else lies at that address.
    """
    if not isinstance(said, Mapping) or any(said.get(name) in (None, "") for name in names):
        raise Permanent("rejected", f"the address answers, but not as {service}: see base_url")
    return said


def configured(settings: ConnectionSettings | None, wanted: ConnectionType) -> ConnectionSettings:
    """The settings, complete; raises `Permanent("not_configured")` that says what to set."""
    if settings is None:
        needs = ", ".join(
            [f"credentials.{each.name}" for each in wanted.credentials if each.required]
            + list(wanted.either())
            + [f"options.{each.name}" for each in wanted.options if each.required]
            + (["base_url"] if wanted.base_url.required else [])
        )
        raise Permanent(
            "not_configured",
            f"hub.yaml has no connection of type {wanted.name}: add one under connections"
            f" with {needs}",
        )
    absent = wanted.missing(settings)
    if absent:
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml lacks {', '.join(absent)}"
            " (a credential is the name of a secret that has a value)",
        )
    return settings

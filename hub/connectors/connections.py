"""What `connections:` of hub.yaml says about a service outside, and what each type needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.errors import Permanent


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection, its secrets revealed: made by the bootstrap, never stored or printed."""

    name: str
    type: str
    base_url: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Field:
    """A setting of a connection type: its name, what it is, and whether it can be left out."""

    name: str
    meaning: str
    required: bool = True


@dataclass(frozen=True)
class ConnectionType:
    """What must stand under `connections:` for a service; `credentials` are names of secrets."""

    name: str
    title: str
    actions: tuple[str, ...]
    credentials: tuple[Field, ...]
    options: tuple[Field, ...] = ()
    base_url: Field = field(default_factory=lambda: Field("base_url", "", required=False))

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
        if self.base_url.required and not settings.base_url:
            absent.append("base_url")
        return tuple(absent)


CONNECTION_TYPES: Mapping[str, ConnectionType] = {
    each.name: each
    for each in (
        ConnectionType(
            name="slack",
            title="Slack workspace",
            actions=("slack.post",),
            credentials=(Field("token", "bot token (xoxb-…) with the scope chat:write"),),
            base_url=Field(
                "base_url", "where the Web API lies, default https://slack.com/api/", required=False
            ),
        ),
        ConnectionType(
            name="twilio",
            title="Twilio, or a service that speaks its language (SignalWire)",
            actions=("twilio.send_sms",),
            credentials=(
                Field("account_sid", "account SID (AC…), or the project id of SignalWire"),
                Field("auth_token", "auth token, or the secret of the API key"),
                Field("api_key_sid", "API key SID (SK…), where a key is used", required=False),
            ),
            options=(
                Field(
                    "from",
                    "sender when the step names none: a number as +E.164, or a messaging service"
                    " (MG…)",
                    required=False,
                ),
                Field(
                    "provider",
                    "whose error codes apply: twilio (default) or signalwire",
                    required=False,
                ),
            ),
            base_url=Field(
                "base_url",
                "default https://api.twilio.com; SignalWire: https://SPACE.signalwire.com/api/laml",
                required=False,
            ),
        ),
        ConnectionType(
            name="smtp",
            title="Mail server",
            actions=("email.send",),
            credentials=(
                Field("username", "user name, where the server wants one", required=False),
                Field("password", "password of that user", required=False),
            ),
            options=(
                Field("from", "sender's address"),
                Field(
                    "tls",
                    "starttls (default of smtp://), tls (default of smtps://), or none",
                    required=False,
                ),
                Field("ca_file", "PEM file of a private certificate authority", required=False),
            ),
            base_url=Field("base_url", "smtp://host:587 or smtps://host:465"),
        ),
        ConnectionType(
            name="postgres",
            title="PostgreSQL database of your own, with a role that cannot change its tables",
            actions=("sql.query",),
            credentials=(
                Field("username", "role, see docs/security.md"),
                Field("password", "password of that role", required=False),
            ),
            options=(
                Field(
                    "sslmode",
                    "verify-full (default), verify-ca, require, or disable",
                    required=False,
                ),
                Field("ca_file", "PEM file of a private certificate authority", required=False),
            ),
            base_url=Field("base_url", "postgresql://host:5432/database"),
        ),
    )
}


def configured(settings: ConnectionSettings | None, type_name: str) -> ConnectionSettings:
    """The settings, complete; raises `Permanent("not_configured")` that says what to set."""
    wanted = CONNECTION_TYPES[type_name]
    if settings is None:
        needs = ", ".join(
            [f"credentials.{each.name}" for each in wanted.credentials if each.required]
            + [f"options.{each.name}" for each in wanted.options if each.required]
            + (["base_url"] if wanted.base_url.required else [])
        )
        raise Permanent(
            "not_configured",
            f"hub.yaml has no connection of type {type_name}: add one under connections"
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

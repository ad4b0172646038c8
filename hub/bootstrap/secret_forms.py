"""Which secrets of hub.yaml are keys of a certain form, and whether their values are such."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from hub.bootstrap.actions import all_connectors
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.secrets import new_key
from hub.engine.settings import ProjectSettings
from hub.values.secret_forms import SecretForm


def secret_forms(settings: ProjectSettings) -> dict[str, SecretForm]:
    """Secret → the form that its use wants, for those where not any text will do."""
    return dict(_wanted(settings))


def unusable(settings: ProjectSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """Secret with a value that cannot work → a sentence without that value."""
    return {
        name: f"the value of {name} cannot be a key: it must be {form.wanted}"
        for name, form in secret_forms(settings).items()
        if any(
            value and not form.fits(value)
            for value in (environment.get(name), environment.get(f"{name}_PREVIOUS"))
        )
    }


def made_up(name: str, known: str | None, settings: ProjectSettings) -> str:
    """A value for a secret that has none: the `known` one where it can work, else a new one."""
    form = secret_forms(settings).get(name)
    if form is None:
        return known or new_key()
    return known if known and form.fits(known) else form.make(os.urandom(32))


def _wanted(settings: ProjectSettings) -> Iterator[tuple[str, SecretForm]]:
    types, connectors = all_auth_types(), all_connectors()
    for preset in settings.auth.values():
        form = types[preset.type].secret_form if preset.type in types else None
        if form is not None:
            yield from ((name, form) for name in preset.secrets)
    for connection in settings.connections.values():
        connector = connectors.get(connection.type)
        for field in connector.kind.credentials if connector is not None else ():
            secret = connection.credentials.get(field.name)
            if field.form is not None and secret:
                yield secret, field.form

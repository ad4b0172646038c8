"""Secrets: looked up by name at the moment of use, hidden everywhere else (S6)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken

from hub.errors import Misconfigured, Permanent

_SHORTEST_HIDDEN = 6  # shorter values would blacken ordinary words


class Secrets:
    """The secrets that `hub.yaml` names, with their values from the environment."""

    def __init__(self, names: Iterable[str], environment: Mapping[str, str]) -> None:
        self._values = {name: environment[name] for name in names if environment.get(name)}
        self._live = {
            name: tuple(
                value
                for value in (environment.get(name), environment.get(f"{name}_PREVIOUS"))
                if value
            )
            for name in names
        }
        self._hidden = _forms(self._live)

    def reveal(self, name: str) -> str:
        """The value, for a step that needs it now; raises `Permanent` when it is not set."""
        if name not in self._values:
            raise Permanent("not_configured", f"the secret {name} has no value: set {name}")
        return self._values[name]

    def live(self, name: str) -> tuple[str, ...]:
        """The values that prove a caller: the present one and, during a rotation, the last (S1)."""
        return self._live.get(name, ())

    def missing(self) -> list[str]:
        """The names without a value."""
        return sorted(name for name, values in self._live.items() if not values)

    def hide(self, value: Any) -> Any:
        """The same value with every known secret replaced by its name, at any depth."""
        if isinstance(value, str):
            for text, name in self._hidden:
                if text in value:
                    value = value.replace(text, f"[{name}]")
            return value
        if isinstance(value, dict):
            return {self.hide(key): self.hide(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(each) for each in value]
        return value


def _forms(live: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Each value as it may turn up: plain, base64, URL-encoded, hex; longest first."""
    found = {
        form: name
        for name, values in live.items()
        for value in values
        if len(value) >= _SHORTEST_HIDDEN
        for form in (
            value,
            base64.b64encode(value.encode()).decode(),
            quote(value, safe=""),
            value.encode().hex(),
        )
    }
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


class Seal:
    """Encrypts what may not lie in the database in clear; the key is not in the database."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key.encode())
        except ValueError:
            raise Misconfigured(
                "HUB_ENCRYPTION_KEY is missing or wrong: set it to what `hub key` prints"
            ) from None

    def close(self, data: bytes) -> bytes:
        """Seal."""
        return self._fernet.encrypt(data)

    def open(self, sealed: bytes) -> bytes:
        """Unseal; raises `Misconfigured` when the key is another one."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Misconfigured("HUB_ENCRYPTION_KEY is not the key this was sealed with") from None


def new_key() -> str:
    """A fresh value for HUB_ENCRYPTION_KEY."""
    return Fernet.generate_key().decode()

"""Secrets: looked up by name at the moment of use, hidden everywhere else (S6)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from json import dumps
from typing import Any
from urllib.parse import quote, quote_plus

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from hub.config import own_secrets
from hub.errors import Misconfigured, Permanent

_SHORTEST_HIDDEN = 6  # shorter values would blacken ordinary words
_SHORTEST_ENCODED = 7
_BEFORE_TEXT = 1 + 8 + 16  # bytes of a token: version, time, initial vector
_PIECE = 65_536  # bytes that are sealed at once


class Secrets:
    """The secrets that `hub.yaml` names, with their values from the environment.

    The hub's own (the encryption key, passwords of its servers) are hidden, and nobody's to ask.
    """

    def __init__(self, names: Iterable[str], environment: Mapping[str, str]) -> None:
        names = tuple(names)
        self._values = {name: environment[name] for name in names if environment.get(name)}
        self._live = {
            name: tuple(
                value
                for value in (environment.get(name), environment.get(f"{name}_PREVIOUS"))
                if value
            )
            for name in names
        }
        self._former = {live[0]: live[1] for live in self._live.values() if live[1:]}
        self._named = _forms(self._live)
        self._hidden = _forms({**self._live, **own_secrets(environment)})

    def reveal(self, name: str) -> str:
        """The value, for a step that needs it now; raises `Permanent` when it is not set."""
        if name not in self._values:
            raise Permanent("not_configured", f"the secret {name} has no value: set {name}")
        return self._values[name]

    def live(self, name: str) -> tuple[str, ...]:
        """The values that prove a caller: the present one and, during a rotation, the last (S1)."""
        return self._live.get(name, ())

    def former(self, value: str) -> str | None:
        """What the secret with this value was before (`FormerSecrets`)."""
        return self._former.get(value)

    def missing(self) -> list[str]:
        """The names without a value."""
        return sorted(name for name, values in self._live.items() if not values)

    def hide(self, value: Any) -> Any:
        """The same value with every known secret replaced by its name, at any depth."""
        return _without(self._hidden, value)

    def hide_named(self, value: Any) -> Any:
        """The same for what a run goes on with: those of `hub.yaml` only.

        No service knows the hub's own passwords; a word that is one by chance must stay.
        """
        return _without(self._named, value)


def _without(hidden: list[tuple[str, str]], value: Any) -> Any:
    if isinstance(value, str):
        for text, name in hidden:
            if text in value:
                value = value.replace(text, f"[{name}]")
        return value
    if isinstance(value, dict):
        return {_without(hidden, key): _without(hidden, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without(hidden, each) for each in value]
    return value


def _forms(live: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Each value as it may turn up, with its name; longest first."""
    found = {
        form: name
        for name, values in live.items()
        for value in values
        if len(value) >= _SHORTEST_HIDDEN
        for form in _written(value)
    }
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _written(value: str) -> Iterator[str]:
    """A value in clear, in JSON, URL-encoded, in hex and in base64, there also inside of others."""
    raw = value.encode()
    yield value
    yield from (dumps(value)[1:-1], dumps(value, ensure_ascii=False)[1:-1])
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
    yield from (raw.hex(), raw.hex().upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        yield from (part for part in _inner(raw, encode) if len(part) >= _SHORTEST_ENCODED)


def _inner(raw: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What base64 makes of these bytes wherever they begin, such as in `user:password`.

    The characters that they share with their neighbours are left out.
    """
    for before in range(3):
        shared, whole = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield encode(bytes(before) + raw).decode()[shared:whole]


class Seal:
    """Encrypts what may not lie in the database in clear; the key is not in the database."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key.encode())
            halves = base64.urlsafe_b64decode(key)
        except ValueError:
            raise Misconfigured(
                "HUB_ENCRYPTION_KEY is missing or wrong: set it to what `hub key` prints"
            ) from None
        self._signing_key, self._encrypting_key = halves[:16], halves[16:]

    def close(self, data: bytes) -> bytes:
        """Seal: the token that Fernet makes, made piece by piece.

        Fernet itself holds many copies of all of it at once, and bodies may be large (I14).
        """
        signature, sealed = HMAC(self._signing_key, SHA256()), BytesIO()
        rest = b""
        for piece in self._signed_parts(data):
            signature.update(piece)
            rest += piece
            whole = len(rest) - len(rest) % 3  # so that the texts in base64 fit together
            sealed.write(base64.urlsafe_b64encode(rest[:whole]))
            rest = rest[whole:]
        sealed.write(base64.urlsafe_b64encode(rest + signature.finalize()))
        return sealed.getvalue()

    def _signed_parts(self, data: bytes) -> Iterator[bytes]:
        """Version, time and initial vector, as Fernet gives them to a token; then the text."""
        start = base64.urlsafe_b64decode(self._fernet.encrypt(b""))[:_BEFORE_TEXT]
        yield start
        vector = start[-AES.block_size // 8 :]
        padder = PKCS7(AES.block_size).padder()
        encryptor = Cipher(AES(self._encrypting_key), CBC(vector)).encryptor()
        for at in range(0, len(data), _PIECE):
            yield encryptor.update(padder.update(data[at : at + _PIECE]))
        yield encryptor.update(padder.finalize()) + encryptor.finalize()

    def open(self, sealed: bytes) -> bytes:
        """Unseal; raises `Misconfigured` when the key is another one."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Misconfigured("HUB_ENCRYPTION_KEY is not the key this was sealed with") from None


def new_key() -> str:
    """A fresh value for HUB_ENCRYPTION_KEY."""
    return Fernet.generate_key().decode()

"""What a request brings to prove itself, what is proved by it, and what a way to prove is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.errors import Rejected
from hub.values.secret_forms import SecretForm

TOLERANCE = timedelta(seconds=300)


def refused(reason: str = "the proof is not right") -> Rejected:
    """The one refusal: it tells nobody what was wrong; `reason` is for the hub's own log."""
    return Rejected(
        401,
        "The credentials are missing, wrong or too old.",
        headers={"WWW-Authenticate": "Hub"},
        reason=reason,
    )


@dataclass(frozen=True)
class Verified:
    """Proof of the sender. What the signature vouches for besides the body, where it does.

    `accepted_for`: how long one signature can be accepted, by clocks that differ. `vouched`: the
    values in the body that are live secrets, where each of its items brings one. `key_id`: the name
    of the key that proved the sender, where each has a key of their own.
    """

    timestamp: datetime | None = None
    message_id: str | None = None
    accepted_for: timedelta = 2 * TOLERANCE
    vouched: frozenset[str] = frozenset()
    key_id: str | None = None


class Preset(Protocol):
    """An entry of `auth:` in `hub.yaml`: its type and the options beside it."""

    @property
    def type(self) -> str:
        """A key of `AUTH_TYPES`, or a type that a package brings."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of that type; what is not given has its default."""


@dataclass(frozen=True)
class Evidence:
    """What a request brings to prove itself. Header names are in lower case, secrets not empty.

    `url` is the public one with its query, as the caller asked for it; bytes that are no UTF-8 are
    escaped as surrogates.
    """

    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[bytes, ...]
    now: datetime
    method: str
    url: str

    def header(self, name: str) -> bytes:
        """The bytes of a header; raises `Rejected` when it is not there."""
        value = self.headers.get(name.lower())
        if value is None:
            raise refused(f"the header {name} is missing")
        return value.encode("latin-1", "replace")

    @property
    def address(self) -> bytes:
        """The bytes of the URL."""
        return self.url.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Unsigned:
    """A request of a test that lacks its proof. The secret is one that only tests have."""

    body: bytes
    headers: Mapping[str, str]
    secret: bytes
    now: datetime
    method: str
    url: str


Options = Mapping[str, Any]
Verifier = Callable[[Evidence, Options], Verified]


@dataclass(frozen=True)
class AuthType:
    """One way to verify, and the options it takes with their defaults (None: must be given).

    `fixed`: what a vendor has settled of a more general scheme; nobody can choose it. `proof` says
    in the reference what proves the caller. `lasting_when`: with these options its signature covers
    neither a time nor an id, so that it is right for ever (S2). None: never, or it is no signature.
    `sign` gives the headers with which `hub test` sends its requests; the hub's own types need none
    of that. `secret_form`: what the secret must be where not any text is a key. `names_caller`:
    each sender has a key of their own, and a workflow reads its name as `caller.key_id`.
    """

    verify: Verifier
    options: Options = field(default_factory=dict)
    fixed: Options = field(default_factory=dict)
    proof: str = ""
    needs_secret: bool = True
    lasting_when: Options | None = None
    sign: Callable[[Unsigned, Options], Mapping[str, str]] | None = None
    secret_form: SecretForm | None = None
    names_caller: bool = False

    def chosen(self, options: Options) -> dict[str, Any]:
        """All that the verifier is told, with what a preset says."""
        return {**self.options, **options, **self.fixed}

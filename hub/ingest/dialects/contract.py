"""What a dialect is: how one kind of caller packs its payload and wants its answer (chapter 5)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

from hub.ingest.body import Body

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SMALL_BODY = 262_144
VOICE_BODY = 5 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One piece of work in a request: it makes a run, unless `refusal` says why it cannot.

    `key` is the dialect's own dedupe key (I6); `id` and `name` are the caller's words for it.
    """

    payload: Any = None
    id: str | None = None
    name: str | None = None
    key: str | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Unpacked:
    """What stands in a body.

    `when_refused`: a refusal is answered with a status (`refuse`), as a sentence in an answer that
    is 200 all the same (`tell`), or with 2xx and a record (`record`). `ignored` says why an
    authentic request makes no run at all. `kind` is the dialect's own note for packing the answer.
    """

    calls: tuple[Call, ...] = ()
    when_refused: Literal["refuse", "tell", "record"] = "refuse"
    caller: Mapping[str, str] = field(default_factory=dict)
    ignored: str | None = None
    kind: str = ""
    is_mended: bool = False


@dataclass(frozen=True)
class Reply:
    """What became of one call. `is_failure`: the body says what went wrong."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_failure: bool = False

    @property
    def is_error(self) -> bool:
        """Whether the caller should hear of it as an error."""
        return self.is_failure or self.status >= 400  # noqa: PLR2004 - HTTP's own border


@dataclass(frozen=True)
class Packed:
    """An HTTP answer, ready to be sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Dialect(Protocol):
    """The five parts of a dialect, and what the checker must know of it.

    `secret_places` name members of the body that carry secrets (`hub.ingest.secret_places`).
    """

    @property
    def name(self) -> str:
        """As written in `dialect:`."""

    @property
    def default_auth(self) -> str:
        """The preset its callers usually prove themselves by."""

    @property
    def media_type(self) -> str:
        """The only media type it reads (S18)."""

    @property
    def default_max_body(self) -> int:
        """Bytes."""

    @property
    def is_tool(self) -> bool:
        """Whether a language model hears the answer."""

    @property
    def payload_names(self) -> tuple[str, ...]:
        """Fields of the payload that it always gives."""

    @property
    def names_messages(self) -> bool:
        """Whether its calls have keys out of the body, which signatures cover (I6, S2)."""

    @property
    def secret_places(self) -> tuple[str, ...]:
        """Where its bodies carry secrets (`wire-formats`, section 0.5)."""

    def unpack(
        self, body: Body, *, tool: str | None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Unpacked:
        """Find the calls in a body; raises `Rejected` 422 for values that cannot be stored.

        `headers` by name in lower case: some senders say there which message it is.
        """

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """Answer in the caller's form; one reply for each call, in the order of the calls."""


def taken() -> Packed:
    """The answer to whoever reads nothing but the status: 200 `{}`."""
    return Packed(200, b"{}", {"Content-Type": JSON_TYPE})


def to_json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def one_line(value: Any) -> str:
    """A value as one line of text: white space in texts is flattened, the rest is compact JSON."""
    if isinstance(value, str):
        return " ".join(value.split())
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_at(value: Any, *path: str) -> str | None:
    """The text at a path of members; nothing when it is not there, empty or no text."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None

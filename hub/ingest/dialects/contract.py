"""What a dialect is: how one kind of caller packs its payload and wants its answer (chapter 5)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from hub.ingest.body import Body

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
SMALL_BODY = 262_144
VOICE_BODY = 5 * 1024 * 1024
# What an answer needs beside the waiting: both ways through the net, and I13's 250 ms.
ON_THE_WAY = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Call:
    """One piece of work in a request: it makes a run, unless `refusal` says why it cannot.

    `key` is the dialect's own dedupe key (I6), which counts for `window` where it does not name a
    call for ever; `id` and `name` are the caller's words for it.
    """

    payload: Any = None
    id: str | None = None
    name: str | None = None
    key: str | None = None
    window: timedelta | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class AnswerTime:
    """How long a caller waits, in seconds: `usual` where nobody changed it, `longest` at most.

    `set_at` is where the vendor lets people change it, with the number in place of `{}`. Source:
    `wire-formats`, table 0.1.
    """

    usual: float
    longest: float | None = None
    set_at: str = ""


@dataclass(frozen=True)
class Unpacked:
    """What stands in a body.

    `when_refused`: a refusal is answered with a status (`refuse`), as a sentence in an answer that
    is 200 all the same (`tell`), or with 2xx and a record (`record`). `ignored` says why an
    authentic request makes no run at all, `doubt` what is likely a mistake of whoever set up the
    caller, though a run is made. `kind` is the dialect's own note for packing the answer,
    and `echo` what a handshake wants to hear back. `longest_wait`: this message has less time than
    its endpoint may give to others.
    """

    calls: tuple[Call, ...] = ()
    when_refused: Literal["refuse", "tell", "record"] = "refuse"
    caller: Mapping[str, str] = field(default_factory=dict)
    ignored: str | None = None
    kind: str = ""
    echo: str = ""
    longest_wait: timedelta | None = None
    is_mended: bool = False
    doubt: str | None = None


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


@dataclass(frozen=True)
class Beside:
    """What a dialect may read of a request beside its body. Header names are in lower case.

    `tool`: the one that the endpoint is for. `vouched`: values in the body that were found to be
    live secrets, where the sender proves each item by one (`microsoft_graph`).
    """

    tool: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vouched: frozenset[str] = frozenset()


NOTHING = Beside()


@dataclass(frozen=True, kw_only=True)
class Dialect(ABC):
    """How one kind of caller speaks. Its traits are data; reading and answering are its methods.

    `name` is written in `dialect:`, `default_auth` the type of auth by which its callers usually
    prove themselves. It reads these media types only (S18), bodies of so many bytes unless the
    endpoint says otherwise. `is_tool`: a language model hears the answer; a body with the members
    of `envelope` is one, another is the arguments alone. `tells_status`: some of its callers hear
    another status than 200. `payload_names`: fields its payload always has. `names_messages`: its
    calls have keys out of the body, which signatures cover (I6, S2). `may_be_empty`: some of its
    messages stand in their headers alone. `secret_places`: members of its bodies that carry secrets
    (`wire-formats`, section 0.5). `answer_time`: how long its callers wait; `answer_times` for
    kinds of message that have another limit. `answers_with`: the status that a caller who only
    reports hears when all is stored. `answers_in`: the media type of its answers.
    `is_always_sealed`: secrets stand inside a text, or every body has one.
    """

    name: str
    default_auth: str = "bearer"
    media_types: tuple[str, ...] = (JSON_TYPE,)
    default_max_body: int = SMALL_BODY
    is_tool: bool = False
    envelope: tuple[str, ...] = ()
    tells_status: bool = False
    payload_names: tuple[str, ...] = ()
    names_messages: bool = False
    may_be_empty: bool = False
    answers_in: str = JSON_TYPE
    secret_places: tuple[str, ...] = ()
    answers_with: int = 200
    answer_time: AnswerTime | None = None
    answer_times: Mapping[str, AnswerTime] = field(default_factory=dict)
    is_always_sealed: bool = False

    def needs_body(self, schema: Mapping[str, Any] | None) -> bool:  # noqa: ARG002
        """Whether a request without a body says nothing; `schema`: of the endpoint's payload."""
        return not self.may_be_empty

    def greet(self, query: Mapping[str, tuple[str, ...]]) -> Unpacked | None:  # noqa: ARG002
        """A handshake, which comes without proof and makes no run; nothing for other requests."""
        return None

    @abstractmethod
    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """Find the calls in a body; raises `Rejected` 422 for values that cannot be stored."""

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """Answer in the caller's form; one reply for each call, in their order. Here: 200 `{}`."""
        return taken(self.answers_with)


def taken(status: int = 200) -> Packed:
    """The answer to whoever reads nothing but the status: `{}`, with 204 nothing."""
    content = b"" if status == 204 else b"{}"  # noqa: PLR2004 - HTTP's own status
    return Packed(status, content, {"Content-Type": JSON_TYPE})


def to_json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def one_line(value: Any) -> str:
    """A value as one line of text: white space in texts is flattened, the rest is compact JSON.

    Never empty, which a caller might take for no answer: an empty text is `""`, as JSON.
    """
    if isinstance(value, str) and (line := " ".join(value.split())):
        return line
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_at(value: Any, *path: str) -> str | None:
    """The text at a path of members; nothing when it is not there, empty or no text."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def without_nulls(value: Any) -> Any:
    """The same without members that are null, as vendors write what is not there."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value

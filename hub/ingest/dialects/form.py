"""Dialect `form`: the fields of a form, as a page or a simple service posts them.

The payload is an object of texts, a list of texts where a field stands several times; the schema
says which of them are numbers or booleans (`hub.ingest.parts`). The answer is that of `json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.ingest.body import Body, without_faults
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    NO_HEADERS,
    SMALL_BODY,
    Call,
    Packed,
    Reply,
    Unpacked,
)
from hub.ingest.dialects.plain_json import answer_as_given


@dataclass(frozen=True)
class Form:
    """Anybody who posts a form."""

    name: str = "form"
    default_auth: str = "public"
    media_type: str = FORM_TYPE
    default_max_body: int = SMALL_BODY
    is_tool: bool = False
    payload_names: tuple[str, ...] = ()
    secret_places: tuple[str, ...] = ()

    def unpack(
        self,
        body: Body,
        *,
        tool: str | None,  # noqa: ARG002
        headers: Mapping[str, str] = NO_HEADERS,  # noqa: ARG002
    ) -> Unpacked:
        """The fields are the payload of one call."""
        return Unpacked(calls=(Call(without_faults(body)),))

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """The body and status of the one reply, in JSON."""
        return answer_as_given(replies[0])

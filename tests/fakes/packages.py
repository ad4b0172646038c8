"""What a package could bring: a dialect and a preset, as small as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Rejected
from hub.ingest.body import Body
from hub.ingest.dialects import NOTHING, Beside, Call, Dialect, Unpacked
from hub.ingest.signatures import AuthType, Evidence, Verified


class Spoken(Dialect):
    """Every body is one call."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        return Unpacked(calls=(Call(body.value),))


def _prove(evidence: Evidence, options: Mapping[str, Any]) -> Verified:  # noqa: ARG001
    raise Rejected(401, "Nobody is proved by this.")


SPOKEN = Spoken(name="acme")
PROVED = AuthType(_prove, {})

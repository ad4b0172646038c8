"""Which pages may call an endpoint and read its answers: what browsers want to hear (K-22).

It keeps browsers from handing answers to pages of others. It keeps nobody from sending: whoever
is no browser says what he likes about himself, so a request of another origin counts as any does.
No answer allows credentials: callers prove themselves by headers, never by a browser's cookies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.engine.workflow import Origins
from hub.ingest.dialects import Packed
from hub.ingest.entrance import Entrance

NO_PAGE = "the origin of the page is not in `cors` of this endpoint"

_EMPTY = 204
_ORIGIN = "origin"
_ALLOWED = "Access-Control-Allow-Origin"
_OURS = "access-control-"
_KEPT_FOR = "600"  # seconds for which a browser need not ask again
_VARY = "Origin"
_ASKED_WITH = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
_READABLE = "*"  # all headers: without credentials this means what it says
_ALWAYS_SENT = ("Content-Type", "Idempotency-Key", "Traceparent")


@dataclass(frozen=True)
class Cors:
    """The pages of one endpoint, and the request that their scripts may make."""

    origins: frozenset[str]
    method: str
    headers: tuple[str, ...]

    def answered(self, origin: str | None) -> dict[str, str]:
        """What stands on every answer: all of them depend on who asks."""
        if origin not in self.origins:
            return {"Vary": _VARY}
        return {_ALLOWED: origin, "Access-Control-Expose-Headers": _READABLE, "Vary": _VARY}

    def preflight(self, origin: str) -> Packed:
        """What a browser hears that asks first; a page of another origin nothing."""
        said = {"Vary": _ASKED_WITH}
        if origin in self.origins:
            said |= {
                _ALLOWED: origin,
                "Access-Control-Allow-Methods": self.method,
                "Access-Control-Allow-Headers": ", ".join(self.headers),
                "Access-Control-Max-Age": _KEPT_FOR,
            }
        return Packed(_EMPTY, b"", said)


def open_cors(entrance: Entrance, config: Mapping[str, Any]) -> Cors | None:
    """What stands ready for the pages of one endpoint; None where no page is named."""
    endpoint = entrance.endpoint
    if endpoint.cors is None:
        return None
    proof = () if entrance.preset.header is None else (entrance.preset.header,)
    names = {each.lower(): each for each in (*_ALWAYS_SENT, *endpoint.headers, *proof)}
    own = sorted(name for low, name in names.items() if low != _ORIGIN)  # a browser says it itself
    return Cors(frozenset(_origins(endpoint.cors, config)), endpoint.method, tuple(own))


def without_cors(packed: Packed) -> Packed:
    """The answer without what its workflow says about origins itself: the key `cors` wins."""
    if not any(name.lower().startswith(_OURS) for name in packed.headers):
        return packed
    kept = {
        name: value for name, value in packed.headers.items() if not name.lower().startswith(_OURS)
    }
    return replace(packed, headers=kept)


def _origins(named: Origins, config: Mapping[str, Any]) -> Iterable[str]:
    yield from named.written
    for name in named.from_config:
        value = config.get(name) or ()
        yield from [value] if isinstance(value, str) else value

"""A request, checked and ready to be sent (S14)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from json import dumps
from typing import Any
from urllib.parse import urlencode

import httpx

from hub.errors import Permanent

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HARMLESS_HEADERS = frozenset({"accept", "content-type", "idempotency-key", "user-agent"})
_SHORTEST_HIDDEN = 4
_LAST_PORT = 65_535

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Outgoing:
    """A request ready to be sent; `what` names it in messages, `hidden` must not be in them."""

    method: str
    url: httpx.URL
    headers: Headers
    content: bytes
    hidden: tuple[str, ...]

    @property
    def what(self) -> str:
        """Method and host: paths and queries may hold tokens."""
        return f"{self.method} to {self.url.host[:100]}"

    def traced(self, traceparent: str | None) -> Outgoing:
        """The same request, told whose it is; what the workflow says of that itself stays."""
        if traceparent is None or any(name == b"traceparent" for name, _ in self.headers):
            return self
        return replace(self, headers=[*self.headers, (b"traceparent", traceparent.encode())])


def body_of(json: Any, data: Mapping[str, Any] | None, content: bytes | None) -> tuple[bytes, str]:
    """The bytes to send and their content type (empty: none)."""
    if json is not None:
        try:
            text = dumps(json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return text.encode(), "application/json"
        except (ValueError, TypeError, RecursionError) as unwritable:
            raise Permanent("invalid_input", "json holds a value that JSON cannot say") from (
                unwritable
            )
    if data is not None:
        return urlencode(_pairs(data, "data")).encode(), "application/x-www-form-urlencoded"
    return content or b"", ""


def outgoing_of(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None,
    query: Mapping[str, Any] | None,
    body: tuple[bytes, str],
    auth: tuple[str, str] | None,
) -> Outgoing:
    content, content_type = body
    ready = {
        b"accept": b"*/*",
        b"accept-encoding": b"identity",
        b"user-agent": b"webhook-hub",
    }
    if content_type:
        ready[b"content-type"] = content_type.encode()
    if auth is not None:
        ready[b"authorization"] = b"Basic " + b64encode(":".join(auth).encode())
    ready |= dict(_header(name, value) for name, value in (headers or {}).items())
    if method in {"POST", "PUT"} and not content:
        ready[b"content-length"] = b"0"
    return Outgoing(
        method=method,
        url=_url(url, query),
        headers=list(ready.items()),
        content=content,
        hidden=_hidden(headers or {}, auth),
    )


def _hidden(headers: Mapping[str, str], auth: tuple[str, str] | None) -> tuple[str, ...]:
    """Texts that may be secret: an answer that echoes them must not carry them into a message."""
    words = [
        word
        for name, value in headers.items()
        if name.lower() not in _HARMLESS_HEADERS
        for word in (value, *value.split()[-1:])
    ]
    if auth is not None:
        words += [auth[1], b64encode(":".join(auth).encode()).decode()]
    return tuple(word for word in words if len(word) >= _SHORTEST_HIDDEN)


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as bytes, name in lower case; raises `Permanent` for what breaks out of it (S14)."""
    if _TOKEN.fullmatch(name) is None:
        raise Permanent("invalid_input", f"{name[:40]!r} is not the name of a header")
    if name.lower() in _OWN_HEADERS:
        raise Permanent("invalid_input", f"the header {name} is set by the hub alone")
    if _CONTROL.search(value):
        raise Permanent("invalid_input", f"the value of the header {name} is not one line of text")
    try:
        return name.lower().encode(), value.strip().encode()
    except UnicodeEncodeError as half:
        raise Permanent("invalid_input", f"the value of the header {name} is not text") from half


def _url(text: str, query: Mapping[str, Any] | None) -> httpx.URL:
    try:
        url = httpx.URL(text)
        host = url.host  # reads an international name, which may be none
    except (httpx.InvalidURL, ValueError, TypeError) as unreadable:
        raise Permanent("invalid_input", "the URL cannot be read") from unreadable
    if url.scheme not in {"http", "https"} or not host:
        raise Permanent("invalid_input", "the URL must start with http:// or https:// and a host")
    if url.port is not None and not 1 <= url.port <= _LAST_PORT:
        raise Permanent("invalid_input", f"the port of the URL must be from 1 to {_LAST_PORT}")
    if url.userinfo or "\\" in text:
        raise Permanent("invalid_input", "the URL must not hold a user name: use bearer or headers")
    if query:
        added = urlencode(_pairs(query, "query")).encode()
        url = url.copy_with(query=b"&".join(part for part in (url.query, added) if part) or None)
    return url


def _pairs(values: Mapping[str, Any], what: str) -> list[tuple[str, str]]:
    """Names and texts; a list repeats its name, null is left out."""
    pairs = []
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, bool):
                pairs.append((name, "true" if each else "false"))
            elif isinstance(each, str | int | float):
                pairs.append((name, str(each)))
            elif each is not None:
                raise Permanent("invalid_input", f"{what}.{name[:40]} is not a text or a number")
    return pairs

"""What the schemes that sign a URL need of one: its forms, its query, the pairs of a form."""

from __future__ import annotations

import re

_PARTS = re.compile(rb"(https?)(://[^/?#]*)(.*)", re.DOTALL)
_PORT = re.compile(rb":[0-9]{0,5}\Z")
_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")

Pair = tuple[bytes, bytes]


def forms_of(url: bytes) -> list[bytes]:
    """The URL as it is, without a port, and with the default one: callers sign any of them.

    No more than they differ; the query stays as it was sent.
    """
    match = _PARTS.fullmatch(url)
    if match is None:
        return [url]
    scheme, host, rest = match.groups()
    bare = _PORT.sub(b"", host)
    hosts = [host, bare, bare + _DEFAULT_PORTS[scheme]]
    return list(dict.fromkeys(scheme + each + rest for each in hosts))


def pairs_of(form: bytes) -> list[Pair]:
    """The names and values of a form or a query, decoded, in their order; empty values count.

    They are read as the body of a form is, so that what is signed is what the workflow gets.
    """
    parts = [part.partition(b"=") for part in form.split(b"&") if part]
    return [(_unescaped(name), _unescaped(value)) for name, _, value in parts]


def query_of(url: bytes) -> list[Pair]:
    """The pairs behind the question mark."""
    return pairs_of(url.partition(b"?")[2])


def _unescaped(text: bytes) -> bytes:
    spaced = text.replace(b"+", b" ")
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), spaced)

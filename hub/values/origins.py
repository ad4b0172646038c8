"""Origins of web pages, as browsers write them: scheme, host, and the port unless it is usual."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_USUAL_PORTS = {"http": "80", "https": "443"}
_LONGEST_HOST = 253
_HIGHEST_PORT = 65_535
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_PARTS = re.compile(
    rf"(https?)://({_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::([1-9][0-9]{{0,4}}))?", re.ASCII
)
_URL = re.compile(r"(https?)://([^/?#@\s]+)(?:[/?#]\S*)?", re.IGNORECASE | re.ASCII)


def is_origin(text: str) -> bool:
    """Whether a browser writes an origin like this: to compare it needs no other reading."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return False
    scheme, host, port = parts.groups()
    if port is not None and (port == _USUAL_PORTS[scheme] or int(port) > _HIGHEST_PORT):
        return False
    return _is_ipv6(host) if host.startswith("[") else len(host) <= _LONGEST_HOST


def origin_of(text: str) -> str | None:
    """The origin that somebody meant who wrote a URL or capital letters; None: it is not clear."""
    parts = None if "\\" in text else _URL.fullmatch(text)  # browsers read \\ as /, others do not
    if parts is None:
        return None
    scheme, place = parts[1].lower(), parts[2].lower()
    meant = f"{scheme}://{place.removesuffix(f':{_USUAL_PORTS[scheme]}')}"
    return meant if is_origin(meant) else None


def _is_ipv6(host: str) -> bool:
    """Whether it is an address in the one form that browsers write."""
    try:
        return str(IPv6Address(host[1:-1])) == host[1:-1]
    except AddressValueError:
        return False

"""What the options of a preset may be.

Checked when `hub.yaml` is loaded, so that no request is the first to find a mistake in one (S1),
and no signature leaves open what it seems to cover (S2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ENCODINGS = ("hex", "base64")
ALGORITHMS = ("sha1", "sha256", "sha512")
LONGEST_TOLERANCE = 3600  # seconds

_HEADER = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]{1,100}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[a-z-]+\}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_header(value: Any) -> bool:
    return _is_text(value) and _HEADER.fullmatch(value) is not None


def _is_header_or_empty(value: Any) -> bool:
    return value == "" or _is_header(value)


def _is_word(value: Any) -> bool:
    return _is_text(value) and re.fullmatch(r"[0-9A-Za-z_-]{1,40}", value, re.ASCII) is not None


def _is_user(value: Any) -> bool:
    return _is_text(value) and value != "" and ":" not in value


def _is_tolerance(value: Any) -> bool:
    return type(value) is int and 1 <= value <= LONGEST_TOLERANCE


_A_HEADER = (_is_header, "the name of a header")
_A_TRUTH = (lambda value: isinstance(value, bool), "true or false")
_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "header": _A_HEADER,
    "timestamp_header": _A_HEADER,
    "message_id_header": (_is_header_or_empty, "the name of a header"),
    "prefix": (_is_text, "a text"),
    "payload_format": (_is_text, "a text such as {timestamp}.{body}"),
    "scheme": (_is_word, "a word such as v1"),
    "username": (_is_user, "a user name without a colon"),
    "encoding": (lambda value: value in ENCODINGS, f"one of {', '.join(ENCODINGS)}"),
    "algorithm": (lambda value: value in ALGORITHMS, f"one of {', '.join(ALGORITHMS)}"),
    "include_timestamp": _A_TRUTH,
    "secret_is_base64": _A_TRUTH,
    "tolerance_past": (_is_tolerance, f"a number of seconds from 1 to {LONGEST_TOLERANCE}"),
}


KNOWN_OPTIONS = frozenset(_RULES)


def mistakes(options: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of options and what is wrong with them; `known` are those of the type, by default."""
    found = list(_of_each(options, known))
    yield from found
    if not found and "payload_format" in known:
        yield from _of_format({**known, **options})


def _of_each(options: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, default in known.items():
        fits, wanted = _RULES.get(name) or _like(default)
        if name not in options:
            if default is None:
                yield name, f"`{name}` is missing, {wanted}"
        elif not fits(options[name]):
            yield name, f"`{name}` must be {wanted}"


def _like(default: Any) -> tuple[Callable[[Any], bool], str]:
    """The rule of an option that only a package's preset has: it is what its default is."""
    if isinstance(default, bool):
        return _A_TRUTH
    if isinstance(default, int):
        return (lambda value: type(value) is int), "a whole number"
    return _is_text, "a text"


def _of_format(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything that is believed must be signed, and nothing else stands in braces."""
    text = options["payload_format"]
    given = set(_PLACEHOLDER.findall(text))
    wanted = {"{body}"}
    if options["include_timestamp"]:
        wanted.add("{timestamp}")
    if options["message_id_header"]:
        wanted.add("{svix-id}")
    for name in sorted(wanted - given):
        yield "payload_format", f"`payload_format` lacks {name}: it would not be signed"
    for name in sorted(given - wanted - {"{method}", "{url}"}):
        yield "payload_format", f"`payload_format` has {name[:40]}, which nothing stands for"

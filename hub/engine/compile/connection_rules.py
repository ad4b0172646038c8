"""Whether a connection of hub.yaml says what its type wants; what is wrong goes to the reader."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from hub.engine.compile.reader import Reader, Record
from hub.engine.findings import correction, only_candidate
from hub.engine.settings import ConnectionFacts
from hub.engine.yaml_profile import Entry, Scalar

ConnectionRules = Mapping[str, ConnectionFacts]

_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s/?#@]*@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#:@\[\]]+)(?::([0-9]{1,5}))?(?:[/?#]\S*)?"
)
_LAST_PORT = 65_535


def check_connection(
    reader: Reader,
    record: Record,
    rules: ConnectionRules,
    *,
    credentials: Sequence[Entry],
    options: Sequence[Entry],
) -> None:
    """The type, what stands under it, what lacks, and where the service lies."""
    node, kind = record.get("type"), record.read("type")
    if node is None or not kind:
        return
    reader.choice(node, rules, what="`type`")
    _check_address(reader, record)
    known = rules.get(kind)
    if known is None:
        return
    _check_names(reader, kind, "credential", credentials, known.credentials)
    _check_names(reader, kind, "option", options, known.options)
    given = {
        *(f"credentials.{each.name}" for each in credentials),
        *(f"options.{each.name}" for each in options),
        *(each.name for each in record.node.entries),
    }
    lacking = [path for path in known.required if path not in given]
    if lacking:
        message = f"a connection of type {kind} lacks {', '.join(lacking)}"
        reader.refuse(110, message, node)


def _check_names(
    reader: Reader, kind: str, noun: str, entries: Sequence[Entry], known: Collection[str]
) -> None:
    for entry in entries:
        if entry.name not in known:
            message = f"a connection of type {kind} has no {noun} `{entry.name[:60]}`"
            suggestion = correction(entry.name, list(known), what="it has")
            fix = only_candidate(entry.name, known)
            reader.refuse(110, message, entry.key, suggestion=suggestion, fix=fix)


def _check_address(reader: Reader, record: Record) -> None:
    node = record.get("base_url")
    if node is None or (isinstance(node, Scalar) and "${{" in node.raw):
        return  # `config` holds it, or what else stands there is refused as it is read
    text = reader.text(node, what="`base_url`")
    if text and not _is_url(text):
        message = "`base_url` is no URL: it begins with a scheme and a host, as `https://host`"
        reader.refuse(110, message, node)


def _is_url(text: str) -> bool:
    found = _URL.fullmatch(text)
    return found is not None and 0 < int(found[1] or 1) <= _LAST_PORT

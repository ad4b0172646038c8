"""`streams` of hub.yaml: which events may be watched where, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hub.engine.compile.reader import Reader, Record
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.language.parts import EVENT
from hub.engine.language.project import STREAM
from hub.engine.settings import AuthPreset, EventStream
from hub.engine.yaml_profile import Entry, Node

_PART = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def event_streams(
    reader: Reader, entries: Iterable[Entry], auth: Mapping[str, AuthPreset]
) -> tuple[EventStream, ...]:
    """The streams that can be read; what is wrong with the others is a finding."""
    found = (_stream(reader, entry, auth) for entry in entries)
    return tuple(each for each in found if each is not None)


def _stream(reader: Reader, entry: Entry, auth: Mapping[str, AuthPreset]) -> EventStream | None:
    record = reader.record(entry.value, STREAM, what=f"`{entry.name}`")
    if record is None:
        return None
    path, preset, events = (
        _path(reader, record),
        _preset(reader, record, auth),
        record.get("events"),
    )
    if path is None or preset is None or events is None:
        return None
    items = reader.items(events, what="`events`")
    names = (reader.name(item, EVENT, what="the name of an event") for item in items)
    return EventStream(entry.name, path, preset, tuple(name for name in names if name is not None))


def _path(reader: Reader, record: Record) -> str | None:
    path: str | None = record.read("path")
    if path is None:
        return None
    if len(_PART.findall(path)) != 1:
        message = "the path of a stream has one part such as `{id}`: the key of its events"
        reader.refuse(110, message, _node(record, "path"))
        return None
    return path


def _preset(reader: Reader, record: Record, auth: Mapping[str, AuthPreset]) -> str | None:
    """Never `public`: whoever is told of events has proved himself."""
    name: str | None = record.read("auth")
    if name is None or name in auth:
        return name
    message = f"there is no preset '{name[:60]}' under `auth`"
    meant, fix = did_you_mean(name, auth), only_candidate(name, auth)
    reader.refuse(214, message, _node(record, "auth"), suggestion=meant, fix=fix)
    return None


def _node(record: Record, name: str) -> Node:
    return record.get(name) or record.node

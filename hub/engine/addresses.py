"""What `hub.yaml` says of paths and events, held against the workflows and the events there are.

A stream answers at its path whatever the method is, so an endpoint below it would never be
reached; a stream of an event that is none would be silent for ever, and so would a service that is
told to call where nobody listens.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from hub.engine.compile import ConnectionRules, HubFile
from hub.engine.compile.waits import EVENT_FOLDER, event_path
from hub.engine.findings import Finding, correction, did_you_mean, only_candidate
from hub.engine.loading import Loaded
from hub.engine.settings import EventStream
from hub.engine.workflow import Endpoint
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, Sequence

_PART = re.compile(r"\\\{[^{}]*\\\}")
_CALLED_WITH = "POST"  # services call back with a body


def address_findings(
    hub_file: HubFile,
    files: Collection[str],
    loaded: Loaded,
    connections: ConnectionRules | None,
) -> Iterator[Finding]:
    """Streams at paths of others (HUB620) or of no event (HUB213), callbacks to nowhere (HUB622).

    `connections` tells which options hold the path of an endpoint; None: that is not known.
    """
    endpoints = {
        name: each.trigger
        for name, each in sorted({**loaded.broken, **loaded.workflows}.items())
        if each is not None and isinstance(each.trigger, Endpoint)
    }
    yield from _taken_paths(hub_file, endpoints)
    yield from _unknown_events(hub_file, files)
    if connections is not None:
        base_path = hub_file.settings.base_path
        unread = {f"{base_path}/{name}" for name, each in loaded.broken.items() if each is None}
        yield from _lost_callbacks(hub_file, connections, endpoints, unread)


def _taken_paths(hub_file: HubFile, endpoints: Mapping[str, Endpoint]) -> Iterator[Finding]:
    owners: list[EventStream] = []
    for stream in hub_file.settings.streams:
        below = _pattern(stream.path)
        hidden = [name for name, each in endpoints.items() if below.fullmatch(each.path)]
        first = next((each for each in owners if _pattern(each.path).fullmatch(stream.path)), None)
        owners.append(stream)
        if hidden:
            message = f"the workflow '{hidden[0]}' has this path already: it would not be reached"
        elif first is not None:
            message = f"the stream '{first.name}' has this path already"
        else:
            continue
        node = _node(hub_file.root, "streams", stream.name, "path")
        if node is not None:
            yield hub_file.source.finding(620, message, start=node.start, end=node.end)


def _unknown_events(hub_file: HubFile, files: Collection[str]) -> Iterator[Finding]:
    known = [
        path.removeprefix(EVENT_FOLDER).removesuffix(".json")
        for path in files
        if path.startswith(EVENT_FOLDER)
    ]
    for stream in hub_file.settings.streams:
        events = _node(hub_file.root, "streams", stream.name, "events")
        items = events.items if isinstance(events, Sequence) else ()
        for name, node in zip(stream.events, items, strict=True):
            if event_path(name) not in files:
                yield hub_file.source.finding(
                    213,
                    f"there is no event '{name}'",
                    start=node.start,
                    end=node.end,
                    suggestion=did_you_mean(name, known) or f"write {event_path(name)}",
                    fix=only_candidate(name, known),
                )


def _lost_callbacks(
    hub_file: HubFile,
    connections: ConnectionRules,
    endpoints: Mapping[str, Endpoint],
    unread: Collection[str],
) -> Iterator[Finding]:
    """Unread files may be endpoints: what they are called is what would be there."""
    paths = [each.path for each in endpoints.values() if each.method == _CALLED_WITH]
    for connection in hub_file.settings.connections.values():
        rules = connections.get(connection.type)
        for option in () if rules is None else rules.callbacks:
            path = str(connection.options.get(option) or "").partition("?")[0]
            node = _node(hub_file.root, "connections", connection.name, "options", option)
            is_there = path in unread or any(_pattern(each).fullmatch(path) for each in paths)
            if path and node is not None and not is_there:
                yield hub_file.source.finding(
                    622,
                    f"no endpoint takes {_CALLED_WITH} {path}",
                    start=node.start,
                    end=node.end,
                    suggestion=correction(path, paths, what="there are"),
                    fix=only_candidate(path, paths),
                )


def _pattern(path: str) -> re.Pattern[str]:
    """The addresses of a path; parts in braces are any text without a slash."""
    return re.compile(_PART.sub("[^/]+", re.escape(path)) + "/?")


def _node(root: Node | None, *path: str) -> Node | None:
    """The value at these keys; None where there is none, as in settings that are a default."""
    node = root
    for name in path:
        entry = node.get(name) if isinstance(node, Tree) else None
        if entry is None:
            return None
        node = entry.value
    return node

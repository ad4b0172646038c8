"""Which characters of a file an entry, a step or an item takes up."""

from __future__ import annotations

from hub.engine.yaml_profile import Entry, Mapping, Node, Sequence

Span = tuple[int, int]


def end_of(node: Node) -> int:
    """Where the last written character of a value ends; blank lines behind it are not its own."""
    text = node.source.text
    if isinstance(node, Mapping) and node.entries and text[node.start] != "{":
        return end_of_entry(node.entries[-1])
    if isinstance(node, Sequence) and node.items and text[node.start] != "[":
        return end_of(node.items[-1])
    return len(text[: node.end].rstrip())


def end_of_entry(entry: Entry) -> int:
    """Where a key with its value ends."""
    return max(entry.key.end + 1, end_of(entry.value))


def lines_of(node: Node, start: int, end: int) -> Span:
    """The whole lines from `start` to `end`, their comments and the last line break included."""
    text = node.source.text
    last = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if last < 0 else last + 1


def entry_span(mapping: Mapping, index: int) -> Span | None:
    """What goes away with a key; None for the only key of a list's item, which is the item."""
    text, entries = mapping.source.text, mapping.entries
    entry = entries[index]
    following = entries[index + 1].key.start if index + 1 < len(entries) else None
    if text[mapping.start] == "{":
        return _flow_span(
            entry.key.start,
            end_of(entry.value),
            following,
            index and end_of_entry(entries[index - 1]),
        )
    first = text.rfind("\n", 0, entry.key.start) + 1
    if not text[first : entry.key.start].strip():
        return lines_of(mapping, entry.key.start, end_of_entry(entry))
    return None if following is None else (entry.key.start, following)


def item_span(items: Sequence, index: int) -> Span:
    """What goes away with an item of a list."""
    item = items.items[index]
    if items.source.text[items.start] == "[":
        following = items.items[index + 1].start if index + 1 < len(items.items) else None
        before = index and end_of(items.items[index - 1])
        return _flow_span(item.start, end_of(item), following, before)
    return lines_of(items, item.start, end_of(item))


def _flow_span(start: int, end: int, following: int | None, before: int) -> Span:
    if following is not None:
        return start, following
    return (before or start), end

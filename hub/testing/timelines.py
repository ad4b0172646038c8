"""`timeline:` what comes from outside while a test runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.engine.compile.reader import Reader, Record
from hub.engine.language.trials import TIMELINE
from hub.engine.workflow import Position
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, Scalar, plain
from hub.testing.names import Names
from hub.testing.plan import Happening

_DEEDS = ("emit", "request", "cancel")


@dataclass
class Timelines:
    """Reads the timeline of one test."""

    reader: Reader
    names: Names
    path: str

    def read(self, node: Node | None) -> tuple[Happening, ...]:
        """The entries, in the order of the file."""
        if node is None:
            return ()
        items = self.reader.items(node, what="`timeline`")
        return tuple(each for each in map(self._entry, items) if each is not None)

    def _entry(self, node: Node) -> Happening | None:
        record = self.reader.record(node, TIMELINE)
        if record is None:
            return None
        self._check_one(record, ("after", "at"), node)
        deed = self._check_one(record, _DEEDS, node)
        self._check_beside_emit(record, deed)
        line, column = self.reader.source.position(node.start)
        at, emitted = record.get("at"), record.get("emit")
        return Happening(
            position=Position(self.path, line, column),
            after=self._after(record),
            at=None if at is None else self.names.instant(at, "`at`"),
            emit=None if emitted is None else self.names.event(emitted),
            key=record.read("key") or "",
            data=self._data(record),
            is_again=record.read("request") == "again",
            is_cancel=self._is_cancel(record),
        )

    def _check_one(self, record: Record, names: tuple[str, ...], node: Node) -> str | None:
        """Exactly one of the keys must be there."""
        found = [name for name in names if name in record]
        if len(found) == 1:
            return found[0]
        told = ", ".join(f"`{name}`" for name in names)
        self.reader.refuse(110, f"an entry of the timeline has exactly one of {told}", node)
        return None

    def _check_beside_emit(self, record: Record, deed: str | None) -> None:
        for name in ("key", "data"):
            node = record.get(name)
            if node is not None and deed not in (None, "emit"):
                self.reader.refuse(110, f"`{name}` stands beside `emit`", node)
        if deed == "emit" and "key" not in record:
            record.check_required(["key"])

    def _after(self, record: Record) -> Any:
        return record.read("after")

    def _data(self, record: Record) -> Any:
        emitted, node = record.get("emit"), record.get("data")
        name = emitted.value if isinstance(emitted, Scalar) else None
        if emitted is not None and isinstance(name, str):
            schema = self.names.event_schema(name)
            shown = node or Tree(emitted.source, emitted.start, emitted.end, ())
            self.names.check_data(shown, schema, what=f"data of {name}")
        return {} if node is None else plain(node)

    def _is_cancel(self, record: Record) -> bool:
        node = record.get("cancel")
        if node is None:
            return False
        if not record.read("cancel"):
            self.reader.refuse(110, "`cancel` is true", node)
        return True

"""What was compiled for one test is known to the next one, as to a hub that reads its files again.

A story opens the whole project, and nearly every test opens a story: without this, the suite would
compile the same files a thousand times.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from hub.engine.notes import Memory
from hub.engine.project import Project, load_project

MOST = 12  # different projects that are remembered


@dataclass
class RecalledMemory(Memory):
    """Begins with what the latest memory of the same setting knows."""

    earlier: ClassVar[deque[Memory]] = deque(maxlen=MOST)

    def forget_unless(self, setting: Any) -> None:
        super().forget_unless(setting)
        if not self.notes:
            for known in self.earlier:
                if known.setting == setting:
                    self.notes, self.linked = dict(known.notes), dict(known.linked)
                    self.earlier.remove(known)
                    break
        if not any(known is self for known in self.earlier):
            self.earlier.appendleft(self)


class RecalledProjects:
    """Gives the project that the same files were for an earlier test; projects never change."""

    def __init__(self) -> None:
        self._known: OrderedDict[object, Project] = OrderedDict()

    def load(self, files: Mapping[str, str], **given: Any) -> Project:
        key = (frozenset(files.items()), frozenset(given["actions"]))
        if key not in self._known:
            self._known[key] = load_project(files, **given)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


class RecalledTemplates(BytecodeCache):
    """What one console made of its templates is known to the next one."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()

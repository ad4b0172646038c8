"""What was compiled for one test is known to the next one, as to a hub that reads its files again.

A story opens the whole project, and nearly every test opens a story: without this, the suite would
compile the same files a thousand times.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar

from hub.engine.notes import Memory

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

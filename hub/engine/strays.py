"""Files that no workflow names: what is wrong with them, and those that lie where nothing is read.

A file that is passed over in silence is one that somebody believes to be in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hub.engine.compile import Context
from hub.engine.compile.waits import EVENT_FOLDER, event_path
from hub.engine.findings import Finding, Source
from hub.engine.language.parts import EVENT
from hub.engine.notes import Note

_SCHEMA = re.compile(r"schemas/.+\.json")
_BELOW = re.compile(r"workflows/(?!tests/|platforms/).+/.+\.ya?ml")  # both are read elsewhere


def stray_findings(context: Context, notes: Iterable[Note]) -> Iterator[Finding]:
    """What is wrong with the files that were not read for any of the workflows of these notes."""
    read = {path for note in notes for path in note.read}
    for path in sorted(context.files):
        if path.startswith(EVENT_FOLDER) and not _is_event(path):
            message = f"an event's file is named `{event_path('<name>')}`; a name is {EVENT.form}"
            yield Source(path, context.files[path]).finding(110, message, start=0)
        elif _SCHEMA.fullmatch(path) and path not in read:
            found = context.schema(path)
            yield from found.findings if found is not None else ()
        elif _BELOW.fullmatch(path):
            message = "nothing reads this file: a workflow lies in `workflows/` itself"
            suggestion = f"move it to workflows/{path.rpartition('/')[2]}"
            yield Source(path, context.files[path]).finding(
                110, message, start=0, suggestion=suggestion
            )


def _is_event(path: str) -> bool:
    name = path.removeprefix(EVENT_FOLDER).removesuffix(".json")
    return path == event_path(name) and re.fullmatch(EVENT.pattern or "", name) is not None

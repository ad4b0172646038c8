"""A workflow's file, read and written by people in the console: whole, audited, over nobody else's.

The file is the truth: what is written here is taken up as if an editor on the host had saved it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hub.bootstrap.hub import Hub
from hub.bootstrap.new_files import write_all
from hub.bootstrap.replacing import NotReplaced, replace_text
from hub.editing.beginning.drafts import Draft
from hub.engine.versions import workflow_path
from hub.errors import NotPossible
from hub.storage import audit
from hub.storage.audit import Actor

SAVED, BEGUN = "console save workflow", "console new workflow"
_BREAK, _DOS_BREAK = "\n", "\r\n"


class ChangedMeanwhile(NotPossible):
    """Somebody else wrote the file since it was opened."""


@dataclass(frozen=True)
class OpenFile:
    """A file as it lies there. `digest` tells whether it is still the same when it is saved."""

    path: Path
    text: str
    digest: str
    can_be_written: bool


def open_file(hub: Hub, name: str) -> OpenFile:
    """The file of a workflow; raises `NotPossible` when it cannot be read or is not UTF-8."""
    path = hub.settings.project / workflow_path(name)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise NotPossible(f"{workflow_path(name)} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise NotPossible(f"{workflow_path(name)} is not UTF-8: mend it on the host") from problem
    return OpenFile(path, text, digest_of(text), can_be_written(path))


def lies_there(hub: Hub, name: str) -> bool:
    """Whether a workflow of this name has a file."""
    return (hub.settings.project / workflow_path(name)).is_file()


def can_be_written(path: Path) -> bool:
    """Whether the folder and the file let this process replace the file."""
    return os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)


def can_begin(hub: Hub) -> bool:
    """Whether the folder lets this process add a workflow."""
    return os.access(hub.settings.project / "workflows", os.W_OK)


def digest_of(text: str) -> str:
    """What tells one text from another."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_breaks_of(given: str, before: str) -> str:
    """A text of a form with the line breaks of the file; it ends with one."""
    text = given.replace(_DOS_BREAK, _BREAK).replace("\r", _BREAK)
    text = text if text.endswith(_BREAK) or not text else text + _BREAK
    return text.replace(_BREAK, _DOS_BREAK) if _DOS_BREAK in before else text


def save(hub: Hub, name: str, text: str, *, expected: str, version: str, actor: Actor) -> None:
    """Replace the file, and note who did it; both or neither (S9).

    `expected` is the digest of the file that was edited. Raises `ChangedMeanwhile` when another one
    lies there, `NotPossible` when it cannot be written.
    """
    with audit.act(hub.console_database, actor, SAVED) as act:
        before = open_file(hub, name)
        act.note({"workflow": name, "version": version}, before=before.text, after=text)
        # The row of audit is held by one transaction at a time: whoever saves too waits above.
        if before.digest != expected and open_file(hub, name).digest != expected:
            raise ChangedMeanwhile(f"somebody else changed {workflow_path(name)} meanwhile")
        _replace(before.path, before.text, text)
        try:
            act.connection.commit()
        except BaseException:
            with suppress(NotReplaced):
                replace_text(before.path, before=text, after=before.text)
            raise


def begin(hub: Hub, name: str, drafts: Sequence[Draft], *, version: str, actor: Actor) -> None:
    """Write the first files of a workflow, and note who did it; all of it or nothing (S9).

    Raises `NotPossible` when one is there already, or cannot be written.
    """
    with audit.act(hub.console_database, actor, BEGUN) as act:
        texts = {each.path: each.text for each in drafts}
        act.note({"workflow": name, "version": version, "files": [*texts]}, after=texts)
        # As above: whoever begins one of the same name at the same time waits, and then finds it.
        write_all(hub.settings.project, drafts)
        try:
            act.connection.commit()
        except BaseException:
            for each in drafts:
                (hub.settings.project / each.path).unlink(missing_ok=True)
            raise


def _replace(path: Path, before: str, after: str) -> None:
    try:
        replace_text(path, before=before, after=after)
    except NotReplaced as problem:
        raise NotPossible(str(problem)) from problem

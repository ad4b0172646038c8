"""Files of a project are replaced whole or not at all, and never over somebody else's change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hub.errors import HubError


class NotReplaced(HubError):
    """The file stays as it was: somebody else changed it, or it may not be written."""


def replace_text(path: Path, *, before: str, after: str) -> None:
    """Write a file anew with the rights it has; raises `NotReplaced`.

    Links stay links: what they lead to is replaced.
    """
    place = path.resolve()
    try:
        if place.read_bytes() != _bytes(before):
            raise NotReplaced(f"{path} was changed meanwhile: try again")
        _replace(place, after)
    except OSError as problem:
        raise NotReplaced(f"{path} cannot be written: {problem.strerror}") from problem


def _replace(place: Path, text: str) -> None:
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_bytes(text))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(place.stat().st_mode & 0o777)
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

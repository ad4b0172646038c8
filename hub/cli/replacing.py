"""Files of a project are replaced whole or not at all, and never over somebody else's change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hub.errors import HubError


class ChangedMeanwhile(HubError):
    """Somebody else wrote the file after it was read."""


def replace_text(path: Path, *, before: str, after: str) -> None:
    """Write a file anew with the rights it has; raises `ChangedMeanwhile`, and `OSError`.

    Links stay links: what they lead to is replaced.
    """
    place = path.resolve()
    if place.read_bytes() != _bytes(before):
        raise ChangedMeanwhile(f"{path} was changed meanwhile: try again")
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_bytes(after))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(place.stat().st_mode & 0o777)
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

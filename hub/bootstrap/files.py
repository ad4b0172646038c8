"""The files of a project on disk: looked at without being read, read where they changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.engine.settings import PROJECT_FILE

_FOLDERS = ("workflows", "schemas", "templates")
_ENDINGS = (".yaml", ".yml", ".json", ".html", ".txt", ".md")
_LARGEST = 1024 * 1024

Stamp = tuple[int, int, int, int]
"""When a file was written and changed (ns), its size, its inode: another one, another content."""


class ProjectFiles:
    """The files below one folder: links that lead out of it are left out (S12)."""

    def __init__(self, folder: Path) -> None:
        self.root = folder.resolve()
        self._known: dict[str, tuple[Stamp, str]] = {}

    def stamps(self) -> dict[str, Stamp]:
        """Path → stamp of every file of the project, in the order of their paths.

        Raises `OSError` as `glance` does.
        """
        return dict(sorted(self.glance().items(), key=_place))

    def glance(self) -> dict[str, Stamp]:
        """The same in no order, for who looks again and again.

        A file that goes away meanwhile is left out. Raises `OSError` for a folder that cannot be
        looked into.
        """
        found: dict[str, Stamp] = {}
        project_file = _stamp(self.root / PROJECT_FILE)
        if project_file is not None:
            found[PROJECT_FILE] = project_file
        for name in _FOLDERS:
            found.update(self._below(name))
        return found

    def read(self, stamps: Mapping[str, Stamp]) -> dict[str, str]:
        """Path → text, in the order of the paths; what has its last stamp is not read again.

        Raises `OSError` for a file that cannot be read.
        """
        texts: dict[str, str] = {}
        known: dict[str, tuple[Stamp, str]] = {}
        for path, stamp in sorted(stamps.items(), key=_place):
            last = self._known.get(path)
            try:
                text = last[1] if last and last[0] == stamp else _text(self.root / path)
            except FileNotFoundError:
                continue  # the next look tells
            texts[path] = text
            known[path] = (stamp, text)
        self._known = known
        return texts

    def forget(self) -> None:
        """The next time all files are read."""
        self._known = {}

    def _below(self, folder: str) -> Iterator[tuple[str, Stamp]]:
        """The files of one folder and of those inside it; links to folders are not followed."""
        if not (self.root / folder).resolve().is_relative_to(self.root):
            return
        try:
            entries = list(os.scandir(self.root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:  # no `Path` is made here: it costs more than asking the system
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(path)
            elif entry.name.endswith(_ENDINGS) and (stamp := self._inside(entry)) is not None:
                yield path, stamp

    def _inside(self, entry: os.DirEntry[str]) -> Stamp | None:
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self.root):
            return None
        return _stamp(entry)


def _stamp(file: Path | os.DirEntry[str]) -> Stamp | None:
    """None for what is no file, or is gone."""
    try:
        found = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    is_file = stat.S_ISREG(found.st_mode)
    stamp = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    return stamp if is_file else None


def _place(found: tuple[str, Stamp]) -> tuple[bool, list[str]]:
    """The project's own file first, then folder by folder."""
    path, _ = found
    return path != PROJECT_FILE, path.split("/")


def _text(path: Path) -> str:
    """The file's text; bytes that are not UTF-8 become a sign that the reader refuses."""
    with path.open("rb") as file:
        return file.read(_LARGEST).decode("utf-8", errors="surrogateescape")

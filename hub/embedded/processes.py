"""Telling a living server from a number in a stale file."""

from __future__ import annotations

from pathlib import Path

PROCESSES = Path("/proc")


def can_tell() -> bool:
    """Whether this system lets us look at processes (Linux)."""
    return (PROCESSES / "self/cmdline").exists()


def find(pid_file: Path, *, argument: str) -> int | None:
    """The living process that the file names, if `argument` stands on its command line.

    The number may belong to another program by now; a dead process that nobody waited for has an
    empty command line.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8").partition("\n")[0])
        command = (PROCESSES / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if argument.encode() in command.split(b"\0") else None

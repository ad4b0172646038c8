"""What measurements have in common on their command lines."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Sequence
from pathlib import Path


def end_in_order() -> None:
    """SIGTERM ends the measurement as Ctrl-C does: its servers and processes are stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Where the figures go beside the terminal."""
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--report", type=Path, help="put tables and plot into this page")


def add_only(parser: argparse.ArgumentParser, parts: Sequence[str]) -> None:
    """Some of the parts instead of all."""
    parser.add_argument(
        "--only", type=_some_of(parts), default=parts, help=f"some of {','.join(parts)}"
    )


def _some_of(parts: Sequence[str]) -> Callable[[str], Sequence[str]]:
    def read(named: str) -> Sequence[str]:
        wanted = named.split(",")
        if unknown := sorted(set(wanted) - set(parts)):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: none of {', '.join(parts)}")
        return [part for part in parts if part in wanted]

    return read

"""Parts of the shipped project, for tests that need few of its flows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CALL = re.compile(r"\bcall: ([a-z-]+)$", re.MULTILINE)


def with_what_they_call(*names: str) -> set[str]:
    """The workflows and all below them, by name."""
    return set(_all_below(names))


def copy_flows(folder: Path, *names: str) -> None:
    """A project of these workflows and those that they call, without its hub.yaml.

    Of the schemas of payloads only theirs: each that no workflow reads would be looked through.
    """
    (folder / "workflows").mkdir(parents=True)
    read = ""
    for flow in with_what_they_call(*names):
        written = (ROOT / "workflows" / f"{flow}.yaml").read_text("utf-8")
        (folder / "workflows" / f"{flow}.yaml").write_text(written, "utf-8")
        read += written
    shutil.copytree(ROOT / "templates", folder / "templates")
    shutil.copytree(ROOT / "schemas/events", folder / "schemas/events")
    for schema in (ROOT / "schemas").glob("*.json"):
        if schema.name in read:
            shutil.copy(schema, folder / "schemas")


def _all_below(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name
        yield from _all_below(_CALL.findall((ROOT / f"workflows/{name}.yaml").read_text("utf-8")))

"""What is kept with a delivery that made no run, or not all of them, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hub.errors import PayloadProblem
from hub.ingest.answers import as_sentence
from hub.ingest.dialects import Unpacked
from hub.ingest.planning import Planned
from hub.ingest.request import storable


def notes_of(unpacked: Unpacked, planned: Sequence[Planned]) -> dict[str, Any]:
    """Why a request made no run, or not all of them; and what had to be mended."""
    refused = [
        {"title": each.refusal.title, "problems": [asdict(one) for one in each.refusal.problems]}
        for each in planned
        if each.refusal is not None
    ]
    notes: dict[str, Any] = {}
    if unpacked.ignored is not None:
        notes["ignored"] = storable(unpacked.ignored)
    if unpacked.doubt is not None:
        notes["doubt"] = unpacked.doubt
    if refused:
        notes["refused"] = refused
    if unpacked.is_mended:
        notes["mended"] = True
    return notes


def reason(notes: Mapping[str, Any]) -> str | None:
    """Why a request made no run, or not all of them, or cannot help its caller; each once."""
    told = [notes[name] for name in ("ignored", "doubt") if name in notes]
    for each in notes.get("refused", ()):
        problems = [PayloadProblem(**one) for one in each["problems"]]
        told.append(as_sentence(each["title"], problems))
    return " ".join(dict.fromkeys(told)) or None

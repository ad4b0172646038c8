"""Short words to write workflows with."""

from __future__ import annotations

from typing import Any

from hub.engine.advance import Failure
from tests.unit.engine.advance.player import play

HOARSE = Failure("hoarse", "no voice left")
INPUTS = """\
inputs:
  word: {type: string, optional: true}
  flag: {type: boolean, optional: true}
  count: {type: integer, optional: true}
  words: {type: array, items: {type: string}, optional: true}
  at: {type: string, format: date-time, optional: true}
"""


def say(id_: str, text: str | None = None, more: str = "") -> str:
    return f"  - id: {id_}\n    do: voice.say\n    with: {{text: '{text or id_}'}}\n{more}"


def steps(*lines: str) -> str:
    return INPUTS + "steps:\n" + "\n".join(lines) + "\n"


def value(main: str, given: dict[str, Any] | None = None, **more: Any) -> Any:
    """What the run returns."""
    _, ending = play(main, given=given, **more)
    assert ending.failure is None, ending.failure
    return ending.value

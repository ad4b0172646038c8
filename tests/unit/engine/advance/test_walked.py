"""Whoever wants to know hears of each step that is begun, as tests do for what they reach."""

from __future__ import annotations

from dataclasses import replace

from hub.engine.advance import Machine
from hub.engine.advance.journal import Journal
from tests.unit.engine.advance.player import Player, compiled

MAIN = """
inputs: {}
steps:
  - {id: no, if: 1 > 2, log: never}
  - if: 1 < 2
    then: [{log: hello}]
"""


def test_each_step_that_is_begun_is_heard_of_and_no_other():
    workflow = compiled(main=MAIN)
    heard: list[tuple[str, str]] = []
    facts = replace(
        Player(workflow)._facts(),  # noqa: SLF001 - the facts of a run, with one more ear
        walked=lambda owner, _, path: heard.append((owner.name, path)),
    )

    Machine(workflow, facts, Journal())

    assert heard == [("main", "2-if"), ("main", "2-if/1.1-log")]

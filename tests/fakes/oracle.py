"""Two actions nobody implemented: what a hub knows that waits for a later version of itself."""

from __future__ import annotations

from dataclasses import dataclass

from hub.action import declare


@dataclass(frozen=True)
class Question:
    """What is asked."""

    question: str


@dataclass(frozen=True)
class Prophecy:
    """What is answered."""

    answer: str


ASK = declare(
    "oracle.ask",
    summary="Ask the oracle",
    takes=Question,
    gives=Prophecy,
    effect="read",
    errors=("silent",),
    example={"answer": "perhaps"},
    outward=True,
)
BRIBE = declare(
    "oracle.bribe",
    summary="Make the oracle say it",
    takes=Prophecy,
    gives=Prophecy,
    effect="once",
    example={"answer": "certainly"},
)

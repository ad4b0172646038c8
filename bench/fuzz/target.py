"""A target: where its cases come from, and what must be true of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from bench.fuzz.damage import damaged

_BY_GRAMMAR = 0.4


class Wrong(Exception):
    """What was made of a case cannot be right."""


def expect(holds: object, what: str) -> None:
    """Raise `Wrong` unless it holds."""
    if not holds:
        raise Wrong(what)


@dataclass(frozen=True)
class Target:
    """`check` takes one case and returns, or raises: `Wrong`, or what nobody documented.

    `words` are pieces that mean something to the code; `most` bytes is what the hub lets through.
    """

    name: str
    check: Callable[[bytes], None]
    read_samples: Callable[[], Sequence[bytes]]
    write: Callable[[Random], bytes]
    words: Sequence[bytes]
    most: int

    @cached_property
    def samples(self) -> Sequence[bytes]:
        """Real ones."""
        return self.read_samples()

    def case(self, seed: int) -> bytes:
        """The case of a seed: written by the grammar or a sample, and mostly damaged."""
        chance = Random(f"{self.name}:{seed}")  # noqa: S311 - no secret
        is_written = chance.random() < _BY_GRAMMAR
        case = self.write(chance) if is_written else chance.choice(self.samples)
        if not is_written or chance.random() < 1 / 2:
            case = damaged(case, chance, words=self.words, others=self.samples, most=self.most)
        return case[: self.most]

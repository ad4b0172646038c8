"""The strands of a run: which commands are open, what their results lead to, how it ends.

Pure: the executor asks for `commands`, does them, and gives each result back with `resolve` or
`fail`. Strands of a loop run side by side up to the loop's limit.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hub.engine.advance.commands import Command, Finished, ReplyNow
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Branch, Fork, Returned, Steps
from hub.engine.advance.frame import Facts, Frame
from hub.engine.advance.interpreter import Interpreter
from hub.engine.advance.journal import Journal
from hub.engine.workflow import Workflow

_STOPPED = Failure("cancelled", "the loop has ended", attempts=0)


@dataclass
class _Fork:
    waiting: Iterator[tuple[int, Branch]]
    outcomes: list[Any]
    stops_at_failure: bool
    running: int = 0
    is_stopped: bool = False


@dataclass
class _Strand:
    """One line of steps. `places` are its items, from the outermost loop to the innermost."""

    places: tuple[int, ...]
    steps: Steps | None
    parent: _Strand | None = None
    branch: Branch | None = None
    command: Command | None = None
    fork: _Fork | None = None


@dataclass
class Machine:
    """One run of one workflow, from its journal to its ending.

    Strands go on in the order of their items: what the journal says of an earlier item is known
    before a later one starts, so that a resumed loop stops where it stopped before.
    """

    workflow: Workflow
    facts: Facts
    journal: Journal
    ending: Finished | None = None
    _open: dict[str, _Strand] = field(default_factory=dict)
    _todo: list[tuple[tuple[int, ...], int, _Strand, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._interpreter = Interpreter(self.facts, self.journal)
        self._order = count()
        frame = Frame(
            workflow=self.workflow,
            prefix="",
            names={**self.facts.names, **self.facts.shared},
        )
        self._push(_Strand((), self._interpreter.workflow(frame, "")), None)
        self._go_on()

    @property
    def commands(self) -> list[Command]:
        """What is to be done now, in the order in which it was asked."""
        return [strand.command for strand in self._open.values() if strand.command is not None]

    def take_replies(self) -> list[ReplyNow]:
        """The answers since the last time."""
        return self._interpreter.take_replies()

    def resolve(self, command: Command, result: Any = None) -> None:
        """The command is done."""
        self._push(self._open.pop(_name(command)), result)
        self._go_on()

    def fail(self, command: Command, failure: Failure) -> None:
        """The command failed for good."""
        self._push(self._open.pop(_name(command)), failure)
        self._go_on()

    def _push(self, strand: _Strand, given: Any) -> None:
        heapq.heappush(self._todo, (strand.places, next(self._order), strand, given))

    def _go_on(self) -> None:
        while self._todo:
            _, _, strand, given = heapq.heappop(self._todo)
            steps = self._started(strand)
            if steps is None:
                continue
            try:
                asked = steps.throw(given) if isinstance(given, Failure) else steps.send(given)
            except StopIteration as stop:
                self._ended(strand, stop.value)
            except (Failure, Returned) as outcome:
                self._ended(strand, outcome)
            else:
                self._asked(strand, asked)

    def _started(self, strand: _Strand) -> Steps | None:
        """The steps of a strand; None for an item whose loop was stopped before it began."""
        parent, branch = strand.parent, strand.branch
        if strand.steps is None and branch is not None and parent is not None:
            if parent.fork is not None and not self._may_start(parent.fork, branch):
                parent.fork.running -= 1
                self._join(parent)
                return None
            strand.steps = branch.start()
        return strand.steps

    def _may_start(self, fork: _Fork, branch: Branch) -> bool:
        """Once the loop is stopped, only an item that an earlier owner of the run had begun."""
        return not fork.is_stopped or self.journal.was_begun(branch.prefix)

    def _asked(self, strand: _Strand, asked: Command | Fork) -> None:
        if not isinstance(asked, Fork):
            strand.command = asked
            self._open[_name(asked)] = strand
            return
        strand.fork = _Fork(
            waiting=iter(enumerate(asked.branches)),
            outcomes=[_STOPPED] * len(asked.branches),
            stops_at_failure=asked.stops_at_failure,
        )
        for _ in range(asked.limit):
            self._start_next(strand, strand.fork)
        self._join(strand)

    def _start_next(self, parent: _Strand, fork: _Fork) -> None:
        for place, branch in fork.waiting:
            if self._may_start(fork, branch):
                fork.running += 1
                self._push(_Strand((*parent.places, place), None, parent, branch), None)
                return

    def _ended(self, strand: _Strand, outcome: Any) -> None:
        parent = strand.parent
        if parent is None or parent.fork is None:
            self.ending = _finished(outcome)
            return
        fork = parent.fork
        fork.running -= 1
        fork.outcomes[strand.places[-1]] = outcome
        if isinstance(outcome, Returned) or (
            isinstance(outcome, Failure) and (outcome.is_final or fork.stops_at_failure)
        ):
            fork.is_stopped = True
        self._start_next(parent, fork)
        self._join(parent)

    def _join(self, parent: _Strand) -> None:
        """Go on behind the loop once none of its strands runs."""
        fork = parent.fork
        if fork is not None and fork.running == 0:
            parent.fork = None
            self._push(parent, fork.outcomes)


def _name(command: Command) -> str:
    return f"{type(command).__name__}:{command.path}"


def _finished(outcome: Any) -> Finished:
    if isinstance(outcome, Failure):
        return Finished(failure=outcome)
    if isinstance(outcome, Returned):
        return Finished(
            value=outcome.value,
            status=outcome.status,
            headers=outcome.headers,
            has_returned=True,
        )
    return Finished()

"""The strands of a run: which commands are open, what their results lead to, how it ends.

Pure: the executor asks for `commands`, does them, and gives each result back with `resolve` or
`fail`. Strands of a loop run side by side up to the loop's limit, those of `parallel` all at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from hub.engine.advance.commands import (
    AwaitEvent,
    Command,
    Finished,
    LeaveTurn,
    ReplyNow,
    TakeTurn,
)
from hub.engine.advance.failure import Failure
from hub.engine.advance.flow import Branch, Fork, Returned, Steps
from hub.engine.advance.frame import Facts, Frame
from hub.engine.advance.interpreter import Interpreter
from hub.engine.advance.journal import Journal
from hub.engine.workflow import Workflow

_STOPPED = Failure("cancelled", "the block has ended", attempts=0, is_cut=True)
_CUT = "#cut"  # behind the path of a block whose strands were ended by one of them
_CANCEL, _ABORT = "#cancel", "#abort"  # where the journal says that the run was ended from outside


@dataclass
class _Fork:
    asked: Fork
    waiting: Iterator[tuple[int, Branch]]
    outcomes: list[Any]
    running: int = 0
    is_stopped: bool = False


@dataclass(eq=False)
class _Strand:
    """One line of steps. `places` are its items, from the outermost loop to the innermost.

    `turns` are the turns that it has under `concurrency`, by path.
    """

    places: tuple[int, ...]
    steps: Steps | None
    parent: _Strand | None = None
    branch: Branch | None = None
    command: Command | None = None
    fork: _Fork | None = None
    turns: set[str] = field(default_factory=set)
    is_dropped: bool = False

    def line(self) -> Iterator[_Strand]:
        """The strand and those whose forks it lies in, from the inside out."""
        strand: _Strand | None = self
        while strand is not None:
            yield strand
            strand = strand.parent


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
    _leaving: list[LeaveTurn] = field(default_factory=list)
    _todo: list[tuple[tuple[int, ...], int, _Strand, Any]] = field(default_factory=list)
    _is_cancelled: bool = False

    def __post_init__(self) -> None:
        self._interpreter = Interpreter(self.facts, self.journal)
        self._order = count()
        self._frame = Frame(
            workflow=self.workflow,
            prefix="",
            names={**self.facts.names, **self.facts.shared},
        )
        self._begin(self._interpreter.run(self._frame))
        self._end_again()

    def _end_again(self) -> None:
        """Go on with the end that somebody gave the run; what it did not say before stays unsaid.

        Answers that it did give are stored.
        """
        aborted = self.journal.get(_ABORT)
        undoing = self._interpreter.undoing
        why = undoing.why()
        if self.journal.get(_CANCEL) is not None:
            self.take_replies()
            self.cancel()
        elif aborted is not None:
            self.take_replies()
            self.abort(Failure.from_row(aborted.error or {}))
        elif why is not None and not undoing.is_over:  # it failed of what is not so any more
            self.take_replies()
            self.abort(why)

    @property
    def commands(self) -> list[Command]:
        """What is to be done now, in the order in which it was asked."""
        asked = [strand.command for strand in self._open.values() if strand.command is not None]
        return [*self._leaving, *asked]

    @property
    def cancel_on(self) -> tuple[AwaitEvent, ...]:
        """The events that cancel the run; whoever drives it looks for them."""
        return () if self.is_undoing else self._interpreter.cancel_on

    @property
    def is_undoing(self) -> bool:
        """Whether the end has begun: neither a cancel nor the run's timeout may cut it short."""
        return (
            self._is_cancelled
            or self.journal.get(_ABORT) is not None
            or self._interpreter.undoing.is_active
        )

    def take_replies(self) -> list[ReplyNow]:
        """The answers since the last time."""
        return self._interpreter.take_replies()

    def resolve(self, command: Command, result: Any = None) -> None:
        """The command is done."""
        strand = self._taken(command)
        if strand is None:
            return
        if isinstance(command, TakeTurn):
            strand.turns.add(command.path)
        elif isinstance(command, LeaveTurn):
            strand.turns.discard(command.path)
        self._push(strand, result)
        self._go_on()

    def fail(self, command: Command, failure: Failure) -> None:
        """The command failed for good."""
        strand = self._taken(command)
        if strand is not None:
            self._push(strand, failure)
            self._go_on()

    def _taken(self, command: Command) -> _Strand | None:
        """The strand that asked; None if it was dropped while the command was being done."""
        if command in self._leaving:
            self._leaving.remove(command)
            return None
        return self._open.pop(_name(command), None)

    # ------------------------------------------------------------------------- ended from outside

    def cancel(self) -> None:
        """Somebody ends the run: what was done is undone, then `on_cancel` runs."""
        self._is_cancelled = True
        self.journal.note(_CANCEL, "cancel", "succeeded")
        self._begin(self._interpreter.cancelled(self._frame))

    def time_out(self) -> None:
        """The time of the run is up: it fails with that, unless it had failed before."""
        late = Failure("timeout", "the run took longer than its timeout", attempts=0)
        self.abort(self._interpreter.undoing.why() or late)

    def abort(self, failure: Failure) -> None:
        """The hub ends the run: what was done is undone, then `on_error` runs."""
        self.journal.note(_ABORT, "abort", "failed", error=failure.as_row())
        self._begin(self._interpreter.aborted(self._frame, failure))

    def _begin(self, steps: Steps) -> None:
        """One strand, instead of all that may be open."""
        for strand in self._alive():
            self._drop(strand)
        self._todo.clear()
        self.ending = None
        self._push(_Strand((), steps), None)
        self._go_on()

    # ----------------------------------------------------------------------------------- strands

    def _push(self, strand: _Strand, given: Any) -> None:
        heapq.heappush(self._todo, (strand.places, next(self._order), strand, given))

    def _go_on(self) -> None:
        while self._todo:
            _, _, strand, given = heapq.heappop(self._todo)
            steps = None if strand.is_dropped else self._started(strand)
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
        cut_by = self.journal.get(asked.path + _CUT)
        branches = list(enumerate(asked.branches))
        strand.fork = _Fork(
            asked,
            waiting=iter(branches if cut_by is None else [branches[cut_by.result]]),
            outcomes=[_STOPPED] * len(asked.branches),
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
            self.ending = self._finished(outcome)
            return
        fork = parent.fork
        fork.running -= 1
        fork.outcomes[strand.places[-1]] = outcome
        if _cuts(fork.asked, outcome):
            if _ends_more(outcome):
                self._note_cut(fork, strand)
            self._cut(parent, fork)
        elif fork.asked.stops_at == "failure" and isinstance(outcome, Failure):
            fork.is_stopped = True
        self._start_next(parent, fork)
        self._join(parent)

    def _note_cut(self, fork: _Fork, strand: _Strand) -> None:
        """Whoever goes on with the run walks this strand alone: the others had no say any more.

        What they did in the round that cut them is in the journal, and would lead further.
        """
        self.journal.note(fork.asked.path + _CUT, "cut", "succeeded", result=strand.places[-1])

    def _cut(self, parent: _Strand, fork: _Fork) -> None:
        """End all other strands of a fork: what they are doing now is the last they do."""
        fork.is_stopped = True
        fork.waiting = iter(())
        fork.running = 0
        for strand in self._alive():
            if strand is not parent and parent in strand.line():
                self._drop(strand)

    def _alive(self) -> list[_Strand]:
        """All strands that have not ended, the innermost first."""
        ends = [*self._open.values(), *(each[2] for each in self._todo)]
        found = dict.fromkeys(strand for end in ends for strand in end.line())
        return sorted(found, key=lambda strand: -len(strand.places))

    def _drop(self, strand: _Strand) -> None:
        """Forget a strand; its turns are left by commands of the run's own."""
        strand.is_dropped = True
        if strand.command is not None:
            self._open.pop(_name(strand.command), None)
        self._leaving += [LeaveTurn(path) for path in sorted(strand.turns) if path]
        if isinstance(strand.command, TakeTurn) and strand.command.path:
            self._leaving.append(LeaveTurn(strand.command.path, strand.command))
        strand.turns.clear()
        if strand.steps is not None:
            strand.steps.close()

    def _join(self, parent: _Strand) -> None:
        """Go on behind the loop once none of its strands runs."""
        fork = parent.fork
        if fork is not None and fork.running == 0 and not parent.is_dropped:
            parent.fork = None
            self._push(parent, fork.outcomes)

    def _finished(self, outcome: Any) -> Finished:
        finished = Finished(is_cancelled=self._is_cancelled)
        undo_failed = self._interpreter.undoing.failed
        if undo_failed is not None:
            failure = _undo_failed(undo_failed, outcome)
            return replace(finished, failure=failure, is_undo_failed=True)
        if isinstance(outcome, Failure):
            return replace(finished, failure=outcome)
        if isinstance(outcome, Returned):
            return replace(
                finished,
                value=outcome.value,
                status=outcome.status,
                headers=outcome.headers,
                has_returned=True,
            )
        return finished


def _name(command: Command) -> str:
    return f"{type(command).__name__}:{command.path}"


def _cuts(fork: Fork, outcome: Any) -> bool:
    """Whether this outcome of a strand ends the others."""
    if _ends_more(outcome):
        return True
    return fork.stops_at == ("cut" if isinstance(outcome, Failure) else "first")


def _ends_more(outcome: Any) -> bool:
    """Whether it ends the workflow: a `return`, or a `fail`."""
    is_final = isinstance(outcome, Failure) and outcome.is_final
    return is_final or isinstance(outcome, Returned)


def _undo_failed(undo: Failure, outcome: Any) -> Failure:
    """What a person must see: what could not be undone, and why it was to be."""
    why = outcome.code if isinstance(outcome, Failure) else "the run was cancelled"
    message = f"{undo.step} could not undo what was done: {undo.code}: {undo.message} ({why})"
    return Failure(
        "undo_failed", message, step=undo.step, attempts=undo.attempts, is_maybe_done=True
    )

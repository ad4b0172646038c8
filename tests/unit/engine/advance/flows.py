"""Random workflows, and a fate for each of their steps."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from hub.engine.advance import Failure
from hub.engine.expressions import CompiledValue, compile_value, parse_expression
from hub.engine.workflow import (
    Block,
    Call,
    Concurrency,
    Continue,
    Do,
    Emit,
    Fail,
    ForEach,
    Group,
    If,
    Inputs,
    Log,
    OnError,
    Parallel,
    Position,
    Reply,
    Retry,
    Return,
    Step,
    Switch,
    ValueField,
    Vars,
    Wait,
    Workflow,
)
from tests.unit.engine.advance.player import EVENTS

WORDS = ValueField("words", {"type": "array"}, is_optional=True)
FLAG = ValueField("flag", {"type": "boolean"}, is_optional=True)
FAILURES = (Failure("hoarse", "no voice"), Failure("unavailable", "not now"))
NOW: CompiledValue = compile_value("${{ now() }}")
TEXTS = [compile_value({"text": text}) for text in ("plain", "${{ now() | iso }}", "${{ uuid() }}")]
SORRY = compile_value({"text": "${{ error.code }}"})
IS_FLAG, IN_WORDS = parse_expression("inputs.flag"), parse_expression("inputs.words")
HERE = Position("workflows/main.yaml", 1, 1)
DEEPEST = 2


def workflow(name: str, steps: Block, **more: Any) -> Workflow:
    return Workflow(
        name=name,
        version=name,
        title=name,
        trigger=Inputs((WORDS, FLAG)),
        steps=steps,
        vars=(("began", NOW),),
        event_schemas=EVENTS,
        **more,
    )


def _do(name: str) -> Do:
    return Do(slug=name, position=HERE, id=name, action="voice.say", inputs=TEXTS[1])


QUIET = workflow("quiet", (_do("inner"), Return(slug="2-return", position=HERE, value=NOW)))
TURNED = workflow("turned", (_do("inner"),), concurrency=Concurrency())


@dataclass
class Author:
    """Writes workflows: ids are counted, so that every step has one of its own."""

    draw: Any
    written: int = 0

    def flow(self) -> Workflow:
        called = {"quiet": QUIET, "turned": TURNED}
        steps = self._block(0)
        handlers = self._block(DEEPEST) if self.draw(st.booleans()) else ()
        goodbye = self._block(DEEPEST) if self.draw(st.booleans()) else ()
        return workflow("main", steps, called=called, on_error=handlers, on_cancel=goodbye)

    def _block(self, depth: int) -> Block:
        many = self.draw(st.sampled_from([3, 2, 1]))
        return tuple(self._step(depth, place) for place in range(1, many + 1))

    def _step(self, depth: int, place: int) -> Step:
        kinds = ["loop", "if", "switch", "parallel", "group"] if depth < DEEPEST else []
        kinds += ["do", "call", "do", "turn", "vars", "log", "reply", "do", "wait", "nap"]
        kinds += ["emit", "detached"]
        if depth and self.draw(st.integers(0, 9)) == 1:
            kinds = ["return", "fail"]
        kind = self.draw(st.sampled_from(kinds))
        slug = f"{place}-{kind}"
        write = getattr(self, f"_{kind}")
        return write(depth, {"slug": slug, "position": HERE})  # type: ignore[no-any-return]

    def _id(self) -> str:
        self.written += 1
        return f"s{self.written:03}"

    def _on_error(self) -> OnError:
        handling = self.draw(st.sampled_from(["fail", "fail", "continue", "return", "do", "go on"]))
        if handling in {"fail", "continue"}:
            return handling  # type: ignore[no-any-return]
        if handling == "return":
            return (Return(slug="1-return", position=HERE, value=NOW),)
        if handling == "go on":
            return (Continue(slug="1-continue", position=HERE, value=NOW),)
        name = self._id()
        return (Do(slug=name, position=HERE, id=name, action="voice.say", inputs=SORRY),)

    def _undo(self) -> Block:
        """How a step is undone, if it is."""
        if self.draw(st.booleans()):
            return ()
        return (Do(slug="1-do", position=HERE, action="voice.say", inputs=TEXTS[0]),)

    def _do(self, _depth: int, common: dict[str, Any]) -> Step:
        inputs = self.draw(st.sampled_from(TEXTS))
        condition = self.draw(st.sampled_from([None, None, IS_FLAG]))
        return Do(
            **common,
            id=self._id(),
            action="voice.say",
            inputs=inputs,
            condition=condition,
            on_error=self._on_error(),
            compensate=self._undo(),
        )

    def _wait(self, _depth: int, common: dict[str, Any]) -> Step:
        return Wait(
            **common,
            id=self._id(),
            events=("door.opened",),
            key=compile_value("x"),
            timeout=compile_value("5m"),
            on_timeout=self._on_error(),
            on_error=self._on_error(),
        )

    def _nap(self, _depth: int, common: dict[str, Any]) -> Step:
        return Wait(**common, id=self._id(), duration=compile_value("9d"))

    def _emit(self, _depth: int, common: dict[str, Any]) -> Step:
        return Emit(**common, event="door.closed", data=compile_value({}))

    def _detached(self, _depth: int, common: dict[str, Any]) -> Step:
        inputs = compile_value({})
        return Call(**common, id=self._id(), workflow="quiet", inputs=inputs, is_detached=True)

    def _log(self, _depth: int, common: dict[str, Any]) -> Step:
        return Log(**common, text=NOW)

    def _vars(self, _depth: int, common: dict[str, Any]) -> Step:
        return Vars(**common, values=((self._id(), NOW),))

    def _reply(self, _depth: int, common: dict[str, Any]) -> Step:
        return Reply(**common, value=NOW)

    def _return(self, _depth: int, common: dict[str, Any]) -> Step:
        return Return(**common, value=compile_value("${{ vars }}"))

    def _fail(self, _depth: int, common: dict[str, Any]) -> Step:
        return Fail(**common, code="planned", message=NOW)

    def _call(self, _depth: int, common: dict[str, Any]) -> Step:
        retry = Retry(attempts=self.draw(st.integers(0, 1)), first=timedelta(seconds=5))
        return Call(
            **common,
            id=self._id(),
            workflow="quiet",
            inputs=compile_value({}),
            retry=retry,
            on_error=self._on_error(),
            compensate=self._undo(),
        )

    def _turn(self, _depth: int, common: dict[str, Any]) -> Step:
        return Call(
            **common,
            id=self._id(),
            workflow="turned",
            inputs=compile_value({}),
            on_error=self._on_error(),
        )

    def _if(self, depth: int, common: dict[str, Any]) -> Step:
        return If(
            **common,
            branches=((IS_FLAG, self._block(depth + 1)),),
            otherwise=self._block(depth + 1),
        )

    def _switch(self, depth: int, common: dict[str, Any]) -> Step:
        cases = ((("true",), self._block(depth + 1)),)
        return Switch(**common, subject=IS_FLAG, cases=cases, otherwise=())

    def _loop(self, depth: int, common: dict[str, Any]) -> Step:
        return ForEach(
            **common,
            id=self._id(),
            item_name=f"word{depth}",
            items=IN_WORDS,
            body=self._block(depth + 1),
            max_parallel=self.draw(st.sampled_from([2, 1, 3])),
            on_item_error=self.draw(st.sampled_from(["fail", "continue"])),
            collect=self.draw(st.sampled_from([None, NOW])),
            on_error=self._on_error(),
        )

    def _parallel(self, depth: int, common: dict[str, Any]) -> Step:
        return Parallel(
            **common,
            id=self._id(),
            branches=(("left", self._block(depth + 1)), ("right", self._block(depth + 1))),
            wait_for=self.draw(st.sampled_from(["all", "first"])),
            on_error=self._on_error(),
        )

    def _group(self, depth: int, common: dict[str, Any]) -> Step:
        return Group(
            **common,
            id=self._id(),
            body=self._block(depth + 1),
            on_error=self._on_error(),
            compensate=self._undo(),
        )


class Fate(dict[str, Any]):
    """What a step comes to, by its path: always the same, whoever asks and whenever."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def get(self, path: str, default: Any = None) -> Any:
        drawn = random.Random(f"{self._seed}{path}").random()  # noqa: S311 - a game
        return FAILURES[drawn < 0.12] if drawn < 0.25 else default


@dataclass(frozen=True)
class Play:
    """A workflow, what it is given, and what will become of its steps."""

    workflow: Workflow
    inputs: dict[str, Any]
    seed: int


@st.composite
def plays(draw: Any) -> Play:
    words = draw(st.sampled_from([["a", "b", "c"], ["a", "b"], ["a", "b", "c", "d"], ["a"], []]))
    flow = Author(draw).flow()
    return Play(
        flow,
        {"words": words, "flag": draw(st.sampled_from([True, False]))},
        draw(st.integers(0, 2**32)),
    )

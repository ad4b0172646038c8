"""What a run that really was would have been with other files: played on the stage, then compared.

What services answered then is answered again, action by action and in the same order; what came
from outside comes at the same times. Nothing outside is reached and nothing is stored. Pure but
for the play.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.action import Action
from hub.bootstrap.retelling import Hide, Told, response_of, shown_value
from hub.engine.project import Project
from hub.engine.workflow import Endpoint, Position
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import load
from hub.errors import Rejected
from hub.storage.reading import StepFacts
from hub.testing.judging import first_run
from hub.testing.plan import Given, Happening, Mocked, Trial
from hub.testing.setting import Setting
from hub.testing.stage import Stage
from hub.values import decode, plain

_LONGEST = 120  # characters of a value
_BAD = ("failed", "undo_failed")


@dataclass(frozen=True)
class Course:
    """What became of one request, in the form in which two can be compared.

    `did` are the actions by their place in the run, with inputs; `answer` is status and body.
    """

    status: str
    error: str
    answer: Any
    did: Mapping[str, tuple[str, Any]]
    emitted: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Replayed:
    """One request again: what the edited files change, and what was guessed for it."""

    told: Told
    differences: Sequence[str]
    notes: Sequence[str] = ()
    became: str = ""


@dataclass
class Replays:
    """Plays recorded requests with the files in force and with the edited ones."""

    name: str
    current: Project
    edited: Project
    config: Mapping[str, Any]
    hide: Hide
    _settings: dict[int, Setting] = field(default_factory=dict, repr=False)

    def replay(self, told: Told) -> Replayed:
        """What would be different, without what replaying itself changes: both have that."""
        actions = self.edited.actions
        was = course_of(told, self.hide)
        trial = trial_of(told, self.name, self.config, actions, headers=self._headers(told))
        would = self._played(self.edited, trial)
        now = self._played(self.current, trial)
        known = set(in_words(was, now, actions)) if isinstance(now, Course) else set()
        if isinstance(would, str):
            return Replayed(told, [f"the request would be refused: {would}"], became="refused")
        found = [each for each in in_words(was, would, actions) if each not in known]
        new = sorted({action for action, _ in would.did.values()} - {*trial.given.mocks})
        notes = [f"`{action}` was not done then: its example stands in" for action in new]
        return Replayed(told, found, notes, became=would.status)

    def _headers(self, told: Told) -> dict[str, str]:
        """What was sent of those that either version reads; credentials were never kept (S6)."""
        triggers = [
            each.workflows[self.name].trigger
            for each in (self.current, self.edited)
            if self.name in each.workflows
        ]
        named = {
            name.lower().replace("_", "-")
            for each in triggers
            if isinstance(each, Endpoint)
            for name in each.headers
        }
        kept = {} if told.delivery is None else told.delivery.headers
        return {name.lower(): str(kept[name]) for name in kept if name.lower() in named}

    def _played(self, project: Project, trial: Trial) -> Course | str:
        """The course on the stage, or why the request is refused."""
        setting = self._settings.setdefault(id(project), Setting(project))
        if self.name not in setting.workflows:
            return "the file has errors"
        stage = Stage(setting, trial)
        try:
            stage.play()
        except Rejected as refusal:
            return refusal.title
        run = first_run(stage)
        response = stage.exchanges[-1].response if stage.exchanges else None
        if run is None:
            return f"{(response or {}).get('status')} {(response or {}).get('body')}"
        error = (run.ending.error if run.ending else None) or {}
        return Course(
            status=run.status,
            error=_error(error),
            answer=self.hide(_answer(run.response if run.new.is_awaited else response)),
            did={
                entry.path: (entry.action or "", self.hide(plain(decode(entry.inputs))))
                for entry in run.stored.values()
                if entry.kind == "do" and entry.status != "skipped"
            },
            emitted=[
                (each.name, _written(self.hide(plain(each.data)))) for each in stage.story.emitted
            ],
        )


def course_of(told: Told, hide: Hide) -> Course:
    """What really became of a run."""
    response = response_of(told.facts)
    return Course(
        status=told.facts.line.status,
        error=_error(told.facts.line.error or {}),
        answer=hide(_answer(response)),
        did={
            step.path: (step.action or "", hide(shown_value(step.inputs)))
            for step in told.steps
            if step.kind == "do" and step.status != "skipped"
        },
        emitted=[
            (str(inputs.get("event")), _written(hide(inputs.get("data"))))
            for step in told.steps
            if step.kind == "emit" and isinstance(inputs := shown_value(step.inputs), dict)
        ],
    )


def can_be_replayed(project: Project, name: str) -> bool:
    """Whether requests start it."""
    found = project.workflows.get(name)
    return found is not None and isinstance(found.trigger, Endpoint)


def trial_of(
    told: Told,
    name: str,
    config: Mapping[str, Any],
    actions: Mapping[str, Action],
    *,
    headers: Mapping[str, str],
) -> Trial:
    """A test that begins as this run began; it expects nothing."""
    trigger = told.facts.trigger
    expect = load("", "{}").root
    if not isinstance(expect, Tree):
        raise TypeError("an empty object is a tree")
    given = Given(
        now=told.facts.line.created_at,
        payload=trigger.get("payload"),
        params=trigger.get("params") or {},
        query=trigger.get("query") or {},
        headers=headers,
        config=config,
        mocks=_mocks(told.steps, actions),
        timeline=tuple(_events(told.steps, told.facts.line.created_at)),
    )
    return Trial("replay", name, Position("", 1, 1), given, expect)


def _mocks(
    steps: Sequence[StepFacts], actions: Mapping[str, Action]
) -> dict[str, tuple[Mocked, ...]]:
    found: dict[str, list[Mocked]] = {}
    for step in steps:
        is_over = step.status in ("succeeded", "failed")
        if step.action in actions and step.kind == "do" and is_over:
            found.setdefault(step.action or "", []).append(_mocked(step))
    return {name: tuple(each) for name, each in found.items()}


def _mocked(step: StepFacts) -> Mocked:
    if step.status == "failed":
        error = step.error or {}
        return Mocked(
            fails=str(error.get("code") or "failed"), is_maybe_done=bool(error.get("maybe_done"))
        )
    result = shown_value(step.result)
    return Mocked(returns={} if result is None else result)


def _events(steps: Sequence[StepFacts], began_at: datetime) -> Iterator[Happening]:
    """The events that its waits took, when they came."""
    for step in steps:
        result = shown_value(step.result) if step.kind == "wait" else None
        inputs = shown_value(step.inputs)
        if isinstance(result, dict) and result.get("event") and isinstance(inputs, dict):
            yield Happening(
                position=Position("", 1, 1),
                at=max(step.ended_at or began_at, began_at),
                emit=str(result["event"]),
                key=str(inputs.get("key") or ""),
                data=result.get("data"),
            )


def in_words(was: Course, would: Course, actions: Mapping[str, Action]) -> list[str]:
    """What is different, in sentences; what matters most first."""
    return [
        *_endings(was, would),
        *_answers(was, would),
        *_deeds(was, would, actions),
        *_emits(was, would),
    ]


def _endings(was: Course, would: Course) -> Iterator[str]:
    if (was.status, was.error) != (would.status, would.error):
        yield f"the run would be {_end(would)}; it was {_end(was)}"


def _end(course: Course) -> str:
    why = f" ({course.error})" if course.error and course.status in _BAD else ""
    return f"{course.status}{why}"


def _answers(was: Course, would: Course) -> Iterator[str]:
    if was.answer == would.answer or _is_acceptance(was.answer, would.answer):
        return
    yield f"the caller would hear `{_written(would.answer)}`; they heard `{_written(was.answer)}`"


def _deeds(was: Course, would: Course, actions: Mapping[str, Action]) -> Iterator[str]:
    for path in dict.fromkeys([*would.did, *was.did]):
        then, now = was.did.get(path), would.did.get(path)
        if then is None and now is not None:
            yield f"step `{path}` would be done: `{now[0]}`{_effect(now[0], actions)}"
        elif now is None and then is not None:
            yield f"step `{path}` would not be done: `{then[0]}`{_effect(then[0], actions)}"
        elif then is not None and now is not None and then[0] != now[0]:
            yield f"step `{path}` would do `{now[0]}`; it did `{then[0]}`"
        elif then is not None and now is not None:
            yield from _inputs(path, then[1], now[1])


def _inputs(path: str, then: Any, now: Any) -> Iterator[str]:
    before, after = (each if isinstance(each, dict) else {"": each} for each in (then, now))
    for name in dict.fromkeys([*after, *before]):
        if before.get(name) != after.get(name):
            said, was = _written(after.get(name)), _written(before.get(name))
            yield f"step `{path}`: `{name}` would be `{said}`; it was `{was}`"


def _effect(action: str, actions: Mapping[str, Action]) -> str:
    known = actions.get(action)
    is_seen = known is not None and known.outward and known.effect != "read"
    return ", which others notice" if is_seen else ""


def _emits(was: Course, would: Course) -> Iterator[str]:
    for name, data in would.emitted:
        if (name, data) not in was.emitted:
            yield f"the event `{name}` would be sent with `{data}`"
    for name, data in was.emitted:
        if (name, data) not in would.emitted:
            yield f"the event `{name}` would not be sent with `{data}`"


def _is_acceptance(*answers: Any) -> bool:
    """Both are `accepted`, with the id of a run, which is another one for each."""
    bodies = [each.get("body") if isinstance(each, dict) else None for each in answers]
    return all(isinstance(each, dict) and set(each) == {"status", "run_id"} for each in bodies)


def _answer(response: Mapping[str, Any] | None) -> Any:
    if response is None:
        return None
    return {"status": response.get("status"), "body": plain(response.get("body"))}


def _error(error: Mapping[str, Any]) -> str:
    code, step = error.get("code"), error.get("step")
    return "" if not code else f"{code} at {step}" if step else str(code)


def _written(value: Any) -> str:
    text = (
        value
        if isinstance(value, str)
        else json.dumps(plain(value), ensure_ascii=False, default=str)
    )
    said = " ".join(text.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"

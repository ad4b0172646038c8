"""Would the caller use this answer? Judged by the vendor's rules alone, whoever wrote the answer.

Pure. What the hub itself packs is held against it in the tests; `hub explain-reply` shows it.
Sources: `wire-formats`, sections 0.1, 1, 3 to 5.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.ingest.dialects.contract import Unpacked
from hub.ingest.dialects.retell_event import INBOUND, without_what_is_not_read
from hub.ingest.dialects.retell_tool import LONGEST_ANSWER
from hub.ingest.dialects.vapi_answers import ANSWERED, why_not_taken

_OK = 200
_SHOWN = 60  # characters of a text that is quoted


@dataclass(frozen=True)
class Verdict:
    """What becomes of one part of an answer. `doubtful`: the vendor's sources disagree."""

    fate: Literal["used", "ignored", "cut", "doubtful"]
    place: str
    why: str


@dataclass(frozen=True)
class _Answer:
    status: int
    content: bytes
    asked: Unpacked | None

    @property
    def kind(self) -> str:
        """The dialect's note on the request; nothing where the request is not known."""
        return "" if self.asked is None else self.asked.kind

    def refused_status(self, *, exactly: bool) -> Iterator[Verdict]:
        """The status, where the vendor does not read the body for it."""
        if exactly and self.status != _OK:
            yield _ignored("status", f"{self.status}: only 200 is taken")
        elif not _OK <= self.status < 300:  # noqa: PLR2004 - HTTP's own border
            yield _ignored(
                "status", f"{self.status}: only 2xx is taken, the caller hears a failure"
            )

    def value(self) -> Any:
        """The body as JSON; raises `ValueError` for what is none."""
        try:
            return json.loads(self.content.decode(), parse_constant=_no_json)
        except RecursionError:
            raise ValueError("nested too deep") from None


def _no_json(word: str) -> Any:
    raise ValueError(word)  # NaN and Infinity, which Python alone reads


def _ignored(place: str, why: str) -> Verdict:
    return Verdict("ignored", place, why)


def _used(place: str, text: object) -> Verdict:
    shown = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    more = "…" if len(shown) > _SHOWN else ""
    return Verdict("used", place, f"{shown[:_SHOWN]}{more}")


def judge(
    dialect: str, content: bytes, *, status: int = _OK, asked: Unpacked | None = None
) -> tuple[Verdict, ...]:
    """What the caller makes of an answer; `asked` is its request, as the dialect unpacked it.

    Raises `KeyError` for a dialect whose callers read no answer (`JUDGED`).
    """
    return tuple(_JUDGES[dialect](_Answer(status, content, asked)))


def is_dropped(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether a part of the answer is lost."""
    return any(each.fate == "ignored" for each in verdicts)


# ------------------------------------------------------------------------------------------- vapi


def _vapi_tool(answer: _Answer) -> Iterator[Verdict]:
    is_flat = answer.kind == "flat"
    yield from answer.refused_status(exactly=not is_flat)
    try:
        value = answer.value()
    except ValueError:
        yield _ignored("body", "it is no JSON: Vapi says `No result returned`")
        return
    if is_flat:
        yield _used("body", value)
    elif answer.kind == "function":
        yield _spoken("", value)
    elif answer.kind == "other":
        yield _used("body", "nothing is read but the status: the message is no tool call")
    elif not isinstance(value, dict) or not isinstance(value.get("results"), list):
        yield _without_results(value)
    else:
        yield from _results(answer, value["results"])


def _without_results(value: Any) -> Verdict:
    if isinstance(value, dict) and "results" not in value and isinstance(value.get("error"), str):
        return _used("error", value["error"])
    return _ignored("results", "there is no list `results`: Vapi says `No result returned`")


def _results(answer: _Answer, results: list[Any]) -> Iterator[Verdict]:
    asked = None if answer.asked is None else [each.id or "" for each in answer.asked.calls]
    told: set[str] = set()
    for number, result in enumerate(results):
        yield _result(f"results[{number}]", result, asked, told)
        if isinstance(result, dict) and not isinstance(result.get("name"), str):
            why = "`name` is missing: Vapi's schema asks for it, its guides do not"
            yield Verdict("doubtful", f"results[{number}]", why)
    for identity in asked or ():
        if identity and identity not in told:
            yield _ignored(identity, "the call gets no result: Vapi says `No result returned`")
    if not results and asked != []:
        yield _ignored("results", "it is empty: Vapi says `No result returned`")


def _result(place: str, result: Any, asked: list[str] | None, told: set[str]) -> Verdict:
    if not isinstance(result, dict):
        return _ignored(place, "it is no object")
    identity = result.get("toolCallId")
    if not isinstance(identity, str):
        return _ignored(place, "`toolCallId` is missing, or is no text")
    if asked is not None and identity not in asked:
        return _ignored(place, f"toolCallId {identity}: no call of the request has this id")
    if identity and identity in told:
        return _ignored(place, f"toolCallId {identity} stands twice")
    told.add(identity)
    return _spoken(place, result)


def _spoken(place: str, value: Any) -> Verdict:
    """`result` or `error` in one line."""
    names = [name for name in ("result", "error") if isinstance(value, dict) and name in value]
    if len(names) != 1:
        return _ignored(place or "body", "it needs either `result` or `error`")
    where, text = f"{place}.{names[0]}".lstrip("."), value[names[0]]
    if not isinstance(text, str):
        return _ignored(where, "it is no text: write data as compact JSON in a text")
    if "\n" in text or "\r" in text:
        return _ignored(where, "there is a line break in the text: Vapi takes one line")
    return _used(where, text) if text else _ignored(where, "the text is empty")


def _vapi_event(answer: _Answer) -> Iterator[Verdict]:
    yield from answer.refused_status(exactly=answer.kind in ANSWERED)
    if answer.kind not in ANSWERED:
        yield _used("body", "nothing is read but the status")
        return
    try:
        why = why_not_taken(answer.kind, answer.value())
    except ValueError:
        why = "it is no JSON"
    yield _ignored("body", why) if why else _used("body", answer.value())


# ---------------------------------------------------------------------- retell, elevenlabs, bland


def _model(answer: _Answer, most: int | None = None) -> Iterator[Verdict]:
    """An answer that goes to the model as it is."""
    yield from answer.refused_status(exactly=False)
    try:
        text = answer.content.decode()
    except UnicodeDecodeError:
        yield _ignored("body", "it is not UTF-8")
        return
    if not text.strip():
        yield _ignored("body", "it is empty: the model hears nothing")
    elif most is not None and len(text) > most:
        yield Verdict("cut", "body", f"{len(text):,} characters: cut at {most:,}")
    else:
        yield _used("body", text)


def _retell_tool(answer: _Answer) -> Iterator[Verdict]:
    return _model(answer, LONGEST_ANSWER)


def _retell_event(answer: _Answer) -> Iterator[Verdict]:
    yield from answer.refused_status(exactly=False)
    if answer.kind != INBOUND:
        yield _used("body", "nothing is read but the status")
        return
    try:
        value = answer.value()
    except ValueError:
        value = None
    told = value.get(INBOUND) if isinstance(value, dict) else None
    if not isinstance(told, dict):
        yield _ignored("body", 'it is no {"call_inbound": {…}}')
        return
    read = without_what_is_not_read(told)
    for name in told:
        place = f"{INBOUND}.{name}"
        yield _used(place, told[name]) if name in read else _ignored(place, "Retell reads no such")
    if not told:
        yield _used(INBOUND, "nothing in it: the agent goes on as it is set up")


def _status_alone(answer: _Answer, *, exactly: bool) -> Iterator[Verdict]:
    yield from answer.refused_status(exactly=exactly)
    yield _used("body", "nothing is read but the status")


_JUDGES: Mapping[str, Callable[[_Answer], Iterator[Verdict]]] = {
    "vapi.tool": _vapi_tool,
    "vapi.event": _vapi_event,
    "retell.tool": _retell_tool,
    "retell.event": _retell_event,
    "elevenlabs.tool": _model,
    "elevenlabs.event": lambda answer: _status_alone(answer, exactly=True),
    "bland.event": lambda answer: _status_alone(answer, exactly=False),
}
JUDGED = tuple(_JUDGES)

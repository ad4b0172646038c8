"""A search for schemas and payloads that are slow together, within the limits of both (I15)."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.body import read_json
from hub.ingest.dialects.contract import SMALL_BODY
from hub.schemas import (
    Validator,
    compile_schema,
    fill_defaults,
    keep_known,
    normalise,
    place_local_times,
)
from hub.schemas.lint import MOST_ALTERNATIVES, SchemaProblem, lint_schema
from tests.figures import Figure

# What a validation may cost (I15), in pieces of plain work that are done beside it: a quarter of a
# second where a piece takes 12 ms. A machine that is slower, or busy, is slower at both.
LONGEST = 20.0
LONGEST_LINT = 160.0
LEAN, FULL = 30, 2_000

_PATTERNS = ("^(a+)+$", "(a|a)*b", "^(a|b|ab)*c$", "(.*)*x", "[a-z]{1,30}[a-z]{1,30}!", "a?" * 40)
_FORMATS = ("date-time", "email", "uri", "uuid", "e164", "duration", "timezone", "date")
_TEXTS = (
    "a" * 40,
    "a" * 30 + "!",
    "2025-10-20T14:00:00+25:00",
    "a.b@" + "c." * 20,
    "P1Y",
    "ab" * 20,
)


def _leaf() -> st.SearchStrategy[dict[str, Any]]:
    """What is said of a text, a number or anything."""
    return st.one_of(
        st.sampled_from(_PATTERNS).map(lambda each: {"type": "string", "pattern": each}),
        st.sampled_from(_FORMATS).map(lambda each: {"type": "string", "format": each}),
        st.just({"enum": ["a" * 39 + str(each) for each in range(50)]}),
        st.just({"type": "number", "multipleOf": 1e-9}),
        st.just({"not": {"type": "string", "maxLength": 1}}),
    )


def _around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """The same said about members, items and in alternatives."""
    few = st.lists(inner, min_size=1, max_size=12)
    return st.one_of(
        st.tuples(st.sampled_from(["allOf", "anyOf", "oneOf"]), few, st.integers(1, 10)).map(
            lambda made: {made[0]: (made[1] * made[2])[: MOST_ALTERNATIVES // 2]}
        ),
        inner.map(lambda each: {"items": each}),
        inner.map(lambda each: {"contains": each, "minContains": 2}),
        inner.map(lambda each: {"additionalProperties": each, "propertyNames": each}),
        st.tuples(st.sampled_from(_PATTERNS), inner).map(
            lambda made: {"patternProperties": {made[0]: made[1], "a": made[1]}}
        ),
        st.tuples(inner, inner).map(lambda made: {"if": made[0], "then": made[1], "else": made[0]}),
        inner.map(lambda each: {"type": "array", "items": each, "unevaluatedItems": False}),
        st.just({"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    )


SCHEMAS = st.recursive(_leaf(), _around, max_leaves=6)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """A body that is as full as it may be of something small."""
    unit = draw(
        st.one_of(
            st.sampled_from(_TEXTS),
            st.just(1.5),
            st.builds(lambda text: {text: text}, st.sampled_from(_TEXTS)),
            st.builds(lambda text: [text] * 5, st.sampled_from(_TEXTS)),
            st.just({}),
        )
    )
    written = json.dumps(unit)
    number = draw(st.sampled_from([16, 4, 1]))
    most = SMALL_BODY // (len(written) + 16) // number
    if draw(st.booleans()):
        body = "[" + ",".join([written] * most) + "]"
    else:
        body = "{" + ",".join(f'"aa{each}":{written}' for each in range(most)) + "}"
    return f'{{"data":{body}}}'.encode()


@pytest.fixture(autouse=True, scope="module")
def _collector_looks_at_this_work() -> Iterator[None]:
    """Not at what else this process holds."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_I15_no_schema_and_no_body_within_the_limits_take_more_work_than_a_caller_waits_for(
    figure: Figure,
):
    worst = {"work": 0.0, "tried": 0}
    is_full = settings.get_current_profile_name() == "proofs"
    cases = FULL if is_full else LEAN

    @settings(
        max_examples=cases,
        derandomize=not is_full,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.target],
    )
    @given(inner=SCHEMAS, raw=payloads())
    def check(inner: dict[str, Any], raw: bytes) -> None:
        schema = {"type": "object", "properties": {"data": inner}}
        if lint_schema(schema, is_payload=True):
            return  # it is refused when it is loaded
        try:
            value = read_json(raw, max_body=SMALL_BODY).value
        except Rejected:
            return
        work = work_for(schema, value)
        target(work)
        worst["work"], worst["tried"] = max(worst["work"], work), worst["tried"] + 1
        assert work < LONGEST, (schema, raw[:200])

    check()
    assert worst["tried"] > cases / 4
    figure(
        "I15", f"{worst['tried']} pairs searched, slowest {worst['work']:.1f} of 20 pieces of work"
    )


def work_for(schema: dict[str, Any], value: Any) -> float:
    """What an endpoint spends on it, in pieces of plain work; again when something came between."""
    validator = compile_schema(schema)
    validator.problems({})
    work = in_pieces(lambda: _handle(validator, value))
    return work if work < LONGEST else min(work, in_pieces(lambda: _handle(validator, value)))


def in_pieces(work: Callable[[], object]) -> float:
    """Time of the processor that something takes, by what a piece takes before and after it."""
    before, taken, after = seconds_of(_piece), seconds_of(work), seconds_of(_piece)
    return taken / min(before, after)


def seconds_of(work: Callable[[], object]) -> float:
    begun = thread_time()
    work()
    return thread_time() - begun


def _piece() -> None:
    kept = {}
    for number in range(100_000):
        kept[str(number % 1_000)] = number


def _handle(validator: Validator, value: Any) -> None:
    if validator.excess(value) is None:
        placed, _ = place_local_times(validator.view, value, ZoneInfo("Europe/Berlin"))
        filled = fill_defaults(validator.view, placed)
        if not validator.problems(filled):
            normalise(validator.view, keep_known(validator.view, filled))


def fullest(schema: dict[str, Any], made: Callable[[int], Any]) -> Any:
    """The most of something that a body of the usual size and its schema let in."""
    validator = compile_schema(schema)
    number = 1
    for step in (2**place for place in range(17, -1, -1)):
        value = {"data": made(number + step)}
        raw = json.dumps(value, separators=(",", ":")).encode()
        try:
            read_json(raw, max_body=SMALL_BODY)
        except Rejected:
            continue
        if len(raw) <= SMALL_BODY and validator.excess(value) is None:
            number += step
    return {"data": made(number)}


def members(value: Any) -> Callable[[int], Any]:
    """An object with so many members."""
    return lambda number: {f"aa{each}": value for each in range(number)}


def items(value: Any) -> Callable[[int], Any]:
    """A list with so many items."""
    return lambda number: [value] * number


def _text(number: int) -> str:
    return "a" * number


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"unevaluatedProperties": False, "additionalProperties": _WHOLE}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": False}
    return schema


_WHOLE = {"type": "integer"}
_WORD = {"type": "string", "pattern": "[a-z]{1,30}[a-z]{1,30}!"}
_BOTH = {"additionalProperties": _WORD, "propertyNames": _WORD}
_WANTED = [f"a{number}" for number in range(1_000)]
FOUND: dict[str, tuple[dict[str, Any], Callable[[int], Any]]] = {
    "names that fail one by one": ({"propertyNames": _WORD}, members("a")),
    "sixty alternatives that fail": ({"anyOf": [_BOTH] * 60}, members("a" * 5)),
    "sixty of which one should fit": ({"oneOf": [_BOTH] * 60}, members("a" * 5)),
    "a hundred alternatives of items": ({"items": {"anyOf": [_WHOLE] * 100}}, items("")),
    "a condition with names": ({"if": _BOTH, "then": _BOTH, "else": _BOTH}, members("a" * 5)),
    "a condition that holds": (
        {"if": {"additionalProperties": _WHOLE}, "then": {"allOf": [_BOTH] * 20}},
        members(1),
    ),
    "all names of a long list are missing": (
        {"type": "object", "required": _WANTED},
        lambda number: {"aa": "a" * number},
    ),
    "an option of a thousand": ({"items": {"enum": [*_WANTED, 1]}}, items(1)),
    "a long list of names": ({"items": {"anyOf": [{"required": _WANTED}, {}]}}, items({})),
    "repetitions in repetitions": ({"pattern": "(a{1,100}){1,30}b"}, _text),
    "repetitions of a class": ({"pattern": r"[\p{L}]{1,200}!"}, _text),
    "the largest patterns there may be": ({"pattern": "(a{1,25}){1,15}!"}, _text),
    "many large patterns": ({"allOf": [{"pattern": "(a{1,25}){1,15}!"}] * 20}, _text),
    "many small patterns": ({"anyOf": [{"pattern": "(a|a)*b"}] * 48}, _text),
    "a pattern of many items": ({"items": {"pattern": "(a{1,25}){1,15}!"}}, items("aaaaaaaa")),
    "what is left over, of what is left over": (_nested(8), members(1)),
    "what is left over, some levels": (_nested(3), members(1)),
    "zones that do not exist": ({"items": {"anyOf": [{"format": "timezone"}] * 4}}, items("a")),
    "times without offset": ({"items": {"format": "date-time"}}, items("2025-10-20T14:00:00")),
    "times with offset": ({"items": {"format": "date-time"}}, items("2025-10-20T14:00:00+02:00")),
    "patterns of names": (
        {"patternProperties": {f"a{'a?' * number}": _WHOLE for number in range(30)}},
        members(1),
    ),
    "as many alternatives as there may be": (
        {"allOf": [{"additionalProperties": _WHOLE}] * 60},
        members(1),
    ),
    "defaults of each item": (
        {"items": {"properties": {f"a{each}": {"default": [0] * 20} for each in range(20)}}},
        items({}),
    ),
    "many listed items": (
        {"anyOf": [{"prefixItems": [{"type": "string"}] * 100, "items": _WHOLE}] * 60},
        items(1),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_I15_a_pair_that_was_slow_once_is_refused_or_quick(name: str):
    inner, made = FOUND[name]
    schema = json.loads(json.dumps({"type": "object", "properties": {"data": inner}}))

    found: list[SchemaProblem] = []
    assert in_pieces(lambda: found.extend(lint_schema(schema, is_payload=True))) < LONGEST_LINT

    if found:
        assert ["too large" in each.message for each in found] == [True]
        return
    assert work_for(schema, fullest(schema, made)) < LONGEST

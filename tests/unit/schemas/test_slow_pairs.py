"""A search for schemas and payloads that are slow together, within the limits of both (I15)."""

from __future__ import annotations

import gc
import json
from time import thread_time
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.body import read_json
from hub.ingest.dialects.contract import SMALL_BODY
from hub.schemas import compile_schema, fill_defaults, keep_known, normalise
from hub.schemas.lint import MOST_ALTERNATIVES, lint_schema
from tests.figures import Figure

LONGEST = 0.25  # seconds of work (I15)
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


def test_I15_no_schema_and_no_body_within_the_limits_take_more_than_250_ms(figure: Figure):
    worst = {"seconds": 0.0, "tried": 0}
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
        seconds = min(_seconds_to_validate(schema, value) for _ in range(3))
        target(seconds)
        worst["seconds"], worst["tried"] = max(worst["seconds"], seconds), worst["tried"] + 1
        assert seconds < LONGEST, (schema, raw[:200])

    check()
    assert worst["tried"] > cases / 4
    figure(
        "I15", f"{worst['tried']} pairs searched, slowest {worst['seconds'] * 1000:.0f} ms of work"
    )


def _seconds_to_validate(schema: dict[str, Any], value: Any) -> float:
    """Time of the processor; what else lies in the memory of this process counts for nothing."""
    validator = compile_schema(schema)
    validator.problems({})
    gc.disable()
    try:
        begun = thread_time()
        filled = fill_defaults(validator.view, value)
        if not validator.problems(filled):
            normalise(validator.view, keep_known(validator.view, filled))
        return thread_time() - begun
    finally:
        gc.enable()

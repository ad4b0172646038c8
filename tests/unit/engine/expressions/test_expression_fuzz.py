"""Random texts as expressions: a value or an error with a place, never anything else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from hub.engine.expressions import (
    EvaluationError,
    ExpressionError,
    Scope,
    TypeEnv,
    evaluate,
    infer,
    parse_expression,
    type_from_schema,
)
from hub.engine.expressions.signatures import FILTERS, FUNCTIONS, TESTS

AT = datetime(2025, 10, 20, tzinfo=UTC)
PAYLOAD = {"a": 1, "t": "text", "l": [1, 2], "o": {"x": None}, "at": AT, "b": True}
SCOPE = Scope(
    names={"payload": PAYLOAD, "steps": {"s": {}}},
    now=lambda: AT,
    new_id=lambda: "id",
    zone=ZoneInfo("Europe/Warsaw"),
)
ENV = TypeEnv(
    names={
        "payload": type_from_schema(
            {
                "properties": {
                    "a": {"type": "integer"},
                    "t": {"type": "string"},
                    "l": {"type": "array", "items": {"type": "integer"}},
                    "o": {"type": "object", "properties": {"x": {"type": ["string", "null"]}}},
                    "at": {"type": "string", "format": "date-time"},
                    "b": {"type": "boolean"},
                }
            }
        ),
        "steps": type_from_schema({"properties": {"s": {"properties": {}}}}),
    }
)
WORDS = st.sampled_from(
    [
        *FILTERS,
        *FUNCTIONS,
        *TESTS,
        *["payload", "a", "t", "l", "o", "at", "b", "x", "steps", "s"],
        *["and", "or", "not", "in", "is", "if", "else", "true", "false", "null", "omit"],
        *["0", "1", "-", "2.5", "'x'", '"24h"', "'a'", "'UTC'"],
        *["|", ".", "[", "]", "(", ")", "{", "}", ",", ":", "=", "==", "!=", "<", ">="],
        *["+", "*", "/", "//", "%", "~", "'", '"', "\\", "$", "&&"],
    ]
)
PATHS = st.sampled_from(["payload." + name for name in PAYLOAD] + ["1", "'x'", "now()", "omit"])
PIPES = st.lists(st.sampled_from([*FILTERS]), min_size=1, max_size=4)
TEXTS = (
    st.text(max_size=60)
    | st.binary(max_size=60).map(lambda data: data.decode("latin-1"))
    | st.lists(WORDS, max_size=25).map(" ".join)
    | st.lists(WORDS, max_size=25).map("".join)
    | st.tuples(PATHS, PIPES, WORDS).map(
        lambda drawn: drawn[0] + "".join(f" | {name}({drawn[2]})" for name in drawn[1])
    )
    | st.tuples(PATHS, PIPES).map(lambda drawn: " | ".join([drawn[0], *drawn[1]]))
    | st.tuples(PATHS, WORDS, PATHS).map(" ".join)
)


@example("\x00")
@example("\ud800")
@example("'\ud800'")
@example("payload.t | from_json")
@example("9" * 1999)
@given(TEXTS)
def test_S4_any_text_is_an_expression_or_a_mistake_inside_it(text):
    mistake = outcome(lambda: parse_expression(text))
    if mistake is not None:
        assert isinstance(mistake, ExpressionError)
        assert mistake.code.startswith("HUB")
        assert mistake.message
        assert 0 <= mistake.start <= mistake.end <= len(text)
        return
    expression = parse_expression(text)

    fault = outcome(lambda: evaluate(expression, SCOPE))

    assert fault is None or (isinstance(fault, EvaluationError) and fault.message)
    assert fault is None or 0 <= fault.start <= fault.end <= len(text)
    for problem in infer(expression, ENV).problems:
        assert 0 <= problem.start <= problem.end <= len(text)


def outcome(attempt: Callable[[], object]) -> ExpressionError | EvaluationError | None:
    """What an attempt was refused with; any other exception fails the test."""
    try:
        attempt()
    except (ExpressionError, EvaluationError) as refusal:
        return refusal
    return None


@given(
    st.lists(
        st.sampled_from(
            [
                "(",
                "[",
                "'",
                "{",
                "-",
                "a",
                ".",
                "|",
                "~",
                "+",
                ",",
                "1",
                "not",
                "if",
                "else",
                "upper",
            ]
        ),
        max_size=400,
    )
)
def test_S4_no_text_exhausts_the_stack(parts):
    limit = sys.getrecursionlimit()
    text = " ".join(parts)[:2000]
    try:
        expression = parse_expression(text)
        infer(expression, ENV)
        evaluate(expression, SCOPE)
    except (ExpressionError, EvaluationError):
        pass
    assert sys.getrecursionlimit() == limit

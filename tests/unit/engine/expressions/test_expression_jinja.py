"""On the subset both share, every well-typed expression gives what Jinja2 gives (chapter 12)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from hub.engine.expressions import EvaluationError, evaluate, parse_expression
from hub.engine.expressions.lexer import LONGEST_EXPRESSION
from tests.unit.engine.expressions.expression_writer import SCOPE, VALUES, Writer

JINJA = Environment(autoescape=False)  # noqa: S701 - nothing is rendered


def by_jinja(text: str) -> Any:
    return JINJA.compile_expression(text)(**VALUES)


# The profile `proofs` has 5,000 examples for others: 20,000 here (language, chapter 20).
@settings(max_examples=4 * settings().max_examples)
@given(st.integers(0, 2**64))
def test_well_typed_expressions_agree_with_jinja(seed):
    text = Writer(seed).any()
    if len(text) > LONGEST_EXPRESSION:
        return
    try:
        expected = by_jinja(text)
    except (ZeroDivisionError, OverflowError):
        expected = None

    try:
        found = evaluate(parse_expression(text), SCOPE)
    except EvaluationError as fault:
        beyond = ("division by zero", "too large", "64 bits", "256 KB", "is missing")
        if not any(words in fault.message for words in beyond):
            pytest.fail(f"{text}: {fault.message}")
        return

    assert found == expected, text
    assert isinstance(found, bool) is isinstance(expected, bool), text

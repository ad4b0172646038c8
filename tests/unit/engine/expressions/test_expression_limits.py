"""S4: no expression on any payload uses more than its share of time and memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.engine.expressions import (
    EvaluationError,
    Scope,
    evaluate,
    parse_expression,
    parse_template,
    render,
)
from hub.engine.expressions.work import BUDGET, LARGEST_TEXT, Work, text_size

FULL = 262_144
WIDE = "\U0001f600"


def scope(**names: Any) -> Scope:
    return Scope(
        names=names,
        now=lambda: datetime(2025, 10, 20, tzinfo=UTC),
        new_id=lambda: "id",
        zone=ZoneInfo("UTC"),
    )


def value(text: str, **names: Any) -> Any:
    return evaluate(parse_expression(text), scope(**names))


@pytest.mark.parametrize(
    "text",
    [
        "x | upper",
        "x | trim",
        "x | one_line",
        "x ~ ''",
        "x | mask",
        "x | replace('y', 'z')",
        "x | lower | trim",
        "x | sha256",
        "[x] | join",
        "x | split(',') | first",
    ],
)
def test_S4_a_text_of_256_kb_is_allowed(text):
    assert value(text, x="x" * FULL)


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x ~ 'y'", "x" * FULL),
        ("x ~ x", "x" * FULL),
        ("[x, x] | join", "x" * FULL),
        ("y | join(x)", "x" * FULL),
        ("x | replace('x', 'yy')", "x" * FULL),
        ("x | base64", "x" * FULL),
        ("x | urlencode", WIDE * 22_500),
        ("x | upper", "\u0390" * 50_000),
        ("x | trim", WIDE * 70_000),
        ("x | trim", "x" * (FULL + 1)),
        ("x | to_json", "x" * FULL),
        ("[x, x, x, x] | to_json", "x" * (FULL // 3)),
        ("x | mask", "x" * (FULL + 9)),
        ("x | truncate(300000)", "x" * 400_000),
    ],
)
def test_S4_a_larger_text_is_refused_while_it_is_built(text, x):
    with pytest.raises(EvaluationError, match="256 KB"):
        value(text, x=x, y=["a"] * 10)


@pytest.mark.parametrize(
    "text",
    [
        "x | sort",
        "x | unique",
        "x | sum",
        "x | max",
        "x | join",
        "1 in x",
        "x | where('a', 1)",
        "x | pluck('a')",
        "x",
    ],
)
def test_S4_a_list_of_more_than_10_000_items_is_refused(text):
    with pytest.raises(EvaluationError, match="at most 10,000"):
        value(text, x=[0] * 10_001)


def test_S4_a_text_is_not_split_into_more_than_10_000_parts():
    with pytest.raises(EvaluationError, match="at most 10,000"):
        value("x | split(',')", x="," * 10_000)


def test_S4_objects_with_many_keys_are_refused():
    with pytest.raises(EvaluationError, match="at most 10,000"):
        value("x | keys", x={str(key): key for key in range(10_001)})


def chained(item: str, between: str, before: str = "", after: str = "") -> str:
    count = (1_990 - len(before) - len(after)) // (len(item) + len(between))
    return before + between.join([item] * count) + after


@pytest.mark.parametrize(
    "text",
    [
        chained("big|upper", ", ", "[", "]"),
        chained("wide|lower", ", ", "[", "]"),
        chained("big|title", ", ", "[", "]"),
        chained("big|one_line", ", ", "[", "]"),
        chained("big|urlencode", ", ", "[", "]"),
        chained("csv|split(',')", ", ", "[", "]"),
        chained("objects|sort('a')", ", ", "[", "]"),
        chained("objects|unique", ", ", "[", "]"),
        chained("objects|where('a',1)", ", ", "[", "]"),
        chained("marks|from_json", ", ", "[", "]"),
        chained("objects == others", " and "),
        chained("'zz' in texts", " or "),
        "objects" + "|sort('a')" * 150,
        "texts" + "|unique" * 250,
        "big" + "|upper|lower" * 100,
    ],
)
def test_S4_however_they_are_combined_filters_stay_within_a_budget(text):
    names = {
        "big": "a b " * (FULL // 4),
        "wide": WIDE * (FULL // 4),
        "csv": "a," * 9_999,
        "objects": [{"a": number} for number in range(10_000)],
        "others": [{"a": float(number)} for number in range(10_000)],
        "texts": [str(number) for number in range(10_000)],
        "marks": "[" + ",".join(['{"":{}}'] * 9_999) + "]",
    }

    with pytest.raises(EvaluationError, match="too much data"):
        value(text, **names)


def test_S4_a_text_of_many_parts_is_limited_as_a_whole():
    with pytest.raises(EvaluationError, match="256 KB"):
        render(parse_template("${{ x }} and ${{ x }}"), scope(x="x" * (FULL // 2)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "\u017b" * 10,
        WIDE * 65_536,
        WIDE * 65_537,
        "a" * 300_000,
        "\u017b" * 100_000,
        "\u017b" * 300_000,
    ],
)
def test_the_size_of_a_text_decides_as_its_bytes_do(text):
    assert (text_size(text) <= LARGEST_TEXT) is (len(text.encode()) <= LARGEST_TEXT)


def test_a_budget_is_used_up():
    work = Work(scope(), "x")

    work.charge(BUDGET)

    assert work.left == 0


@pytest.mark.parametrize(
    "text",
    ["x + 1", "x ~ ''", "x | float", "x | int", "[x, 1.5] | sum", "x | to_json", "-x", "x < 1.5"],
)
def test_S4_whole_numbers_beyond_64_bits_are_refused(text):
    with pytest.raises(EvaluationError, match="64 bits"):
        value(text, x=10**5_000)

"""Texts with `${{ }}` in them (chapter 3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.expressions import (
    OMIT,
    EvaluationError,
    ExpressionError,
    ListOf,
    Literal,
    MissingValue,
    ObjectOf,
    Scope,
    Secret,
    SecretText,
    Template,
    compile_value,
    parse_template,
    render,
    render_value,
    reveal,
)

SCOPE = Scope(
    names={
        "n": 3,
        "name": "Ada",
        "list": [1],
        "nothing": None,
        "payload": {},
        "secrets": {"T": Secret("T")},
    },
    now=lambda: datetime(2025, 10, 20, tzinfo=UTC),
    new_id=lambda: "id",
    zone=ZoneInfo("UTC"),
)


def rendered(text: str) -> Any:
    return render(parse_template(text), SCOPE)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""),
        ("plain", "plain"),
        ("${{ n }}", 3),
        ("${{n}}", 3),
        ("${{ list }}", [1]),
        ("${{ nothing }}", None),
        (" ${{ n }}", " 3"),
        ("${{ n }}${{ n }}", "33"),
        ("Hi ${{ name }}, ${{ n > 2 }} at ${{ now() }}!", "Hi Ada, true at 2025-10-20T00:00:00Z!"),
        ("$${{ n }}", "${{ n }}"),
        ("$$${{ n }}", "$${{ n }}"),
        ("$${{ n }} ${{ n }}", "${{ n }} 3"),
        ("{{ n }} {% x %} $n ${n}", "{{ n }} {% x %} $n ${n}"),
        ("${{ '}}' }}", "}}"),
        ("${{ \"}}\" ~ '}}' }}", "}}}}"),
        ("${{ 'it\\'s }}' }}", "it's }}"),
        ("${{ {'a': {'b': n}} }}", {"a": {"b": 3}}),
        ("${{ {'a': {'b': n}}}}", {"a": {"b": 3}}),
        ("${{ {'a': {'b': {}}}}}", {"a": {"b": {}}}),
        ("${{ {}}}", {}),
        ("${{\n  n\n}}", 3),
        ("a }} b", "a }} b"),
        ("Bearer ${{ secrets.T }}", SecretText(("Bearer ", Secret("T")))),
        ("${{ secrets.T }}", Secret("T")),
    ],
)
def test_a_text_with_expressions_is_worked_out(text, result):
    found = rendered(text)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("a ${{ n", "HUB300", "${{ n"),
        ("${{", "HUB300", "${{"),
        ("${{ 'n", "HUB300", "${{ 'n"),
        ("${{ {'a': 1 }", "HUB300", "${{ {'a': 1 }"),
        ("a ${{ it's }} b", "HUB301", "'s }} b"),
        ("a ${{ }} b", "HUB301", " "),
        ("a ${{}} b", "HUB301", ""),
        ("a ${{ n n }} b", "HUB301", "n"),
        ("a ${{ ${{ n }} }}", "HUB301", "${{"),
        ("ok ${{ n }} then ${{ n | upperr }}", "HUB204", "upperr"),
    ],
)
def test_a_mistake_is_found_at_its_place_in_the_text(text, code, part):
    with pytest.raises(ExpressionError) as mistake:
        parse_template(text)

    found = mistake.value
    assert (found.code, text[found.start : found.end]) == (code, part)


def test_a_fault_has_its_place_in_the_text():
    text = "Hi ${{ name }} ${{ name + 1 }}"
    with pytest.raises(EvaluationError) as fault:
        rendered(text)
    assert text[fault.value.start : fault.value.end] == "name + 1"

    text = "Hi ${{ payload.x }}"
    with pytest.raises(MissingValue) as missing:
        rendered(text)
    assert text[missing.value.start : missing.value.end] == "payload.x"
    assert missing.value.path == "payload.x"


@pytest.mark.parametrize("text", ["a ${{ list }}", "a ${{ nothing }}", "a ${{ omit }}"])
def test_only_scalars_can_be_joined_to_text(text):
    with pytest.raises(EvaluationError) as fault:
        rendered(text)
    assert (fault.value.start, fault.value.end) == (0, len(text))


def test_a_template_knows_its_parts():
    template = parse_template("a ${{ n }} b ${{ name }}")

    assert not template.is_literal
    assert template.single is None
    assert [(part.start, part.end, part.offset) for part in template.parts] == [
        (2, 10, 5),
        (13, 24, 16),
    ]
    assert parse_template("x").is_literal
    assert parse_template("x").single is None
    single = parse_template("${{ n }}").single
    assert single is not None
    assert single.expression.text == " n "


def test_a_tree_of_values_is_worked_out_and_what_is_omitted_is_left_out():
    compiled = compile_value(
        {
            "a": "${{ n }}",
            "b": ["x", "${{ payload.gone | default(omit) }}", {"c": "${{ name }}!"}],
            "d": "${{ payload.gone | default(omit) }}",
            "e": {"f": [1, None, True, 1.5, "$${{ x }}"]},
        }
    )

    assert render_value(compiled, SCOPE) == {
        "a": 3,
        "b": ["x", {"c": "Ada!"}],
        "e": {"f": [1, None, True, 1.5, "${{ x }}"]},
    }
    assert render_value(compile_value("${{ omit }}"), SCOPE) is OMIT


def test_a_value_without_expressions_is_a_literal_and_costs_nothing():
    compiled = compile_value({"a": [1, {"b": ("x", "y")}]})

    assert compiled == Literal({"a": [1, {"b": ["x", "y"]}]})
    assert render_value(compiled, SCOPE) is render_value(compiled, SCOPE)
    assert isinstance(compile_value({"a": "${{ n }}"}), ObjectOf)
    assert isinstance(compile_value(["${{ n }}"]), ListOf)
    assert isinstance(compile_value("${{ n }}"), Template)


def test_S6_a_secret_is_put_in_at_the_moment_of_use():
    value = render_value(compile_value({"auth": "Bearer ${{ secrets.T }}"}), SCOPE)

    assert "s3cret" not in repr(value)
    assert reveal(value, {"T": "s3cret"}.__getitem__) == {"auth": "Bearer s3cret"}


@given(st.text(st.sampled_from("${}' \"\\na1|.")))
def test_any_text_is_a_template_or_a_mistake_inside_it(text):
    try:
        template = parse_template(text)
    except ExpressionError as mistake:
        is_inside = 0 <= mistake.start <= mistake.end <= len(text)
        if not is_inside:
            pytest.fail(f"{mistake.message} lies outside {text!r}")
        return
    for part in template.parts:
        assert text[part.start : part.start + 3] == "${{"
        assert text[part.end - 2 : part.end] == "}}"
        assert text[part.offset :].startswith(part.expression.text)
    if "${{" not in text:
        assert render(template, SCOPE) == text

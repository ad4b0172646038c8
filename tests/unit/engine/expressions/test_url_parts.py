"""S14: data inside of a URL changes neither its scheme, host and port nor the parts beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.expressions import EvaluationError
from hub.engine.expressions.scope import Scope
from hub.engine.expressions.template import parse_template, render

AT = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


def url(text: str, scope: Scope) -> str:
    return str(render(replace(parse_template(text), is_url=True), scope))


def with_payload(value: object) -> Scope:
    names = {"payload": {"x": value}, "config": {"origin": "http://127.0.0.1:3100/api"}}
    return Scope(names=names, now=lambda: AT, new_id=str, zone=ZoneInfo("UTC"))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(TEXTS.filter(lambda text: text not in {".", ".."}))
def test_S14_a_value_stays_one_part_of_the_path(value: str):
    found = urlsplit(url("https://api.example.com/a/${{ payload.x }}/b?c=1", with_payload(value)))

    assert (found.scheme, found.netloc, found.query) == ("https", "api.example.com", "c=1")
    assert found.path.split("/")[:2] + found.path.split("/")[3:] == ["", "a", "b"]
    assert unquote(found.path.split("/")[2]) == value


@given(TEXTS.filter(lambda text: text not in {".", ".."}))
def test_S14_a_value_stays_one_value_of_the_query(value: str):
    found = urlsplit(url("https://api.example.com/?a=${{ payload.x }}&b=2", with_payload(value)))

    assert found.netloc == "api.example.com"
    assert found.query.count("&") == 1
    assert unquote(found.query.split("&")[0].removeprefix("a=")) == value
    assert found.fragment == ""


@pytest.mark.parametrize(
    "text",
    [
        "https://${{ payload.x }}/a",
        "https://api.example.com${{ payload.x }}",
        "https://api.example.com:${{ payload.x }}/",
        "${{ payload.x }}://api.example.com/",
        "${{ payload.x }}/a",
        "https://user@${{ payload.x }}/",
    ],
)
@pytest.mark.parametrize("value", [".evil.example", "@evil.example", "evil.example/", "1"])
def test_S14_data_cannot_choose_the_host(text: str, value: str):
    with pytest.raises(EvaluationError, match="the whole URL one expression"):
        url(text, with_payload(value))


def test_S14_a_url_that_is_one_expression_is_what_the_step_allows():
    assert url("${{ payload.x }}", with_payload("https://a.example/b?c")) == "https://a.example/b?c"


def test_S14_the_operators_values_stay_as_they_are():
    scope = with_payload("a/b")

    assert url("${{ config.origin }}/x/${{ payload.x }}", scope) == (
        "http://127.0.0.1:3100/api/x/a%2Fb"
    )


@pytest.mark.parametrize(
    "text",
    [
        "${{ config.nothing | default(payload.x) }}/a",
        "${{ config.origin | replace('127.0.0.1:3100', payload.x) }}/a",
        "${{ config.origin | default(config.nothing | default(payload.x)) }}/a",
    ],
)
def test_S14_data_that_a_filter_puts_into_an_operators_value_is_data(text: str):
    with pytest.raises(EvaluationError, match="the whole URL one expression"):
        url(text, with_payload("evil.example"))


def test_S14_the_operators_values_may_stand_in_for_each_other():
    text = "${{ config.nothing | default(config.origin) | replace('/api', '') }}/x"

    assert url(text, with_payload("a")) == "http://127.0.0.1:3100/x"


def test_S14_a_variable_without_data_is_as_good_as_what_the_author_wrote():
    names = {"payload": {"x": "a/b"}, "vars": {"base": "https://a.example/v2", "data": "b"}}
    scope = replace(with_payload("x"), names=names, fixed_vars=frozenset({"base"}))

    assert url("${{ vars.base }}/${{ payload.x }}", scope) == "https://a.example/v2/a%2Fb"
    with pytest.raises(EvaluationError, match="the whole URL one expression"):
        url("https://${{ vars.data }}.example/", scope)
    with pytest.raises(EvaluationError, match="the whole URL one expression"):
        url("${{ vars.base | replace('a.example', payload.x) }}/", scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/?to=${{ vars.to }}", "https://a.example/?to=%2B49%2030%2F12"),
        ("${{ vars.base }}/${{ vars.to }}", "https://a.example/v2/%2B49%2030%2F12"),
        ("https://a.example/${{ 'b/c' }}", "https://a.example/b%2Fc"),
        ("https://a.example/${{ vars.of_config }}", "https://a.example/c%2Fd"),
        ("https://a.example/${{ config.part }}/${{ config.part | upper }}", "c/d/C/D"),
        ("https://${{ vars.host }}:${{ '80' }}/", "https://b.example:80/"),
    ],
)
def test_S14_E15_behind_the_host_only_what_is_of_config_stands_as_it_is(text: str, expected: str):
    variables = {
        "to": "+49 30/12",
        "base": "https://a.example/v2",
        "host": "b.example",
        "of_config": "c/d",
    }
    names = {"vars": variables, "config": {"part": "c/d"}}
    scope = replace(with_payload("x"), names=names, fixed_vars=frozenset(variables))

    assert url(text, scope).removeprefix("https://a.example/") == expected.removeprefix(
        "https://a.example/"
    )


def test_S14_what_the_author_encoded_is_not_encoded_twice():
    text = "https://api.example.com/${{ payload.x | urlencode }}/${{ payload.x }}"

    assert url(text, with_payload("ä b")) == "https://api.example.com/%C3%A4%20b/%C3%A4%20b"


@pytest.mark.parametrize("value", [".", ".."])
def test_S14_no_value_climbs_out_of_its_path(value: str):
    with pytest.raises(EvaluationError, match="cannot stand in a URL"):
        url("https://api.example.com/a/${{ payload.x }}/b", with_payload(value))


def test_S14_numbers_and_truths_are_written_as_ever():
    assert url("https://a.example/${{ payload.x }}", with_payload(5)) == "https://a.example/5"
    assert url("https://a.example/${{ payload.x }}", with_payload(True)) == "https://a.example/true"  # noqa: FBT003

"""What expressions give, rule by rule of chapter 12."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.engine.expressions import (
    OMIT,
    EvaluationError,
    MissingValue,
    Scope,
    Secret,
    SecretText,
    evaluate,
    evaluate_condition,
    parse_expression,
    parse_template,
    render,
)

AT = datetime(2025, 10, 20, 14, tzinfo=UTC)
PAYLOAD = {
    "name": "Ada",
    "n": 3,
    "x": 1.5,
    "flag": True,
    "nothing": None,
    "at": AT,
    "for": timedelta(hours=1),
    "tags": ["a", "b"],
    "lead": {"first name": "Ada", "phone": "+12025550147", "nothing": None},
    "evil": "${{ secrets.X }}",
    "keys": 7,
    "__class__": "data",
}


class Names(dict[str, Any]):
    def __missing__(self, name: str) -> Secret:
        return Secret(name)


SCOPE = Scope(
    names={"payload": PAYLOAD, "steps": {"hold": {"id": "apt_1"}}, "secrets": Names()},
    now=lambda: AT,
    new_id=lambda: "11111111-2222-4333-8444-555555555555",
    zone=ZoneInfo("America/New_York"),
    step_states={"hold": "ok", "sms": "failed", "later": "skipped", "wait": "timed_out"},
)


def value(text: str) -> Any:
    return evaluate(parse_expression(text), SCOPE)


def fault(text: str) -> EvaluationError:
    with pytest.raises(EvaluationError) as refusal:
        value(text)
    assert 0 <= refusal.value.start <= refusal.value.end <= len(text)
    return refusal.value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("payload.name", "Ada"),
        ("payload['lead']['first name']", "Ada"),
        ("payload.keys", 7),
        ("payload.__class__", "data"),
        ("payload.tags[1]", "b"),
        ("payload.tags[-1]", "b"),
        ("[1, 'a', true, null]", [1, "a", True, None]),
        ("{'a': payload.n, b: {}}", {"a": 3, "b": {}}),
        ("1 + 2 * 3", 7),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 - 2 - 1", 4),
        ("--3", 3),
        ("-payload.n | abs", 3),
        ("'a' ~ 1 ~ 1.5 ~ true ~ payload.at ~ payload.for", "a11.5true2025-10-20T14:00:00Z1h"),
        ("(1 + 2) ~ 'x'", "3x"),
        ("payload.n > 2 and payload.n <= 3", True),
        ("payload.n == 3.0", True),
        ("payload.n != 4", True),
        ("'a' < 'b'", True),
        ("'a' == 'a'", True),
        ("payload.flag == true", True),
        ("not payload.flag", False),
        ("payload.flag or payload.gone", True),
        ("not payload.flag and payload.gone", False),
        ("'yes' if payload.n > 2 else payload.gone", "yes"),
        ("payload.gone if payload.n > 5 else 'no'", "no"),
        ("payload.at > '2025-10-20T15:00:00+02:00'", True),
        ("'2025-10-20T16:00:00+02:00' == payload.at", True),
        ("payload.for < '61m'", True),
        ("payload.for == duration('60m')", True),
        ("duration(payload.for) == '1h'", True),
        ("'b' in payload.tags", True),
        ("'c' not in payload.tags", True),
        ("1 in payload.tags", False),
        ("'2025-10-20T14:00:00Z' in [payload.at]", True),
        ("payload.at in ['when']", False),
        ("'name' in payload", True),
        ("'d' in payload.name", True),
        ("[1, [2, {'a': 3}]] == [1.0, [2, {'a': 3}]]", True),
        ("[1] == [true]", False),
        ("[1] == [1, 2]", False),
        ("{'a': 1} == {'a': 1}", True),
        ("{'a': 1} == {'b': 1}", False),
        ("{'a': 1} != {'a': 2}", True),
        ("now() == payload.at", True),
        ("uuid() | short", "11111111"),
        ("steps.hold.id", "apt_1"),
        ("steps.hold is ok", True),
        ("steps['hold'] is ok", True),
        ("steps.sms is failed", True),
        ("steps.sms is not ok", True),
        ("steps.later is skipped", True),
        ("steps.wait is timed_out", True),
        ("steps.other is ok", False),
        ("payload.tags is empty", False),
        ("'' is empty", True),
        ("{} is not empty", False),
        ("payload.name is set is set", True),
        ("'a b' | replace(' ', '') | upper", "AB"),
    ],
)
def test_an_expression_has_a_value(text, result):
    found = value(text)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("payload.nothing", None),
        ("payload.nothing.deeper[0].still", None),
        ("payload.nothing | upper | truncate(3)", None),
        ("payload.nothing | default('x')", "x"),
        ("payload.gone | default('x')", "x"),
        ("payload.gone.deeper | upper | default('x')", "x"),
        ("payload.gone | default(payload.away) | default(1)", 1),
        ("payload.tags[5] | default('none')", "none"),
        ("payload.name | default(payload.gone)", "Ada"),
        ("payload.gone is set", False),
        ("payload.nothing is set", False),
        ("payload.nothing is not set", True),
        ("payload.name is set", True),
        ("payload.gone.deeper is set", False),
        ("unknown is set", False),
        ("payload.name | required", "Ada"),
        ("[] | first | default('none')", "none"),
        ("[] | max | default(0)", 0),
        ("payload.nothing == null", True),
        ("null != payload.name", True),
        ("payload.name == null", False),
        ("(payload.gone if payload.flag else 1) | default(2)", 2),
        ("payload.gone | default(omit)", OMIT),
        ("omit", OMIT),
        ("[1, omit, payload.gone | default(omit)]", [1]),
        ("{'a': omit, 'b': 1}", {"b": 1}),
    ],
)
def test_missing_and_null_travel_until_something_takes_them_up(text, result):
    assert value(text) == result


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("payload.gone", "payload.gone"),
        ("payload.gone.deeper.still", "payload.gone"),
        ("payload.lead.mail", "payload.lead.mail"),
        ("payload.lead['last name']", "payload.lead['last name']"),
        ("payload.gone | upper", "payload.gone"),
        ("payload.gone == 'a'", "payload.gone"),
        ("'a' ~ payload.gone", "payload.gone"),
        ("payload.gone + 1", "payload.gone"),
        ("not payload.gone", "payload.gone"),
        ("payload.gone is empty", "payload.gone"),
        ("[payload.gone]", "payload.gone"),
        ("payload.name | truncate(payload.gone)", "payload.gone"),
        ("payload.tags[payload.gone]", "payload.gone"),
        ("payload.gone | required", "payload.gone"),
        ("payload.nothing | required", "payload.nothing"),
        ("[] | first", "[] | first"),
        ("payload.tags[7].x", "payload.tags[7]"),
        ("other.x", "other"),
    ],
)
def test_a_missing_value_at_the_end_names_the_first_missing_field(text, path):
    with pytest.raises(MissingValue) as missing:
        value(text)

    assert (missing.value.code, missing.value.path) == ("missing_value", path)
    assert missing.value.message == f"{path} is missing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not payload.name", "use `is set`"),
        ("payload.name and true", "a text"),
        ("1 if payload.tags else 2", "a list"),
        ("not omit", "`omit`"),
        ("payload.n == 'a'", "a whole number cannot be compared with a text"),
        ("payload.flag == 1", "true or false cannot be compared"),
        ("payload.nothing == 'a'", "`| default(x)`"),
        ("payload.at == 'monday'", "not a date-time"),
        ("payload.for == 'long'", "not a duration"),
        ("payload.at < 5", "cannot be compared"),
        ("[1] < [2]", "cannot compare a list"),
        ("true < false", "cannot compare"),
        ("payload.name.x", "needs an object, this is a text"),
        ("payload.tags.first", "this is a list"),
        ("payload.tags['a']", "`[ ]`"),
        ("payload.lead[0]", "`[ ]`"),
        ("payload.name[0]", "`[ ]`"),
        ("omit.x", "`omit`"),
        ("1 in 5", "looks into"),
        ("1 in 'abc'", "looks for a text"),
        ("1 in payload", "looks for a text"),
        ("'a' + 'b'", "join texts with `~`"),
        ("'1' * 2", "`| int`"),
        ("payload.at - 1", "`| plus('24h')`"),
        ("true + 1", "works on numbers"),
        ("1 / 0", "division by zero"),
        ("1 // 0", "division by zero"),
        ("1.5 % 0", "division by zero"),
        ("9223372036854775807 + 1", "64 bits"),
        ("-9223372036854775807 - 2", "64 bits"),
        ("-(-9223372036854775807 - 1)", "64 bits"),
        ("-payload.name", "works on numbers"),
        ("1" + "0" * 308 + ".0 * 10", "too large"),
        ("'a' ~ payload.tags", "`| to_json`"),
        ("'a' ~ payload.nothing", "`| default('')`"),
        ("'a' ~ omit", "`omit`"),
        ("payload.n is empty", "needs a text"),
        ("payload.nothing is empty", "null"),
        ("omit is empty", "`omit`"),
        ("payload.n | upper", "`upper` works on a text, this is a whole number"),
        ("omit | upper", "`omit`"),
        ("payload.name | truncate('a')", "needs a whole number"),
        ("payload.name | truncate(null)", "needs a whole number"),
        ("payload | pick('a', 1)", "needs a text"),
        ("duration('soon')", "not a duration"),
        ("secrets.X == 'a'", "secret"),
        ("secrets.X | base64", "a secret"),
        ("[secrets.X] | to_json", "secret"),
        ("secrets.X is empty", "a secret"),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_with_a_place(text, words):
    problem = fault(text)

    assert problem.code == "invalid_input"
    assert words in problem.message


@pytest.mark.parametrize("strange", [object(), b"bytes", {1, 2}, 1j])
def test_S4_no_python_object_can_be_worked_with(strange):
    scope = Scope(names={"x": strange}, now=lambda: AT, new_id=str, zone=ZoneInfo("UTC"))

    for text in ("x.real", "x == x", "x | upper", "x ~ ''", "not x", "x is empty"):
        with pytest.raises(EvaluationError):
            evaluate(parse_expression(text), scope)


@pytest.mark.parametrize(
    "hostile",
    [
        "${{ secrets.X }}",
        "$${{ x }}",
        "{{7*7}}",
        "+48100200300",
        "1e5",
        "[1,2]",
        "None",
        "=cmd",
        "<% x %>",
        "' ~ secrets.X ~ '",
        "\\u0041",
        "%s%n{0.__class__}",
    ],
)
def test_S4_payload_text_arrives_unchanged(hostile):
    scope = Scope(names={"x": hostile}, now=lambda: AT, new_id=str, zone=ZoneInfo("UTC"))

    assert evaluate(parse_expression("x"), scope) == hostile
    assert render(parse_template("${{ x }}"), scope) == hostile
    assert render(parse_template("a ${{ x }} b"), scope) == f"a {hostile} b"
    assert evaluate(parse_expression("x ~ ''"), scope) == hostile
    assert evaluate(parse_expression("{'k': x} | to_json | from_json"), scope) == {"k": hostile}


def test_a_decision_is_true_or_false():
    assert evaluate_condition(parse_expression("payload.n == 3"), SCOPE) is True
    with pytest.raises(EvaluationError, match="true or false"):
        evaluate_condition(parse_expression("payload.n"), SCOPE)


def test_S6_secrets_stay_references():
    assert value("secrets.TOKEN") == Secret("TOKEN")
    assert value("'Bearer ' ~ secrets.TOKEN") == SecretText(("Bearer ", Secret("TOKEN")))
    assert value("secrets.TOKEN | default('x')") == Secret("TOKEN")
    assert value("secrets.TOKEN is set") is True
    assert value("['a', secrets.B] | join('-')") == SecretText(("a-", Secret("B")))


def test_a_list_that_is_too_long_is_no_result():
    scope = Scope(names={"x": [0] * 10_001}, now=lambda: AT, new_id=str, zone=ZoneInfo("UTC"))

    with pytest.raises(EvaluationError, match="at most 10,000"):
        evaluate(parse_expression("x"), scope)


def test_a_duration_that_cannot_be_written_is_not_joined_to_text():
    scope = Scope(
        names={"x": timedelta(seconds=-1)}, now=lambda: AT, new_id=str, zone=ZoneInfo("UTC")
    )

    with pytest.raises(EvaluationError, match="written form"):
        evaluate(parse_expression("x ~ ''"), scope)


def test_omit_shows_itself_as_it_is_written():
    assert repr(OMIT) == "omit"

"""The grammar of chapter 12, and what is said about texts that are not in it."""

from __future__ import annotations

import pytest

from hub.engine.expressions import ExpressionError, parse_expression
from hub.engine.expressions.syntax import (
    Arithmetic,
    Compare,
    Name,
    Not,
    Path,
    Pipeline,
    constant_path,
    walk,
)


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as refusal:
        parse_expression(text)
    return refusal.value


@pytest.mark.parametrize(
    "text",
    [
        "payload",
        "payload.lead_id",
        "payload.in.if.not",
        "payload['any key'][0][-1]",
        '\'it\\\'s\' ~ "a \\"quote\\""',
        "1 + 2 * 3 - 4 / 5 // 6 % 7",
        "a if b else c if d else e",
        "a or b and not c",
        "a not in [1, 2,]",
        "not a in b",
        "x is set and y is not empty",
        "steps.hold is ok or steps['hold'] is not timed_out",
        "-x | abs",
        "--1",
        "x | default(omit)",
        "x | plus(days=1, tz='Europe/Warsaw')",
        "x | plus('1h', minutes=5)",
        "x | pick('a', 'b')",
        "{'a': 1, b: [true, false, null], 'c d': {}}",
        "now() | plus('24h') > payload.t",
        "duration('90m')",
        "uuid()",
        "(((((1)))))",
        "a\n  .b\t|\r\n  upper",
        "0.5",
        "9223372036854775807",
    ],
)
def test_the_grammar_holds(text):
    expression = parse_expression(text)

    assert expression.text == text
    for node in walk(expression.root):
        assert 0 <= node.start < node.end <= len(text)


@pytest.mark.parametrize(
    ("text", "code", "part", "words"),
    [
        ("", "HUB301", "", "empty"),
        ("  ", "HUB301", "  ", "empty"),
        ("a = b", "HUB301", "=", "write `==`"),
        ("a === b", "HUB301", "===", "write `==`"),
        ("a !== b", "HUB301", "!==", "write `!=`"),
        ("a <> b", "HUB301", "<>", "write `!=`"),
        ("a && b", "HUB301", "&&", "write `and`"),
        ("a || b", "HUB301", "||", "write `or`"),
        ("!a", "HUB301", "!", "write `not`"),
        ("a AND b", "HUB301", "AND", "write `and`"),
        ("a ?? b", "HUB301", "??", "default"),
        ("a ? b : c", "HUB301", "?", "if condition else"),
        ("a ** 2", "HUB301", "**", "a * a"),
        ("a?.b", "HUB301", "?.", "default"),
        ("$json.x", "HUB301", "$", "payload.name"),
        ("`a`", "HUB301", "`", "'…'"),
        ("\u201ca\u201d", "HUB301", "\u201c", "straight quotes"),
        ("a\u00a0b", "HUB301", "\u00a0", "U+00A0"),
        ("a # b", "HUB301", "#", "quotes"),
        ("${{ a }}", "HUB302", "${{", "without"),
        ("{{ a }}", "HUB301", "{{", "without"),
        ("True", "HUB301", "True", "write `true`"),
        ("None", "HUB301", "None", "write `null`"),
        ("24h", "HUB301", "24h", "'24h'"),
        ("007", "HUB301", "007", "quotes"),
        ("9223372036854775808", "HUB301", "9223372036854775808", "too large"),
        ("1" * 400 + ".0", "HUB301", "1" * 400 + ".0", "too large"),
        ("'abc", "HUB301", "'abc", "not closed"),
        ("'a\\q'", "HUB301", "\\q", "means nothing"),
        ("'a\\u0000'", "HUB301", "a\\u0000", "character 0"),
        ("a < b < c", "HUB301", "<", "a < b and b < c"),
        ("a b", "HUB301", "b", "complete"),
        ("(a", "HUB301", "", "`)`"),
        ("[a", "HUB301", "", "`]`"),
        ("a[0", "HUB301", "", "`]`"),
        ("{a", "HUB301", "", "`:`"),
        ("{a: 1", "HUB301", "", "`}`"),
        ("{1: 2}", "HUB301", "1", "key"),
        ("{a: 1, 'a': 2}", "HUB301", "'a'", "twice"),
        ("a.", "HUB301", "", "name of a field"),
        ("a.0", "HUB301", "0", "name of a field"),
        ("a.upper()", "HUB301", "upper", "`| upper`"),
        ("a.get('x')", "HUB301", "get", "methods"),
        ("a if b", "HUB301", "", "`else`"),
        ("else", "HUB301", "else", "value"),
        (")", "HUB301", ")", "value"),
        ("a |", "HUB301", "", "name of a filter"),
        ("a | not", "HUB301", "not", "name of a filter"),
        ("a | truncate", "HUB301", "truncate", "truncate(n)"),
        ("a | truncate(1, 2)", "HUB301", "truncate", "too many"),
        ("a | upper(1)", "HUB301", "upper", "too many"),
        ("a | plus", "HUB301", "plus", "plus('24h')"),
        ("a | plus(minute=1)", "HUB301", "minute", "'minutes'"),
        ("a | truncate(n=1, n=2)", "HUB301", "n", "twice"),
        ("a | pick(names='a')", "HUB301", "names", "takes no"),
        ("a | pick", "HUB301", "pick", "pick("),
        ("a | truncate(1 2)", "HUB301", "2", "`,`"),
        ("now(1)", "HUB301", "now", "too many"),
        ("a | uper", "HUB204", "uper", "'upper'"),
        ("a | tojson", "HUB204", "tojson", "'to_json'"),
        ("a | qqqq", "HUB204", "qqqq", "no filter"),
        ("nwo()", "HUB205", "nwo", "'now'"),
        ("upper(a)", "HUB205", "upper", "value | upper"),
        ("eval('1')", "HUB205", "eval", "no function"),
        ("a is defined", "HUB207", "defined", "write `is set`"),
        ("a is not defined", "HUB207", "defined", "write `is not set`"),
        ("a is none", "HUB207", "none", "write `is not set`"),
        ("a is not none", "HUB207", "none", "write `is set`"),
        ("a is emty", "HUB207", "emty", "'empty'"),
        ("a is 1", "HUB301", "1", "test"),
        ("a is ok", "HUB206", "ok", "steps.<id> is ok"),
        ("steps.a.b is ok", "HUB206", "ok", "steps.<id>"),
        ("steps[a] is ok", "HUB206", "ok", "steps.<id>"),
        ("steps.a | required is ok", "HUB206", "ok", "steps.<id>"),
    ],
)
def test_a_mistake_is_found_at_its_place_and_the_message_names_the_remedy(text, code, part, words):
    mistake = refused(text)

    assert (mistake.code, text[mistake.start : mistake.end]) == (code, part)
    assert words in mistake.message


def test_a_backslash_means_what_it_means_in_json():
    root = parse_expression(r"'\\ \' \" \n \r \t \/ \u017b \ud83d\ude00'").root

    assert getattr(root, "value", None) == "\\ ' \" \n \r \t / Ż 😀"


def test_half_a_character_becomes_the_replacement_character():
    assert getattr(parse_expression(r"'\ud83d'").root, "value", None) == "\ufffd"


def test_filters_bind_tighter_than_signs_and_signs_tighter_than_comparisons():
    root = parse_expression("not -a | abs + 1 ~ 'x' == b.c").root

    assert isinstance(root, Not)
    assert isinstance(root.operand, Compare)
    assert isinstance(root.operand.left, Arithmetic)
    assert isinstance(root.operand.left.first, Pipeline)


@pytest.mark.parametrize(
    "text", ["(" * 30 + "a" + ")" * 30, "not " * 30 + "a", "-" * 30 + "1", "[" * 30 + "]" * 30]
)
def test_S4_thirty_levels_of_nesting_are_allowed(text):
    assert parse_expression(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "(" * 31 + "a" + ")" * 31,
        "(" * 1900,
        "not " * 400 + "a",
        "-" * 1900 + "1",
        "[" * 900,
        "a[" * 900,
        "{a:" * 600,
        "a if b else " * 100 + "c",
        "x|default(" * 150,
    ],
)
def test_S4_deeper_nesting_is_refused_before_it_can_hurt(text):
    assert refused(text).code == "HUB309"


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".b" * 990,
        "a" + "[0]" * 600,
        "a" + "|abs" * 490,
        "1" + "+1" * 990,
        "1" + "*1" * 990,
        "a" + "~a" * 990,
        "a" + " or a" * 390,
        "a" + " is set" * 280,
    ],
)
def test_S4_a_long_chain_is_not_deep(text):
    assert parse_expression(text).text == text


def test_S4_an_expression_has_at_most_2000_characters():
    assert parse_expression("a" * 2000).text == "a" * 2000
    mistake = refused("a" * 2001)
    assert (mistake.code, mistake.start, mistake.end) == ("HUB309", 2000, 2001)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("payload", ("payload",)),
        ("payload.a['b c'][0]", ("payload", "a", "b c", 0)),
        ("payload[x]", None),
        ("payload[1.5]", None),
        ("(a ~ b).c", None),
        ("1", None),
    ],
)
def test_a_path_that_is_written_down_can_be_named(text, path):
    assert constant_path(parse_expression(text).root) == path


def test_every_name_of_an_expression_can_be_found():
    root = parse_expression(
        "a.b[c] | default(d) if not e == -f and g in [h] else {'i': j ~ duration(k) + l}"
    ).root

    names = [node.name for node in walk(root) if isinstance(node, Name)]
    assert sorted(names) == list("acdefghjkl")
    assert any(isinstance(node, Path) for node in walk(root))

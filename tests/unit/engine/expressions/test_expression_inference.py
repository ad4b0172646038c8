"""What the checker finds in an expression without running it (chapters 13 and 15).

Length: mostly tables, one row for each finding, which are read side by side.
"""

from __future__ import annotations

import pytest

from hub.engine.expressions import (
    TypeEnv,
    compile_value,
    infer,
    infer_condition,
    infer_template,
    infer_value,
    narrow,
    parse_expression,
    parse_template,
    type_from_schema,
)
from hub.engine.expressions.types import (
    ANYTHING,
    Boolean,
    Duration,
    Field,
    Instant,
    Integer,
    ListType,
    Null,
    Number,
    ObjectType,
    Omitted,
    Text,
    Type,
    Union,
)

UUID = Text(format="uuid")
PHONE = Text(format="e164")
ITEM = ObjectType(
    {"id": Field(Integer()), "name": Field(Text(), may_be_missing=True), "at": Field(Instant())}
)
REQUIRED = ["lead_id", "outcome", "at", "every", "n", "x", "flag", "nul", "secretive"]
REQUIRED += ["tags", "some", "mixed", "any", "map"]
PAYLOAD = type_from_schema(
    {
        "type": "object",
        "properties": {
            "lead_id": {"type": "string", "format": "uuid"},
            "outcome": {"type": "string", "enum": ["showed", "no_show"]},
            "at": {"type": "string", "format": "date-time"},
            "every": {"type": "string", "format": "duration"},
            "opt": {"type": "string"},
            "n": {"type": "integer"},
            "x": {"type": "number"},
            "flag": {"type": "boolean"},
            "nul": {"type": ["string", "null"]},
            "person": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "x-pii": True},
                    "mail": {"type": "string"},
                },
                "required": ["name"],
            },
            "secretive": {
                "type": "object",
                "x-pii": True,
                "properties": {"a": {"type": "integer"}},
                "required": ["a"],
            },
            "tags": {"type": "array", "items": {"type": "string"}},
            "some": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            "mixed": {"type": ["string", "integer"]},
            "any": {},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": REQUIRED,
    }
)
ENV = TypeEnv(
    names={
        "payload": PAYLOAD,
        "items": ListType(ITEM),
        "steps": ObjectType(
            {
                "hold": Field(ObjectType({"phone": Field(PHONE)})),
                "maybe": Field(ObjectType({"id": Field(Text())}), may_be_missing=True),
            }
        ),
        "secrets": ObjectType({"TOKEN": Field(Text(is_secret=True))}),
        "error": ObjectType({"code": Field(Text(frozenset({"timeout"}), is_open=True))}),
        "row": Union((Null(), ITEM)),
    },
    why={"inputs": "this workflow has an endpoint", "steps.later": "it comes later, in line 9"},
)
TEXT = Text()


def found(text: str, env: TypeEnv = ENV) -> list[tuple[str, str]]:
    problems = infer(parse_expression(text), env).problems
    return [(problem.code, text[problem.start : problem.end]) for problem in problems]


def message(text: str) -> str:
    [problem] = infer(parse_expression(text), ENV).problems
    return problem.message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", Integer()),
        ("1.5", Number()),
        ("'a'", Text(frozenset({"a"}))),
        ("true", Boolean()),
        ("null", Null()),
        ("omit", Omitted()),
        ("payload.lead_id", UUID),
        ("payload['lead_id']", UUID),
        ("payload.at", Instant()),
        ("payload.every", Text(format="duration")),
        ("payload.nul", Union((TEXT, Null()))),
        ("payload.any", ANYTHING),
        ("payload.any.deep[0]['x']", ANYTHING),
        ("payload.map.x", Integer()),
        ("payload.opt | default('')", TEXT),
        ("payload.opt | required", TEXT),
        ("payload.opt | default(omit)", Union((TEXT, Omitted()))),
        ("payload.opt | default(payload.n)", Union((TEXT, Integer()))),
        ("payload.nul | default('x')", TEXT),
        ("null | default(1)", Integer()),
        ("payload.any | default(1)", ANYTHING),
        ("payload.nul | upper", Union((TEXT, Null()))),
        ("payload.outcome | upper", Text(frozenset({"SHOWED", "NO_SHOW"}))),
        ("payload.n + 1", Integer()),
        ("payload.n / 1", Number()),
        ("payload.n * payload.x", Number()),
        ("-payload.n", Integer()),
        ("-payload.any", Number()),
        ("payload.n ~ payload.outcome", TEXT),
        ("payload.n > 2 and payload.flag", Boolean()),
        ("not payload.flag", Boolean()),
        ("payload.opt is set", Boolean()),
        ("payload.tags is empty", Boolean()),
        ("steps.maybe is ok", Boolean()),
        ("payload.n if payload.flag else 'x'", Union((Integer(), Text(frozenset({"x"}))))),
        ("'a' if payload.flag else 'b'", Text(frozenset({"a", "b"}))),
        ("[1, 'a']", ListType(Union((Integer(), Text(frozenset({"a"})))), is_never_empty=True)),
        ("[]", ListType(ANYTHING)),
        ("[payload.opt | default(omit)]", ListType(TEXT)),
        ("[omit]", ListType(ANYTHING)),
        ("{'a': payload.n}", ObjectType({"a": Field(Integer())})),
        (
            "{'a': payload.opt | default(omit), 'b': omit}",
            ObjectType({"a": Field(TEXT, may_be_missing=True)}),
        ),
        ("now()", Instant()),
        ("uuid()", UUID),
        ("duration('1h')", Duration()),
        ("payload.at | plus('24h')", Instant()),
        ("payload.at | iso", Text(format="date-time")),
        ("payload.opt | default('') | e164('US')", PHONE),
        ("payload.opt | default('') | split(',')", ListType(TEXT, is_never_empty=True)),
        ("payload.opt | default('') | split(',') | first", TEXT),
        ("payload.tags | length", Integer()),
        ("payload.tags | sort | unique", ListType(TEXT)),
        ("payload.tags | join", TEXT),
        ("payload.some | first", Integer()),
        ("payload.some | sum", Integer()),
        ("payload.any | sum", Number()),
        ("payload.some | max", Integer()),
        ("payload.x | round", Number()),
        ("payload.n | abs", Integer()),
        ("payload.any | round", Number()),
        ("payload.mixed | int", Integer()),
        ("payload.n | float", Number()),
        ("payload.any | first", ANYTHING),
        ("items | pluck('id')", ListType(Integer())),
        ("items | pluck('name')", ListType(TEXT)),
        ("items | where('id', 1)", ListType(ITEM)),
        ("items | sort('at') | pluck('at')", ListType(Instant())),
        ("payload.any | pluck('x')", ListType(ANYTHING)),
        ("items | pluck(payload.lead_id)", ListType(ANYTHING)),
        ("{'a': 1, 'b': 'x'} | keys", ListType(Text(frozenset({"a", "b"})))),
        ("payload.map | keys", ListType(TEXT)),
        ("{'a': 1, 'b': 1.5} | values", ListType(Number())),
        ("{} | values", ListType(ANYTHING)),
        ("payload.map | values", ListType(Integer())),
        (
            "{'a': 1} | merge({'b': 'x'})",
            ObjectType({"a": Field(Integer()), "b": Field(Text(frozenset({"x"})))}),
        ),
        (
            "{'id': 'x'} | merge(payload.map)",
            ObjectType({"id": Field(Text(frozenset({"x"})))}, Integer()),
        ),
        (
            "{'opt': 1} | merge({'opt': payload.opt | default(omit)})",
            ObjectType({"opt": Field(Union((Integer(), TEXT)))}),
        ),
        (
            "{'a': 1, 'b': 'x'}[payload.lead_id] | default(1)",
            Union((Integer(), Text(frozenset({"x"})))),
        ),
        ("{'a': 1, 'b': 2} | pick('a')", ObjectType({"a": Field(Integer())})),
        ("{'a': 1} | pick(payload.lead_id)", ObjectType({}, ANYTHING)),
        ("payload.any | pick('a')", ObjectType({"a": Field(ANYTHING, may_be_missing=True)})),
        ("payload | to_json", Text(is_pii=True)),
        ("'1' | from_json", ANYTHING),
        ("row.id", Union((Integer(), Null()))),
        ("error.code == 'timeout'", Boolean()),
        ("secrets.TOKEN", Text(is_secret=True)),
        ("'a' ~ secrets.TOKEN", Text(is_secret=True)),
        ("payload.secretive.a", Integer(is_pii=True)),
        ("payload.person.name | default('x')", Text(is_pii=True)),
        ("payload.person.name | default('x') | upper", Text(is_pii=True)),
        ("'Dear ' ~ (payload.person.name | default('x'))", Text(is_pii=True)),
        ("payload.person.name | default('x') | mask", TEXT),
        ("payload.person.name | default('x') | length", Integer()),
        ("payload.at > '2025-10-20T14:00:00Z'", Boolean()),
        ("payload.every == duration('1h')", Boolean()),
        ("payload.outcome in ['showed']", Boolean()),
        ("payload.n in payload.some", Boolean()),
        ("payload.any in payload.any", Boolean()),
        ("'a' in payload.map", Boolean()),
        ("'a' in payload.lead_id", Boolean()),
        ("payload.nul == null", Boolean()),
        ("null != payload.any", Boolean()),
        ("payload.map == payload.any", Boolean()),
        ("payload.tags[0] | default('')", TEXT),
        ("payload.map[payload.lead_id] | default(0)", Integer()),
    ],
)
def test_an_expression_without_problems_has_a_type(text, kind):
    inference = infer(parse_expression(text), ENV)

    assert inference.problems == ()
    assert same(inference.type, kind), inference.type


def same(one: Type, other: Type) -> bool:
    if isinstance(one, Union) and isinstance(other, Union):
        return len(one.members) == len(other.members) and all(
            m in other.members for m in one.members
        )
    return one == other


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("inputs.x", "HUB201", "inputs"),
        ("payload.outcome == no_show", "HUB201", "no_show"),
        ("paylod.n", "HUB201", "paylod"),
        ("steps.later.id", "HUB202", "later"),
        ("steps.hol.phone", "HUB202", "hol"),
        ("steps.hol is ok", "HUB202", "hol"),
        ("payload.leadid", "HUB203", "leadid"),
        ("payload['leadid']", "HUB203", "['leadid']"),
        ("{'a': 1}.b", "HUB203", "b"),
        ("items | pluck('nam')", "HUB203", "'nam'"),
        ("items | sort('nam')", "HUB203", "'nam'"),
        ("items | where('nam', 1)", "HUB203", "'nam'"),
        ("{'a': 1} | pick('b')", "HUB203", "'b'"),
        ("payload.lead_id.x", "HUB206", "x"),
        ("payload.tags.x", "HUB206", "x"),
        ("payload.tags['x']", "HUB206", "['x']"),
        ("payload.lead_id[0]", "HUB206", "[0]"),
        ("payload.map[1.5]", "HUB206", "1.5"),
        ("payload.lead_id and true", "HUB206", "payload.lead_id"),
        ("1 if payload.tags else 2", "HUB206", "payload.tags"),
        ("payload.opt | default(omit) and true", "HUB206", "payload.opt | default(omit)"),
        ("payload.n == 'a'", "HUB206", "payload.n == 'a'"),
        ("payload.flag < true", "HUB206", "payload.flag < true"),
        ("payload.at == 'monday'", "HUB206", "'monday'"),
        ("duration('1h') > 'long'", "HUB206", "'long'"),
        ("payload.nul < null", "HUB206", "payload.nul < null"),
        ("payload.n in ['a']", "HUB206", "'a'"),
        ("payload.n in payload.tags", "HUB206", "payload.n in payload.tags"),
        ("payload.n in payload.lead_id", "HUB206", "payload.n"),
        ("payload.n in payload.x", "HUB206", "payload.x"),
        ("payload.n + 'a'", "HUB206", "'a'"),
        ("'a' * 2", "HUB206", "'a'"),
        ("payload.at - 1", "HUB206", "payload.at"),
        ("-payload.tags", "HUB206", "payload.tags"),
        ("omit + 1", "HUB206", "omit"),
        ("'a' ~ payload.tags", "HUB206", "payload.tags"),
        ("'a' ~ omit", "HUB206", "omit"),
        ("payload.n | upper", "HUB206", "upper"),
        ("payload.mixed | upper", "HUB206", "upper"),
        ("omit | upper", "HUB206", "upper"),
        ("'a' | truncate('b')", "HUB206", "'b'"),
        ("payload.map | pick(1)", "HUB206", "1"),
        ("payload.at | plus('soon')", "HUB206", "'soon'"),
        ("payload.at | plus(hours='1')", "HUB206", "'1'"),
        ("payload.at | local('lonk')", "HUB206", "'lonk'"),
        ("payload.at | local('long', 'Mars/X')", "HUB206", "'Mars/X'"),
        ("payload.lead_id | e164('ZZ')", "HUB206", "'ZZ'"),
        ("payload.lead_id | e164(region='us')", "HUB206", "'us'"),
        ("payload.at | start_of('century')", "HUB206", "'century'"),
        ("payload.lead_id | phone('x')", "HUB206", "'x'"),
        ("duration('soon')", "HUB206", "'soon'"),
        ("payload.tags | sum", "HUB206", "sum"),
        ("[payload.tags] | join", "HUB206", "join"),
        ("[true] | sort", "HUB206", "sort"),
        ("items | max", "HUB206", "max"),
        ("payload.tags | pluck('a')", "HUB206", "pluck('a')"),
        ("items | where('id', 'x')", "HUB206", "'x'"),
        ("payload.n is empty", "HUB206", "is empty"),
        ("payload.outcome == 'moved'", "HUB208", "'moved'"),
        ("'moved' != payload.outcome", "HUB208", "'moved'"),
        ("payload.outcome in ['showed', 'moved']", "HUB208", "'moved'"),
        ("payload.outcome == ('a' if payload.flag else 'b')", "HUB208", None),
        ("error.code == 'slot_taken'", "HUB208", "'slot_taken'"),
        ("payload.opt", "HUB210", "payload.opt"),
        ("payload.person.name", "HUB210", "payload.person.name"),
        ("payload.opt == 'a'", "HUB210", "payload.opt"),
        ("payload.opt ~ 'a'", "HUB210", "payload.opt"),
        ("[payload.opt]", "HUB210", "payload.opt"),
        ("payload.opt is empty", "HUB210", "payload.opt"),
        ("payload.nul is empty", "HUB210", "payload.nul"),
        ("payload.nul == 'a'", "HUB210", "payload.nul"),
        ("payload.nul in ['a']", "HUB210", "payload.nul"),
        ("payload.nul ~ 'a'", "HUB210", "payload.nul"),
        ("payload.nul | default(null) ~ 'a'", "HUB210", "payload.nul | default(null)"),
        ("'a' | replace('a', payload.nul)", "HUB210", "payload.nul"),
        ("payload.tags[payload.nul] | default('')", "HUB210", "payload.nul"),
        ("payload.tags | first", "HUB210", "payload.tags | first"),
        ("payload.tags[0]", "HUB210", "payload.tags[0]"),
        ("steps.maybe.id", "HUB210", "steps.maybe.id"),
        ("payload.opt | upper", "HUB210", "payload.opt | upper"),
        ("payload.n | default(1)", "HUB331", "default(1)"),
        ("payload.n is set", "HUB331", "is set"),
        ("payload.n == null", "HUB332", "payload.n == null"),
        ("payload.n == 1.5", "HUB332", "payload.n == 1.5"),
        ("-1.5 == payload.n", "HUB332", "-1.5 == payload.n"),
        ("payload.n in [1, 2.5]", "HUB332", "2.5"),
        ("payload.n != 1.5", "HUB333", "payload.n != 1.5"),
        ("payload.n in []", "HUB332", "payload.n in []"),
        ("payload.n not in []", "HUB333", "payload.n not in []"),
        ("payload.n < payload.n", "HUB332", "payload.n < payload.n"),
        ("payload.n == payload['n']", "HUB333", "payload.n == payload['n']"),
        (
            "payload.outcome in ['showed', 'no_show']",
            "HUB333",
            "payload.outcome in ['showed', 'no_show']",
        ),
        (
            "payload.outcome not in ['showed', 'no_show']",
            "HUB332",
            "payload.outcome not in ['showed', 'no_show']",
        ),
        (
            "payload.outcome == 'showed' or payload.outcome == 'no_show'",
            "HUB333",
            "payload.outcome == 'showed' or payload.outcome == 'no_show'",
        ),
        ("payload.flag or true", "HUB333", "true"),
        ("payload.flag and 1 == 2", "HUB332", "1 == 2"),
        ("not ('a' == 'b')", "HUB332", "'a' == 'b'"),
        ("1 if 2 > 1 else payload.n", "HUB333", "2 > 1"),
        ("secrets.TOKEN | base64", "HUB501", "base64"),
        ("secrets.TOKEN == 'a'", "HUB501", "secrets.TOKEN == 'a'"),
        ("'a' in secrets.TOKEN", "HUB501", "'a' in secrets.TOKEN"),
        ("secrets.TOKEN and true", "HUB501", "secrets.TOKEN"),
        ("secrets.TOKEN + 1", "HUB501", "secrets.TOKEN"),
        ("'a' | replace('a', secrets.TOKEN)", "HUB501", "secrets.TOKEN"),
    ],
)
def test_a_problem_is_found_at_its_place(text, code, part):
    problems = found(text)

    assert code in [problem for problem, _ in problems]
    if part is not None:
        assert (code, part) in problems


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("payload.leadid", "payload has no field 'leadid' — did you mean 'lead_id'?"),
        ("inputs.x", "this workflow has an endpoint"),
        ("steps.later.id", "it comes later, in line 9"),
        ("steps.hol.phone", "did you mean 'hold'?"),
        ("payload.outcome == no_show", "text needs quotes: 'no_show'"),
        ("payload.opt", "payload.opt may be missing: use `| default(x)`, `| required`"),
        ("payload.person.mail", "payload.person may be missing"),
        (
            "payload.outcome == 'moved'",
            "'moved' is not one of the values of payload.outcome: 'no_show', 'showed'",
        ),
        ("payload.tags.x", "`| pluck('x')`"),
        ("1 if payload.tags else 2", "`is not empty`"),
    ],
)
def test_a_message_names_the_remedy(text, words):
    assert words in message(text)


def test_warnings_are_told_from_errors():
    [warning] = infer(parse_expression("error.code == 'slot_taken'"), ENV).problems
    [error] = infer(parse_expression("payload.outcome == 'moved'"), ENV).problems

    assert warning.is_warning
    assert not error.is_warning


def test_many_possible_values_are_not_all_listed():
    env = TypeEnv(names={"x": Text(frozenset(str(number) for number in range(100, 150)))})

    [problem] = infer(parse_expression("x == 'a'"), env).problems

    assert problem.message.endswith("'105', …")
    assert infer(parse_expression("x | upper"), env).type == Text(env.names["x"].values)  # type: ignore[attr-defined]
    more = TypeEnv(names={"x": Text(frozenset(str(number) for number in range(100)))})
    assert infer(parse_expression("x | upper"), more).type == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "payload.opt is set and payload.opt == 'a'",
        "payload.opt is not set or payload.opt == 'a'",
        "not payload.opt is set or payload.opt == 'a'",
        "payload.opt is set and payload.flag and payload.opt == 'a'",
        "(payload.opt is not set or payload.flag) or payload.opt == 'a'",
        "payload.opt == 'a' if payload.opt is set else false",
        "false if payload.opt is not set else payload.opt == 'a'",
        "payload.person is set and payload.person.name == 'a'",
        "payload.person.mail is set and payload.person.name == 'a'",
        "payload.person['mail'] is set and payload.person.mail == 'a'",
        "payload.nul is set and payload.nul == 'a'",
        "payload.nul != null and payload.nul == 'a'",
        "null == payload.nul or payload.nul == 'a'",
        "steps.maybe is ok and steps.maybe.id == 'a'",
        "row is set and row.id > 1",
        "payload.tags[0] is set and payload.tags[0] == 'a'",
    ],
)
def test_what_a_condition_asked_counts_as_present(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "payload.opt is set or payload.opt == 'a'",
        "payload.opt is not set and payload.opt == 'a'",
        "(payload.opt is set or payload.flag) and payload.opt == 'a'",
        "payload.opt == 'a' if payload.opt is not set else false",
        "payload.person is set and payload.person.mail == 'a'",
        "steps.maybe is not ok and steps.maybe.id == 'a'",
        "steps.maybe is failed and steps.maybe.id == 'a'",
        "(payload.opt is set is set) and payload.opt == 'a'",
        "payload.opt is set == payload.flag and payload.opt == 'a'",
        "(payload.opt | default('') == '') and payload.opt == 'a'",
    ],
)
def test_what_it_did_not_ask_does_not(text):
    assert "HUB210" in [code for code, _ in found(text)]


def test_a_condition_that_asks_the_same_on_both_sides_tells_it_either_way():
    text = "(payload.opt is set and payload.flag) or (payload.opt is set and not payload.flag)"
    env = narrow(parse_expression(text), ENV, truth=True)

    assert found("payload.opt", env) == []
    assert ("HUB210", "payload.opt") in found(
        "payload.opt", narrow(parse_expression(text), ENV, truth=False)
    )


def test_names_that_are_set_anew_are_not_known_any_more():
    env = narrow(parse_expression("row is set and payload.opt is set"), ENV, truth=True)
    assert found("row.id + 1", env) == []

    again = env.with_names({"row": ENV.names["row"]})

    assert [code for code, _ in found("row.id + 1", again)] == ["HUB210"]
    assert found("payload.opt", again) == []


def test_a_decision_must_be_true_or_false():
    assert infer_condition(parse_expression("payload.flag"), ENV).problems == ()
    [problem] = infer_condition(parse_expression("payload.n"), ENV).problems
    assert problem.code == "HUB206"
    [problem] = infer_condition(parse_expression("1 == 1"), ENV).problems
    assert (problem.code, problem.is_warning) == ("HUB333", True)


def test_a_text_with_expressions_has_a_type():
    single = infer_template(parse_template("${{ payload.n }}"), ENV)
    assert (single.type, single.problems) == (Integer(), ())

    literal = infer_template(parse_template("a $${{ b"), ENV)
    assert literal.type == Text(frozenset({"a ${{ b"}))

    joined = infer_template(parse_template("Bearer ${{ secrets.TOKEN }}"), ENV)
    assert (joined.type, joined.problems) == (Text(is_secret=True), ())


def test_problems_of_a_text_have_their_place_in_the_text():
    text = "a ${{ payload.n }} ${{ payload.tags }} ${{ payload.nul }} ${{ payload.leadid }}"
    text += " ${{ omit }}"

    problems = infer_template(parse_template(text), ENV).problems

    assert [(p.code, text[p.start : p.end]) for p in problems] == [
        ("HUB206", "payload.tags"),
        ("HUB210", "payload.nul"),
        ("HUB203", "leadid"),
        ("HUB206", "omit"),
    ]


def test_a_tree_of_values_has_a_type():
    inference = infer_value(
        compile_value(
            {"a": "${{ payload.n }}", "b": ["x", "${{ payload.opt }}"], "c": "${{ omit }}"}
        ),
        ENV,
    )

    assert inference.type == ObjectType(
        {"a": Field(Integer()), "b": Field(ListType(TEXT, is_never_empty=True))}
    )
    assert [problem.code for problem in inference.problems] == ["HUB210"]
    assert infer_value(compile_value({"a": 1}), ENV).type == ObjectType({"a": Field(Integer())})

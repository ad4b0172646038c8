"""The filters, tests and functions of the language: what they take, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from hub.engine.findings import only_candidate

Kind = Literal[
    "null",
    "boolean",
    "integer",
    "number",
    "text",
    "instant",
    "duration",
    "list",
    "object",
    "secret",
]

NUMERIC: Final = frozenset[Kind]({"integer", "number"})
TEXT: Final = frozenset[Kind]({"text"})
WHOLE: Final = frozenset[Kind]({"integer"})
INSTANT: Final = frozenset[Kind]({"instant"})
LIST: Final = frozenset[Kind]({"list"})
OBJECT: Final = frozenset[Kind]({"object"})
LENGTH: Final = frozenset[Kind]({"text", "duration"})
PLAIN: Final = frozenset[Kind](
    {"null", "boolean", "integer", "number", "text", "instant", "duration", "list", "object"}
)
SECRET: Final = frozenset[Kind]({"secret"})
ANYTHING: Final = PLAIN | SECRET

KIND_WORDS: Final[dict[Kind, str]] = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "text": "a text",
    "instant": "a date",
    "duration": "a duration",
    "list": "a list",
    "object": "an object",
    "secret": "a secret",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value in the parentheses of a filter or function."""

    name: str
    kinds: frozenset[Kind]
    is_required: bool = True
    is_variadic: bool = False
    is_keyword_only: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A filter or function: what it works on and what stands in its parentheses."""

    name: str
    usage: str
    operand: frozenset[Kind]
    parameters: tuple[Parameter, ...] = ()
    needs_argument: bool = False


def _optional(name: str, kinds: frozenset[Kind]) -> Parameter:
    return Parameter(name, kinds, is_required=False)


def _named(name: str, kinds: frozenset[Kind]) -> Parameter:
    return Parameter(name, kinds, is_required=False, is_keyword_only=True)


_SHIFT = (
    _optional("amount", LENGTH),
    *(_named(unit, NUMERIC) for unit in ("weeks", "days", "hours", "minutes", "seconds")),
    _named("tz", TEXT),
)
_TZ = _optional("tz", TEXT)


def _table(*signatures: Signature) -> dict[str, Signature]:
    return {signature.name: signature for signature in signatures}


FILTERS: Final = _table(
    Signature("default", "default(x)", ANYTHING, (Parameter("x", ANYTHING),)),
    Signature("required", "required", ANYTHING),
    *(Signature(name, name, TEXT) for name in ("upper", "lower", "trim", "title", "one_line")),
    Signature("truncate", "truncate(n)", TEXT, (Parameter("n", WHOLE),)),
    Signature("replace", "replace(a, b)", TEXT, (Parameter("a", TEXT), Parameter("b", TEXT))),
    Signature("split", "split(sep)", TEXT, (Parameter("sep", TEXT),)),
    Signature("join", "join(sep)", LIST, (_optional("sep", TEXT),)),
    Signature("mask", "mask", TEXT),
    Signature("short", "short", TEXT),
    Signature("urlencode", "urlencode", TEXT | WHOLE),
    Signature("base64", "base64", TEXT),
    Signature("sha256", "sha256", TEXT),
    Signature("e164", "e164(region)", TEXT, (_optional("region", TEXT),)),
    Signature("phone", "phone('national')", TEXT, (_optional("style", TEXT),)),
    Signature("int", "int", TEXT | NUMERIC),
    Signature("float", "float", TEXT | NUMERIC),
    Signature("round", "round(n)", NUMERIC, (_optional("n", WHOLE),)),
    Signature("abs", "abs", NUMERIC),
    *(Signature(name, name, LIST) for name in ("sum", "min", "max", "first", "last", "unique")),
    Signature("length", "length", TEXT | LIST | OBJECT),
    Signature("sort", "sort(field)", LIST, (_optional("field", TEXT),)),
    Signature(
        "where", "where(field, value)", LIST, (Parameter("field", TEXT), Parameter("value", PLAIN))
    ),
    Signature("pluck", "pluck(field)", LIST, (Parameter("field", TEXT),)),
    Signature("keys", "keys", OBJECT),
    Signature("values", "values", OBJECT),
    Signature("merge", "merge(o)", OBJECT, (Parameter("o", OBJECT),)),
    Signature("pick", "pick(names…)", OBJECT, (Parameter("names", TEXT, is_variadic=True),)),
    Signature("to_json", "to_json", PLAIN),
    Signature("from_json", "from_json", TEXT),
    Signature("plus", "plus('24h')", INSTANT, _SHIFT, needs_argument=True),
    Signature("minus", "minus('1h')", INSTANT, _SHIFT, needs_argument=True),
    Signature("datetime", "datetime(tz)", TEXT | INSTANT, (_TZ,)),
    Signature("local", "local(style, tz)", INSTANT, (_optional("style", TEXT), _TZ)),
    Signature("iso", "iso", INSTANT),
    Signature("date", "date(tz)", INSTANT, (_TZ,)),
    Signature("epoch", "epoch", INSTANT),
    Signature("start_of", "start_of('day', tz)", INSTANT, (Parameter("unit", TEXT), _TZ)),
)

FUNCTIONS: Final = _table(
    Signature("now", "now()", frozenset()),
    Signature("uuid", "uuid()", frozenset()),
    Signature("duration", "duration('90m')", frozenset(), (Parameter("text", LENGTH),)),
)

STEP_TESTS: Final = ("ok", "failed", "skipped", "timed_out")
TESTS: Final = ("set", "empty", *STEP_TESTS)

_OTHER_FILTER_WORDS = {
    "b64encode": "base64",
    "capitalize": "title",
    "count": "length",
    "d": "default",
    "date_format": "local",
    "fromjson": "from_json",
    "len": "length",
    "map": "pluck",
    "number": "float",
    "select": "where",
    "selectattr": "where",
    "size": "length",
    "strftime": "local",
    "strip": "trim",
    "tojson": "to_json",
    "uniq": "unique",
    "url_encode": "urlencode",
}
_OTHER_TEST_WORDS = {
    "blank": "is empty",
    "defined": "is set",
    "none": "is not set",
    "null": "is not set",
    "present": "is set",
    "success": "is ok",
    "succeeded": "is ok",
    "undefined": "is not set",
}


def unknown_filter(name: str) -> str:
    """Say that there is no such filter, and which one may be meant."""
    return f"there is no filter '{name}'" + suggestion(
        name, tuple(FILTERS), other_words=_OTHER_FILTER_WORDS
    )


def unknown_function(name: str) -> str:
    """Say that there is no such function, and what may be meant."""
    if name in FILTERS:
        return f"'{name}' is a filter: write `value | {FILTERS[name].usage}`"
    return f"there is no function '{name}'" + suggestion(name, tuple(FUNCTIONS))


def filter_meant(name: str) -> str | None:
    """The filter that must be meant, if that is certain."""
    return _OTHER_FILTER_WORDS.get(name) or only_candidate(name, FILTERS)


def test_meant(name: str, *, is_negated: bool) -> str | None:
    """The whole test that must be meant, from `is` on, if that is certain."""
    word = only_candidate(name, TESTS)
    spelt = f"is {'not ' if is_negated else ''}{word}" if word else None
    return _test_of_others(name, is_negated=is_negated) or spelt


def _test_of_others(name: str, *, is_negated: bool) -> str | None:
    word = _OTHER_TEST_WORDS.get(name)
    if word is None or not is_negated:
        return word
    return "is set" if word == "is not set" else word.replace("is ", "is not ")


def unknown_test(name: str, *, is_negated: bool) -> str:
    """Say that there is no such test, and which one to write."""
    word = _test_of_others(name, is_negated=is_negated)
    if word is not None:
        return f"there is no test '{name}': write `{word}`"
    return f"there is no test '{name}'" + suggestion(name, TESTS)


def suggestion(
    word: str, known: tuple[str, ...], *, other_words: dict[str, str] | None = None
) -> str:
    """Give ` — did you mean 'x'?`, or nothing when no known word is near."""
    if other_words and word in other_words:
        return f" — did you mean '{other_words[word]}'?"
    near = get_close_matches(word[:60], known, n=1, cutoff=0.6)
    return f" — did you mean '{near[0]}'?" if near else ""

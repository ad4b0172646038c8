"""The made parts of docs/language.md: keys by place, filters, findings, limits."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from hub.engine.compile.context import MAX_SCHEMA_BYTES
from hub.engine.compile.link import MAX_CALL_LEVELS
from hub.engine.compile.steps import MAX_LEVELS, MAX_STEPS
from hub.engine.expressions.filters_data import DATA_FILTERS
from hub.engine.expressions.filters_text import TEXT_FILTERS
from hub.engine.expressions.filters_time import TIME_FILTERS
from hub.engine.expressions.lexer import LONGEST_EXPRESSION
from hub.engine.expressions.signatures import FILTERS, FUNCTIONS, KIND_WORDS, Kind, Signature
from hub.engine.expressions.work import LONGEST_LIST
from hub.engine.finding_codes import CODES
from hub.engine.language import Key, Place, shapes, trials
from hub.engine.language.parts import FIELD, RETRY
from hub.engine.language.steps import POLL, STEPS, WAIT_FOR, WAIT_UNTIL
from hub.engine.language.workflow import (
    AT_ONCE,
    CANCEL_ON,
    CONCURRENCY,
    DEDUPE,
    ENDPOINT,
    ON_EVENT,
    SCHEDULE,
    WITHIN,
    WORKFLOW,
)
from hub.engine.yaml_profile.load import MAX_BYTES

PLACES: Mapping[str, Place] = {
    "workflow": WORKFLOW,
    "endpoint": ENDPOINT,
    "dedupe": DEDUPE,
    "at-once": AT_ONCE,
    "within": WITHIN,
    "schedule": SCHEDULE,
    "event": ON_EVENT,
    "field": FIELD,
    "concurrency": CONCURRENCY,
    "cancel-on": CANCEL_ON,
    "retry": RETRY,
    "until": WAIT_UNTIL,
    "for": WAIT_FOR,
    "poll": POLL,
    "tests": trials.TESTS,
    "test": trials.TEST,
    "mock": trials.OUTCOME,
    "request": trials.REQUEST,
    "timeline": trials.TIMELINE,
    "expect": trials.EXPECT,
    "response": trials.RESPONSE,
    "shown": trials.SHOWN,
}
_COMMON = ("id", "name", "if")
_WORDS: Mapping[type, str] = {
    shapes.Boolean: "true or false",
    shapes.Decision: "expression",
    shapes.Duration: "duration",
    shapes.Fixed: "any value, without expressions",
    shapes.Handler: "`fail`, `continue` or steps",
    shapes.JsonSchema: "[type](#the-type-of-a-value)",
    shapes.Keyed: "text with `${{ }}`",
    shapes.Loop: "`name in list`",
    shapes.Steps: "steps",
    shapes.Timezone: "IANA name",
    shapes.Value: "value",
    shapes.Version: "`1`",
}


def keys_of(place: Place) -> str:
    """The keys of a place as a table."""
    return _keys(place.keys)


def keys_of_step(name: str) -> str:
    """The keys of a kind of step, without what all of them have."""
    place = STEPS[name]
    told = place.meaning if not place["id"].is_required else f"{place.meaning} It needs an `id`."
    own = [
        key for key in place.keys if key.name not in _COMMON or (name, key.name) == ("then", "if")
    ]
    return f"{told}\n\n{_keys(own)}"


def common_keys() -> str:
    """What every step may have."""
    return _keys([STEPS["log"][name] for name in _COMMON])


def _keys(keys: Iterable[Key]) -> str:
    rows = [(f"`{key.name}`", kind_words(key.kind), _without(key), key.meaning) for key in keys]
    return _table(("Key", "Value", "Without it", ""), rows)


def _without(key: Key) -> str:
    if key.is_required:
        return "required"
    if key.default is not None:
        written = str(key.default).lower() if isinstance(key.default, bool) else key.default
        return f"`{written}`"
    return key.otherwise


def kind_words(kind: shapes.Kind) -> str:
    """What stands behind a key, in a few words."""
    if type(kind) in _WORDS:
        return _WORDS[type(kind)]
    return _SPELT[type(kind)](kind)


def _form(kind: shapes.Text) -> str:
    if kind.names:
        return f"name of {_article(kind.names.replace('_', ' '))}"
    return kind.form


def _article(word: str) -> str:
    words = {"auth": "a preset"}
    return words.get(word, f"{'an' if word[0] in 'aeiou' else 'a'} {word}")


_SPELT: Mapping[type, Callable[..., str]] = {
    shapes.Text: _form,
    shapes.Choice: lambda kind: ", ".join(f"`{word}`" for word in kind.words),
    shapes.Integer: lambda kind: f"whole number, {kind.lowest} to {kind.highest}",
    shapes.Number: lambda kind: f"number, {kind.lowest} to {kind.highest}",
    shapes.OrExpression: lambda kind: f"{kind_words(kind.literal)}, or `${{{{ }}}}`",
    shapes.ListOf: lambda kind: f"list of: {kind_words(kind.item)}",
    shapes.Named: lambda kind: f"name → {kind_words(kind.value)}",
    shapes.Inner: lambda kind: kind.place.title,
    shapes.Either: lambda kind: " or ".join(dict.fromkeys(map(kind_words, kind.kinds))),
}


# ------------------------------------------------------------------------------- expressions


def filters() -> str:
    """Every filter: what it works on, what it gives."""
    rows = [(f"`{each.usage}`", _works_on(each), _gives(each.name)) for each in FILTERS.values()]
    return _table(("Filter", "Works on", "Gives"), rows)


_OF_LANGUAGE = {
    "default": "The value, or `x` where it is missing or null.",
    "required": "The value; an error where it is missing or null.",
}


def _gives(name: str) -> str:
    if name in _OF_LANGUAGE:
        return _OF_LANGUAGE[name]
    function = {**TEXT_FILTERS, **DATA_FILTERS, **TIME_FILTERS}[name]
    return (inspect.getdoc(function) or "").partition("\n")[0].replace("|", "\\|")


def functions() -> str:
    """Every function."""
    return ", ".join(f"`{each.usage}`" for each in FUNCTIONS.values())


def _works_on(signature: Signature) -> str:
    kinds: list[Kind] = [kind for kind in KIND_WORDS if kind in signature.operand]
    if len(kinds) >= len(KIND_WORDS) - 1:
        return "anything"
    return " or ".join(KIND_WORDS[kind] for kind in kinds)


# --------------------------------------------------------------------------- findings, limits


def findings() -> str:
    """Every code of `hub check`."""
    rows = [
        (
            f"HUB{each.number}",
            "" if each.severity == "error" else each.severity,
            each.meaning,
            _code(each.example),
            _code(each.instead),
        )
        for each in CODES.values()
    ]
    return _table(("Code", "", "What is wrong", "For example", "Instead"), rows)


def _code(text: str) -> str:
    """An example in code, unless it is a sentence about code."""
    return text if not text or "`" in text or (text.islower() and ":" not in text) else f"`{text}`"


def limits() -> str:
    """What a file, an expression and a run may have at most."""
    rows = [
        ("a file of a workflow", f"{MAX_BYTES // 1024} KB"),
        ("steps of a file", str(MAX_STEPS)),
        ("levels of steps inside of steps", str(MAX_LEVELS)),
        ("levels of `call`", str(MAX_CALL_LEVELS)),
        ("a file of a schema", f"{MAX_SCHEMA_BYTES // 1024} KB"),
        ("an expression", f"{LONGEST_EXPRESSION:,} characters"),
        ("a list in an expression", f"{LONGEST_LIST:,} items"),
    ]
    return _table(("What", "At most"), rows)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in lines
    )


PARTS: Mapping[str, Callable[[], str]] = {
    **{f"keys-{name}": partial(keys_of, place) for name, place in PLACES.items()},
    **{f"step-{name.replace('_', '-')}": partial(keys_of_step, name) for name in STEPS},
    "filters": filters,
    "findings": findings,
    "functions": functions,
    "keys-of-all-steps": common_keys,
    "limits": limits,
}

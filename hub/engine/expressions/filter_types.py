"""What filters give back, and what is wrong with what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.engine.expressions.comparing import check_text_of_time
from hub.engine.expressions.environment import Seen
from hub.engine.expressions.filter_types_lists import LIST_RESULTS
from hub.engine.expressions.signatures import FILTERS, KIND_WORDS
from hub.engine.expressions.syntax import Constant, Node
from hub.engine.expressions.types import (
    ANYTHING,
    Duration,
    Instant,
    Integer,
    ListType,
    Null,
    Number,
    Text,
    Type,
    describe,
    is_nullable,
    is_personal,
    kinds_of,
    marked,
    may_be_omitted,
    nullable,
    without,
)
from hub.engine.expressions.use import Use
from hub.values import check_region, zone

_MOST_VALUES = 50
_UNMARKED = frozenset({"mask", "length"})
_CASE: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
}
_CHOICES = {
    ("phone", "style"): frozenset({"national", "international", "e164"}),
    ("start_of", "unit"): frozenset({"minute", "hour", "day", "week", "month", "year"}),
}
_READERS: Mapping[str, Callable[[str], object]] = {"tz": zone, "region": check_region}
_LOCAL_STYLES = frozenset({"short", "long", "date", "time"})


def infer_filter(use: Use, seen: Seen) -> Seen:
    """The type behind a filter; null and missing travel through it."""
    operand = without(seen.type, Null)
    if not _fits(use, operand):
        return Seen(ANYTHING, seen.missing, is_certain=False)
    _check_constants(use)
    result = _RESULTS[use.name](use, operand)
    missing = seen.missing
    if isinstance(result, Seen):
        missing = missing or result.missing
        result = result.type
    is_pii = is_personal(seen.type) or any(is_personal(kind) for kind in use.types.values())
    result = marked(result, is_pii=is_pii and use.name not in _UNMARKED)
    if is_nullable(seen.type):
        result = nullable(result)
    return Seen(result, missing, seen.is_certain and bool(kinds_of(result)))


def _fits(use: Use, operand: Type) -> bool:
    kinds = kinds_of(operand)
    allowed = FILTERS[use.name].operand
    if "secret" in kinds:
        message = "a secret can only be joined into text, alone or with other text"
        use.findings.error("HUB501", message, use.step)
        return False
    if may_be_omitted(operand) or (kinds and not kinds <= allowed):
        wanted = " or ".join(KIND_WORDS[each] for each in sorted(allowed))
        message = f"`{use.name}` works on {wanted}, this is {describe(operand)}"
        use.findings.error("HUB206", message, use.step)
        return False
    return True


def _check_constants(use: Use) -> None:
    """What is written down in the parentheses can be checked completely."""
    if "amount" in use.types:
        check_text_of_time(use.findings, use.types["amount"], Duration(), use.nodes["amount"])
    for name, node in use.nodes.items():
        value = node.value if isinstance(node, Constant) else None
        if isinstance(value, str):
            _check_constant(use, name, value, node)


def _check_constant(use: Use, name: str, value: str, node: Node) -> None:
    choices = _CHOICES.get((use.name, name))
    if choices is not None and value not in choices:
        known = ", ".join(f"'{each}'" for each in sorted(choices))
        use.findings.error("HUB206", f"`{use.name}` knows {known}", node)
    elif name == "style" and use.name == "local":
        if value not in _LOCAL_STYLES and "%" not in value:
            message = "`local` knows 'short', 'long', 'date', 'time' and patterns with `%`"
            use.findings.error("HUB206", message, node)
    elif name in _READERS:
        try:
            _READERS[name](value)
        except ValueError as unknown:
            use.findings.error("HUB206", str(unknown), node)


def _cased(use: Use, operand: Type) -> Type:
    """Known values stay known values."""
    possible = operand.possible if isinstance(operand, Text) else None
    if possible is None or len(possible) > _MOST_VALUES:
        return Text()
    return Text(frozenset(_CASE[use.name](value) for value in possible))


def _always(kind: Type) -> Callable[[Use, Type], Type]:
    return lambda _use, _operand: kind


def _rounded(_use: Use, operand: Type) -> Type:
    return operand if kinds_of(operand) <= {"integer"} and kinds_of(operand) else Number()


_RESULTS: Mapping[str, Callable[[Use, Type], Type | Seen]] = {
    **dict.fromkeys(_CASE, _cased),
    **dict.fromkeys(
        (
            "title",
            "one_line",
            "truncate",
            "replace",
            "mask",
            "short",
            "urlencode",
            "base64",
            "sha256",
            "phone",
            "to_json",
            "local",
            "date",
        ),
        _always(Text()),
    ),
    "split": _always(ListType(Text(), is_never_empty=True)),
    "e164": _always(Text(format="e164")),
    "iso": _always(Text(format="date-time")),
    "int": _always(Integer()),
    "epoch": _always(Integer()),
    "length": _always(Integer()),
    "float": _always(Number()),
    "round": _rounded,
    "abs": _rounded,
    "from_json": _always(ANYTHING),
    **dict.fromkeys(("plus", "minus", "datetime", "start_of"), _always(Instant())),
    **LIST_RESULTS,
}

"""What may be compared with what, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from hub.engine.expressions.constancy import check_fraction, is_constant, tell_known
from hub.engine.expressions.environment import Findings
from hub.engine.expressions.signatures import Kind
from hub.engine.expressions.syntax import Compare, Node
from hub.engine.expressions.types import (
    ListType,
    Null,
    ObjectType,
    Text,
    Type,
    describe,
    is_nullable,
    is_secret,
    kinds_of,
    members_of,
    without,
)
from hub.values import parse_duration, parse_instant

_FAMILIES: dict[Kind, str] = {"integer": "number"}
_ORDERED = frozenset({"number", "text", "instant", "duration"})
_MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison."""

    type: Type
    node: Node
    label: str
    is_null_word: bool = False
    source: str | None = None


def families_of(kind: Type) -> frozenset[str]:
    """The kinds of a type, whole and other numbers as one; empty when unknown."""
    return frozenset(_FAMILIES.get(each, each) for each in kinds_of(kind))


def check_comparison(
    findings: Findings, sign: str, left: Operand, right: Operand, *, whole: Node
) -> None:
    """Note what is wrong with `left sign right`."""
    if is_secret(left.type) or is_secret(right.type):
        findings.error("HUB501", "a secret cannot be compared", whole)
    elif left.is_null_word or right.is_null_word:
        _check_null(findings, sign, left, right, whole)
    else:
        for operand in (left, right):
            check_not_null(findings, operand.type, operand.node, operand.label)
        _check_kinds(findings, sign, left, right, whole)


def check_not_null(findings: Findings, kind: Type, node: Node, label: str) -> None:
    """Note that a value may be null where null does not fit."""
    if is_nullable(kind):
        message = f"{label} may be null: use `| default(x)` or ask `is set` first"
        findings.error("HUB210", message, node)


def _check_null(findings: Findings, sign: str, left: Operand, right: Operand, whole: Node) -> None:
    if sign not in {"==", "!="}:
        findings.error("HUB206", f"`{sign}` cannot compare null", whole)
        return
    other = right if left.is_null_word else left
    if not is_nullable(other.type) and kinds_of(other.type):
        findings.warning("HUB332", f"{other.label} is never null", whole)


def _check_kinds(findings: Findings, sign: str, left: Operand, right: Operand, whole: Node) -> None:
    one, other = without(left.type, Null), without(right.type, Null)
    mine, theirs = families_of(one), families_of(other)
    if not mine or not theirs:
        return
    if not _overlap(mine, theirs):
        words = f"{describe(one)} cannot be compared with {describe(other)}"
        findings.error("HUB206", words, whole)
    elif sign not in {"==", "!="} and not (mine & _ORDERED and theirs & _ORDERED):
        findings.error("HUB206", f"`{sign}` cannot compare {describe(one)}", whole)
    else:
        check_text_of_time(findings, one, other, left.node)
        check_text_of_time(findings, other, one, right.node)
        if sign in {"==", "!="}:
            _check_possible(findings, left, right)
            _check_fractions(findings, sign, left, right, whole)


def _overlap(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    if mine & theirs:
        return True
    timed = {"instant", "duration"}
    return ("text" in mine and bool(theirs & timed)) or ("text" in theirs and bool(mine & timed))


def check_text_of_time(findings: Findings, text: Type, time: Type, node: Node) -> None:
    """Note texts that cannot be read as the date or duration they are compared with."""
    kinds = families_of(time)
    if kinds not in ({"instant"}, {"duration"}):
        return
    read = parse_instant if kinds == {"instant"} else parse_duration
    for value in _possible(text) or ():
        try:
            read(value)
        except ValueError as unreadable:
            findings.error("HUB206", str(unreadable), node)


def _possible(kind: Type) -> frozenset[str] | None:
    """The possible values if it is nothing but a text of known values."""
    return kind.possible if isinstance(kind, Text) else None


def _check_fractions(
    findings: Findings, sign: str, left: Operand, right: Operand, whole: Node
) -> None:
    for one, other in ((left, right), (right, left)):
        if kinds_of(without(one.type, Null)) == {"integer"} and not is_constant(one.node):
            check_fraction(findings, sign, other.node, whole=whole)


def _check_possible(findings: Findings, left: Operand, right: Operand) -> None:
    if is_constant(left.node) and is_constant(right.node):
        return  # the whole condition never changes, which is told
    one, other = without(left.type, Null), without(right.type, Null)
    if not isinstance(one, Text) or not isinstance(other, Text):
        return
    if one.values is None or other.values is None or one.values & other.values:
        return
    asked = right if len(other.values) == 1 else left
    rest = one if asked is right else other
    owner = left if asked is right else right
    if rest.possible is not None and other.possible is not None and one.possible is not None:
        tell = findings.error
    else:
        tell = findings.warning
    message = _impossible(asked.type, rest.values or (), owner)
    tell("HUB208", message, asked.node, source=owner.source)


def _impossible(kind: Type, possible: frozenset[str] | tuple[str, ...], owner: Operand) -> str:
    values = ", ".join(repr(each) for each in sorted(_values(kind)))
    known = sorted(possible)
    shown = ", ".join(repr(each) for each in known[:_MOST_SHOWN])
    more = ", …" if len(known) > _MOST_SHOWN else ""
    return f"{values} is not one of the values of {owner.label}: {shown}{more}"


def _values(kind: Type) -> frozenset[str]:
    found = [member.values for member in members_of(kind) if isinstance(member, Text)]
    return frozenset().union(*(values for values in found if values is not None))


def _check_complete(
    findings: Findings, left: Operand, items: tuple[Operand, ...], whole: Compare
) -> None:
    """Note a list of all the values that there are."""
    possible = _possible(left.type)
    listed = frozenset[str]().union(*(_possible(item.type) or () for item in items))
    if possible is not None and len(possible) > 1 and possible <= listed:
        tell_known(findings, whole.operator, "the list has all possible values", whole)


def check_membership(
    findings: Findings, left: Operand, right: Operand, *, items: tuple[Operand, ...], whole: Compare
) -> None:
    """Note what is wrong with `left in right`; `items` are those of a list written out."""
    check_not_null(findings, left.type, left.node, left.label)
    check_not_null(findings, right.type, right.node, right.label)
    if is_secret(left.type) or is_secret(right.type):
        findings.error("HUB501", "a secret cannot be compared", whole)
        return
    wanted = without(left.type, Null)
    for item in items:
        check_comparison(
            findings, "==", Operand(wanted, left.node, left.label), item, whole=item.node
        )
    if items:
        _check_complete(findings, left, items, whole)
        return
    container = without(right.type, Null)
    if isinstance(container, ListType):
        item = Operand(without(container.item, Null), right.node, f"the items of {right.label}")
        _check_kinds(findings, "==", Operand(wanted, left.node, left.label), item, whole)
    elif isinstance(container, Text | ObjectType):
        if kinds_of(wanted) and "text" not in kinds_of(wanted):
            message = f"`in` looks for a text here, this is {describe(wanted)}"
            findings.error("HUB206", message, left.node)
    elif kinds_of(container) and not kinds_of(container) & {"list", "text", "object"}:
        message = f"`in` looks into lists, objects and texts, not into {describe(container)}"
        findings.error("HUB206", message, right.node)

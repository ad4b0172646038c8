"""Whether a value of one type may go where another is wanted: inputs, events, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from hub.engine.expressions.signatures import suggestion
from hub.engine.expressions.types import (
    Anything,
    Duration,
    Instant,
    Integer,
    ListType,
    Null,
    Number,
    ObjectType,
    Omitted,
    Text,
    Type,
    describe,
    is_nullable,
    members_of,
    union_of,
)
from hub.engine.findings import only_candidate
from hub.values import is_e164, parse_duration, parse_instant, parse_local, zone

_MOST_SHOWN = 6
_REMEDIES = {
    "date-time": "use `| datetime(tz)`",
    "duration": "write a duration such as 24h",
    "e164": "use `| e164('US')`",
    "local-date-time": "write a date-time without offset",
    "timezone": "write a time zone such as America/New_York",
}
_READERS: dict[str, Callable[[str], object]] = {
    "date-time": parse_instant,
    "duration": parse_duration,
    "local-date-time": parse_local,
    "timezone": zone,
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit; `path` leads to the place inside it."""

    code: str
    message: str
    path: tuple[str, ...] = ()
    is_warning: bool = False
    fix: str | None = None


def misfits(source: Type, target: Type) -> tuple[Misfit, ...]:
    """Everything that keeps a value of type `source` from being a `target`.

    HUB206 another kind or format, HUB208 a text that is no possible value (a warning if it may
    be any text), HUB209 fields of an object that are missing or unknown, HUB210 may be null.
    `omit` fits everywhere: whoever asks knows whether a key may be left out.
    """
    return tuple(_misfits(source, target))


def _misfits(source: Type, target: Type) -> Iterator[Misfit]:
    if isinstance(target, Anything):
        return
    if is_nullable(source) and not is_nullable(target):
        yield Misfit("HUB210", "it may be null: use `| default(x)` or `| required`")
    for member in members_of(source):
        if not isinstance(member, Anything | Null | Omitted):
            yield from _fit_one_of(member, members_of(target))


def _fit_one_of(source: Type, targets: Iterable[Type]) -> Iterator[Misfit]:
    """Fit one of several types; if none fits, say why not the likeliest."""
    attempts = [(_fit(source, target), target) for target in targets]
    if any(not _errors(found) for found, _ in attempts):
        best = min((found for found, _ in attempts if not _errors(found)), key=len)
        yield from best
        return
    alike = [found for found, target in attempts if type(target) is type(source)]
    if alike or len(attempts) == 1:
        yield from (alike or [attempts[0][0]])[0]
    else:
        wanted = describe(union_of(target for _, target in attempts))
        yield Misfit("HUB206", f"this is {describe(source)}, {wanted} is needed")


def _errors(found: list[Misfit]) -> bool:
    return any(not misfit.is_warning for misfit in found)


def _fit(source: Type, target: Type) -> list[Misfit]:
    if isinstance(source, Text):
        return _fit_text(source, target)
    if isinstance(target, Text) and isinstance(source, Duration) and target.format == "duration":
        return []
    if isinstance(source, ListType) and isinstance(target, ListType):
        return [_inside(misfit, "[ ]") for misfit in _misfits(source.item, target.item)]
    if isinstance(source, ObjectType) and isinstance(target, ObjectType):
        return list(_fit_object(source, target))
    if type(source) is type(target) or (isinstance(source, Integer) and isinstance(target, Number)):
        return []
    remedy = ""
    if isinstance(source, Instant) and isinstance(target, Text):
        remedy = ": use `| iso` or `| local('long')`"
    elif isinstance(target, Text):
        remedy = ": write it inside a text or use `| to_json`"
    return [Misfit("HUB206", f"this is {describe(source)}, {describe(target)} is needed{remedy}")]


def _fit_text(source: Text, target: Type) -> list[Misfit]:
    if isinstance(target, Text):
        return _fit_format(source, target.format) or _fit_values(source, target)
    if isinstance(target, Instant):
        return _fit_format(source, "date-time")
    if isinstance(target, Duration):
        return _fit_format(source, "duration")
    remedy = ": use `| int` or `| float`" if isinstance(target, Integer | Number) else ""
    return [Misfit("HUB206", f"this is a text, {describe(target)} is needed{remedy}")]


def _fit_values(source: Text, target: Text) -> list[Misfit]:
    if target.possible is None:
        return []
    known = sorted(target.possible)
    shown = ", ".join(repr(each) for each in known[:_MOST_SHOWN])
    shown += ", …" if len(known) > _MOST_SHOWN else ""
    if source.values is None:
        return [Misfit("HUB208", f"it may be any text, needed is one of {shown}", is_warning=True)]
    wrong = sorted(source.values - target.possible)
    if not wrong:
        return []
    words = ", ".join(repr(each) for each in wrong[:_MOST_SHOWN])
    return [Misfit("HUB208", f"{words} is not one of {shown}", is_warning=source.is_open)]


def _fit_format(source: Text, form: str | None) -> list[Misfit]:
    """Texts that are written down are read; others must have the format by their schema."""
    if form not in _REMEDIES or source.format == form:
        return []
    if source.possible is not None:
        return [
            Misfit("HUB206", f"{value!r} does not fit: {_REMEDIES[form]}")
            for value in sorted(source.possible)
            if not _has_format(value, form)
        ]
    return [Misfit("HUB206", f"this is any text, the format {form} is needed: {_REMEDIES[form]}")]


def _has_format(value: str, form: str) -> bool:
    if form == "e164":
        return is_e164(value)
    try:
        _READERS[form](value)
    except ValueError:
        return False
    return True


def _fit_object(source: ObjectType, target: ObjectType) -> Iterator[Misfit]:
    for name, wanted in target.fields.items():
        given = source.fields.get(name)
        if given is not None:
            yield from (_inside(misfit, name) for misfit in _misfits(given.type, wanted.type))
        if not wanted.may_be_missing and _may_lack(source, name):
            words = "may be missing" if given is not None else "is missing"
            yield Misfit("HUB209", f"'{name}' {words}", (name,))
    for name, given in source.fields.items():
        if name in target.fields:
            continue
        if target.extra is None:
            near = suggestion(name, tuple(target.fields))
            fix = only_candidate(
                name, [each for each in target.fields if each not in source.fields]
            )
            yield Misfit("HUB209", f"there is no '{name}' here{near}", (name,), fix=fix)
        else:
            yield from (_inside(misfit, name) for misfit in _misfits(given.type, target.extra))


def _may_lack(source: ObjectType, name: str) -> bool:
    given = source.fields.get(name)
    if given is None:
        return source.extra is None
    return given.may_be_missing


def _inside(misfit: Misfit, name: str) -> Misfit:
    return replace(misfit, path=(name, *misfit.path))

"""Mutants of values that are no expression: names, numbers, durations, choices, keys, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from bench.mutants.formulas import misspelt, other_duration
from bench.mutants.kinds import CHOICES, NAMES

Change = tuple[str, str]
Edit = tuple[str, tuple[int, int], str]
_NUMBER_IN_TEXT = re.compile(r"[0-9]+")
_WORD = re.compile(r"[A-Za-z]{3,}")
_HANDLERS = ("on_error", "on_timeout", "on_item_error")


def edits_of_value(
    value: str | float | bool | None,  # noqa: FBT001 - a value of the file
    name: str,
    chance: Random,
    *,
    is_own: bool,
    is_given: bool,
) -> Iterator[Change]:
    """What a written value can be mistaken for. `is_given`: it has a declared type."""
    if isinstance(value, bool):
        yield "true and false exchanged", "false" if value else "true"
        if is_own or is_given:
            yield "type changed", '"yes"'
    elif isinstance(value, int | float):
        yield ("status code changed" if name == "status" else "number changed"), str(value + 1)
        if is_own or is_given:
            yield "type changed", "several"
    elif isinstance(value, str):
        yield from _of_text(value, name, chance, is_own=is_own, is_given=is_given)


def _of_text(
    value: str, name: str, chance: Random, *, is_own: bool, is_given: bool
) -> Iterator[Change]:
    duration = other_duration(value)
    if duration is not None:
        yield "duration changed", duration
        yield "type changed", value[:-1]
    elif is_own and name in CHOICES:
        yield "value changed", misspelt(value, chance)
        others = [each for each in CHOICES[name] if each != value]
        kind = "type changed" if name in ("type", "format") else "value changed"
        yield from ((kind, each) for each in others[:2])
    elif is_own and name in _HANDLERS:
        yield "safety net removed", "fail" if value == "continue" else "continue"
        yield "value changed", misspelt(value, chance)
    elif is_own and name in NAMES:
        yield "action, event, workflow or file misspelt", misspelt(value, chance)
    elif is_own and (numbered := _with_other_number(value)) is not None:
        yield "number changed", _quoted(numbered)
    else:
        yield "value changed", _quoted(_other_text(value, chance))
        if is_given and " " not in value:
            yield "type changed", "7"


def _with_other_number(value: str) -> str | None:
    """Rates and cron lines: `10 per minute per ip` → `11 per minute per ip`."""
    found = _NUMBER_IN_TEXT.search(value)
    if found is None or " " not in value:
        return None
    return f"{value[: found.start()]}{int(found[0]) + 1}{value[found.end() :]}"


def _other_text(value: str, chance: Random) -> str:
    """Another word; of a sentence another first word."""
    word = _WORD.search(value)
    if word is None:
        return value + "x"
    return value[: word.start()] + misspelt(word[0], chance) + value[word.end() :]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def edits_of_words(
    text: str, expressions: Sequence[re.Match[str]], chance: Random
) -> Iterator[Edit]:
    """One word between the expressions of a text misspelt, in front of each expression."""
    ends = [0, *(each.end() for each in expressions)]
    starts = [*(each.start() for each in expressions), len(text)]
    for start, end in zip(ends, starts, strict=True):
        word = _WORD.search(text, start, end)
        if word is not None:
            yield "value changed", word.span(), misspelt(word[0], chance)


def edits_of_key(expressions: Sequence[re.Match[str]]) -> Iterator[Edit]:
    """A part of a key left out; the only one replaced by a constant."""
    for place, each in enumerate(expressions):
        if len(expressions) == 1:
            yield "key changed", each.span(), "all"
        elif place:
            yield "key changed", (expressions[place - 1].end(), each.end()), ""
        else:
            yield "key changed", (each.start(), expressions[1].start()), ""

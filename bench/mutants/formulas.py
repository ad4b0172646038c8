"""Mutants of one expression, word by word: as edits of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from hub.engine.expressions.lexer import Token, tokens_of

_WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "true", "false", "null", "omit"})
_COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_DURATION = re.compile(r"(?:[0-9]+[smhdw])+")
_FIRST_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Edit:
    """The characters `start` … `end` of an expression replaced by others."""

    kind: str
    start: int
    end: int
    text: str


def misspelt(word: str, chance: Random) -> str:
    """The word with one letter left out, doubled or exchanged; never the word itself."""
    letters = [place for place, each in enumerate(word) if each.isalpha()]
    if not letters:
        return word + "x"
    place = chance.choice(letters[1:] or letters)
    made = [
        word[:place] + word[place + 1 :] if len(letters) > 1 else word + "x",
        word[: place + 1] + word[place:],
        word[:place] + ("x" if word[place] != "x" else "y") + word[place + 1 :],
    ]
    return chance.choice(made)


def other_duration(text: str) -> str | None:
    """Another duration, one unit shorter, or None when the text is none: `24h` → `23h`."""
    if not _DURATION.fullmatch(text):
        return None
    first = _FIRST_NUMBER.match(text)
    number = int(first.group()) if first else 0
    return f"{number - 1 if number > 1 else number + 1}{text[len(str(number)) :]}"


def edits(text: str, chance: Random, *, is_key: bool = False) -> Iterator[Edit]:
    """All mutants of an expression. In a key constants stay: any constant does as well."""
    words = tokens_of(text)
    yield from _negated_choices(text, words)
    yield from _removed_filters(words)
    yield from _removed_items(words)
    for place, word in enumerate(words):
        before = words[place - 1] if place else Token("end", "", 0, 0)
        after = words[min(place + 1, len(words) - 1)]
        if word.kind == "name":
            yield from _of_name(word, before, after, chance)
        elif word.kind == "operator":
            yield from _of_operator(word)
        elif not is_key:
            yield from _of_constant(word, chance)


def _of_name(word: Token, before: Token, after: Token, chance: Random) -> Iterator[Edit]:
    if word.text in ("and", "or"):
        other = "or" if word.text == "and" else "and"
        yield Edit("condition changed", word.start, word.end, other)
    elif word.text in ("true", "false"):
        other = "false" if word.text == "true" else "true"
        yield Edit("true and false exchanged", word.start, word.end, other)
    elif word.text == "in" and before.text != "not":
        yield Edit("condition negated", word.start, word.end, "not in")
    elif word.text == "is":
        end, text = (after.end, "is") if after.text == "not" else (word.end, "is not")
        yield Edit("condition negated", word.start, end, text)
    elif word.text not in _WORDS:
        yield Edit(_kind_of_name(before, after), word.start, word.end, misspelt(word.text, chance))


def _kind_of_name(before: Token, after: Token) -> str:
    if before.text in ("|", "is") or (before.text == "not" and after.kind == "end"):
        return "filter, function or test misspelt"
    if after.text == "(" and before.text != ".":
        return "filter, function or test misspelt"
    return "reference misspelt"


def _of_operator(word: Token) -> Iterator[Edit]:
    if word.text in _COMPARISONS:
        yield Edit("comparison changed", word.start, word.end, _COMPARISONS[word.text])
    elif word.text in "+-":
        other = "-" if word.text == "+" else "+"
        yield Edit("comparison changed", word.start, word.end, other)


def _of_constant(word: Token, chance: Random) -> Iterator[Edit]:
    if word.kind == "number":
        yield Edit("number changed", word.start, word.end, str(word.value + 1))
    elif word.kind == "text":
        quote, inner = word.text[0], word.text[1:-1]
        duration = other_duration(inner)
        kind = "value changed" if duration is None else "duration changed"
        changed = misspelt(inner, chance) if duration is None else duration
        yield Edit(kind, word.start, word.end, f"{quote}{changed}{quote}")


def _negated_choices(text: str, words: list[Token]) -> Iterator[Edit]:
    """`a if c else b` → `a if not (c) else b`."""
    for place, word in enumerate(words):
        if word.kind == "name" and word.text == "if":
            end = next((each for each in words[place:] if each.text == "else"), None)
            if end is not None:
                condition = text[word.end : end.start].strip()
                yield Edit("condition negated", word.end, end.start, f" {negated(condition)} ")


def negated(condition: str) -> str:
    """The opposite of a condition."""
    is_simple = not re.search(r"\b(and|or|if)\b", condition)
    if condition.startswith("not ") and is_simple:
        return condition.removeprefix("not ")
    return f"not ({condition})"


def _removed_filters(words: list[Token]) -> Iterator[Edit]:
    for place, word in enumerate(words):
        if word.text == "|" and word.kind == "operator":
            name = words[place + 1]
            start, end = words[place - 1].end, name.end
            if words[place + 2].text == "(":
                end = _closing(words, place + 2).end
            yield Edit("filter removed", start, end, "")


def _closing(words: list[Token], place: int) -> Token:
    depth = 0
    for word in words[place:]:
        if word.kind == "operator":
            depth += (word.text in "([{") - (word.text in ")]}")
        if depth == 0:
            return word
    return words[-1]


def _removed_items(words: list[Token]) -> Iterator[Edit]:
    """One text of a list of texts: `['a', 'b']` → `['b']`."""
    for place, word in enumerate(words[:-1]):
        before, after = words[place - 1], words[place + 1]
        if word.kind != "text" or before.text not in "[," or after.text not in "],":
            continue
        if after.text == "," and before.kind == "operator":
            yield Edit("item removed", word.start, words[place + 2].start, "")
        elif before.text == ",":
            yield Edit("item removed", before.start, word.end, "")

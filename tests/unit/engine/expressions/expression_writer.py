"""Writes well-typed expressions at random, of the subset that Jinja2 understands as well."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hub.engine.expressions import Scope

VALUES: dict[str, Any] = {
    "i": 7,
    "j": -3,
    "f": 2.25,
    "s": "Ada lovelace",
    "t": "b-a c",
    "yes": True,
    "no": False,
    "ns": [3, 1, 2],
    "ts": ["b", "a", "C"],
    "o": {"i": 5, "s": "deep", "a b": "key", "ns": [1, 2]},
}
SCOPE = Scope(
    names=VALUES,
    now=lambda: datetime(2025, 10, 20, tzinfo=UTC),
    new_id=lambda: "id",
    zone=ZoneInfo("UTC"),
)

MOST_LEVELS = 4


class Writer:
    """Writes well-typed expressions of the shared subset, at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - no secret

    def any(self) -> str:
        kind = self.random.choice(["number", "text", "truth", "list", "object"])
        if kind == "object":
            return f"{{'a': {self.write('number', 2)}, 'b': [{self.write('text', 2)}]}}"
        return self.write(kind, MOST_LEVELS)

    def write(self, kind: str, levels: int) -> str:
        if levels <= 0 or self.random.random() < 0.15:
            return self.random.choice(LEAVES[kind])
        form = self.random.choice(FORMS[kind])
        return re.sub(r"<(\w+)>", lambda hole: self.fill(hole.group(1), levels - 1), form)

    def fill(self, hole: str, levels: int) -> str:
        if hole in SIGNS:
            return self.random.choice(SIGNS[hole])
        written = self.write(hole, levels)
        is_leaf = written in LEAVES[hole] and "|" not in written and written[0] != "-"
        return written if is_leaf else f"({written})"


LEAVES = {
    "number": ["i", "j", "f", "0", "1", "12", "2.5", "o.i", "o['i']", "ns[0]", "ns[-1]"],
    "text": ["s", "t", "'x'", '"a b"', "o.s", "o['a b']", "ts[1]", "''", r"'it\'s'"],
    "truth": ["yes", "no", "true", "false"],
    "list": ["ns", "o.ns", "[]", "[1, 2]"],
    "texts": ["ts", "['a', 'b']", "[]"],
}
SIGNS = {
    "calculate": ["+", "-", "*", "/", "//", "%"],
    "compare": ["==", "!=", "<", "<=", ">", ">="],
    "equal": ["==", "!="],
    "in": ["in", "not in"],
    "both": ["and", "or"],
    "of_number": ["abs", "int", "float", "round", "round(1)"],
    "of_text": ["upper", "lower", "trim", "title", "truncate(300)"],
    "of_list": ["length", "sum"],
    "of_ns": ["min", "max", "first", "last", "sum", "length"],
}
FORMS = {
    "number": [
        "<number> <calculate> <number>",
        "<number> <calculate> <number> <calculate> <number>",
        "-<number>",
        "<number> | <of_number>",
        "<number> | <of_number> | <of_number>",
        "-<number> | abs",
        "<number> if <truth> else <number>",
        "<text> | length",
        "<list> | <of_list>",
        "[<number>, <number>] | <of_ns>",
        "ns | <of_ns> + <number>",
        "(<number> ~ '') | length",
    ],
    "text": [
        "<text> ~ <text>",
        "<text> ~ <number> ~ <text>",
        "<text> | <of_text>",
        "<text> | <of_text> | <of_text>",
        "<text> | replace('a', <text>)",
        "<texts> | join(<text>)",
        "<list> | join",
        "<text> if <truth> else <text>",
    ],
    "truth": [
        "<number> <compare> <number>",
        "<text> <compare> <text>",
        "<list> <equal> <list>",
        "<number> <in> <list>",
        "<text> <in> <text>",
        "<text> <in> <texts>",
        "<text> <in> o",
        "not <truth>",
        "not <number> <in> <list>",
        "<truth> <both> <truth>",
        "<truth> or <truth> and not <truth>",
        "not <truth> <both> <truth> <both> <truth>",
        "<number> + <number> <compare> (<number> ~ '') | length",
        "<truth> if <truth> else <truth>",
    ],
    "list": ["<list> | sort", "[<number>, <number>] | sort", "[<number>]"],
    "texts": ["<texts> | sort", "[<text>, <text>]"],
}

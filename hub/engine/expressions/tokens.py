"""Reading words one after the other, and saying what is wrong with the next one."""

from __future__ import annotations

from hub.engine.expressions.errors import ExpressionError
from hub.engine.expressions.lexer import Token, tokens_of
from hub.engine.expressions.syntax import Node

DEEPEST = 30
KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "true", "false", "null", "omit"}
)

_OTHER_OPERATORS = {
    "AND": "and",
    "And": "and",
    "ELSE": "else",
    "IF": "if",
    "IN": "in",
    "IS": "is",
    "NOT": "not",
    "OR": "or",
    "Or": "or",
    "eq": "==",
    "ge": ">=",
    "gt": ">",
    "le": "<=",
    "lt": "<",
    "ne": "!=",
    "then": "a if condition else b",
}


class TokenReader:
    """The words of one expression, a place in them, and how deep the nesting is there."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens_of(text)
        self.place = 0
        self.depth = -1  # the whole expression is no nesting yet

    @property
    def current(self) -> Token:
        """The word that comes next."""
        return self.tokens[self.place]

    @property
    def following(self) -> Token:
        """The word after the next one."""
        return self.tokens[min(self.place + 1, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        """Where the word before the next one ends."""
        return self.tokens[self.place - 1].end

    def take(self) -> Token:
        """Go over the next word."""
        token = self.tokens[self.place]
        self.place += 1
        return token

    def at_end(self) -> bool:
        """Tell whether all words are read."""
        return self.current.kind == "end"

    def at_operator(self, *operators: str) -> bool:
        """Tell whether the next word is one of these signs."""
        token = self.current
        return token.kind == "operator" and token.text in operators

    def at_word(self, word: str) -> bool:
        """Tell whether the next word is this keyword."""
        token = self.current
        return token.kind == "name" and token.text == word

    def take_operator(self, operator: str, *, after: str) -> Token:
        """Go over a sign that must stand here."""
        if not self.at_operator(operator):
            raise self.unexpected(f"`{operator}` is needed {after}")
        return self.take()

    def enter(self) -> None:
        """Go one level deeper. Raises ExpressionError HUB309."""
        self.depth += 1
        if self.depth > DEEPEST:
            token = self.current
            raise ExpressionError(
                "HUB309",
                f"the expression is nested deeper than {DEEPEST} levels; use `vars` for its parts",
                start=token.start,
                end=token.end,
            )

    def leave(self) -> None:
        """Come back one level."""
        self.depth -= 1

    def refusal(
        self,
        message: str,
        place: Token | Node,
        *,
        code: str = "HUB301",
        fix: str | None = None,
        fix_start: int | None = None,
    ) -> ExpressionError:
        """Say what is wrong at a place, and what to write there."""
        start, end = place.start, place.end
        return ExpressionError(code, message, start=start, end=end, fix=fix, fix_start=fix_start)

    def unexpected(self, expected: str) -> ExpressionError:
        """Say that the next word cannot stand here."""
        token = self.current
        if token.kind == "end":
            return self.refusal(f"the expression ends too early: {expected}", token)
        if token.text == "=":
            return self.refusal("`=` is no comparison: write `==`", token)
        if token.kind == "name" and token.text in _OTHER_OPERATORS:
            return self.refusal(f"`{token.text}`: write `{_OTHER_OPERATORS[token.text]}`", token)
        shown = token.text if len(token.text) <= DEEPEST else token.text[:DEEPEST] + "…"
        return self.refusal(f"`{shown}` cannot stand here: {expected}", token)

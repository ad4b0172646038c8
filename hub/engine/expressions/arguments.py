"""What stands in the parentheses of filters and functions, sorted by parameter."""

from __future__ import annotations

from collections.abc import Callable

from hub.engine.expressions.errors import ExpressionError
from hub.engine.expressions.lexer import Token
from hub.engine.expressions.signatures import Parameter, Signature, suggestion
from hub.engine.expressions.syntax import ListDisplay, Node
from hub.engine.expressions.tokens import TokenReader

Arguments = tuple[tuple[str, Node], ...]


def read_arguments(
    reader: TokenReader,
    signature: Signature,
    word: Token,
    *,
    read_value: Callable[[TokenReader], Node],
) -> Arguments:
    """Read `( value, name=value )`, or nothing. Values of a variadic parameter become a list."""
    given = _Given(reader, signature, word)
    if reader.at_operator("("):
        reader.take()
        while not reader.at_operator(")"):
            given.read_one(read_value)
            if not reader.at_operator(")"):
                reader.take_operator(",", after="between values, or `)` at the end")
        reader.take()
    return given.complete()


class _Given:
    """The values read so far for one filter or function."""

    def __init__(self, reader: TokenReader, signature: Signature, word: Token) -> None:
        self.reader = reader
        self.signature = signature
        self.word = word
        self.values: dict[str, Node] = {}
        self.variadic: list[Node] = []
        self.by_place = [p for p in signature.parameters if not p.is_keyword_only]

    def read_one(self, read_value: Callable[[TokenReader], Node]) -> None:
        """Read one value, with or without the name of its parameter."""
        token = self.reader.current
        if token.kind == "name" and self.reader.following.text == "=":
            self.reader.take()
            self.reader.take()
            self._put(self._named(token), read_value(self.reader), token)
            return
        value = read_value(self.reader)
        parameter = self._next()
        if parameter is None:
            raise self._refusal(f"has too many values: write `{self.signature.usage}`")
        if parameter.is_variadic:
            self.variadic.append(value)
        else:
            self._put(parameter, value, token)

    def complete(self) -> Arguments:
        """Give all values by parameter, once none that is required is missing."""
        if self.variadic:
            start, end = self.variadic[0].start, self.variadic[-1].end
            items = ListDisplay(tuple(self.variadic), start=start, end=end)
            self.values[self.by_place[0].name] = items
        missing = [p for p in self.by_place if p.is_required and p.name not in self.values]
        if missing or (self.signature.needs_argument and not self.values):
            raise self._refusal(f"needs a value: write `{self.signature.usage}`")
        return tuple(self.values.items())

    def _next(self) -> Parameter | None:
        for parameter in self.by_place:
            if parameter.is_variadic or parameter.name not in self.values:
                return parameter
        return None

    def _named(self, token: Token) -> Parameter:
        for parameter in self.signature.parameters:
            if parameter.name == token.text and not parameter.is_variadic:
                return parameter
        known = tuple(p.name for p in self.signature.parameters)
        raise self.reader.refusal(
            f"`{self.signature.name}` takes no `{token.text}`" + suggestion(token.text, known),
            token,
        )

    def _put(self, parameter: Parameter, value: Node, token: Token) -> None:
        if parameter.name in self.values:
            raise self.reader.refusal(f"`{parameter.name}` is given twice", token)
        self.values[parameter.name] = value

    def _refusal(self, message: str) -> ExpressionError:
        return self.reader.refusal(f"`{self.signature.name}` {message}", self.word)

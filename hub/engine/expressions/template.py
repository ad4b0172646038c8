"""Texts with `${{ }}` in them, and trees of values with such texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hub.engine.expressions.errors import EvaluationError, ExpressionError, Fault, MissingValue
from hub.engine.expressions.evaluator import evaluate
from hub.engine.expressions.kinds import joined
from hub.engine.expressions.parser import parse_expression
from hub.engine.expressions.scope import OMIT, Scope
from hub.engine.expressions.syntax import Part
from hub.engine.expressions.url_parts import url_parts
from hub.engine.expressions.work import Work

_OPENING = re.compile(r"\$?\$\{\{")
_INSIDE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\}\}|[{}'"]""", re.DOTALL)
# As `html.escape`, whose module brings two thousand names of characters into each process.
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions: literal pieces and parts, in order.

    `file` is the one of `templates/` that the text is; its values become text, safe for HTML where
    the name ends in `.html`. Of a URL (`is_url`) they become parts that change nothing beside them.
    """

    text: str
    pieces: tuple[str | Part, ...]
    file: str | None = None
    is_url: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The expressions; the n-th belongs to the n-th `${{` of the text."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Part))

    @property
    def is_literal(self) -> bool:
        """No expression in it."""
        return not self.parts

    @property
    def single(self) -> Part | None:
        """The only expression, if there is nothing else: then the value keeps its type."""
        only = self.pieces[0] if len(self.pieces) == 1 and self.file is None else None
        return only if isinstance(only, Part) else None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value without expressions; rendering it gives this very object."""

    value: Any


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list with expressions somewhere inside."""

    items: tuple[CompiledValue, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object with expressions somewhere in its values."""

    entries: tuple[tuple[str, CompiledValue], ...]


CompiledValue = Literal | Template | ListOf | ObjectOf


def parse_template(text: str) -> Template:
    """Find and read the `${{ }}` of a text. Raises ExpressionError with offsets into the text."""
    pieces: list[str | Part] = []
    literal: list[str] = []
    place = 0
    while (opening := _OPENING.search(text, place)) is not None:
        literal.append(text[place : opening.start()])
        if opening.group().startswith("$$"):
            literal.append("${{")
            place = opening.end()
            continue
        if any(literal):
            pieces.append("".join(literal))
        literal = []
        part = _part(text, opening)
        pieces.append(part)
        place = part.end
    literal.append(text[place:])
    if any(literal) or not pieces:
        pieces.append("".join(literal))
    return Template(text, tuple(pieces))


def _part(text: str, opening: re.Match[str]) -> Part:
    begin = opening.end()
    end = _closing(text, opening)
    try:
        expression = parse_expression(text[begin:end])
    except ExpressionError as wrong:
        moved = wrong.moved(begin)
        # HUB302 is for decisions; here the braces are merely there twice.
        moved.code = "HUB301" if moved.code == "HUB302" else moved.code
        raise moved from None
    return Part(expression, opening.start(), end + 2, begin)


def _closing(text: str, opening: re.Match[str]) -> int:
    """Find the `}}` that ends the expression: not one in quotes, nor of an object in an object."""
    depth = 0
    place = opening.end()
    while (sign := _INSIDE.search(text, place)) is not None:
        word = sign.group()
        if word in {"'", '"'}:
            break
        if word == "}}" and not depth:
            return sign.start()
        depth += {"{": 1, "}": -1, "}}": -1}.get(word, 0)
        # Of two braces only the first is taken: `{'a': {}}}}` ends with the last two.
        place = sign.start() + 1 if word == "}}" else sign.end()
    if sign is not None and "}}" in text[sign.end() :]:
        message = f"the text that starts here is not closed with {sign.group()}"
        raise ExpressionError("HUB301", message, start=sign.start(), end=len(text))
    raise ExpressionError(
        "HUB300",
        "`${{` is not closed with `}}`; write `$${{` for the signs themselves",
        start=opening.start(),
        end=len(text),
    )


def compile_value(value: Any) -> CompiledValue:
    """Read the texts inside a value of lists, objects and scalars. Raises ExpressionError."""
    if isinstance(value, str):
        return from_template(parse_template(value))
    if isinstance(value, dict):
        return object_of((key, compile_value(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return list_of(compile_value(item) for item in value)
    return Literal(value)


def from_template(template: Template) -> CompiledValue:
    """A text without expressions is a literal."""
    if template.is_literal:
        return Literal("".join(piece for piece in template.pieces if isinstance(piece, str)))
    return template


def list_of(items: Iterable[CompiledValue]) -> CompiledValue:
    """A list of literals is a literal."""
    compiled = tuple(items)
    literals = [item.value for item in compiled if isinstance(item, Literal)]
    return Literal(literals) if len(literals) == len(compiled) else ListOf(compiled)


def object_of(entries: Iterable[tuple[str, CompiledValue]]) -> CompiledValue:
    """An object of literals is a literal."""
    compiled = tuple(entries)
    literals = {key: item.value for key, item in compiled if isinstance(item, Literal)}
    return Literal(literals) if len(literals) == len(compiled) else ObjectOf(compiled)


def render(template: Template, scope: Scope) -> Any:
    """Work out a text: a single expression keeps its type, otherwise the parts become text.

    Raises EvaluationError (MissingValue) with offsets into the template's text.
    """
    only = template.single
    if only is not None:
        return _evaluated(only, scope)
    values = [
        piece if isinstance(piece, str) else _evaluated(piece, scope) for piece in template.pieces
    ]
    work = Work(scope, template.text)
    try:
        if template.file is not None and template.file.endswith(".html"):
            values = [
                value if isinstance(piece, str) else _for_html(work, value)
                for piece, value in zip(template.pieces, values, strict=True)
            ]
        if template.is_url:
            values = url_parts(work, template.pieces, values)
        return joined(work, values)
    except Fault as fault:
        raise EvaluationError(str(fault), start=0, end=len(template.text)) from None


def _for_html(work: Work, value: Any) -> Any:
    """The text of a value as HTML shows it; nothing in it is markup."""
    text = joined(work, [value])
    return text.translate(_IN_HTML) if isinstance(text, str) else text


def _evaluated(part: Part, scope: Scope) -> Any:
    try:
        return evaluate(part.expression, scope)
    except MissingValue as missing:
        start, end = missing.start + part.offset, missing.end + part.offset
        raise MissingValue(missing.path, start=start, end=end) from None
    except EvaluationError as wrong:
        start, end = wrong.start + part.offset, wrong.end + part.offset
        raise EvaluationError(wrong.message, start=start, end=end, code=wrong.code) from None


def render_value(value: CompiledValue, scope: Scope) -> Any:
    """Work out a tree of values; keys and items that are `omit` are left out.

    A value that is nothing but `omit` gives `OMIT`. Raises EvaluationError.
    """
    return _RENDERERS[type(value)](value, scope)


def _render_list(value: ListOf, scope: Scope) -> list[Any]:
    rendered = (render_value(item, scope) for item in value.items)
    return [item for item in rendered if item is not OMIT]


def _render_object(value: ObjectOf, scope: Scope) -> dict[str, Any]:
    rendered = ((key, render_value(item, scope)) for key, item in value.entries)
    return {key: item for key, item in rendered if item is not OMIT}


_RENDERERS: dict[type, Callable[[Any, Scope], Any]] = {
    Literal: lambda value, _scope: value.value,
    Template: render,
    ListOf: _render_list,
    ObjectOf: _render_object,
}

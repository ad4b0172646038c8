"""From text to words, each with its exact place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from hub.engine.expressions.errors import ExpressionError

LONGEST_EXPRESSION: Final = 2_000
LARGEST_INTEGER: Final = 2**63 - 1

TokenKind = Literal["number", "text", "name", "operator", "end"]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
      | (?P<wrong>===|!==|<>|\*\*|\|\||&&|\?\?|\?\.|=>|=<|\+=|-=|\$\{\{|\{\{)
      | (?P<operator>==|!=|<=|>=|//|[<>+\-~*/%|.,:()\[\]{}=])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t", "/": "/"}
_REMEDIES = {
    "!": "write `not`",
    "!==": "write `!=`",
    "$": "names have no `$` here: write `payload.name`",
    "${{": "an expression inside an expression: write it without `${{ }}`",
    "&": "write `and`",
    "&&": "write `and`",
    "**": "there is no power: write `a * a`",
    "+=": "an expression changes nothing; use `vars`",
    "-=": "an expression changes nothing; use `vars`",
    ";": "one expression only, without `;`",
    "<>": "write `!=`",
    "=<": "write `<=`",
    "===": "write `==`",
    "=>": "write `>=`; there are no functions of your own",
    "?": "write `a if condition else b`",
    "?.": "write `.`: a missing field is taken up by `| default(x)`",
    "??": "write `| default(x)`",
    "`": "put text in '…' or \"…\"",
    "{{": "write the expression without `{{ }}`",
    "||": "write `or`",
    **dict.fromkeys("\u2018\u2019", "put text in straight quotes: '…'"),
    **dict.fromkeys("\u201c\u201d", 'put text in straight quotes: "…"'),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `value` is the meaning of a number or text, `text` what is written."""

    kind: TokenKind
    text: str
    start: int
    end: int
    value: Any = None


def tokens_of(text: str) -> list[Token]:
    """Cut an expression into words; the last one is `end`. Raises ExpressionError."""
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionError(
            "HUB309",
            f"the expression has {len(text)} characters; at most {LONGEST_EXPRESSION} are allowed",
            start=LONGEST_EXPRESSION,
            end=len(text),
        )
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        kind = match.lastgroup if match else None
        if match is None or kind == "wrong":
            _refuse(text, place, match.group() if match else text[place])
        place = match.end()
        if kind != "space":
            tokens.append(_token(match, text))
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _token(match: re.Match[str], text: str) -> Token:
    written, start, end = match.group(), match.start(), match.end()
    if match.lastgroup == "number":
        return Token("number", written, start, end, _number(written, start, text[end : end + 1]))
    if match.lastgroup == "text":
        return Token("text", written, start, end, _unescape(written[1:-1], start + 1))
    return Token("name" if match.lastgroup == "name" else "operator", written, start, end)


def _number(written: str, start: int, following: str) -> int | float:
    if following.isalpha() or following == "_":
        raise ExpressionError(
            "HUB301",
            f"a number with letters: write a duration as text, '{written}{following}'",
            start=start,
            end=start + len(written) + 1,
        )
    end = start + len(written)
    if len(written) > 1 and written[0] == "0" and written[1] != ".":
        raise ExpressionError(
            "HUB301", "a number starts with 0; put it in quotes if it is text", start=start, end=end
        )
    if "." in written:
        number = float(written)
        if number != float("inf"):
            return number
    elif len(written) <= len(str(LARGEST_INTEGER)) and int(written) <= LARGEST_INTEGER:
        return int(written)
    raise ExpressionError("HUB301", "the number is too large", start=start, end=end)


def _unescape(inner: str, start: int) -> str:
    if "\\" not in inner:
        return _storable(inner, start)

    def meaning(match: re.Match[str]) -> str:
        mark = match.group(1)
        if len(mark) > 1:
            return chr(int(mark[1:], 16))
        if mark not in _ESCAPED:
            raise ExpressionError(
                "HUB301",
                f"`\\{mark}` means nothing in a text; write `\\\\` for a backslash",
                start=start + match.start(),
                end=start + match.end(),
            )
        return _ESCAPED[mark]

    return _storable(_ESCAPE.sub(meaning, inner), start, width=len(inner))


def _storable(value: str, start: int, *, width: int | None = None) -> str:
    # A pair of \u escapes may spell one character beyond the basic plane, as in JSON.
    if not value.isascii():
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "\0" in value:
        end = start + (len(value) if width is None else width)
        raise ExpressionError("HUB301", "a text cannot hold the character 0", start=start, end=end)
    return value


def _refuse(text: str, place: int, written: str) -> NoReturn:
    if written in {"'", '"'}:
        message = f"the text that starts here is not closed with {written}"
        raise ExpressionError("HUB301", message, start=place, end=len(text))
    code = "HUB302" if written == "${{" else "HUB301"
    remedy = _REMEDIES.get(written)
    if remedy is None:
        remedy = "put text in quotes" if written.isprintable() else "remove it"
        shown = repr(written) if written.isprintable() else f"U+{ord(written[0]):04X}"
        message = f"{shown} is no part of an expression: {remedy}"
    else:
        message = f"`{written}` is no part of an expression: {remedy}"
    raise ExpressionError(code, message, start=place, end=place + len(written))

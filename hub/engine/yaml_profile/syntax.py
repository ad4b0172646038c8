"""Syntax errors in words that name the remedy (HUB102), and how to read on after one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hub.engine.findings import Finding, Source
from hub.engine.yaml_profile.quoting import our_template, quoted

_VALUE = re.compile(r"(?P<lead>[ ]*(?:-[ ]+)*(?:[^\s:#'\"{\[][^:\n]*:[ ]+)?)(?P<value>\S.*)?")
_DIRECTIVE = re.compile(r"(?:[ ]*(?:#[^\n]*)?\n)*%")
_SPECIAL = "@`%*&!"
_COLON_INSIDE = "`: ` inside a text"
_HALF_IN_QUOTES = "a value that starts with a quote must end with it"
_NEED_QUOTES = "expressions inside [ ] or { } need quotes"
_WITH_COMMENT = re.compile(r"(.*?)([ \t]*(?:[ \t]#[ \t].*)?)")
_FLOW_TEXT = re.compile(r"""(?<![\w"'$}])(?:[^\s,\[\]{}"':]+ +)*\$\{\{.*?\}\}(?=\s*(?:[,\]}]|$))""")


@dataclass(frozen=True)
class SyntaxProblem:
    """A finding, the line it comes from and where the value of that line stands."""

    finding: Finding
    line_start: int
    value_start: int


@dataclass(frozen=True)
class Repair:
    """The text with one value replaced by a placeholder of the same length.

    `is_open`: the value may go on in the next lines, what they say is not to be trusted.
    """

    text: str
    span: tuple[int, int]
    line_start: int
    is_open: bool


def syntax_problem(
    source: Source, text: str, error: YAMLError, scalars: Sequence[tuple[int, int]]
) -> SyntaxProblem:
    """What the reader of YAML said, in our words and at the place of the mistake.

    `scalars` are the spans of those that were read before.
    """
    offset = _unclosed_quote(text, _offset(text, error), scalars)
    line_start = text.rfind("\n", 0, offset) + 1
    value_start, value = _value_of(text, line_start)
    message, suggestion, at = _explained(text, error, offset, value_start, value)
    code = 103 if re.match(r"=?\{\{", value) else 102
    directive = _DIRECTIVE.match(text)
    if directive:
        at = directive.end() - 1
        code, message, suggestion = 104, "directives (`%`) are not allowed", "delete the line"
    end = source.line_end(at) if at == value_start else at + 1
    fix = None if directive else _fix(value, message)
    fixed = (value_start, value_start + len(value))
    finding = source.finding(
        code, message, start=at, end=end, suggestion=suggestion, fix=fix, fixed=fixed
    )
    return SyntaxProblem(finding, line_start, value_start)


def repair(text: str, problem: SyntaxProblem, earlier: Sequence[Repair]) -> Repair | None:
    """The text without the bad value; None where reading on would only tell nonsense."""
    end = text.find("\n", problem.line_start)
    end = len(text) if end < 0 else end
    start = problem.value_start
    next_lines = {each.span[1] + 1 for each in earlier if each.is_open}
    is_again = problem.line_start in {each.line_start for each in earlier} | next_lines
    if is_again or start >= end or start == problem.line_start:
        return None
    mended = text[:start] + "x" * (end - start) + text[end:]
    return Repair(mended, (start, end), problem.line_start, text[start] in "'\"[{")


def _offset(text: str, error: YAMLError) -> int:
    """Where the mistake is: for something that was never closed, where it was opened."""
    if not isinstance(error, MarkedYAMLError):
        return 0
    mark = error.problem_mark or error.context_mark
    opened = error.context or ""
    if error.context_mark and ("quoted scalar" in opened or "flow" in opened):
        mark = error.context_mark
    if mark is None:
        return len(text)
    lines_before = sum(len(line) + 1 for line in text.split("\n")[: mark.line])
    return min(lines_before + int(mark.column), len(text))


def _unclosed_quote(text: str, offset: int, scalars: Sequence[tuple[int, int]]) -> int:
    """Behind a quoted text of several lines it is likely that its own end was forgotten."""
    start, end = scalars[-1] if scalars else (0, 0)
    is_long = text[start : start + 1] in {"'", '"'} and "\n" in text[start:end]
    return start if is_long and text.count("\n", end, offset) <= 1 else offset


def _value_of(text: str, line_start: int) -> tuple[int, str]:
    found = _VALUE.match(text, line_start)
    if found is None or found.group("value") is None:
        return line_start, ""
    return found.start("value"), str(found.group("value"))


def _explained(
    text: str, error: YAMLError, offset: int, value_start: int, value: str
) -> tuple[str, str | None, int]:
    """Message, remedy and the place to point at."""
    if re.match(r"=?\{\{", value):
        return "`{{` does not start an expression", "write `${{ ... }}`", value_start
    if value[:1] and value[0] in _SPECIAL:
        return f"text cannot start with `{value[0]}`", "put the text in quotes", value_start
    if value[:1] in {"'", '"', "[", "{"}:
        explain = _quoted if value[0] in "'\"" else _bracketed
        return explain(value, value_start)
    problem = str(getattr(error, "problem", "") or "")
    if "mapping values" in problem:
        remedy = "put the text in quotes, or write it as a block after `|`"
        return _COLON_INSIDE, remedy, offset
    if "expected <block end>" in problem or "block" in str(getattr(error, "context", "")):
        return "the indentation does not fit the lines above", None, offset
    return f"this cannot be read: {_plain_words(problem, text, offset)}", None, offset


def _quoted(value: str, at: int) -> tuple[str, str | None, int]:
    if value[0] == '"' and "\\" in value and value.rstrip().endswith('"'):
        return (
            "a backslash in double quotes starts an escape",
            "use single quotes, or write `\\\\`",
            at,
        )
    return _HALF_IN_QUOTES, "put the whole value in quotes, or write it as a block after `|`", at


def _bracketed(value: str, at: int) -> tuple[str, str | None, int]:
    if "${{" in value:
        return _NEED_QUOTES, "put the expression in quotes", at
    closing = "]" if value[0] == "[" else "}"
    return f"`{value[0]}` is not closed, or something stands after `{closing}`", None, at


def _fix(value: str, message: str) -> str | None:
    """The value as its message asks for, if it is certain what that is."""
    if re.match(r"=?\{\{", value):
        return our_template(value)
    text, comment = _WITH_COMMENT.fullmatch(value).groups()  # type: ignore[union-attr]  # matches always
    if message == _NEED_QUOTES:
        return _expressions_in_quotes(text) + comment
    is_closed = value[:1] in "'\"" and value.count(value[:1]) % 2 == 0 and "\\" not in value
    if message == _HALF_IN_QUOTES:
        return quoted(text) + comment if is_closed else None
    is_text = message.startswith("text cannot start with") or message == _COLON_INSIDE
    return quoted(text) + comment if is_text else None


def _expressions_in_quotes(text: str) -> str:
    """Each `${{ }}` of a list or mapping on one line, with what belongs to its text, in quotes."""
    return _FLOW_TEXT.sub(lambda found: quoted(found.group()), text)


def _plain_words(problem: str, text: str, offset: int) -> str:
    if problem:
        return problem
    return "the file ends too early" if offset >= len(text) else "not YAML"

"""Bytes → tree of nodes, or every reason why not.

ruamel.yaml makes the events, of all that is not ordinary; what a plain scalar means is decided
here. A line with a syntax
error is reported, then its value is replaced by a placeholder of the same length and the file is
read again, so that one mistake does not hide the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hub.engine.findings import Finding, Source, in_order
from hub.engine.yaml_profile.build import MAX_DEPTH, Builder, TooDeep
from hub.engine.yaml_profile.direct import read_directly
from hub.engine.yaml_profile.lines import comment_findings, tab_findings
from hub.engine.yaml_profile.nodes import Node
from hub.engine.yaml_profile.quick import events_of
from hub.engine.yaml_profile.syntax import Repair, repair, syntax_problem

MAX_BYTES = 65_536
MAX_FINDINGS = 100
_MAX_REPAIRS = 10
_FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True)
class Document:
    """One file: its tree (None when it could not be read at all) and what is wrong with it."""

    source: Source
    root: Node | None
    findings: tuple[Finding, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything keeps the file from being loaded."""
        return any(finding.is_error for finding in self.findings)


def load(file: str, content: bytes | str) -> Document:
    """Read one file. Never raises: whatever is wrong is a finding (HUB101 to HUB108, S5)."""
    if len(content) > MAX_BYTES or len(_encoded(content)) > MAX_BYTES:
        source = Source(file, "")
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        return Document(source, None, (source.finding(102, message, start=0),))
    source, problem = _decoded(file, content)
    if problem is not None:
        return Document(source, None, (problem,))
    return _read(source)


def _encoded(content: bytes | str) -> bytes:
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content


def _decoded(file: str, content: bytes | str) -> tuple[Source, Finding | None]:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    source = Source(file, text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if isinstance(content, bytes):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            at = source.text.find("\ufffd")
            return source, source.finding(102, "the file is not UTF-8 here", start=at)
    strange = _FORBIDDEN.search(source.text)
    if strange is None:
        return source, None
    message = f"the character U+{ord(strange.group()):04X} cannot stand in a file"
    return source, source.finding(102, message, start=strange.start(), suggestion="delete it")


def _read(source: Source) -> Document:
    builder = Builder(source, source.text, [])
    if read_directly(source.text, builder):
        return _document(source, builder, [])
    return _read_by_the_library(source)


def _read_by_the_library(source: Source) -> Document:
    findings: list[Finding] = []
    repairs: list[Repair] = []
    text = source.text
    while True:
        builder = Builder(source, text, [each.span for each in repairs])
        problem = _parse(builder, text)
        if problem is None or isinstance(problem, Finding):
            break
        found = syntax_problem(source, text, problem, builder.spans)
        mended = repair(text, found, repairs) if len(repairs) < _MAX_REPAIRS else None
        if mended is not None or not repairs:
            findings.append(found.finding)
        if mended is None:
            return Document(source, None, _with_tabs(source, findings))
        repairs.append(mended)
        text = mended.text
    if isinstance(problem, Finding):
        return Document(source, None, in_order([*findings, *builder.findings, problem]))
    return _document(source, builder, findings)


def _document(source: Source, builder: Builder, findings: list[Finding]) -> Document:
    findings.extend(builder.findings)
    findings.extend(tab_findings(source, builder.spans))
    findings.extend(comment_findings(source, builder.spans))
    root = None if builder.is_several else builder.root
    return Document(source, root, in_order(findings)[:MAX_FINDINGS])


def _with_tabs(source: Source, findings: list[Finding]) -> tuple[Finding, ...]:
    """A syntax error in a line that a tab indents is the tab's fault."""
    tabs = list(tab_findings(source, []))
    lines = {finding.line for finding in tabs}
    others = [finding for finding in findings if finding.line not in lines]
    return in_order([*others, *tabs] if len(others) < len(findings) else findings)


def _parse(builder: Builder, text: str) -> MarkedYAMLError | YAMLError | Finding | None:
    """Feed the events to the builder; what stopped it, if anything."""
    try:
        for event in events_of(text):
            builder.take(event)
    except TooDeep as deep:
        return builder.source.finding(
            102, f"nested deeper than {MAX_DEPTH} levels", start=deep.offset
        )
    except YAMLError as error:
        return error
    except (ValueError, OverflowError, IndexError, AttributeError, AssertionError) as error:
        return YAMLError(str(error))
    return None

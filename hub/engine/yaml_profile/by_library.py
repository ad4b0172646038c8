"""Files that are not ordinary YAML: ruamel.yaml makes the events. Loaded with the first of them.

What a plain scalar means is decided by us. A line with a syntax error is reported, then its value
is replaced by a placeholder of the same length and the file is read again, so that one mistake does
not hide the next.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hub.engine.findings import Finding, Source, in_order
from hub.engine.yaml_profile.build import MAX_DEPTH, STYLES, TEMPLATE_OF_OTHERS, Builder, TooDeep
from hub.engine.yaml_profile.document import Document, document_of
from hub.engine.yaml_profile.lines import tab_findings
from hub.engine.yaml_profile.quick import events_of
from hub.engine.yaml_profile.quoting import quoted
from hub.engine.yaml_profile.syntax import Repair, repair, syntax_problem

_MAX_REPAIRS = 10


def read_by_the_library(source: Source) -> Document:
    """Read one file. Never raises: whatever is wrong is a finding."""
    findings: list[Finding] = []
    repairs: list[Repair] = []
    text = source.text
    while True:
        builder = EventBuilder(source, text, [each.span for each in repairs])
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
    return document_of(source, builder, findings)


def _with_tabs(source: Source, findings: list[Finding]) -> tuple[Finding, ...]:
    """A syntax error in a line that a tab indents is the tab's fault."""
    tabs = list(tab_findings(source, []))
    lines = {finding.line for finding in tabs}
    others = [finding for finding in findings if finding.line not in lines]
    return in_order([*others, *tabs] if len(others) < len(findings) else findings)


def _parse(builder: EventBuilder, text: str) -> MarkedYAMLError | YAMLError | Finding | None:
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


class EventBuilder(Builder):
    """Takes the events of one file, one after the other."""

    def take(self, event: events.Event) -> None:
        """One event after the other; raises `TooDeep`."""
        if isinstance(event, events.DocumentStartEvent):
            self._start_document(event)
        if self.is_several or not isinstance(event, events.NodeEvent | events.CollectionEndEvent):
            return
        if self._skipped_levels:
            self._skip(event)
        elif isinstance(event, events.CollectionEndEvent):
            self.close(event.end_mark.index)
        else:
            self._start_node(event)

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if event.version or event.tags:
            at = max(self._text.find("%"), 0)
            end = self.source.line_end(at)
            self._refuse(
                104, "directives (`%`) are not allowed", at, end, suggestion="delete the line"
            )
        if self._documents == 2:  # noqa: PLR2004
            message = "a file holds one document; `---` starts another one"
            start = event.start_mark.index
            self._refuse(104, message, start, start + 3, suggestion="use a file for each")

    def _start_node(self, event: Any) -> None:
        start = event.start_mark.index
        if isinstance(event, events.AliasEvent):
            self._alias(event)
            return
        if event.anchor:
            self._refuse(
                104,
                f"anchors (`&{event.anchor}`) are not allowed",
                start,
                start + 1 + len(event.anchor),
                suggestion="repeat the value",
            )
        if event.tag:
            self._tag(event)
        if isinstance(event, events.ScalarEvent):
            style = STYLES.get(event.style or "", "plain")
            is_marked = bool(event.tag or event.anchor)
            self.scalar(start, event.end_mark.index, event.value, style, is_marked=is_marked)
        elif TEMPLATE_OF_OTHERS.match(self._text, start):
            self._skipped_levels, self._skipped_from = 1, start
        elif len(self._stack) >= MAX_DEPTH:
            raise TooDeep(start)
        else:
            self.open(start, is_mapping=isinstance(event, events.MappingStartEvent))

    def _skip(self, event: events.Event) -> None:
        """`{{ x }}` reads as mappings in each other: what is inside is of no interest."""
        if isinstance(event, events.CollectionStartEvent):
            self._skipped_levels += 1
        elif isinstance(event, events.CollectionEndEvent):
            self._skipped_levels -= 1
            if not self._skipped_levels:
                end = event.end_mark.index
                self._foreign_template(self._skipped_from, end)
                self._add(self._broken(self._skipped_from, end))

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if not re.fullmatch(r"\w+", event.anchor):
            message = "text cannot start with `*`"
            fix = quoted(self._text[start:end])
            self._refuse(102, message, start, end, suggestion="put the text in quotes", fix=fix)
        elif not (self._stack and self._stack[-1].key and self._stack[-1].key.value == "<<"):
            message = f"aliases (`*{event.anchor}`) are not allowed"
            self._refuse(104, message, start, end, suggestion="repeat the value, or quote the text")
        self._add(self._broken(start, end))

    def _tag(self, event: Any) -> None:
        start = event.start_mark.index
        end = start + len(re.match(r"\S*", self._text[start:]).group())  # type: ignore[union-attr]  # matches always
        message = f"`{self._text[start:end]}` is a tag of YAML, and tags are not allowed"
        suggestion = "write `not` for a negation, or put the text in quotes"
        self._refuse(105, message, start, end, suggestion=suggestion)

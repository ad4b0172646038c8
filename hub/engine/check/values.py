"""Types of values and decisions, with every finding at its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hub.engine.compile import Places
from hub.engine.expressions import (
    CompiledValue,
    Expression,
    ListOf,
    Literal,
    Misfit,
    ObjectOf,
    Template,
    Type,
    TypeEnv,
    TypeProblem,
    infer,
    infer_condition,
    infer_template,
    misfits,
    type_from_schema,
    type_of_literal,
)
from hub.engine.expressions.types import (
    Integer,
    Null,
    ObjectType,
    Text,
    describe,
    is_nullable,
    is_personal,
    is_secret,
    kinds_of,
    list_of_types,
    may_be_omitted,
    object_of_types,
    without,
)
from hub.engine.findings import Finding, Severity, Source
from hub.engine.yaml_profile import Mapping, Node, Scalar, Sequence
from hub.schemas import compile_schema

_KEY_KINDS = frozenset({"text", "integer", "number", "boolean", "instant", "duration"})
_DURATION = Text(format="duration")


@dataclass
class Values:
    """Checks the values of one file."""

    source: Source
    places: Places
    findings: list[Finding] = field(default_factory=list)

    # ------------------------------------------------------------------------------- findings

    def refuse(
        self,
        code: int,
        message: str,
        node: Node | None,
        *,
        suggestion: str | None = None,
        severity: Severity | None = None,
        source: str | None = None,
        fix: str | None = None,
    ) -> None:
        """A finding on a node of the file.

        `source` is the file whose schema decided, `fix` what to write there.
        """
        if node is not None:
            self._add(
                code,
                message,
                node.start,
                node.end,
                suggestion=suggestion,
                severity=severity,
                source=source,
                fix=fix,
            )

    def refuse_part(self, code: int, message: str, node: Node | None, start: int, end: int) -> None:
        """A finding on the characters `start` … `end` of a text of the file."""
        if isinstance(node, Scalar):
            self._add(code, message, *node.span(start, max(end, start + 1)))
        else:
            self.refuse(code, message, node)

    def _add(
        self,
        code: int,
        message: str,
        start: int,
        end: int,
        *,
        suggestion: str | None = None,
        severity: Severity | None = None,
        source: str | None = None,
        fix: str | None = None,
        file: Source | None = None,
    ) -> None:
        self.findings.append(
            (file or self.source).finding(
                code,
                message,
                start=start,
                end=end,
                suggestion=suggestion,
                severity=severity,
                source=source,
                fix=fix,
            )
        )

    def _problem(
        self, problem: TypeProblem, start: int, end: int, *, file: Source | None = None
    ) -> None:
        code = int(problem.code.removeprefix("HUB"))
        severity: Severity = "warning" if problem.is_warning else "error"
        message, _, suggestion = problem.message.partition(" — ")
        self._add(
            code,
            message,
            start,
            end,
            suggestion=suggestion or None,
            severity=severity,
            source=problem.source,
            fix=problem.fix,
            file=file,
        )

    def _problems(self, expression: Expression, problems: Iterable[TypeProblem]) -> None:
        for problem in problems:
            found = self.places.span(expression, problem.start, problem.end)
            if found is not None:
                self._problem(problem, found[1], found[2])

    # ---------------------------------------------------------------------------------- types

    def condition(self, expression: Expression, env: TypeEnv) -> None:
        """A decision that must be true or false."""
        self._problems(expression, infer_condition(expression, env).problems)

    def decision(self, expression: Expression, env: TypeEnv) -> Type:
        """A decision of any type: the subject of `switch`, the list of `for_each`."""
        inference = infer(expression, env)
        self._problems(expression, inference.problems)
        return inference.type

    def value(self, value: CompiledValue, env: TypeEnv) -> Type:
        """The type of a tree of values."""
        if isinstance(value, Literal):
            return type_of_literal(value.value)
        if isinstance(value, Template):
            return self._template(value, env)
        if isinstance(value, ListOf):
            return list_of_types([self.value(item, env) for item in value.items])
        return object_of_types({key: self.value(item, env) for key, item in value.entries})

    def _template(self, template: Template, env: TypeEnv) -> Type:
        inference = infer_template(template, env)
        node = self.places.node(template)
        if template.file is not None and template.parts:
            node = self.places.node(template.parts[0].expression)
        for problem in inference.problems:
            if isinstance(node, Scalar):
                start, end = node.span(problem.start, problem.end)
                self._problem(problem, start, end, file=node.source)
        return inference.type

    # ------------------------------------------------------------------------------ positions

    def open_value(self, value: CompiledValue | None, env: TypeEnv, *, what: str) -> Type:
        """A value that leaves the run or is stored: no secret may be in it (HUB501)."""
        if value is None:
            return Null()
        kind = self.value(value, env)
        self._no_secret(value, kind, what)
        return kind

    def _no_secret(self, value: CompiledValue, kind: Type, what: str) -> None:
        if not is_secret(kind):
            return
        if isinstance(value, ObjectOf) and isinstance(kind, ObjectType):
            for name, item in value.entries:
                if name in kind.fields:
                    self._no_secret(item, kind.fields[name].type, what)
        else:
            message = f"a secret cannot go into {what}"
            self.refuse(501, message, self.places.node(value))

    def key(self, value: CompiledValue | None, env: TypeEnv, *, what: str) -> None:
        """A key: one value that can be written as text, always there."""
        if value is None:
            return
        kind = self.open_value(value, env, what=what)
        node = self.places.node(value)
        if kinds_of(without(kind, Null)) - _KEY_KINDS - {"secret", "null"} or may_be_omitted(kind):
            self.refuse(206, f"{what} must be text, this is {describe(kind)}", node)
        elif "null" in kinds_of(kind):
            message = f"{what} may be null"
            self.refuse(210, message, node, suggestion="use `| default(x)` or `| required`")

    def duration(self, value: CompiledValue | None, env: TypeEnv, *, what: str) -> None:
        """A length of time; a literal was read already."""
        if value is not None and not isinstance(value, Literal):
            self._fits(value, self.value(value, env), _DURATION, what)

    def choice(self, value: CompiledValue, env: TypeEnv, wanted: Type, *, what: str) -> None:
        """A value of a certain type."""
        self._fits(value, self.value(value, env), wanted, what)

    def status(self, value: CompiledValue | None, env: TypeEnv) -> None:
        """An HTTP status; a literal was read already."""
        if value is not None and not isinstance(value, Literal):
            self._fits(value, self.value(value, env), Integer(), "`status`")

    def headers(self, value: CompiledValue | None, env: TypeEnv) -> None:
        """Names and texts."""
        if isinstance(value, ObjectOf):
            for name, item in value.entries:
                self.key(item, env, what=f"the header {name}")

    def log_line(self, value: CompiledValue, env: TypeEnv) -> None:
        """One line of text; personal data only masked (HUB502)."""
        kind = self.open_value(value, env, what="a log")
        node = self.places.node(value)
        if is_nullable(kind):
            message = "what `log` writes may be null"
            self.refuse(210, message, node, suggestion="use `| default(x)` or ask `is set` first")
        elif kinds_of(kind) - _KEY_KINDS - {"secret"}:
            message = f"`log` writes text, this is {describe(kind)}"
            self.refuse(206, message, node, suggestion="use `| to_json`")
        if is_personal(kind):
            message = "personal data in a log"
            self.refuse(502, message, node, suggestion="use `| mask`, or leave it out")

    def _fits(self, value: CompiledValue, kind: Type, wanted: Type, what: str) -> None:
        for misfit in misfits(kind, wanted):
            self._misfit(misfit, self.places.node(value), what)
        if may_be_omitted(kind):
            self.refuse(210, f"{what} may be left out by `omit`", self.places.node(value))

    # --------------------------------------------------------------------------------- inputs

    def inputs(
        self,
        value: CompiledValue,
        kind: Type,
        schema: Any,
        *,
        place: Node | None,
        source: str | None = None,
        what: str = "`with`",
    ) -> None:
        """What stands under `with` against the schema of the action or workflow (HUB206 to HUB210).

        `place` is the key `with`, or what stands for it: where to point when an input is missing.
        `source` is the file of the schema, where it has one.
        """
        before = len(self.findings)
        self.fits(value, kind, type_from_schema(schema), place=place, source=source, what=what)
        if len(self.findings) == before:
            self._literals(value, self.places.node(value) or place, schema, source)

    def fits(
        self,
        value: CompiledValue | None,
        kind: Type,
        wanted: Type,
        *,
        place: Node | None,
        source: str | None = None,
        what: str = "`data`",
    ) -> None:
        """A value of one type where another is wanted, each misfit at its key."""
        node = self.places.node(value) or place
        for misfit in misfits(kind, wanted):
            name = ".".join(misfit.path)
            found = _at(node, misfit)
            is_missing = misfit.code == "HUB209" and found is node and place is not None
            told = f"`{name}`" if name else what
            self._misfit(misfit, place if is_missing else found, told, source)

    def _misfit(
        self, misfit: Misfit, node: Node | None, what: str, source: str | None = None
    ) -> None:
        severity: Severity = "warning" if misfit.is_warning else "error"
        code = int(misfit.code.removeprefix("HUB"))
        message, _, suggestion = misfit.message.partition(" — ")
        if code != 209:  # noqa: PLR2004 - that one names the input itself
            message = f"{what}: {message}"
        self.refuse(
            code,
            message,
            node,
            suggestion=suggestion or None,
            severity=severity,
            source=source,
            fix=misfit.fix,
        )

    def _literals(
        self, value: CompiledValue, node: Node | None, schema: Any, source: str | None
    ) -> None:
        """What is written down is validated completely, formats included."""
        if not isinstance(schema, dict) or schema.get("$ref"):
            return
        if isinstance(value, Literal):
            self._validate(value.value, node, schema, source)
        elif isinstance(value, ObjectOf):
            properties = schema.get("properties", {})
            for name, item in value.entries:
                entry = node.get(name) if isinstance(node, Mapping) else None
                if name in properties and entry is not None:
                    self._literals(item, entry.value, properties[name], source)
        elif isinstance(value, ListOf) and isinstance(node, Sequence):
            for item, inner in zip(value.items, node.items, strict=True):
                self._literals(item, inner, schema.get("items"), source)

    def _validate(
        self, value: Any, node: Node | None, schema: dict[str, Any], source: str | None
    ) -> None:
        for problem in compile_schema(schema).problems(value):
            place = node
            for part in problem.pointer.split("/")[1:]:
                entry = place.get(part) if isinstance(place, Mapping) else None
                place = place if entry is None else entry.value
            self.refuse(206, problem.message, place, source=source)


def _at(node: Node | None, misfit: Misfit) -> Node | None:
    """The node that a misfit's path leads to; for an unknown key the key itself."""
    for place, part in enumerate(misfit.path):
        entry = node.get(part) if isinstance(node, Mapping) else None
        if entry is None:
            return node
        is_last = place == len(misfit.path) - 1
        is_unknown = is_last and misfit.code == "HUB209" and "there is no" in misfit.message
        node = entry.key if is_unknown else entry.value
    return node

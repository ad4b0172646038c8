"""Which type an expression has, and what is wrong with it before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub.engine.expressions.comparing import (
    Operand,
    check_comparison,
    check_membership,
    check_not_null,
    check_text_of_time,
)
from hub.engine.expressions.constancy import (
    check_all_named,
    check_sameness,
    is_constant,
    tell_constant,
)
from hub.engine.expressions.environment import Findings, Seen, TypeEnv
from hub.engine.expressions.evaluator import is_null
from hub.engine.expressions.filter_types import infer_filter
from hub.engine.expressions.narrowing import narrowed
from hub.engine.expressions.path_types import Look, infer_name, infer_step
from hub.engine.expressions.schema_types import type_of_literal
from hub.engine.expressions.signatures import (
    FILTERS,
    FUNCTIONS,
    KIND_WORDS,
    NUMERIC,
    Parameter,
    Signature,
)
from hub.engine.expressions.syntax import (
    And,
    Arithmetic,
    Call,
    Compare,
    Conditional,
    Constant,
    FieldStep,
    FilterStep,
    IndexStep,
    Join,
    ListDisplay,
    Name,
    Negate,
    Node,
    Not,
    ObjectDisplay,
    OmitWord,
    Or,
    Path,
    Pipeline,
    TestStep,
    constant_path,
)
from hub.engine.expressions.types import (
    ANYTHING,
    Boolean,
    Duration,
    Instant,
    Null,
    Number,
    Omitted,
    Text,
    Type,
    describe,
    is_nullable,
    is_personal,
    is_secret,
    kinds_of,
    list_of_types,
    may_be_omitted,
    object_of_types,
    union_of,
    without,
)
from hub.engine.expressions.use import Use

_JOINABLE = frozenset({"text", "integer", "number", "boolean", "instant", "duration", "secret"})
_WITH_LENGTH = frozenset({"text", "list", "object"})


class Inferrer:
    """Walks one expression; `see` gives what is known of a part of it."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.text = text
        self.findings = findings
        self._is_constant = False  # inside of something that is told as a whole

    def see(self, node: Node, env: TypeEnv) -> Seen:
        """The type of a part, and whether it may be missing."""
        return _INFERRERS[type(node)](self, node, env)

    def there(self, node: Node, env: TypeEnv) -> Type:
        """The type of a part that must be there."""
        seen = self.see(node, env)
        if seen.missing is not None:
            message = (
                f"{seen.missing} may be missing: use `| default(x)`, `| required` "
                "or ask `is set` first"
            )
            self.findings.error("HUB210", message, node)
        return seen.type

    def solid(self, node: Node, env: TypeEnv) -> Type:
        """The type of a part that must be there and not null."""
        kind = self.there(node, env)
        check_not_null(self.findings, kind, node, self.label(node))
        return without(kind, Null) if is_nullable(kind) else kind

    def truth(self, node: Node, env: TypeEnv) -> None:
        """A part that must be true or false, and not always the same (HUB333)."""
        before = len(self.findings.problems)
        outermost = is_constant(node) and not self._is_constant
        self._is_constant = self._is_constant or outermost
        self._boolean(node, env)
        if outermost:
            self._is_constant = False
            if len(self.findings.problems) == before:
                tell_constant(self.findings, node, self.text)

    def _boolean(self, node: Node, env: TypeEnv) -> None:
        kind = self.solid(node, env)
        others = kinds_of(kind) - {"boolean"}
        if is_secret(kind):
            self.findings.error("HUB501", "a secret cannot decide anything", node)
        elif others or may_be_omitted(kind):
            remedy = "use `is not empty`" if "list" in others else "use `is set` or compare it"
            message = f"a condition must be true or false, this is {describe(kind)}: {remedy}"
            self.findings.error("HUB206", message, node)

    def label(self, node: Node) -> str:
        """The text of a part, for messages."""
        return self.text[node.start : node.end]

    def join(self, parts: tuple[Node, ...], env: TypeEnv) -> Text:
        """Parts that are joined to text."""
        kinds = []
        for part in parts:
            kinds.append(self.solid(part, env))
            check_joinable(self.findings, kinds[-1], part)
        return joined_text(kinds)

    def operand(self, node: Node, env: TypeEnv) -> Operand:
        """One side of a comparison."""
        source = env.source_of(constant_path(node))
        return Operand(self.there(node, env), node, self.label(node), is_null(node), source)

    def arguments(
        self, signature: Signature, given: tuple[tuple[str, Node], ...], env: TypeEnv
    ) -> tuple[dict[str, Type], dict[str, Node]]:
        """The types of what stands in parentheses, and where it stands."""
        types: dict[str, Type] = {}
        for name, node in given:
            parameter = next(p for p in signature.parameters if p.name == name)
            if isinstance(node, ListDisplay) and parameter.is_variadic:
                for item in node.items:
                    self._check_argument(signature, parameter, self.solid(item, env), item)
                types[name] = ANYTHING
            else:
                nulls = "null" in parameter.kinds
                types[name] = self.there(node, env) if nulls else self.solid(node, env)
                self._check_argument(signature, parameter, types[name], node)
        return types, dict(given)

    def _check_argument(
        self, signature: Signature, parameter: Parameter, kind: Type, node: Node
    ) -> None:
        kinds = kinds_of(kind)
        if kinds and not kinds & parameter.kinds:
            wanted = " or ".join(KIND_WORDS[each] for each in sorted(parameter.kinds))
            message = (
                f"`{signature.name}` needs {wanted} for `{parameter.name}`, "
                f"this is {describe(kind)}"
            )
            self.findings.error("HUB501" if "secret" in kinds else "HUB206", message, node)


def joined_text(kinds: Iterable[Type]) -> Text:
    """The type of a text that is joined from parts of these types."""
    parts = tuple(kinds)
    return Text(
        is_secret=any(is_secret(kind) for kind in parts),
        is_pii=any(is_personal(kind) for kind in parts),
    )


def check_joinable(findings: Findings, kind: Type, node: Node) -> None:
    """Note what cannot become part of a text."""
    others = kinds_of(kind) - _JOINABLE
    if others or may_be_omitted(kind):
        remedy = "use `| to_json`" if others else "`omit` cannot be part of a text"
        message = f"{describe(kind)} cannot be joined into text: {remedy}"
        findings.error("HUB206", message, node)


def _constant(_self: Inferrer, node: Constant, _env: TypeEnv) -> Seen:
    return Seen(type_of_literal(node.value))


def _omit(_self: Inferrer, _node: OmitWord, _env: TypeEnv) -> Seen:
    return Seen(Omitted())


def _name(self: Inferrer, node: Name, env: TypeEnv) -> Seen:
    return infer_name(node, env, self.findings)


def _path(self: Inferrer, node: Path, env: TypeEnv) -> Seen:
    seen = self.see(node.root, env)
    path = constant_path(node.root)
    for step in node.steps:
        key = _key(self, step, env)
        path = (*path, key) if path is not None and key is not None else None
        look = Look(step, key, self.text[node.start : step.end], path)
        seen = infer_step(seen, look, env, self.findings)
    return seen


def _key(self: Inferrer, step: FieldStep | IndexStep, env: TypeEnv) -> str | int | None:
    """The key if it is written down; a computed one is checked and unknown."""
    if isinstance(step, FieldStep):
        return step.name
    kind = self.solid(step.key, env)
    if isinstance(step.key, Constant) and isinstance(step.key.value, str | int):
        return step.key.value
    if kinds_of(kind) and not kinds_of(kind) & {"text", "integer"}:
        message = f"`[ ]` takes a text or a whole number, this is {describe(kind)}"
        self.findings.error("HUB206", message, step.key)
    return None


def _pipeline(self: Inferrer, node: Pipeline, env: TypeEnv) -> Seen:
    seen = self.see(node.operand, env)
    end = node.operand.end
    for step in node.steps:
        label = self.text[node.start : end]
        if isinstance(step, TestStep):
            seen = _test(self, node, step, seen, label)
        elif step.name in {"default", "required"}:
            seen = _taken_up(self, step, seen, env)
        else:
            types, nodes = self.arguments(FILTERS[step.name], step.arguments, env)
            whole = self.text[node.start : step.end]
            seen = infer_filter(Use(step, types, nodes, whole, self.findings), seen)
        end = step.end
    return seen


def _taken_up(self: Inferrer, step: FilterStep, seen: Seen, env: TypeEnv) -> Seen:
    """`default` and `required` end the way of a missing value or null."""
    kind = without(seen.type, Null) if is_nullable(seen.type) else seen.type
    if step.name == "required":
        return Seen(kind, None, seen.is_certain)
    _check_needed(self, step, seen)
    other = self.see(step.arguments[0][1], env)
    is_only_null = kinds_of(seen.type) == {"null"}
    result = other.type if is_only_null else union_of((kind, other.type))
    return Seen(result, other.missing, seen.is_certain and other.is_certain)


def _check_needed(self: Inferrer, step: FilterStep | TestStep, seen: Seen) -> None:
    if seen.is_certain and seen.missing is None and not is_nullable(seen.type):
        written = "default" if isinstance(step, FilterStep) else "is set"
        self.findings.warning("HUB331", f"`{written}` is not needed: it is always there", step)


def _test(self: Inferrer, node: Pipeline, step: TestStep, seen: Seen, label: str) -> Seen:
    if step.name == "set":
        _check_needed(self, step, seen)
    elif step.name == "empty":
        if seen.missing is not None:
            message = f"{seen.missing} may be missing: use `| default('')` or `is set`"
            self.findings.error("HUB210", message, node.operand)
        check_not_null(self.findings, seen.type, node.operand, label)
        kind = without(seen.type, Null) if is_nullable(seen.type) else seen.type
        if kinds_of(kind) and not kinds_of(kind) <= _WITH_LENGTH:
            message = f"`is empty` needs a text, a list or an object, this is {describe(kind)}"
            self.findings.error("HUB206", message, step)
    return Seen(Boolean())


def _call(self: Inferrer, node: Call, env: TypeEnv) -> Seen:
    if node.name == "now":
        return Seen(Instant())
    if node.name == "uuid":
        return Seen(Text(format="uuid"))
    types, nodes = self.arguments(FUNCTIONS[node.name], node.arguments, env)
    check_text_of_time(self.findings, types["text"], Duration(), nodes["text"])
    return Seen(Duration())


def _not(self: Inferrer, node: Not, env: TypeEnv) -> Seen:
    self.truth(node.operand, env)
    return Seen(Boolean())


def _negate(self: Inferrer, node: Negate, env: TypeEnv) -> Seen:
    return Seen(_number(self, node.operand, "-", env))


def _logic(self: Inferrer, node: And | Or, env: TypeEnv) -> Seen:
    before, start = len(self.findings.problems), env
    for term in node.terms:
        self.truth(term, env)
        env = narrowed(term, env, truth=isinstance(node, And))
    if isinstance(node, Or) and len(self.findings.problems) == before:
        unheard = Inferrer(self.text, Findings())
        check_all_named(self.findings, node, lambda part: unheard.see(part, start).type)
    return Seen(Boolean())


def _compare(self: Inferrer, node: Compare, env: TypeEnv) -> Seen:
    before = len(self.findings.problems)
    left, right = self.operand(node.left, env), self.operand(node.right, env)
    if node.operator in {"in", "not in"}:
        written = node.right.items if isinstance(node.right, ListDisplay) else ()
        quiet = Inferrer(self.text, Findings())
        items = tuple(quiet.operand(item, env) for item in written)
        check_membership(self.findings, left, right, items=items, whole=node)
    else:
        check_comparison(self.findings, node.operator, left, right, whole=node)
    if len(self.findings.problems) == before:
        check_sameness(self.findings, node)
    return Seen(Boolean())


def _arithmetic(self: Inferrer, node: Arithmetic, env: TypeEnv) -> Seen:
    kinds = [_number(self, node.first, node.rest[0][0], env)]
    kinds += [_number(self, operand, sign, env) for sign, operand in node.rest]
    if any(sign == "/" for sign, _ in node.rest):
        return Seen(Number())
    return Seen(union_of(kinds))


def _number(self: Inferrer, node: Node, sign: str, env: TypeEnv) -> Type:
    kind = self.solid(node, env)
    kinds = kinds_of(kind)
    if not kinds and not may_be_omitted(kind):
        return Number()
    if kinds <= NUMERIC and not may_be_omitted(kind):
        return kind
    message = f"`{sign}` works on numbers, this is {describe(kind)}"
    if "text" in kinds:
        message += ": join texts with `~`" if sign == "+" else ": use `| int` or `| float`"
    elif "instant" in kinds:
        message += ": use `| plus('24h')` or `| minus('24h')`"
    self.findings.error("HUB501" if "secret" in kinds else "HUB206", message, node)
    return Number()


def _join(self: Inferrer, node: Join, env: TypeEnv) -> Seen:
    return Seen(self.join(node.parts, env))


def _conditional(self: Inferrer, node: Conditional, env: TypeEnv) -> Seen:
    self.truth(node.condition, env)
    then = self.see(node.then, narrowed(node.condition, env, truth=True))
    otherwise = self.see(node.otherwise, narrowed(node.condition, env, truth=False))
    return Seen(
        union_of((then.type, otherwise.type)),
        then.missing or otherwise.missing,
        then.is_certain and otherwise.is_certain,
    )


def _list(self: Inferrer, node: ListDisplay, env: TypeEnv) -> Seen:
    return Seen(list_of_types([self.there(item, env) for item in node.items]))


def _object(self: Inferrer, node: ObjectDisplay, env: TypeEnv) -> Seen:
    return Seen(object_of_types({key: self.there(item, env) for key, item in node.entries}))


_INFERRERS: dict[type[Node], Callable[[Inferrer, Any, TypeEnv], Seen]] = {
    Constant: _constant,
    OmitWord: _omit,
    Name: _name,
    Path: _path,
    Pipeline: _pipeline,
    Call: _call,
    Not: _not,
    Negate: _negate,
    And: _logic,
    Or: _logic,
    Compare: _compare,
    Arithmetic: _arithmetic,
    Join: _join,
    Conditional: _conditional,
    ListDisplay: _list,
    ObjectDisplay: _object,
}

"""From a tree and a scope to a value. Values are never looked into for expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.engine.expressions.errors import EvaluationError, Fault, MissingValue
from hub.engine.expressions.filters_data import DATA_FILTERS
from hub.engine.expressions.filters_text import TEXT_FILTERS
from hub.engine.expressions.filters_time import TIME_FILTERS, to_duration
from hub.engine.expressions.kinds import (
    bounded,
    calculate,
    contains,
    is_equal,
    is_ordered,
    joined,
    kind_of,
)
from hub.engine.expressions.scope import OMIT, Missing, Scope
from hub.engine.expressions.signatures import (
    FILTERS,
    FUNCTIONS,
    KIND_WORDS,
    STEP_TESTS,
    Signature,
)
from hub.engine.expressions.syntax import (
    And,
    Arithmetic,
    Call,
    Compare,
    Conditional,
    Constant,
    Expression,
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
from hub.engine.expressions.work import LONGEST_LIST, Work

_FILTERS: dict[str, Callable[..., Any]] = {**TEXT_FILTERS, **DATA_FILTERS, **TIME_FILTERS}
_NUMBERS = frozenset({int, float})


def evaluate(expression: Expression, scope: Scope) -> Any:
    """Work out an expression; `OMIT` is a possible result.

    Raises MissingValue for a missing value at the end, EvaluationError for values that do not
    fit; both with offsets into the expression's text.
    """
    value = _value(expression.root, Work(scope, expression.text))
    if isinstance(value, list) and len(value) > LONGEST_LIST:
        message = f"the list has {len(value)} items; at most 10,000 are allowed"
        raise _error(expression.root, Fault(message))
    return value


def evaluate_condition(expression: Expression, scope: Scope) -> bool:
    """Work out a decision. Raises EvaluationError unless it is true or false."""
    return _truth(expression.root, Work(scope, expression.text))


def _run(node: Node, work: Work) -> Any:
    return _EVALUATORS[type(node)](node, work)


def _value(node: Node, work: Work) -> Any:
    """Work out a node whose value must be there."""
    value = _EVALUATORS[type(node)](node, work)
    if type(value) is Missing:
        raise MissingValue(value.path, start=node.start, end=node.end)
    return value


def _truth(node: Node, work: Work) -> bool:
    value = _value(node, work)
    if value is True or value is False:
        return value
    try:
        word = KIND_WORDS[kind_of(value)]
    except Fault as fault:
        raise _error(node, fault) from None
    raise _error(node, Fault(f"a condition must be true or false, this is {word}: use `is set`"))


def _error(node: Node, fault: Fault) -> EvaluationError:
    return EvaluationError(str(fault), start=node.start, end=node.end)


def _constant(node: Constant, _work: Work) -> Any:
    return node.value


def _omit(_node: OmitWord, _work: Work) -> Any:
    return OMIT


def _name(node: Name, work: Work) -> Any:
    names = work.scope.names
    return names[node.name] if node.name in names else Missing(node.name)


def _path(node: Path, work: Work) -> Any:
    value = _run(node.root, work)
    for step in node.steps:
        if value is None or type(value) is Missing:
            return value
        try:
            value = _stepped(value, step, node, work)
        except Fault as fault:
            raise _error(step, fault) from None
    return value


def _stepped(value: Any, step: FieldStep | IndexStep, path: Path, work: Work) -> Any:
    if isinstance(step, FieldStep):
        if not isinstance(value, dict):
            word = KIND_WORDS[kind_of(value)]
            raise Fault(f"`.{step.name}` needs an object, this is {word}")
        found = _field(value, step.name, work)
    else:
        found = _indexed(value, _value(step.key, work), work)
    # `work` itself stands for "not there": no value of the language can be that object.
    return Missing(work.text[path.start : step.end]) if found is work else found


def _field(value: dict[str, Any], name: str, absent: Any) -> Any:
    # Not `get`: the names of secrets answer for every key, and only a look-up asks them.
    try:
        return value[name]
    except KeyError:
        return absent


def _indexed(value: Any, key: Any, absent: Any) -> Any:
    if isinstance(value, dict) and type(key) is str:
        return _field(value, key, absent)
    if type(value) is list and type(key) is int:
        return value[key] if -len(value) <= key < len(value) else absent
    raise Fault(
        f"`[ ]` takes a text for an object and a whole number for a list; "
        f"this is {KIND_WORDS[kind_of(key)]} for {KIND_WORDS[kind_of(value)]}"
    )


def _pipeline(node: Pipeline, work: Work) -> Any:
    value = _run(node.operand, work)
    begin = node.operand
    for step in node.steps:
        if isinstance(step, TestStep):
            value = _tested(value, step, begin, work)
        else:
            value = _filtered(value, step, begin, work)
    return value


def _tested(value: Any, step: TestStep, begin: Node, work: Work) -> bool:
    if step.name == "set":
        answer = value is not None and type(value) is not Missing
    elif step.name in STEP_TESTS:
        path = constant_path(begin) or ("", "")
        answer = work.scope.step_states.get(str(path[1])) == step.name
    else:
        answer = _is_empty(value, step, begin)
    return answer is not step.is_negated


def _is_empty(value: Any, step: TestStep, begin: Node) -> bool:
    if type(value) is Missing:
        raise MissingValue(value.path, start=begin.start, end=begin.end)
    if isinstance(value, str | list | dict):
        return not value
    try:
        word = KIND_WORDS[kind_of(value)]
    except Fault as fault:
        raise _error(begin, fault) from None
    raise _error(step, Fault(f"`is empty` needs a text, a list or an object, this is {word}"))


def _filtered(value: Any, step: FilterStep, begin: Node, work: Work) -> Any:
    is_absent = value is None or type(value) is Missing
    if step.name == "default":
        return _run(step.arguments[0][1], work) if is_absent else value
    if step.name == "required":
        if is_absent:
            path = value.path if value is not None else work.text[begin.start : begin.end]
            raise MissingValue(path, start=begin.start, end=begin.end)
        return value
    if is_absent:
        return value
    try:
        signature = FILTERS[step.name]
        _check_operand(signature, value)
        arguments = _arguments(signature, step.arguments, work)
        result = _FILTERS[step.name](work, value, **arguments)
    except Fault as fault:
        raise _error(step, fault) from None
    if type(result) is Missing:
        return Missing(work.text[begin.start : step.end])
    return result


def _check_operand(signature: Signature, value: Any) -> None:
    kind = kind_of(value)
    if kind not in signature.operand:
        wanted = " or ".join(KIND_WORDS[k] for k in sorted(signature.operand))
        raise Fault(f"`{signature.name}` works on {wanted}, this is {KIND_WORDS[kind]}")


def _arguments(
    signature: Signature, given: tuple[tuple[str, Node], ...], work: Work
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, node in given:
        parameter = next(p for p in signature.parameters if p.name == name)
        value = _value(node, work)
        for item in value if parameter.is_variadic else (value,):
            kind = kind_of(item)
            if kind not in parameter.kinds:
                wanted = " or ".join(KIND_WORDS[k] for k in sorted(parameter.kinds))
                raise Fault(
                    f"`{signature.name}` needs {wanted} for `{name}`, this is {KIND_WORDS[kind]}"
                )
        values[name] = value
    return values


def _call(node: Call, work: Work) -> Any:
    if node.name == "now":
        return work.scope.now()
    if node.name == "uuid":
        return work.scope.new_id()
    try:
        return to_duration(_arguments(FUNCTIONS[node.name], node.arguments, work)["text"])
    except Fault as fault:
        raise _error(node, fault) from None


def _not(node: Not, work: Work) -> bool:
    return not _truth(node.operand, work)


def _negate(node: Negate, work: Work) -> int | float:
    value = _value(node.operand, work)
    if type(value) not in _NUMBERS:
        raise _error(node, Fault("`-` works on numbers"))
    try:
        return bounded(-value)
    except Fault as fault:
        raise _error(node, fault) from None


def _and(node: And, work: Work) -> bool:
    return all(_truth(term, work) for term in node.terms)


def _or(node: Or, work: Work) -> bool:
    return any(_truth(term, work) for term in node.terms)


def _compare(node: Compare, work: Work) -> bool:
    left, right = _value(node.left, work), _value(node.right, work)
    sign = node.operator
    try:
        if sign in {"==", "!="}:
            if is_null(node.left) or is_null(node.right):
                same = left is right
            else:
                same = is_equal(work, left, right)
            return same is (sign == "==")
        if sign in {"in", "not in"}:
            return contains(work, left, right) is (sign == "in")
        return is_ordered(sign, left, right)
    except Fault as fault:
        raise _error(node, fault) from None


def is_null(node: Node) -> bool:
    """Tell whether the word `null` stands there: only then may other kinds be compared."""
    return isinstance(node, Constant) and node.value is None


def _arithmetic(node: Arithmetic, work: Work) -> int | float:
    result = _value(node.first, work)
    for sign, operand in node.rest:
        value = _value(operand, work)
        try:
            result = calculate(sign, result, value)
        except Fault as fault:
            raise _error(node, fault) from None
    return result  # type: ignore[no-any-return]


def _join(node: Join, work: Work) -> Any:
    values = [_value(part, work) for part in node.parts]
    try:
        return joined(work, values)
    except Fault as fault:
        raise _error(node, fault) from None


def _conditional(node: Conditional, work: Work) -> Any:
    return _run(node.then if _truth(node.condition, work) else node.otherwise, work)


def _list(node: ListDisplay, work: Work) -> list[Any]:
    values = (_value(item, work) for item in node.items)
    return [value for value in values if value is not OMIT]


def _object(node: ObjectDisplay, work: Work) -> dict[str, Any]:
    values = ((key, _value(item, work)) for key, item in node.entries)
    return {key: value for key, value in values if value is not OMIT}


_EVALUATORS: dict[type[Node], Callable[[Any, Work], Any]] = {
    Constant: _constant,
    OmitWord: _omit,
    Name: _name,
    Path: _path,
    Pipeline: _pipeline,
    Call: _call,
    Not: _not,
    Negate: _negate,
    And: _and,
    Or: _or,
    Compare: _compare,
    Arithmetic: _arithmetic,
    Join: _join,
    Conditional: _conditional,
    ListDisplay: _list,
    ObjectDisplay: _object,
}

"""The language inside `${{ }}` (chapter 12): read, checked and evaluated, never executed."""

from hub.engine.expressions.errors import EvaluationError, ExpressionError, MissingValue
from hub.engine.expressions.evaluator import evaluate, evaluate_condition
from hub.engine.expressions.parser import parse_expression
from hub.engine.expressions.scope import OMIT, Omit, Scope, StepState
from hub.engine.expressions.syntax import Expression
from hub.engine.expressions.template import (
    CompiledValue,
    ListOf,
    Literal,
    ObjectOf,
    Part,
    Template,
    compile_value,
    from_template,
    list_of,
    object_of,
    parse_template,
    render,
    render_value,
)
from hub.values import Secret, SecretText, reveal

__all__ = [
    "OMIT",
    "CompiledValue",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ListOf",
    "Literal",
    "MissingValue",
    "ObjectOf",
    "Omit",
    "Part",
    "Scope",
    "Secret",
    "SecretText",
    "StepState",
    "Template",
    "compile_value",
    "evaluate",
    "evaluate_condition",
    "from_template",
    "list_of",
    "object_of",
    "parse_expression",
    "parse_template",
    "render",
    "render_value",
    "reveal",
]

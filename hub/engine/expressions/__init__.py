"""The language inside `${{ }}` (chapter 12): read, checked and evaluated, never executed."""

from hub.engine.expressions.checking import (
    Inference,
    infer,
    infer_condition,
    infer_template,
    infer_value,
)
from hub.engine.expressions.environment import TypeEnv, TypeProblem
from hub.engine.expressions.errors import EvaluationError, ExpressionError, MissingValue
from hub.engine.expressions.evaluator import evaluate, evaluate_condition
from hub.engine.expressions.fitting import Misfit, misfits
from hub.engine.expressions.narrowing import narrow
from hub.engine.expressions.parser import parse_expression
from hub.engine.expressions.schema_types import type_from_schema, type_of_fields, type_of_literal
from hub.engine.expressions.scope import OMIT, Omit, Scope, StepState
from hub.engine.expressions.syntax import Expression, Part
from hub.engine.expressions.template import (
    CompiledValue,
    ListOf,
    Literal,
    ObjectOf,
    Template,
    compile_value,
    from_template,
    list_of,
    object_of,
    parse_template,
    render,
    render_value,
)
from hub.engine.expressions.types import Type
from hub.values import Secret, SecretText, reveal

__all__ = [
    "OMIT",
    "CompiledValue",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Inference",
    "ListOf",
    "Literal",
    "Misfit",
    "MissingValue",
    "ObjectOf",
    "Omit",
    "Part",
    "Scope",
    "Secret",
    "SecretText",
    "StepState",
    "Template",
    "Type",
    "TypeEnv",
    "TypeProblem",
    "compile_value",
    "evaluate",
    "evaluate_condition",
    "from_template",
    "infer",
    "infer_condition",
    "infer_template",
    "infer_value",
    "list_of",
    "misfits",
    "narrow",
    "object_of",
    "parse_expression",
    "parse_template",
    "render",
    "render_value",
    "reveal",
    "type_from_schema",
    "type_of_fields",
    "type_of_literal",
]

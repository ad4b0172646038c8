"""The types of expressions, texts and trees of values, with everything that is wrong in them."""

from __future__ import annotations

from dataclasses import dataclass

from hub.engine.expressions.environment import Findings, TypeEnv, TypeProblem
from hub.engine.expressions.inference import Inferrer, check_joinable, joined_text
from hub.engine.expressions.schema_types import type_of_literal
from hub.engine.expressions.syntax import Expression, Part
from hub.engine.expressions.template import (
    CompiledValue,
    ListOf,
    Literal,
    Template,
)
from hub.engine.expressions.types import (
    Boolean,
    Type,
    list_of_types,
    object_of_types,
)
from hub.engine.expressions.url_parts import WHY, misplaced

URL_WHY = WHY.replace("; ", " — ")  # what stands behind it is the correction


@dataclass(frozen=True, slots=True)
class Inference:
    """The type of an expression or text, and the findings in it."""

    type: Type
    problems: tuple[TypeProblem, ...] = ()


def infer(expression: Expression, env: TypeEnv) -> Inference:
    """Say which type a value has; a value that may be missing at the end is HUB210."""
    findings = Findings()
    kind = Inferrer(expression.text, findings).there(expression.root, env)
    return Inference(kind, tuple(findings.problems))


def infer_condition(expression: Expression, env: TypeEnv) -> Inference:
    """The same for a decision, which must be true or false; HUB333 if it never changes."""
    findings = Findings()
    Inferrer(expression.text, findings).truth(expression.root, env)
    return Inference(Boolean(), tuple(findings.problems))


def infer_template(template: Template, env: TypeEnv) -> Inference:
    """The same for a text; offsets count in the whole text."""
    if template.is_literal:
        return Inference(type_of_literal("".join(str(piece) for piece in template.pieces)))
    is_text = template.single is None
    found = [_infer_part(part, env, is_text=is_text) for part in template.parts]
    problems = tuple(problem for inference in found for problem in inference.problems)
    if not is_text:
        return Inference(found[0].type, problems)
    chosen = misplaced(template.pieces, env.fixed_vars) if template.is_url else None
    if chosen is not None:
        problems += (TypeProblem("HUB503", URL_WHY, chosen.start, chosen.end),)
    return Inference(joined_text(inference.type for inference in found), problems)


def _infer_part(part: Part, env: TypeEnv, *, is_text: bool) -> Inference:
    expression = part.expression
    findings = Findings()
    walker = Inferrer(expression.text, findings)
    if is_text:
        kind = walker.solid(expression.root, env)
        check_joinable(findings, kind, expression.root)
    else:
        kind = walker.there(expression.root, env)
    return Inference(kind, tuple(problem.moved(part.offset) for problem in findings.problems))


def infer_value(value: CompiledValue, env: TypeEnv) -> Inference:
    """The same for a tree of values; offsets count in the text where each problem lies."""
    if isinstance(value, Literal):
        return Inference(type_of_literal(value.value))
    if isinstance(value, Template):
        return infer_template(value, env)
    inner = value.items if isinstance(value, ListOf) else [item for _, item in value.entries]
    found = [infer_value(item, env) for item in inner]
    problems = tuple(problem for inference in found for problem in inference.problems)
    kinds = [inference.type for inference in found]
    if isinstance(value, ListOf):
        return Inference(list_of_types(kinds), problems)
    return Inference(
        object_of_types(dict(zip((key for key, _ in value.entries), kinds, strict=True))), problems
    )

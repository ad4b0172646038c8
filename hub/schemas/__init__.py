"""JSON Schema (draft 2020-12) for payloads: checked at load, fast at the door, in plain words."""

from hub.schemas.formats import FORMATS
from hub.schemas.lint import SchemaProblem, lint_schema
from hub.schemas.shaping import fill_defaults, keep_known, normalise, place_local_times
from hub.schemas.validator import Validator, compile_schema

__all__ = [
    "FORMATS",
    "SchemaProblem",
    "Validator",
    "compile_schema",
    "fill_defaults",
    "keep_known",
    "lint_schema",
    "normalise",
    "place_local_times",
]

"""Requests made from an OpenAPI document, and what is looked at in the answers.

Only the test that makes them loads this: the library behind it takes two seconds to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def operations(document: Mapping[str, Any]) -> list[Any]:
    """Those of the document."""
    schema = schemathesis.openapi.from_dict(dict(document))
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def has_body(case: Any) -> bool:
    """Whether the request has one."""
    return case.media_type is not None and case.body is not NOT_SET


def check_answer(case: Any, answer: Any) -> None:
    """Raises what the document does not say of this answer."""
    case.validate_response(answer, checks=CHECKS)

"""Which statuses a workflow answers with, as far as its file says them (language, chapter 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from hub.engine.expressions import CompiledValue, Literal
from hub.engine.workflow import Fail, Reply, Return, Workflow

_DONE = 200
_FAILED = 500


def statuses_of(workflow: Workflow) -> frozenset[int] | None:
    """Those of all its `reply`, `return` and `fail`, of its end and of its failure.

    Nothing when one of them is computed: then it may be any from 200 to 599.
    """
    found = {_DONE, _FAILED}
    for value in _said(workflow):
        if value is None:
            continue  # 200 for an answer, 500 for a failure
        if not isinstance(value, Literal):
            return None
        found.add(value.value)
    return frozenset(found)


def _said(part: Any) -> Iterator[CompiledValue | None]:
    """The `status` of every step that answers, at any depth and in workflows that are called."""
    if isinstance(part, Reply | Return | Fail):
        yield part.status
    if isinstance(part, Mapping):
        part = tuple(part.values())
    elif is_dataclass(part) and not isinstance(part, type):
        part = tuple(getattr(part, each.name) for each in fields(part))
    if isinstance(part, tuple | list):
        for each in part:
            yield from _said(each)

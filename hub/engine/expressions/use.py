"""One use of a filter, as the checker sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.engine.expressions.environment import Findings
from hub.engine.expressions.syntax import FilterStep, Node
from hub.engine.expressions.types import Type


@dataclass(frozen=True, slots=True)
class Use:
    """The filter, what stands in its parentheses, and where problems go.

    `label` is the text of the expression up to and with the filter.
    """

    step: FilterStep
    types: Mapping[str, Type]
    nodes: Mapping[str, Node]
    label: str
    findings: Findings

    @property
    def name(self) -> str:
        """The filter's name."""
        return self.step.name

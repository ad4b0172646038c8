"""Which kind of step is walked how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.action import Action
from hub.engine.check import branching, doing, saying, waiting
from hub.engine.check.values import Values
from hub.engine.check.walk import Outcome, Walk, Walker
from hub.engine.workflow import (
    Call,
    Continue,
    Do,
    Emit,
    Fail,
    ForEach,
    Group,
    If,
    Log,
    Parallel,
    Reply,
    Return,
    Step,
    Switch,
    Vars,
    Wait,
    Workflow,
)

_WALKERS: dict[type[Step], Walker] = {
    Do: doing.walk_do,
    Call: doing.walk_call,
    Wait: waiting.walk_wait,
    Emit: waiting.walk_emit,
    If: branching.walk_if,
    Switch: branching.walk_switch,
    ForEach: branching.walk_for_each,
    Parallel: branching.walk_parallel,
    Group: branching.walk_group,
    Vars: saying.walk_vars,
    Reply: saying.walk_reply,
    Return: saying.walk_return,
    Fail: saying.walk_fail,
    Continue: saying.walk_continue,
    Log: saying.walk_log,
}


def walk_of(
    values: Values,
    workflow: Workflow,
    *,
    actions: Mapping[str, Action],
    called: Mapping[str, Workflow],
    results: Mapping[str, Outcome],
    files: Mapping[str, Any],
) -> Walk:
    """The walk over one workflow, at its first step."""
    return Walk(values, workflow, actions, called, results, files, _WALKERS)

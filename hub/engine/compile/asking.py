"""What one file asks the project for: its actions and its connections must exist."""

from __future__ import annotations

from collections.abc import Iterator

from hub.engine.compile.context import Context
from hub.engine.compile.file import CompiledFile
from hub.engine.compile.link import actions_of, refusal, steps_of
from hub.engine.findings import Finding, did_you_mean, listed, only_candidate
from hub.engine.workflow import Do


def unknown_names(file: CompiledFile, context: Context) -> Iterator[Finding]:
    """Unknown actions (HUB215), unknown connections and those of another service (HUB110)."""
    if file.workflow is None:
        return
    for step in steps_of(file.workflow):
        for ask in actions_of(step):
            yield from _action(file, ask, context)
            yield from _connection(file, ask, context)


def _action(file: CompiledFile, ask: Do, context: Context) -> tuple[Finding, ...]:
    if not ask.action or ask.action in context.actions:
        return ()
    message = f"there is no action '{ask.action}'"
    suggestion = did_you_mean(ask.action, context.actions)
    fix = only_candidate(ask.action, context.actions)
    return refusal(file, 215, message, ask, "do", suggestion=suggestion, fix=fix)


def _connection(file: CompiledFile, ask: Do, context: Context) -> tuple[Finding, ...]:
    connections = context.settings.connections
    if ask.connection is None:
        return ()
    if ask.connection in connections:
        return _of_its_service(file, ask, context)
    message = f"hub.yaml has no connection '{ask.connection}'"
    suggestion = did_you_mean(ask.connection, connections)
    fix = only_candidate(ask.connection, connections)
    return refusal(file, 110, message, ask, "connection", suggestion=suggestion, fix=fix)


def _of_its_service(file: CompiledFile, ask: Do, context: Context) -> tuple[Finding, ...]:
    """A connection of one service is of no use to the actions of another."""
    connections, types = context.settings.connections, context.connection_types
    kind = connections[ask.connection or ""].type
    own = [each for each in types if ask.action in types[each]]
    if not own or kind in own or kind not in types:
        return ()
    fitting = [each.name for each in connections.values() if each.type in own]
    message = f"the connection '{ask.connection}' is one of {kind}, {ask.action} needs another"
    suggestion = listed(fitting, what="there is")
    return refusal(file, 110, message, ask, "connection", suggestion=suggestion)

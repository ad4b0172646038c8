"""What the checker of workflows must know of a dialect."""

from __future__ import annotations

from hub.engine.settings import DialectFacts
from hub.ingest.dialects.contract import AnswerTime, Dialect

_UNKNOWN = AnswerTime(0)


def dialect_facts(dialect: Dialect) -> DialectFacts:
    """A dialect as the checker sees it."""
    time = dialect.answer_time or _UNKNOWN
    return DialectFacts(
        name=dialect.name,
        default_max_body=dialect.default_max_body,
        is_tool=dialect.is_tool,
        payload_names=dialect.payload_names,
        names_messages=dialect.names_messages,
        usual_wait=time.usual or None,
        longest_wait=time.longest,
        wait_set_at=time.set_at,
        fixed_waits={kind: each.usual for kind, each in dialect.answer_times.items()},
    )

"""What the checker of workflows must know of a dialect."""

from __future__ import annotations

from hub.engine.settings import DialectFacts
from hub.ingest.callers import CALLERS
from hub.ingest.dialects.contract import AnswerTime, Dialect


def dialect_facts(dialect: Dialect) -> DialectFacts:
    """A dialect as the checker sees it."""
    told = CALLERS[dialect.name].answer_within if dialect.name in CALLERS else None
    time = dialect.answer_time or AnswerTime(0 if told is None else told.total_seconds())
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

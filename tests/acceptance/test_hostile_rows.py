"""Whatever is stored can be read back, listed and told: no row breaks a command (D8)."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.values import encode
from tests.acceptance.story import DAY, Story
from tests.acceptance.terminal import Terminal

EXAMPLES = max(4, settings().max_examples // 40)
PHASES = [Phase.generate]  # each example asks many commands: to make one small takes too long
ANYTHING = list(HealthCheck)
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(
        [
            *(
                "\x1b[2J\x1b]0;title\x07",
                "a\nb\r\nc\td",
                "\u202egnirts",
                "{{ x }}",
                "${{ secrets.X }}",
            ),
            *(
                "<script>alert(1)</script>",
                "%s %d {0}",
                "~date",
                "\ufeff",
                "\U0001f600" * 20,
                "|" * 50,
            ),
        ]
    ),
)
VALUE = st.recursive(
    st.one_of(
        TEXT,
        st.none(),
        st.booleans(),
        st.integers(-(2**63) + 1, 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ERROR = st.fixed_dictionaries(
    {"code": TEXT, "message": TEXT},
    optional={"step": TEXT, "status": st.integers(100, 599), "maybe_done": st.booleans()},
)
ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

ROWS = st.fixed_dictionaries(
    {
        "name": TEXT,
        "trigger": st.dictionaries(TEXT, VALUE, max_size=4),
        "result": VALUE,
        "error": ERROR,
        "status": st.sampled_from(["queued", "waiting", "succeeded", "failed", "undo_failed"]),
        "why": TEXT,
        "at": st.timedeltas(-DAY, timedelta(days=1826)),
        "due": st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30)),  # noqa: DTZ001 - below
    }
)
CHANGES = """
    UPDATE leads SET first_name = :name, last_name = :name, email = :name,
           last_call_outcome = :name;
    UPDATE appointments SET starts_at = :at, hold_until = :at + interval '1 day',
           external_id = :name;
    UPDATE phone_numbers SET release_at = greatest(initial_until, :at + interval '1 day')
     WHERE lead_id IS NOT NULL;
    UPDATE runs SET trigger = CAST(:trigger AS jsonb), result = CAST(:result AS jsonb),
           error = CAST(:error AS jsonb), status = :status, dedupe_key = :name, worker = :why,
           response = CAST(:response AS json), lease_until = NULL,
           due_at = CASE WHEN :is_over THEN NULL ELSE CAST(:due AS timestamptz) END,
           ended_at = CASE WHEN :is_over THEN now() END WHERE id = :run;
    UPDATE steps SET inputs = CAST(:stored AS json), result = CAST(:stored AS json),
           error = CAST(:error AS jsonb), due_at = CAST(:due AS timestamptz) WHERE run_id = :run;
    UPDATE run_history SET why = :why WHERE run_id = :run
"""


def store(hub: Story, run: UUID, row: dict[str, Any]) -> None:
    """What it says is in the rows of this run and of its lead."""
    values = {
        **row,
        "run": run,
        "at": hub.now() + row["at"],
        "due": f"{row['due'].isoformat()}Z",
        "is_over": row["status"] not in {"queued", "waiting"},
        "trigger": json.dumps(row["trigger"]),
        "result": json.dumps(row["result"]),
        "stored": json.dumps(encode(row["result"])),
        "response": json.dumps({"status": 200, "body": row["result"], "headers": {}}),
        "error": json.dumps(row["error"]),
    }
    with hub.transaction() as db:
        for change in CHANGES.split(";"):
            names = set(re.findall(r"(?<!:):(\w+)", change))
            db.execute(text(change), {name: values[name] for name in names})


def assert_told(terminal: Terminal, *words: object) -> None:
    """Listed as a table and as JSON, without a traceback and without a word to the terminal."""
    typed = terminal.type(*words)
    assert typed.code in {0, 1}, typed.err
    assert "Traceback" not in typed.out + typed.err
    assert not ESCAPES.findall(typed.out), "a row speaks to the terminal"
    told = terminal.type(*words, "--json")
    assert told.code in {0, 1}, told.err
    assert told.lines or told.out == ""


def test_D8_whatever_is_stored_is_listed_and_told(hub: Story, terminal: Terminal):
    lead = hub.holder()
    hub.books(lead, hub.now() + 2 * DAY)
    run = hub.runs("vapi-appointment-booked")[0].id

    @settings(deadline=None, max_examples=EXAMPLES, phases=PHASES, suppress_health_check=ANYTHING)
    @given(ROWS)
    def it_is_told(row: dict[str, Any]) -> None:
        store(hub, run, row)
        assert_told(terminal, "runs", "show", run)
        assert_told(terminal, "holds")

    it_is_told()
    assert_told(terminal, "runs")
    assert_told(terminal, "holds", "--overdue")
    assert_told(terminal, "doctor")
    with hub.transaction() as db:
        db.execute(text("DELETE FROM appointments"))
        db.execute(text("UPDATE phone_numbers SET release_at = initial_until"))

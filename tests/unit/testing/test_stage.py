"""The stage: waits, events, turns, retries and answers on a clock that only moves when it must."""

from __future__ import annotations

from textwrap import dedent

from tests.unit.testing.theatre import happened, passes


def taking(rest: str) -> str:
    """A workflow that is started with an id."""
    return "inputs: {id: {type: string}}\n" + dedent(rest)


WAITS = """
    inputs: {id: {type: string}}
    steps:
      - id: paid
        wait: {for: [order.paid, order.cancelled], key: "${{ inputs.id }}"}
        timeout: 2h
        on_timeout: [{fail: too_late}]
      - return: {how: "${{ steps.paid.event }}"}
"""
BOOK = "{id: book, do: book.write, with: {line: a}}"


def test_a_wait_for_a_time_is_over_at_once_and_takes_its_time():
    passes(
        """
        inputs: {id: a}
        expect: {status: succeeded, took: 1h30m}
        """,
        main=taking("steps: [{id: nap, wait: 1h}, {id: more, wait: 30m}]"),
    )


def test_an_event_of_the_timeline_ends_a_wait_at_its_instant():
    passes(
        """
        inputs: {id: a}
        timeline: [{after: 10m, emit: order.paid, key: a, data: {amount: 3}}]
        expect: {status: succeeded, took: 10m, result: {how: order.paid}}
        """,
        main=WAITS,
    )


def test_an_event_for_another_key_ends_nothing_and_is_noted():
    verdict = passes(
        """
        inputs: {id: a}
        timeline: [{after: 10m, emit: order.paid, key: b, data: {amount: 1}}]
        expect: {status: failed, error: too_late, took: 2h}
        """,
        main=WAITS,
    )

    assert verdict.notes == ("line 6: no run took notice of order.paid",)


def test_entries_of_the_timeline_count_from_the_one_before_or_stand_at_their_date():
    verdict = passes(
        """
        now: 2025-03-01T10:00:00Z
        inputs: {id: a}
        timeline:
          - {after: 10m, emit: order.cancelled, key: x}
          - {after: 10m, emit: order.cancelled, key: y}
          - {at: 2025-03-01T10:05:00Z, emit: order.cancelled, key: z}
          - {at: 2025-03-01T11:00:00Z, emit: order.cancelled, key: a}
        expect: {took: 1h}
        """,
        main=WAITS,
    )

    arrivals = [line.split()[0] for line in verdict.timeline if "arrives" in line]
    assert arrivals == ["+5m", "+10m", "+20m", "+1h"]


def test_a_wait_for_an_event_that_never_comes_stays_when_nothing_else_can_happen():
    passes(
        """
        inputs: {id: a}
        expect: {status: waiting, did: []}
        """,
        main=taking("steps: [{id: w, wait: {for: order.paid, key: '${{ inputs.id }}'}}]"),
    )


def test_the_runs_own_timeout_ends_it_where_the_file_says_one():
    passes(
        """
        inputs: {id: a}
        expect: {status: failed, error: timeout, took: 15m}
        """,
        main=taking(
            "timeout: 15m\nsteps: [{id: w, wait: {for: order.paid, key: '${{ inputs.id }}'}}]"
        ),
    )


def test_a_poll_asks_until_it_is_answered():
    verdict = passes(
        """
        inputs: {id: a}
        mocks:
          call.look:
            - returns: {text: ringing, is_done: false}
            - fails: unavailable
            - returns: {text: over, is_done: true}
        expect: {took: 10s, result: over, did: []}
        """,
        main=taking("""
    steps:
      - id: over
        wait:
          poll: {do: call.look, with: {id: c1}, every: 5s, done_if: result.is_done}
        timeout: 1m
      - return: ${{ steps.over.data.text }}
"""),
    )

    assert "not yet, again every 5s" in happened(verdict)


def test_a_poll_that_is_never_answered_ends_with_its_timeout():
    passes(
        """
        inputs: {id: a}
        expect: {status: failed, error: timeout, took: 1m}
        """,
        main=taking("""
    steps:
      - id: over
        wait:
          poll: {do: call.look, with: {id: c1}, every: 5s, done_if: result.is_done}
        timeout: 1m
"""),
    )


def test_a_question_that_can_never_be_answered_fails_the_wait():
    passes(
        """
        inputs: {id: a}
        mocks: {call.look: {fails: not_found}}
        expect: {status: failed, error: not_found, took: 0s}
        """,
        main=taking("""
    steps:
      - id: over
        wait:
          poll: {do: call.look, with: {id: c1}, every: 5s, done_if: result.is_done}
        timeout: 1m
"""),
    )


def test_attempts_are_made_again_with_the_pauses_of_the_language_and_no_jitter():
    verdict = passes(
        """
        inputs: {id: a}
        mocks:
          pay.charge: [{fails: unavailable}, {fails: unavailable}, {takes: 0s}]
        expect: {status: succeeded, did: [pay.charge], took: 6s}
        """,
        main=taking("steps: [{id: pay, do: pay.charge, with: {amount: 5}}]"),
    )

    assert "again in 2s" in happened(verdict)
    assert "again in 4s" in happened(verdict)


def test_what_may_have_happened_is_not_done_again_and_counts_as_done():
    passes(
        """
        inputs: {id: a}
        mocks: {sms.send: {fails: timeout, maybe_done: true}}
        expect: {status: failed, error: timeout, did: [sms.send: {to: "+15550100"}], took: 0s}
        """,
        main=taking("steps: [{id: sms, do: sms.send, with: {to: '+15550100', text: hi}}]"),
    )


def test_an_action_that_takes_longer_than_its_timeout_fails_with_timeout():
    passes(
        """
        inputs: {id: a}
        mocks: {sms.send: {takes: 2m}}
        expect: {status: failed, error: timeout, took: 10s, did: [sms.send]}
        """,
        main=taking(
            "steps: [{id: sms, do: sms.send, timeout: 10s, with: {to: '+15550100', text: hi}}]"
        ),
    )


def test_inputs_that_the_action_does_not_take_never_reach_the_mock():
    passes(
        """
        payload: {amount: many}
        mocks: {pay.charge: {returns: {text: paid, is_done: true}}}
        expect: {status: failed, error: invalid_input, did: []}
        """,
        main="""
    endpoint: {auth: app}
    steps: [{id: pay, do: pay.charge, with: {amount: "${{ payload.amount }}"}}]
""",
    )


def test_what_a_run_emits_starts_the_workflows_that_listen_and_is_listed():
    passes(
        """
        inputs: {id: a}
        expect:
          runs: 2
          emitted: [order.paid: {key: a, data: {amount: 7}}]
          did: [book.write: {line: paid 7}]
        """,
        main=taking("steps: [{emit: order.paid, key: '${{ inputs.id }}', data: {amount: 7}}]"),
        listens="""
    event: {name: order.paid, only_if: event.data.amount > 1}
    steps: [{id: w, do: book.write, with: {line: "paid ${{ event.data.amount }}"}}]
""",
    )


def test_a_workflow_that_events_start_is_started_by_the_timeline():
    passes(
        """
        timeline: [{after: 1m, emit: order.paid, key: a, data: {amount: 7}}]
        expect: {runs: 1, status: succeeded, did: [book.write: {line: a}]}
        """,
        main="""
    event: {name: order.paid}
    steps: [{id: w, do: book.write, with: {line: "${{ event.key }}"}}]
""",
    )


def test_a_detached_call_is_a_run_of_its_own():
    passes(
        """
        inputs: {id: a}
        expect: {runs: 2, result: run-2, took: 0s, did: [book.write]}
        """,
        main=taking("""
    steps:
      - {id: later, call: later, detach: true}
      - return: ${{ steps.later.run_id }}
"""),
        later=f"inputs: {{}}\nsteps: [{{id: w, wait: 1d}}, {BOOK}]",
    )


def test_an_administrator_cancels_and_what_was_done_is_undone():
    passes(
        """
        inputs: {id: a}
        timeline: [{after: 1m, cancel: true}]
        expect: {status: cancelled, took: 1m, did: [book.write, book.erase]}
        """,
        main=taking("""
    steps:
      - id: book
        do: book.write
        with: {line: a}
        compensate: [{do: book.erase, with: {line: a}}]
      - {id: w, wait: 1h}
"""),
    )


def test_a_cancel_that_finds_no_run_is_noted():
    verdict = passes(
        """
        inputs: {id: a}
        timeline: [{after: 1m, cancel: true}]
        expect: {status: succeeded}
        """,
        main=taking(f"steps: [{BOOK}]"),
    )

    assert verdict.notes == ("line 6: there was no run left to cancel",)


def test_an_event_of_cancel_on_cancels_the_run():
    passes(
        """
        inputs: {id: a}
        timeline: [{after: 1m, emit: order.cancelled, key: a}]
        expect: {status: cancelled, took: 1m}
        """,
        main="inputs: {id: {type: string}}\n"
        "cancel_on: {event: order.cancelled, key: '${{ inputs.id }}'}\n"
        "steps: [{id: w, wait: 1h}]",
    )


def test_a_schedule_starts_at_its_planned_instant_at_or_before_now():
    quarter = "schedule: {every: 15m}"
    morning = "schedule: {cron: '30 7 * * 1-5', timezone: Europe/Berlin}"
    for schedule, planned in (
        (quarter, "2025-10-20T15:00:00Z"),
        (morning, "2025-10-20T05:30:00Z"),
    ):
        passes(
            f"""
            now: 2025-10-20T15:07:03Z
            expect: {{status: succeeded, result: "{planned}"}}
            """,
            main=f"{schedule}\nsteps: [{{return: '${{{{ run.scheduled_at }}}}'}}]",
        )

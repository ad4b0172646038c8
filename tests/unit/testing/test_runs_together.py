"""Runs beside one another on the stage: turns, repeats, deadlines of answers, modes."""

from __future__ import annotations

from textwrap import dedent

from tests.unit.testing.theatre import happened, passes, play, play_all, told

ENDPOINT = "endpoint: {auth: app, respond: {within: 5s, otherwise: {late: true}}}"
BOOK = "{id: book, do: book.write, with: {line: a}}"


def taking(rest: str) -> str:
    """A workflow that is started with an id."""
    return "inputs: {id: {type: string}}\n" + dedent(rest)


def queue(when_full: str) -> str:
    return f"""
    endpoint: {{auth: app}}
    concurrency: {{limit: 1, when_full: {when_full}}}
    steps:
      - {{id: w, wait: 10m}}
      - {BOOK}
"""


def test_runs_wait_for_their_turn():
    verdict = passes(
        """
        timeline: [{after: 1m, request: again}]
        expect: {runs: 2, did: [book.write, book.write]}
        """,
        main=queue("queue"),
    )

    ends = [line.split()[0] for line in verdict.timeline if "ends: succeeded" in line]
    assert ends == ["+10m", "+20m"]


def test_a_run_that_finds_no_place_is_rejected():
    verdict = passes(
        """
        timeline: [{after: 1m, request: again}]
        expect: {runs: 2, did: [book.write]}
        """,
        main=queue("reject"),
    )

    assert "run-2  ends: failed with concurrency_full" in happened(verdict)


def test_a_newer_run_cancels_the_one_that_has_the_turn():
    passes(
        """
        timeline: [{after: 1m, request: again}]
        expect: {runs: 2, status: cancelled, did: [book.write]}
        """,
        main=queue("cancel_running"),
    )


def test_once_per_is_done_once_over_all_runs():
    verdict = passes(
        """
        timeline: [{after: 1m, request: again}]
        expect: {runs: 2, did: [sms.send]}
        """,
        main="""
    endpoint: {auth: app}
    steps:
      - {id: sms, do: sms.send, with: {to: "+15550100", text: hi}, once_per: "${{ request.path }}"}
""",
    )

    assert "was done before for the same once_per" in happened(verdict)


def test_the_deadline_decides_between_reply_and_otherwise():
    early, late = play_all(
        """
        tests:
          - name: early
            mocks: {book.write: {takes: 4s}}
            expect: {response: {status: 200, body: {ok: true}}}
          - name: late
            mocks: {book.write: {takes: 6s}}
            expect: {response: {status: 202, body: {late: true}}, status: succeeded}
        """,
        main=f"{ENDPOINT}\nsteps: [{BOOK}, {{reply: {{ok: true}}}}]",
    )

    assert told(early) == told(late) == []
    assert any(line.split()[0] == "+5s" and "answered 202" in line for line in late.timeline)


def test_a_run_that_fails_before_it_answers_gives_the_code():
    passes(
        """
        expect: {response: {status: 500, body: {error: broken, run_id: run-1}}, error: broken}
        """,
        main=f"{ENDPOINT}\nsteps: [{{fail: broken}}]",
    )


def test_a_repeat_gets_the_first_answer_and_makes_no_run():
    passes(
        """
        payload: {id: a}
        timeline: [{after: 1m, request: again}]
        expect: {runs: 1, response: {status: 200, headers: {idempotent-replayed: "true"}}}
        """,
        main="""
    endpoint:
      auth: app
      dedupe: {key: "${{ payload.id }}", window: 10m}
      respond: {within: 5s, otherwise: {}}
    steps: [{reply: {ok: true}}]
""",
    )


def dedupe(ends: str, window: str = "10m") -> str:
    return f"""
    endpoint:
      auth: app
      query: {{id: {{type: string}}}}
      dedupe: {{key: "${{{{ query.id }}}}", window: {window}}}
      respond: {{within: 5s, otherwise: {{}}}}
    steps: [{ends}]
"""


def test_after_a_failure_the_same_request_may_be_tried_again():
    for ends in ("{fail: broken}", "{return: {error: full}, status: 409}"):
        passes(
            """
            query: {id: a}
            timeline: [{after: 1m, request: again}]
            expect: {runs: 2}
            """,
            main=dedupe(ends),
        )


def test_E8_a_run_that_may_have_sent_something_keeps_its_key():
    for doubt, runs in (("true", 1), ("false", 2)):
        passes(
            f"""
            query: {{id: a}}
            mocks: {{sms.send: {{fails: rejected, maybe_done: {doubt}}}}}
            timeline: [{{after: 1m, request: again}}]
            expect: {{runs: {runs}}}
            """,
            main=dedupe("{id: sms, do: sms.send, with: {to: '+15550100', text: hi}}"),
        )


def test_after_the_window_the_same_request_makes_a_new_run():
    passes(
        """
        query: {id: a}
        timeline: [{after: 9m, request: again}, {after: 2m, request: again}]
        expect: {runs: 2}
        """,
        main=dedupe("{reply: {ok: true}}"),
    )


def test_what_mode_simulate_holds_back_is_listed_apart():
    passes(
        """
        inputs: {id: a}
        expect: {did: [book.write], simulated: [sms.send: {to: "+15550100"}]}
        """,
        main="inputs: {id: {type: string}}\n"
        "mode: simulate\n"
        f"steps: [{BOOK}, {{id: sms, do: sms.send, with: {{to: '+15550100', text: hi}}}}]",
    )


def test_mode_test_reaches_only_the_listed_destinations():
    passes(
        """
        inputs: {id: a}
        config: {phones: ["+15550199"]}
        expect: {did: [sms.send: {to: "+15550199"}], simulated: []}
        """,
        main="inputs: {id: {type: string}}\n"
        "mode: test\n"
        "steps: [{id: sms, do: sms.send, with: {to: '+12025550100', text: hi}}]",
    )


def test_a_schedule_starts_at_the_tests_time():
    passes(
        """
        now: 2025-11-10T15:05:00Z
        expect: {did: [book.write: {line: 2025-11-10T15:05:00Z}]}
        """,
        main="""
    schedule: {every: 5m}
    steps: [{id: w, do: book.write, with: {line: "${{ run.scheduled_at | iso }}"}}]
""",
    )


def test_a_test_that_never_comes_to_an_end_says_so():
    verdict = play(
        """
        inputs: {id: a}
        expect: {status: succeeded}
        """,
        main=taking("""
    timeout: 3000d
    steps:
      - id: over
        wait:
          poll: {do: call.look, with: {id: c1}, every: 1s, done_if: result.is_done}
"""),
    )

    assert told(verdict)[0] == "the runs come to no end: something goes on for ever"


def test_steps_are_those_that_ran_without_the_skipped_ones():
    passes(
        """
        inputs: {id: a}
        expect: {steps: [book], did: [book.write: {line: a}]}
        """,
        main=taking(
            f"steps: [{BOOK}, {{if: inputs.id == 'b', id: no, do: book.write, with: {{line: b}}}}]"
        ),
    )

"""Actions that take their time on the stage: beside one another, cut short, asked in a poll."""

from __future__ import annotations

from textwrap import dedent

from tests.unit.testing.theatre import happened, passes


def taking(rest: str) -> str:
    """A workflow that is started with an id."""
    return "inputs: {id: {type: string}}\n" + dedent(rest)


def test_branches_side_by_side_take_the_time_of_the_longest():
    passes(
        """
        inputs: {id: a}
        mocks: {sms.send: {takes: 3s}, pay.charge: {takes: 5s}}
        expect:
          took: 5s
          did: [sms.send, pay.charge]
        """,
        main=taking("""
    steps:
      - id: both
        parallel:
          money: [{id: pay, do: pay.charge, with: {amount: 5}}]
          words: [{id: sms, do: sms.send, with: {to: '+15550100', text: hi}}]
"""),
    )


SLOW_BESIDE = """
    steps:
      - id: both
        parallel:
          slow: [{id: sms, do: sms.send, with: {to: '+15550100', text: hi}}]
          quick: [QUICK]
"""


def test_a_branch_that_is_cut_finishes_what_it_has_in_hand_and_it_counts():
    passes(
        """
        inputs: {id: a}
        mocks: {sms.send: {takes: 10s}}
        expect: {status: succeeded, result: 1, did: [sms.send], took: 1s}
        """,
        main=taking(SLOW_BESIDE.replace("QUICK", "{id: nap, wait: 1s}"))
        + "    wait_for: first\n  - return: 1\n",
    )


def test_a_branch_that_is_cut_by_a_failure_finishes_what_it_has_in_hand_and_it_counts():
    passes(
        """
        inputs: {id: a}
        mocks: {sms.send: {takes: 10s}}
        expect: {status: succeeded, result: 1, did: [sms.send, book.write: {line: late}]}
        """,
        main=taking(SLOW_BESIDE.replace("QUICK", "{id: nap, wait: 1s}, {id: bad, call: broken}"))
        + "    on_error: continue\n"
        "  - {id: late, do: book.write, with: {line: late}}\n"
        "  - return: 1\n",
        broken="inputs: {}\nsteps: [{fail: broken}]",
    )


def test_what_a_cut_branch_had_in_hand_is_undone_when_the_run_fails():
    passes(
        """
        inputs: {id: a}
        mocks: {pay.charge: {takes: 10s}}
        expect: {status: failed, error: broken, did: [pay.charge, book.erase]}
        """,
        main=taking("""
    steps:
      - id: both
        parallel:
          slow:
            - id: pay
              do: pay.charge
              with: {amount: 5}
              compensate: [{do: book.erase, with: {line: a}}]
          quick: [{id: nap, wait: 1s}, {fail: broken}]
"""),
    )


def test_a_worker_that_dies_in_what_a_cut_branch_had_in_hand_does_it_once():
    passes(
        """
        inputs: {id: a}
        crash_after: pay
        mocks: {pay.charge: {takes: 10s}}
        expect: {status: succeeded, result: 1, did: [pay.charge]}
        """,
        main=taking("""
    steps:
      - id: both
        parallel:
          slow: [{id: pay, do: pay.charge, with: {amount: 5}}]
          quick: [{id: nap, wait: 1s}]
        wait_for: first
      - return: 1
"""),
    )


POLL = """
    steps:
      - id: over
        wait:
          poll: {do: call.look, with: {id: c1}, every: 5s, done_if: result.is_done}
        timeout: 1m
"""


def test_a_question_takes_its_time_and_is_asked_again_after_its_answer():
    passes(
        """
        inputs: {id: a}
        mocks:
          call.look:
            - {takes: 3s, returns: {text: ringing, is_done: false}}
            - {takes: 4s, returns: {text: over, is_done: true}}
        expect: {status: succeeded, took: 12s}
        """,
        main=taking(POLL),
    )


def test_a_question_that_takes_longer_than_its_timeout_is_asked_again():
    verdict = passes(
        """
        inputs: {id: a}
        mocks: {call.look: [{takes: 10m}, {returns: {text: over, is_done: true}}]}
        expect: {status: succeeded, took: 35s}
        """,
        main=taking(POLL),
    )

    assert "over.poll: call.look fails: timeout" in happened(verdict)


def test_an_event_that_comes_while_a_question_is_being_answered_ends_the_wait_behind_it():
    passes(
        """
        inputs: {id: a}
        mocks: {call.look: {takes: 3s, returns: {text: ringing, is_done: false}}}
        timeline: [{after: 6s, emit: order.paid, key: a, data: {amount: 3}}]
        expect: {status: succeeded, took: 8s}
        """,
        main=taking("""
    steps:
      - id: over
        wait:
          for: order.paid
          key: ${{ inputs.id }}
          or_poll:
            do: call.look
            with: {id: c1}
            every: 5s
            done_if: result.is_done
            data: {amount: 1}
        timeout: 1m
"""),
    )

"""A request becomes rows: all of them or none, and once for each key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from hub.errors import Unavailable
from hub.storage import deliveries
from hub.storage.runs import Ending
from tests.integration.storage.office import VERSION, WORKFLOW, at_once, delivery, run

TABLES = ("deliveries", "runs", "run_history", "dedupe_keys", "turns")


@pytest.fixture
def counts(office):
    """How many rows each table of a request has."""
    return lambda: {table: office.count(table) for table in TABLES if office.count(table)}


def test_I1_an_accepted_request_is_a_delivery_and_a_run_that_a_worker_can_take(office, counts):
    body = b'{"lead": "\xc3\xa9"}'
    sent = delivery(body, query={"a": ["1"]}, headers={"x-one": "1"}, notes={"mended": True})

    (recorded,) = office.record(run(trigger={"payload": {"lead": "é"}}), of=sent)

    stored = office.delivery_of(recorded.run_id)
    facts = office.facts(recorded.run_id)
    assert recorded.is_new
    assert (stored.id, stored.body, stored.query) == (sent.id, body, {"a": ["1"]})
    assert (stored.headers, stored.notes) == ({"x-one": "1"}, {"mended": True})
    assert (facts.line.status, facts.line.version, facts.line.mode) == (
        *("queued", VERSION, "simulate"),
    )
    assert facts.trigger == {"payload": {"lead": "é"}}
    assert facts.deadline - facts.line.created_at == timedelta(hours=1)
    assert [owned.id for owned in office.claim()] == [recorded.run_id]
    assert counts() == {"deliveries": 1, "runs": 1, "run_history": 2}


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("turn", [None, (WORKFLOW, b"t")])
def test_I1_what_may_be_missing_is_stored_as_missing(office, key, turn):
    (recorded,) = office.record(
        run(key, turn=turn), of=delivery(b"", remote_ip=None, notes=None, headers={})
    )

    stored, facts = office.delivery_of(recorded.run_id), office.facts(recorded.run_id)
    assert (stored.remote_ip, stored.notes, stored.body) == (None, None, b"")
    assert (facts.scheduled_at, facts.line.retry_of, facts.line.dedupe_key) == (None, None, key)
    assert facts.response is None


def test_I1_a_request_with_five_calls_is_five_runs(office, counts):
    asked = [run(f"k{index}" if index % 2 else None) for index in range(5)]

    recorded = office.record(*asked)

    assert [each.run_id for each in recorded] == [each.id for each in asked]
    assert counts() == {"deliveries": 1, "runs": 5, "run_history": 5, "dedupe_keys": 2}


@pytest.mark.parametrize("asked", [1, 3])
def test_I1_a_request_of_which_one_run_cannot_be_stored_stores_nothing(office, counts, asked):
    good = [run(f"k{index}", turn=(WORKFLOW, b"t")) for index in range(asked - 1)]

    with pytest.raises(Unavailable):
        office.record(*good, run("last", mode="nowhere"))

    assert counts() == {}


def test_a_request_that_asks_for_no_run_is_kept_with_the_reason(office, counts):
    sent = delivery(notes={"ignored": "status-update"})

    assert office.record(of=sent) == ()

    assert counts() == {"deliveries": 1}
    (row,) = office.rows("SELECT id, notes FROM deliveries")
    assert (row.id, row.notes) == (sent.id, {"ignored": "status-update"})


@pytest.mark.parametrize("number", [1e16, -1e22, 1.5e300, 5e-324, 2.0, 0.1, 2**63 - 1, -(2**63)])
def test_I17_a_number_of_the_payload_comes_back_as_it_was(office, number):
    run_id = office.accepted(trigger={"1e+16": number, "text": '1e+16 \\" 1e+16'})

    stored = office.facts(run_id).trigger
    assert repr(stored["1e+16"]) == repr(number)
    assert stored["text"] == '1e+16 \\" 1e+16'


# ------------------------------------------------------------------------------------------ keys


def test_I6_a_key_makes_one_run_for_each_endpoint(office):
    first = office.record(run("k"), of=delivery(endpoint="one"))[0]
    again = office.record(run("k"), of=delivery(endpoint="one"))[0]
    other = office.record(run("k"), of=delivery(endpoint="two"))[0]

    assert (again.run_id, again.is_new, again.is_same_body) == (first.run_id, False, True)
    assert other.is_new
    assert office.count("runs") == 2


@pytest.mark.parametrize("key", ["", "x" * 100_000, "Zoë ☎ \n", "lone \ud800 half"])
def test_I6_a_key_of_any_length_and_alphabet_has_a_digest(key):
    assert len(deliveries.key_digest(key)) == 32
    assert deliveries.key_digest(key) != deliveries.key_digest(key + "x")


@pytest.mark.parametrize("key", ["x" * 100_000, "Zoë ☎ \n"])
def test_I6_a_key_of_any_length_and_alphabet_is_stored(office, key):
    first, again = office.record(run(key))[0], office.record(run(key))[0]

    assert again.run_id == first.run_id
    assert office.record(run(key + "x"))[0].is_new


@pytest.mark.parametrize("turn", [None, (WORKFLOW, b"t")])
def test_I7_64_requests_with_one_key_at_once_make_one_run(office, counts, turn):
    answers = at_once(64, lambda _: office.record(run("k", turn=turn))[0])

    assert len({each.run_id for each in answers}) == 1
    assert sum(each.is_new for each in answers) == 1
    rows = {"deliveries": 1, "runs": 1, "run_history": 1, "dedupe_keys": 1}
    assert counts() == (rows if turn is None else {**rows, "turns": 1})
    assert office.delivery_of(answers[0].run_id).repeats == 63


def test_S2_copies_of_a_message_at_once_make_one_run_whatever_key_they_name(office):
    def send(index):
        copy = run(f"k{index % 4}", message_key=f"m{index // 4}", message_window=timedelta(hours=1))
        (recorded,) = office.record(copy)
        return index // 4, recorded.run_id

    made = set(at_once(16, send))

    assert sorted(message for message, _ in made) == [0, 1, 2, 3]
    assert {run_id for _, run_id in made} == {row.id for row in office.rows("SELECT id FROM runs")}


def test_I7_requests_with_the_same_keys_in_any_order_do_not_block_each_other(office):
    def ask(index):
        keys = ["a", "b", "c", "d"]
        return office.record(*(run(key) for key in (keys if index % 2 else keys[::-1])))

    answers = at_once(16, ask)

    assert len({frozenset(each.run_id for each in answer) for answer in answers}) == 1
    assert office.count("runs") == 4


def test_I7_repeats_of_parts_of_several_requests_do_not_block_each_other(office):
    office.record(run("a"), run("d"))
    office.record(run("b"), run("c"))

    at_once(16, lambda index: office.record(*map(run, "ab" if index % 2 else "cd")))

    assert office.count("runs") == 4
    assert [row.repeats for row in office.rows("SELECT repeats FROM deliveries")] == [16, 16]


def test_I7_a_request_that_repeats_one_of_its_calls_makes_the_other(office, counts):
    (first,) = office.record(run("a"))

    repeated, new = office.record(run("a"), run("b"))

    assert (repeated.run_id, repeated.is_new) == (first.run_id, False)
    assert new.is_new
    assert counts() == {"deliveries": 2, "runs": 2, "run_history": 2, "dedupe_keys": 2}


def test_I7_one_request_that_names_a_key_twice_makes_one_run(office, counts):
    first, second = office.record(run("a"), run("a"))

    assert (first.is_new, second.is_new) == (True, False)
    assert first.run_id == second.run_id
    assert counts() == {"deliveries": 1, "runs": 1, "run_history": 1, "dedupe_keys": 1}
    assert office.delivery_of(first.run_id).repeats == 0


# --------------------------------------------------------------------------------------- repeats


def test_H_17_each_exact_repeat_is_a_mark_on_its_delivery(office):
    run_id = office.accepted(key="k")

    for _ in range(3):
        office.record(run("k"))

    stored = office.delivery_of(run_id)
    assert (stored.repeats, stored.notes) == (3, None)
    assert stored.last_repeat_at is not None
    assert office.count("deliveries") == 1


def test_H_17_a_repeated_request_with_three_calls_is_one_repeat(office):
    first = office.record(*map(run, "abc"))

    again = office.record(*map(run, "abc"))

    assert [each.run_id for each in again] == [each.run_id for each in first]
    assert office.delivery_of(first[0].run_id).repeats == 1


@pytest.mark.parametrize("others", [0, 1])
def test_I8_the_same_key_with_another_body_is_noted_where_vendors_may_do_that(office, others):
    run_id = office.accepted(key="k")

    answer = office.record(run("k"), *map(run, "x" * others), of=delivery(b"[]"))[0]

    assert (answer.run_id, answer.is_new, answer.is_same_body) == (run_id, False, False)
    stored = office.delivery_of(run_id)
    assert (stored.repeats, stored.notes) == (1, {"repeated_with_other_body": True})
    assert stored.body == b"{}"


@pytest.mark.parametrize("turn", [None, (WORKFLOW, b"t")])
def test_I8_a_key_that_is_bound_to_its_body_stores_nothing_with_another(office, counts, turn):
    run_id = office.accepted(key="k", is_bound_to_body=True, turn=turn)
    before = counts()

    (answer,) = office.record(
        run("k", is_bound_to_body=True, turn=turn), of=delivery(b"[]", notes={"a": 1})
    )

    assert (answer.is_new, answer.is_same_body) == (False, False)
    assert counts() == before
    stored = office.delivery_of(run_id)
    assert (stored.repeats, stored.notes) == (0, None)


# ---------------------------------------------------------------------------------- the window


def expire(office) -> None:
    office.do("UPDATE dedupe_keys SET expires_at = now() - interval '1 second'")


@pytest.mark.parametrize("others", [0, 1])
def test_I9_after_the_window_of_a_run_that_ended_the_key_makes_a_new_run(office, others):
    owned = office.claimed(key="k")
    office.end(owned)
    expire(office)

    answer = office.record(run("k"), *map(run, "x" * others))[0]

    assert answer.is_new
    assert office.record(run("k"))[0].run_id == answer.run_id


@pytest.mark.parametrize("others", [0, 1])
def test_I9_a_run_that_is_not_over_keeps_its_key_beyond_the_window(office, others):
    owned = office.claimed(key="k")
    office.wait(owned)
    expire(office)

    answer = office.record(run("k"), *map(run, "x" * others))[0]

    assert (answer.run_id, answer.is_new) == (owned.id, False)


def test_I9_a_run_that_succeeded_keeps_its_key_inside_the_window(office):
    owned = office.claimed(key="k", window=timedelta(minutes=1))
    office.end(owned)

    assert office.record(run("k"))[0].run_id == owned.id


def test_I9_64_requests_with_a_key_whose_window_is_over_make_one_new_run(office):
    office.end(office.claimed(key="k"))
    expire(office)

    answers = at_once(64, lambda _: office.record(run("k"))[0])

    assert len({each.run_id for each in answers}) == 1
    assert office.count("runs") == 2


def test_I9_a_run_that_failed_frees_its_key(office):
    owned = office.claimed(key="k")

    office.end(owned, Ending("failed", error={"code": "x"}, frees_key=True))

    assert office.record(run("k"))[0].is_new


def test_E8_I7_a_run_that_may_have_sent_something_keeps_its_key(office):
    owned = office.claimed(key="k")

    unknown = Ending("failed", error={"code": "x"}, is_maybe_done=True, frees_key=True)
    office.end(owned, unknown)

    again = office.record(run("k"))[0]
    assert (again.is_new, again.run_id) == (False, owned.id)


def test_I9_a_run_that_refused_its_caller_frees_its_key(office):
    owned = office.claimed(key="k")
    office.do("""UPDATE runs SET response = '{"status": 409}' WHERE id = :id""", owned)

    office.end(owned)

    assert office.record(run("k"))[0].is_new


def test_I9_a_run_that_frees_its_key_leaves_a_later_owner_of_it_alone(office):
    late = office.claimed(key="k")
    office.do("DELETE FROM dedupe_keys")
    newer = office.accepted(key="k")

    office.end(late, Ending("failed", frees_key=True))

    assert office.record(run("k"))[0].run_id == newer


# ----------------------------------------------------------------------------------------- turns


def test_E16_turns_are_taken_at_acceptance_in_commit_order(office, open_engine):
    turn = (WORKFLOW, b"t")
    with open_engine().begin() as slow:
        early = run(turn=turn)
        deliveries.start_run(slow, early)
        taken = office.rows("SELECT 1 FROM turns")
        with office.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(DBAPIError):
                deliveries.start_run(connection, run(turn=turn))
    late = office.accepted(turn=turn)

    assert taken == []
    places = [row.run_id for row in office.rows("SELECT run_id FROM turns ORDER BY id")]
    assert places == [early.id, late]


def test_E16_each_of_64_runs_at_once_has_its_place(office):
    turns = [(WORKFLOW, b"a"), (WORKFLOW, b"b")]

    at_once(32, lambda index: office.record(*(run(turn=turns[(index + n) % 2]) for n in range(2))))

    rows = office.rows("SELECT digest, count(*) AS places FROM turns GROUP BY digest")
    assert {row.digest: row.places for row in rows} == {b"a": 32, b"b": 32}


def test_a_run_that_no_request_asked_for_has_no_delivery(office):
    started = run(retry_of=office.accepted(), turn=(WORKFLOW, b"t"))

    office.ask(lambda connection: deliveries.start_run(connection, started))

    facts = office.facts(started.id)
    assert (facts.delivery_id, facts.line.status) == (None, "queued")
    assert office.history(started.id) == [("queued", "accepted")]

"""Runs by chance, with workers that die between any two transactions (P3).

Whatever came before: when the faults are over, every run ends (E2), its history is one chain of
owners (E1, E3), effects in our own database are there once (E6), no letter is sent twice (E8), and
a repeated order has the same key (E7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.errors import Permanent, Transient
from hub.storage import invariants, runs
from hub.storage.runs import MOST_DEATHS, ClaimedRun
from tests.acceptance.crashes import Deaths, Killed
from tests.integration.engine.workshop import Shop, step

STEPS = 10
EXAMPLES = settings().max_examples // 2
ENDED = {"succeeded", "failed", "cancelled", "undo_failed"}
ID = "${{ run.id }}"
INPUTS = "inputs:\n  key: {type: string, default: one}\n"
KEY = "${{ inputs.key }}"
FLOW = "steps:\n" + "".join(
    [
        step("ledger.write", f"{ID}-first", id_="first"),
        step("letter.send", f"{ID}-letter", id_="letter", more="retry: 2\non_error: continue"),
        step("order.place", f"{ID}-order", id_="order", more="retry: 2"),
        step("ledger.write", f"{ID}-last", id_="last"),
    ]
)
UNDONE = step("ledger.write", f"{ID}-first", id_="first") + (
    "    compensate:\n      - do: ledger.write\n        with: {text: '${{ run.id }}-undone'}\n"
)
FLOWS = {
    "main": INPUTS + FLOW,
    "waits": INPUTS
    + "steps:\n"
    + UNDONE
    + "  - id: door\n    wait: {for: door.opened, key: '${{ inputs.key }}'}\n    timeout: 1h\n"
    "    on_timeout: continue\n"
    + step("order.place", f"{ID}-order", id_="order", more="retry: 2")
    + step("ledger.write", f"{ID}-last", id_="last"),
    "turns": f"{INPUTS}concurrency:\n  key: {KEY}\n{FLOW}",
}
HISTORY = "SELECT run_id, status, token FROM run_history ORDER BY id"
RUNS = "SELECT id, status, token, deaths, is_maybe_done, error, workflow FROM runs"


class RunMachine(RuleBasedStateMachine):
    """A shop whose workers die, sleep, come back late, and lose their runs."""

    shop: Shop
    seen: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.shop.do("DELETE FROM event_waits")
        for table in (
            "events",
            "turns",
            "once_keys",
            "steps",
            "run_history",
            "runs",
            "books",
            "leads",
        ):
            self.shop.do(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self.shop.world.calls.clear()
        self.shop.world.refused.clear()
        self.shop.world.script.clear()
        self.accepted: list[UUID] = []
        self.late: list[ClaimedRun] = []  # owners that were stopped, and will wake

    # -------------------------------------------------------------------------------------- rules

    @rule(name=st.sampled_from(sorted(FLOWS)))
    def accept(self, name: str) -> None:
        self.accepted.append(self.shop.start(name))

    @precondition(lambda self: self.accepted)
    @rule(moment=st.integers(1, 16))
    def a_worker_dies_at_some_moment(self, moment: int) -> None:
        try:
            with Deaths(self.shop.engine).at(moment):
                self.shop.work()
        except Killed:
            self.seen["deaths"] += 1

    @contextmanager
    def a_worker(self) -> Iterator[None]:
        """It may meet the call in which it is to die, whatever it was asked for."""
        try:
            yield
        except Killed:
            self.seen["deaths in a call"] += 1

    @precondition(lambda self: self.accepted)
    @rule()
    def a_worker_works(self) -> None:
        with self.a_worker():
            self.shop.work()

    @precondition(lambda self: self.accepted)
    @rule(rounds=st.integers(0, 3))
    def a_worker_is_told_to_stop(self, rounds: int) -> None:
        left = iter([False] * rounds)
        with self.a_worker():
            for run in self.shop.claim():
                self.shop.executor().work(run, is_stopping=lambda: next(left, True))

    @rule()
    def an_owner_is_stopped(self) -> None:
        self.late += runs.claim(self.shop.engine, worker="frozen", most=1)

    @precondition(lambda self: self.late)
    @rule()
    def a_stopped_owner_wakes(self) -> None:
        with self.a_worker():
            self.shop.executor().work(self.late.pop(), is_stopping=lambda: False)

    @rule()
    def leases_run_out(self) -> None:
        self.shop.owner_dies()

    @rule()
    def time_passes(self) -> None:
        self.shop.wake()

    @rule()
    def the_door_opens(self) -> None:
        self.shop.emit("door.opened")

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def somebody_cancels(self, data: st.DataObject) -> None:
        with self.shop.engine.begin() as connection:
            runs.request_cancel(connection, data.draw(st.sampled_from(self.accepted)))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), what=st.sampled_from(["letter", "order"]))
    def the_other_side_fails(self, data: st.DataObject, what: str) -> None:
        run = data.draw(st.sampled_from(self.accepted))
        failure = data.draw(
            st.sampled_from(
                [
                    Transient("unavailable", "busy"),
                    Transient("unavailable", "no answer", maybe_done=True),
                    Permanent("returned" if what == "letter" else "sold_out", "no"),
                ]
            )
        )
        self.shop.world.script.setdefault(f"{run}-{what}", []).append(failure)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), what=st.sampled_from(["letter", "order"]))
    def the_worker_dies_in_the_call(self, data: st.DataObject, what: str) -> None:
        run = data.draw(st.sampled_from(self.accepted))
        self.shop.world.script.setdefault(f"{run}-{what}", []).append(Killed())
        with self.a_worker():
            self.shop.work()

    # ------------------------------------------------------------------------------- what is true

    @invariant()
    def what_was_done_was_done_once(self) -> None:
        ledger = Counter(self.shop.ledger)
        calls = self.shop.world.calls
        assert not [text for text, times in ledger.items() if times > 1]
        letters = Counter(each.text for each in calls if each.text.endswith("-letter"))
        doubted = [text for text, times in letters.items() if times > 1]
        for text in doubted:  # again only after each earlier call was refused for sure
            assert self.shop.world.refused[text] >= letters[text] - 1
        keys = {(each.text, each.key) for each in calls}
        assert len(keys) == len({each.text for each in calls})

    @invariant()
    def history_is_one_chain(self) -> None:
        rows = {row.id: row for row in self.shop.rows(RUNS)}
        chains: dict[UUID, list[tuple[str, int]]] = {}
        for row in self.shop.rows(HISTORY):
            chains.setdefault(row.run_id, []).append((row.status, row.token))
        for id_, chain in chains.items():
            tokens = [token for _, token in chain]
            claims = [token for status, token in chain if status == "running"]
            assert tokens == sorted(tokens)
            assert claims == list(range(1, len(claims) + 1))  # each owner a larger token, once
            assert chain[-1] == (rows[id_].status, rows[id_].token)
            assert not ENDED & {status for status, _ in chain[:-1]}  # an end is the end

    def teardown(self) -> None:
        """The faults are over: everything ends, by itself."""
        self.shop.world.script.clear()
        for _ in range(3 * MOST_DEATHS):
            self.shop.owner_dies()
            self.shop.wake()
            self.shop.work()
        for run in self.accepted:
            if self.shop.run(run).status == "waiting":
                self.shop.time_is_up(run)
        for _ in range(2):
            self.shop.wake()
            self.shop.work()
        self.what_was_done_was_done_once()
        self.history_is_one_chain()
        ledger = set(self.shop.ledger)
        for run in self.accepted:
            row = self.shop.run(run)
            assert row.status in ENDED, "E2: it stays behind"
            self.seen[row.status] += 1
            if row.status == "succeeded":
                assert {f"{run}-first", f"{run}-last"} <= ledger
        with self.shop.engine.connect() as connection:
            for each in invariants.INVARIANTS:
                assert invariants.faults(connection, each) == [], each.promise


@pytest.mark.long
def test_P3_E1_E2_E3_E5_E6_E7_E8_runs_by_chance_all_end_and_do_nothing_twice(shop: Shop, figure):
    class Machine(RunMachine):
        pass

    seen: Counter[str] = Counter()
    shop.learn("", head=FLOWS["main"], waits=FLOWS["waits"], turns=FLOWS["turns"])
    Machine.shop, Machine.seen = shop, seen
    run_state_machine_as_test(
        Machine,
        settings=settings(
            deadline=None,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert seen["deaths"] + seen["deaths in a call"] > 0
    assert seen["succeeded"] > 0
    told = ", ".join(f"{times} {what}" for what, times in sorted(seen.items()))
    figure("E2", f"{EXAMPLES:,} examples of runs by chance: {told}, 0 left behind")

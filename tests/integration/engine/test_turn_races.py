"""Turns under `concurrency` while owners die, freeze and come late (E16)."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from uuid import UUID

import pytest
from sqlalchemy import event, text

from hub.errors import Permanent, Transient
from hub.storage import runs
from tests.figures import Figure
from tests.integration.engine.workshop import INPUTS, PATIENCE, Crash, Shop, step

DYING = FREEZING = 8  # runs whose first owner dies, or is frozen beyond its lease
OWNERS = 4
KEYED = f"{INPUTS}concurrency:\n  key: ${{{{ inputs.key }}}}\n"


class Inside:
    """The runs at work under the turn. One whose owner died stays, until its next owner is done."""

    def __init__(self, shop: Shop, limit: int) -> None:
        self.shop = shop
        self.limit = limit
        self.was_full = threading.Event()
        self.ids: dict[str, UUID] = {}
        self.now: set[str] = set()
        self.most = 0
        self.begun: list[str] = []
        self.woken = threading.Event()
        self._lock = threading.Lock()

    def enter(self, name: str) -> None:
        with self._lock:
            self.now.add(name)
            self.most = max(self.most, len(self.now))
            if self.most >= self.limit:
                self.was_full.set()
            if name not in self.begun:
                self.begun.append(name)

    def works(self, name: str) -> None:
        self.enter(name)
        self.was_full.wait(PATIENCE)  # the first ones, for as many as may come in
        threading.Event().wait(0.001)  # others have the time to come in, if they can
        with self._lock:
            self.now.discard(name)

    def dies(self, name: str) -> None:
        self.enter(name)
        self._lease_runs_out(name)
        raise Crash

    def freezes(self, name: str) -> None:
        self.enter(name)
        self._lease_runs_out(name)
        assert self.woken.wait(2 * PATIENCE)

    def _lease_runs_out(self, name: str) -> None:
        past = "UPDATE runs SET lease_until = now() - interval '1 s' WHERE id = :id"
        self.shop.do(past, id=self.ids[name])
        runs.sweep(self.shop.engine)


@pytest.mark.parametrize(("limit", "count"), [(1, 24), (3, 64)])
def test_E16_P6_runs_whose_owners_die_or_freeze_never_exceed_the_limit(
    shop: Shop, figure: Figure, limit: int, count: int
):
    says = step("order.place", "${{ inputs.names | first | required }}", id_="one")
    shop.learn(f"steps:\n{says}", head=f"{KEYED}  limit: {limit}\n")
    inside = Inside(shop, limit)
    names = [f"n{number:02}" for number in range(count)]
    odd = random.Random(16).sample(names, DYING + FREEZING)  # noqa: S311 - no secret
    for name in names:
        first = {name: inside.works}
        first |= dict.fromkeys(odd[:DYING], inside.dies)
        first |= dict.fromkeys(odd[DYING:], inside.freezes)
        deeds = [first[name], inside.works] if name in odd else [inside.works]
        shop.world.script[name] = [lambda do=do, name=name: do(name) for do in deeds]
        inside.ids[name] = shop.start(names=[name])
    is_over = threading.Event()

    def owns() -> None:
        while not is_over.wait(0.01):
            for run in runs.claim(shop.engine, worker="owner", most=1):
                try:
                    shop.executor().work(run, is_stopping=lambda: False)
                except Crash:
                    break

    deadline = monotonic() + 2 * PATIENCE
    with ThreadPoolExecutor(OWNERS + FREEZING) as pool:  # those that freeze leave so many
        owners = [pool.submit(owns) for _ in range(OWNERS + FREEZING)]
        while shop.rows("SELECT FROM runs WHERE ended_at IS NULL") and monotonic() < deadline:
            is_over.wait(0.05)
        inside.woken.set()
        is_over.set()
    for owner in owners:
        owner.result()

    ended = {row.status: row.n for row in shop.rows(_STATUSES)}
    lost = shop.rows("SELECT FROM run_history WHERE why = 'the lease ran out'")
    assert (ended, len(lost)) == ({"succeeded": count}, DYING + FREEZING)
    assert inside.most == limit
    assert limit > 1 or inside.begun == names  # in the order of acceptance
    assert shop.rows("SELECT FROM turns") == []
    figure("E16", f"{count} runs, {len(lost)} owners lost: never more than {limit} at once")


_STATUSES = "SELECT status, count(*) AS n FROM runs GROUP BY status"


LATE = "UPDATE runs SET deadline = now() - interval '1 s' WHERE id = :id"


@pytest.mark.parametrize("is_awake", [False, True])
def test_E16_a_run_frees_its_key_at_its_timeout(shop: Shop, *, is_awake: bool):
    """Whether it sleeps then or has an owner."""
    named = step("order.place", "${{ inputs.names | first | required }}", id_="one")
    shop.learn(f"steps:\n{named}" + step("order.place", "two"), head=f"{KEYED}timeout: 1h\n")
    first = shop.start(names=["first"])
    second = shop.start(names=["second"])
    is_late = lambda: shop.do(LATE, id=first)  # noqa: E731 - a line of the script
    shop.world.script["first"] = [is_late if is_awake else Transient("unavailable", "later")]
    shop.work()
    if not is_awake:
        assert [shop.run(run).status for run in (first, second)] == ["waiting"] * 2
        is_late()
        shop.wake()
        shop.work()

    assert shop.run(first).error["code"] == "timeout"
    assert shop.run(second).status == "succeeded"
    assert shop.rows("SELECT FROM turns") == []


UNDONE = """\
steps:
  - id: one
    do: order.place
    with: {text: one}
    compensate:
      - id: back
        do: order.place
        with: {text: back}
        retry: {attempts: 3, first: 3m}
  - id: two
    do: letter.send
    with: {text: two}
"""


@pytest.mark.parametrize("deaths", [0, 1])
def test_E16_a_run_that_is_undone_beyond_its_timeout_frees_its_key_then(shop: Shop, deaths: int):
    shop.learn(UNDONE, head=f"{KEYED}timeout: 1m\n")
    shop.world.script["two"] = [Permanent("returned", "no")]
    shop.world.script["back"] = [Transient("unavailable", "later")] * 2
    first = shop.start()
    if deaths:
        shop.claim()
        shop.owner_dies()
    shop.work()
    second = shop.start()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["waiting"] * 2
    assert shop.run(first).due_at == shop.run(first).deadline

    shop.do(LATE, id=first)
    shop.do("UPDATE runs SET due_at = now() WHERE id = :id", id=first)
    shop.work()

    assert [shop.run(run).status for run in (first, second)] == ["waiting", "succeeded"]
    assert second in shop.rung
    shop.wake()
    shop.work()
    shop.wake()
    shop.work()
    assert shop.run(first).error["code"] == "returned"
    undone = [row.status for path, row in shop.steps(first).items() if path.endswith("back")]
    assert undone == ["succeeded"]
    assert shop.rows("SELECT FROM turns") == []


# ------------------------------------------------------------------------ cancelling who is ahead


def one_ahead(shop: Shop) -> tuple[UUID, UUID]:
    """A run that sleeps in its turn, and one that wants it to be cancelled."""
    shop.learn(
        "steps:\n" + step("order.place", "one"), head=f"{KEYED}  when_full: cancel_running\n"
    )
    shop.world.script["one"] = [Transient("unavailable", "later")]
    first = shop.start()
    shop.work()
    return first, shop.start()


def test_E4_E16_a_run_that_was_lost_behind_its_place_in_the_queue_cancels_nobody(shop: Shop):
    first, second = one_ahead(shop)
    steals = ["UPDATE runs SET token = token + 1 WHERE id = :id"]
    stood: list[bool] = []

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO turns" in statement:
            stood.append(True)

    def begun(_connection: object) -> None:
        if stood and steals:
            shop.do(steals.pop(), id=second)

    listeners: dict[str, Callable[..., None]] = {"before_cursor_execute": executed, "begin": begun}
    for name, listener in listeners.items():
        event.listen(shop.engine, name, listener)
    shop.work()
    for name, listener in listeners.items():
        event.remove(shop.engine, name, listener)

    assert not steals
    assert (shop.run(first).status, shop.run(first).is_cancel_requested) == ("waiting", False)
    shop.owner_dies()
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["cancelled", "succeeded"]


def test_E16_who_cancels_waits_briefly_for_a_run_that_is_busy(shop: Shop):
    first, second = one_ahead(shop)
    with shop.engine.begin() as connection:
        connection.execute(text("SELECT FROM runs WHERE id = :id FOR UPDATE"), {"id": first})
        shop.work()
        assert shop.run(second).status == "waiting"

    shop.do("UPDATE runs SET due_at = now() WHERE id = :id", id=second)
    shop.work()
    assert [shop.run(run).status for run in (first, second)] == ["cancelled", "succeeded"]

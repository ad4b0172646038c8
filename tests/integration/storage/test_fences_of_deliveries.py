"""The order in which a request locks what it shares with others: no two wait in a circle (I7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.integration.storage.office import run

LOCKED = text("SELECT FROM deliveries WHERE id = :id FOR UPDATE")
FREE = text("SELECT FROM deliveries WHERE id = :id FOR UPDATE NOWAIT")


@pytest.mark.parametrize("keys", ["ab", "cd"])
def test_I7_a_repeat_marks_deliveries_in_one_order_whatever_the_order_of_its_keys(
    office, open_engine, keys
):
    """Who waits for the first of two has not locked the second."""
    office.record(run("a"), run("d"))
    office.record(run("b"), run("c"))
    first, second = (row.id for row in office.rows("SELECT id FROM deliveries ORDER BY id"))

    with ThreadPoolExecutor(1) as pool, open_engine().connect() as others:
        others.execute(LOCKED, {"id": first})
        repeating = pool.submit(office.record, *map(run, keys))
        office.until_blocked()
        office.ask(lambda connection: connection.execute(FREE, {"id": second}))
        others.rollback()
        repeated = repeating.result()

    assert not any(each.is_new for each in repeated)
    assert [row.repeats for row in office.rows("SELECT repeats FROM deliveries")] == [1, 1]

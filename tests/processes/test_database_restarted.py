"""PostgreSQL is ended at once and started again below a hub that goes on (I11, E2, P7)."""

from __future__ import annotations

import os
import signal
from time import monotonic

from hub.embedded import EmbeddedServers
from tests.figures import Figure
from tests.processes.house import House, until
from tests.processes.link import Link
from tests.processes.test_dependency_faults import BACK_WITHIN, Counter, is_refused

SENT = 30


def main_process(house: House) -> int:
    """The number of PostgreSQL's first process."""
    ((said,),) = house.rows("SELECT pg_read_file('postmaster.pid', 0, 20)")
    return int(said.split()[0])


def test_E2_I11_P7_a_database_that_was_restarted_is_used_again_and_no_process_of_the_hub_is(
    own_counters: House, own_servers: EmbeddedServers, link: Link, figure: Figure
):
    web, worker = own_counters.start_both()
    counter = Counter(own_counters, link)
    answers = [counter.send(f"before-{place:02}") for place in range(SENT)]
    database = main_process(own_counters)
    own_counters.database.dispose()

    os.kill(database, signal.SIGQUIT)  # an immediate shutdown: no checkpoint, no goodbye
    until(lambda: counter.send("while it ends").status_code == 503, "the database is away")
    is_refused(counter.send("away"))
    assert until(own_servers.revive, "it has ended and starts") == ("PostgreSQL",)
    back_at = monotonic()
    until(lambda: counter.send("back").status_code == 202, "it accepts again", within=BACK_WITHIN)
    lasted = monotonic() - back_at

    assert main_process(own_counters) != database
    assert [answer.status_code for answer in answers] == [202] * SENT
    own_counters.wait_for_the_end()
    assert set(own_counters.statuses()) == {"succeeded"}
    assert [counter.marked(f"before-{place:02}") for place in range(SENT)] == [1] * SENT
    assert counter.marked("away") == 0
    assert (web.running.poll(), worker.running.poll()) == (None, None)
    assert "Traceback" not in web.lines + worker.lines
    figure("P7 restart", f"PostgreSQL restarted: accepts {lasted:.1f} s later, all runs end")

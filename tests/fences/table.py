"""What is taken out, and who must notice.

Length: a table of all fences, one entry each.
"""

from __future__ import annotations

from tests.fences.plan import Fence

_RUNS = "hub/storage/runs.py"
_DELIVERIES = "hub/storage/deliveries.py"
_TURNS = "hub/storage/turns.py"
_EVENTS = "hub/storage/events.py"
_ONCE = "hub/storage/once.py"
_SCHEDULES = "hub/storage/schedules.py"
_DESK = "hub/engine/desk.py"
_EXECUTOR = "hub/engine/executor.py"
_PERFORMING = "hub/engine/performing.py"
_ATTEMPTS = "hub/engine/attempts.py"
_OCCURRENCES = "hub/engine/occurrences.py"
_RESTING = "hub/engine/resting.py"
_RUNNER = "hub/worker/runner.py"

_OF_RUNS = (
    "tests/integration/storage/test_fences_of_runs.py",
    "tests/integration/storage/test_runs.py",
)
_OF_LAST_CHANCES = ("tests/integration/storage/test_last_chances.py",)
_OF_TURN_RACES = ("tests/integration/engine/test_turn_races.py",)
_OF_RUNNER = ("tests/integration/worker/test_runner.py",)
_OF_ENDINGS = ("tests/integration/storage/test_run_endings.py",)
_OF_DELIVERIES = (
    "tests/integration/storage/test_fences_of_deliveries.py",
    "tests/integration/storage/test_deliveries.py",
)
_OF_TURNS = ("tests/integration/storage/test_turns.py",)
_OF_JOURNAL = ("tests/integration/storage/test_journal.py",)
_OF_SCHEDULES = ("tests/integration/storage/test_schedules.py",)
_OF_LINKS = ("tests/integration/storage/test_broken_links.py",)
_OF_ANSWERS = ("tests/integration/storage/test_answers.py",)
_OF_EFFECTS = ("tests/integration/engine/test_effects.py",)
_OF_DOUBTS = ("tests/integration/engine/test_doubts.py",)
_OF_ENGINE = ("tests/integration/engine/test_runs.py",)
_OF_SHARING = ("tests/integration/engine/test_sharing.py",)
_OF_EVENTS = ("tests/integration/engine/test_events.py",)
_OF_WAITS = ("tests/integration/engine/test_waits.py",)
_OF_LOOKS = ("tests/integration/engine/test_last_look.py",)
_OF_ONCE = ("tests/integration/engine/test_once_per.py",)

FENCES = (
    # ---------------------------------------------------------------------------- whose run it is
    Fence(
        "the token in the look under the lock",
        "E4",
        _RUNS,
        "FROM runs WHERE id = :id AND token = :token AND status = 'running' FOR NO KEY UPDATE",
        "FROM runs WHERE id = :id AND status = 'running' FOR NO KEY UPDATE",
        _OF_RUNS,
    ),
    Fence(
        "the state in the look under the lock",
        "E4",
        _RUNS,
        "FROM runs WHERE id = :id AND token = :token AND status = 'running' FOR NO KEY UPDATE",
        "FROM runs WHERE id = :id AND token = :token FOR NO KEY UPDATE",
        _OF_RUNS,
    ),
    Fence(
        "the lock of the run's row to the commit",
        "E4",
        _RUNS,
        "WHERE id = :id AND token = :token AND status = 'running' FOR NO KEY UPDATE",
        "WHERE id = :id AND token = :token AND status = 'running'",
        _OF_RUNS,
    ),
    Fence(
        "the token in a change of state",
        "E4",
        _RUNS,
        """due_at = {due_at}
         WHERE id = :id AND token = :token AND status = 'running'""",
        """due_at = {due_at}
         WHERE id = :id AND status = 'running'""",
        _OF_RUNS,
    ),
    Fence(
        "the state in a change of state",
        "E1",
        _RUNS,
        """due_at = {due_at}
         WHERE id = :id AND token = :token AND status = 'running'""",
        """due_at = {due_at}
         WHERE id = :id AND token = :token""",
        _OF_RUNS,
    ),
    Fence(
        "the token in the end",
        "E4",
        _RUNS,
        """         WHERE id = :id AND token = :token AND status = 'running'
        RETURNING id, ended_at""",
        """         WHERE id = :id AND status = 'running'
        RETURNING id, ended_at""",
        (*_OF_RUNS, *_OF_ENDINGS),
    ),
    Fence(
        "the state in the end",
        "E1",
        _RUNS,
        """         WHERE id = :id AND token = :token AND status = 'running'
        RETURNING id, ended_at""",
        """         WHERE id = :id AND token = :token
        RETURNING id, ended_at""",
        (*_OF_RUNS, *_OF_ENDINGS),
    ),
    Fence(
        "the token in renewing a lease",
        "E3",
        _RUNS,
        "\" WHERE id = :id AND token = :token AND status = 'running'\"",
        "\" WHERE id = :id AND status = 'running'\"",
        _OF_RUNS,
    ),
    Fence(
        "a larger token for each owner",
        "E3",
        _RUNS,
        "SET status = 'running', token = token + 1,",
        "SET status = 'running', token = greatest(token, 1),",
        _OF_RUNS,
    ),
    Fence(
        "the lock of who claims",
        "E3",
        _RUNS,
        "ORDER BY due_at LIMIT {most} FOR NO KEY UPDATE SKIP LOCKED",
        "ORDER BY due_at LIMIT {most}",
        _OF_RUNS,
    ),
    Fence(
        "who claims waits for nobody",
        "E3",
        _RUNS,
        "ORDER BY due_at LIMIT {most} FOR NO KEY UPDATE SKIP LOCKED",
        "ORDER BY due_at LIMIT {most} FOR NO KEY UPDATE",
        _OF_RUNS,
    ),
    Fence(
        "a claim of the named run is of one that nobody had",
        "E3",
        _RUNS,
        "WHERE id = :id AND status = 'queued' AND token = 0 AND due_at <= now()",
        "WHERE id = :id AND due_at <= now()",
        (*_OF_RUNS, *_OF_SHARING),
    ),
    Fence(
        "the lock of who claims the named run",
        "E3",
        _RUNS,
        """AND NOT is_cancel_requested AND coalesce(deadline > now(), true)
           FOR NO KEY UPDATE SKIP LOCKED""",
        "AND NOT is_cancel_requested AND coalesce(deadline > now(), true)",
        (*_OF_RUNS, *_OF_SHARING),
    ),
    Fence(
        "a run is not claimed before its time",
        "E11",
        _RUNS,
        "AND is_awaited = {awaited} AND due_at <= now()",
        "AND is_awaited = {awaited}",
        _OF_RUNS,
    ),
    Fence(
        "a lease by the clock of the database",
        "E3",
        _RUNS,
        "lease_until = now() + CAST(:lease AS interval),\n               started_at",
        "lease_until = now() + CAST(:lease AS interval) * 100,\n               started_at",
        _OF_RUNS,
    ),
    Fence(
        "only a lease that ran out is swept",
        "E5",
        _RUNS,
        "WHERE status = 'running' AND lease_until < now()",
        "WHERE status = 'running'",
        _OF_RUNS,
    ),
    Fence(
        "what was swept is due at once",
        "E5",
        _RUNS,
        "UPDATE runs SET status = 'queued', due_at = now(), lease_until = NULL,",
        "UPDATE runs SET status = 'queued', due_at = NULL, lease_until = NULL,",
        _OF_RUNS,
    ),
    Fence(
        "a run that nobody lives to read is given up unread",
        "E10",
        _EXECUTOR,
        "if run.deaths >= MOST_READERS:",
        "if False:",
        ("tests/integration/engine/test_poison.py",),
    ),
    Fence(
        "deaths are counted",
        "E10",
        _RUNS,
        "worker = NULL, deaths = deaths + 1",
        "worker = NULL, deaths = deaths",
        (*_OF_RUNS, *_OF_EFFECTS),
    ),
    Fence(
        "a step that got through clears the deaths",
        "E10",
        _RUNS,
        "    if run.deaths:\n        connection.execute(_CLEAR_DEATHS",
        "    if False:\n        connection.execute(_CLEAR_DEATHS",
        (*_OF_RUNS, *_OF_EFFECTS),
    ),
    Fence(
        "one last chance for one worker",
        "E10",
        _RUNS,
        "SELECT FROM runs WHERE status = 'running' AND worker = :worker AND {_IS_LAST})",
        "SELECT FROM runs WHERE false)",
        _OF_LAST_CHANCES,
    ),
    Fence(
        "one last chance in one claim",
        "E10",
        _RUNS,
        "(NOT {_IS_LAST} OR id = (SELECT id FROM last_chance))",
        "true",
        _OF_LAST_CHANCES,
    ),
    Fence(
        "a last chance is claimed by itself",
        "E10",
        _RUNS,
        "WHERE {_IS_LAST} OR NOT EXISTS (SELECT FROM found WHERE {_IS_LAST})",
        "",
        _OF_LAST_CHANCES,
    ),
    Fence(
        "a last chance has a head start",
        "E10",
        _RUNNER,
        "self._give_head_start(claimed[0])",
        "pass",
        _OF_RUNNER,
    ),
    Fence(
        "a run that the bell names leaves a last chance its head start",
        "E10",
        _RUNNER,
        "            if monotonic() < self._head_start_ends:\n                return False\n",
        "",
        _OF_RUNNER,
    ),
    Fence(
        "the end of a last chance is told",
        "E10",
        _RUNNER,
        "if was_full or _is_last_chance(run):",
        "if was_full:",
        _OF_RUNNER,
    ),
    Fence(
        "poison is given up",
        "E10",
        _EXECUTOR,
        "if desk.run.deaths >= runs.MOST_DEATHS:",
        "if False:",
        _OF_EFFECTS,
    ),
    Fence(
        "each transaction of a worker begins with the lock",
        "E4",
        _DESK,
        "            self._lock(connection, turn, is_checked=is_checked)\n",
        "            pass\n",
        _OF_EFFECTS,
    ),
    Fence(
        "a lost run ends the work",
        "E4",
        _RUNS,
        """    if row is None:
        raise LostRun(f"run {run.id} belongs to another worker")
    return RunState(*row)""",
        "    return RunState(*row) if row else RunState(False, False)",
        _OF_RUNS,
    ),
    Fence(
        "a run does not sleep beyond its timeout",
        "E16",
        _RUNS,
        'due_at=f"least({_DUE_AT}, deadline)"',
        "due_at=_DUE_AT",
        _OF_RUNS,
    ),
    Fence(
        "each change is in the history",
        "E1",
        _RUNS,
        "    INSERT INTO run_history (run_id, at, status, token, why)\n"
        "    SELECT id, clock_timestamp(), status, token, :why FROM changed RETURNING run_id",
        "    SELECT id FROM changed",
        _OF_RUNS,
    ),
    Fence(
        "the first answer wins",
        "I13",
        _RUNS,
        "WHERE id = :run_id AND response IS NULL RETURNING id, response, is_awaited",
        "WHERE id = :run_id RETURNING id, response, is_awaited",
        (*_OF_ANSWERS, *_OF_RUNS),
    ),
    Fence(
        "at the deadline the reply wins if it came first",
        "I13",
        "hub/storage/answers.py",
        '" WHERE id = :id AND response IS NULL RETURNING response"',
        '" WHERE id = :id RETURNING response"',
        _OF_ANSWERS,
    ),
    # --------------------------------------------------------------------------- what is taken in
    Fence(
        "what was told unasked is told on",
        "I7",
        "hub/ingest/waiting.py",
        "                told(said)",
        "                pass",
        ("tests/integration/test_waiting.py",),
    ),
    Fence(
        "what was told stands above what the run said",
        "I7",
        "hub/storage/told.py",
        "WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED)",
        "WHERE id = :id AND response IS NULL FOR NO KEY UPDATE SKIP LOCKED)",
        ("tests/integration/storage/test_told.py",),
    ),
    Fence(
        "one key is one run",
        "I7",
        _DELIVERIES,
        """     WHERE held.expires_at <= now()
       AND NOT EXISTS (SELECT FROM runs WHERE runs.id = held.run_id AND runs.ended_at IS NULL)
""",
        "",
        _OF_DELIVERIES,
    ),
    Fence(
        "a key is kept for its window",
        "I9",
        _DELIVERIES,
        "     WHERE held.expires_at <= now()\n       AND NOT EXISTS",
        "     WHERE NOT EXISTS",
        _OF_DELIVERIES,
    ),
    Fence(
        "a key is kept until its run is over",
        "I9",
        _DELIVERIES,
        """
       AND NOT EXISTS (SELECT FROM runs WHERE runs.id = held.run_id AND runs.ended_at IS NULL)
    RETURNING""",
        "\n    RETURNING",
        _OF_DELIVERIES,
    ),
    Fence(
        "a failure frees its key",
        "I9",
        _RUNS,
        "AND (:frees_key OR ended.is_refused)",
        "AND false AND (:frees_key OR ended.is_refused)",
        _OF_DELIVERIES,
    ),
    Fence(
        "keys are claimed in one order",
        "I7",
        _DELIVERIES,
        'return sorted(keyed, key=lambda each: bytes(each[1]["key_digest"]))',
        "return list(keyed)",
        _OF_DELIVERIES,
    ),
    Fence(
        "a message that came before asks for no other key",
        "S2",
        _DELIVERIES,
        "if run.dedupe_key is not None and firsts.get(run.id) is None",
        "if run.dedupe_key is not None",
        _OF_DELIVERIES,
    ),
    Fence(
        "repeats are marked in one order",
        "I7",
        _DELIVERIES,
        "in sorted(deliveries.items()):",
        "in deliveries.items():",
        _OF_DELIVERIES,
    ),
    Fence(
        "a key that is bound to its body",
        "I8",
        _DELIVERIES,
        "AND (held.is_same_body OR NOT :is_bound_to_body))",
        ")",
        _OF_DELIVERIES,
    ),
    Fence(
        "a commit without an answer is looked up",
        "I1",
        _DELIVERIES,
        "if problem.connection_invalidated else None",
        "if False else None",
        _OF_LINKS,
    ),
    Fence(
        "only what is found is accepted",
        "I1",
        _DELIVERIES,
        """            if not stored:
                return None
""",
        "            stored |= {run.id for run in runs}\n",
        _OF_LINKS,
    ),
    Fence(
        "whatever broke a connection, nobody else gets it",
        "I11",
        "hub/storage/db.py",
        "            connection.invalidate()  # whatever",
        "            pass  # whatever",
        ("tests/integration/storage/test_fences_of_runs.py",),
    ),
    Fence(
        "the server that loses commits is refused",
        "I2",
        "hub/storage/db.py",
        "    if not unsafe:\n        return\n",
        "    return\n",
        ("tests/integration/test_db.py",),
    ),
    Fence(
        "the bell rings for what is stored",
        "I4",
        "hub/web/endpoints.py",
        "            receipt = reception.receive(request, route, expect=expect, storing=storing)\n"
        "            for run_id in receipt.new_runs:\n"
        "                hub.ringer.ring(run_id)\n",
        "            receipt = reception.receive(request, route, expect=expect, storing=storing)\n",
        ("tests/acceptance/test_guarantees_of_ingest.py", "tests/processes/test_web.py"),
    ),
    # ------------------------------------------------------------------------------------- effects
    Fence(
        "an effect and its result are one transaction",
        "E6",
        _PERFORMING,
        """            result = self._call(task, inputs, connection)
            self._keep_done(connection, task, result)
        return Done(result)

    def _outward""",
        """            result = self._call(task, inputs, connection)
            connection.commit()
            self._keep_done(connection, task, result)
        return Done(result)

    def _outward""",
        _OF_EFFECTS,
    ),
    Fence(
        "the intent is stored before the call",
        "E7",
        _PERFORMING,
        """                    return settled
                task.desk.keep(connection, task.entry)
        if refusal""",
        """                    return settled
        if refusal""",
        _OF_EFFECTS,
    ),
    Fence(
        "what may have been done is not done again",
        "E8",
        _PERFORMING,
        "        if task.is_in_doubt:\n"
        "            return self._record_failure(task, doubt(), is_called=False)\n",
        "",
        _OF_EFFECTS,
    ),
    Fence(
        "at most once is not tried again in doubt",
        "E8",
        _ATTEMPTS,
        'is_safe=not (self.delivery == "at_most_once" and failure.is_maybe_done),',
        "is_safe=True,",
        _OF_EFFECTS,
    ),
    Fence(
        "messages go at most once unless somebody says otherwise",
        "E8",
        _ATTEMPTS,
        'fitting = "at_most_once" if self.action.effect == "once" else "at_least_once"',
        'fitting = "at_least_once"',
        _OF_EFFECTS,
    ),
    Fence(
        "a fault of an outward action is an unknown outcome",
        "E8",
        _PERFORMING,
        'f"a fault in {action.name}", maybe_done=action.outward',
        'f"a fault in {action.name}", maybe_done=False',
        _OF_EFFECTS,
    ),
    Fence(
        "a call that was made is not undone by what the database refuses",
        "E8",
        _PERFORMING,
        "            if task.is_called:",
        "            if False:",
        _OF_DOUBTS,
    ),
    Fence(
        "what came of a call is stored again while the database is busy",
        "E8",
        _PERFORMING,
        "_again(partial(self._store_done, task, result, receiver), is_busy)",
        "self._store_done(task, result, receiver)",
        _OF_DOUBTS,
    ),
    Fence(
        "a call's refusal is stored again while the database is busy",
        "E8",
        _PERFORMING,
        "_again(partial(self._store_failure, task, failure, stored), is_busy)",
        "self._store_failure(task, failure, stored)",
        _OF_DOUBTS,
    ),
    Fence(
        "an earlier attempt's doubt stays",
        "E8",
        _ATTEMPTS,
        "failure.is_maybe_done = failure.is_maybe_done or self.was_maybe_done",
        "failure.is_maybe_done = bool(failure.is_maybe_done)",
        _OF_DOUBTS,
    ),
    Fence(
        "a run that ends in doubt says so",
        "E8",
        _RUNS,
        """steps.status = 'started'
                           OR steps.status = 'retrying'""",
        """false
                           OR steps.status = 'retrying'""",
        (*_OF_ENDINGS, *_OF_EFFECTS),
    ),
    Fence(
        "a failed step in doubt marks its run",
        "E8",
        _PERFORMING,
        """            if is_final and failure.is_maybe_done:
                runs.mark_maybe_done(connection, desk.run)
""",
        "",
        _OF_DOUBTS,
    ),
    Fence(
        "the key of a step never changes",
        "E7",
        "hub/storage/steps.py",
        "           is_simulated = excluded.is_simulated\n",
        "           is_simulated = excluded.is_simulated, inputs = excluded.inputs,"
        " key = excluded.key\n",
        _OF_JOURNAL,
    ),
    Fence(
        "a byte that left makes the outcome unknown",
        "E8",
        "hub/connectors/http/backend.py",
        "                exchange.is_sent = True\n",
        "",
        ("tests/integration/connectors/test_http.py",),
    ),
    Fence(
        "a mail that was handed over may be sent",
        "E8",
        "hub/connectors/smtp.py",
        "        session.is_handed_over = True\n",
        "",
        ("tests/integration/connectors/test_email.py",),
    ),
    Fence(
        "the gate of the mode",
        "D10",
        _PERFORMING,
        "                return self._simulate(task, passed)\n",
        "                return self._outward(task, as_json(inputs))\n",
        _OF_ENGINE,
    ),
    Fence(
        "no transaction spans a call",
        "E4",
        _EXECUTOR,
        "                return is_first and not self._is_outward(command)\n",
        "                return is_first\n",
        _OF_SHARING,
    ),
    Fence(
        "a step that fails behind others takes them back",
        "E6",
        _DESK,
        "            if is_refused and self._carried and was_open and stays_open:\n",
        "            if False:\n",
        _OF_SHARING,
    ),
    Fence(
        "an old transaction carries nothing more",
        "E6",
        _DESK,
        "return is_open and is_young and is_unawaited",
        "return is_open and is_unawaited",
        _OF_SHARING,
    ),
    Fence(
        "nothing is carried behind a key of once_per",
        "E8",
        _DESK,
        '''goes in."""
        self._is_awaited = True''',
        '''goes in."""''',
        (*_OF_SHARING, *_OF_EVENTS),
    ),
    Fence(
        "nothing new is begun after a cancel",
        "E1",
        _DESK,
        "        if is_checked and state.is_cancel_requested:",
        "        if False:",
        _OF_ENGINE,
    ),
    Fence(
        "nothing new is begun after the timeout",
        "E16",
        _DESK,
        "        if is_checked and state.is_overdue:",
        "        if False:",
        _OF_ENGINE,
    ),
    Fence(
        "what was called is stored, also for a cancelled run",
        "E8",
        _PERFORMING,
        """    def _store_done(self, task: Task, result: Any, receiver: Receiver | None) -> None:
        with task.desk.fenced(is_checked=False, stays_open=True)""",
        """    def _store_done(self, task: Task, result: Any, receiver: Receiver | None) -> None:
        with task.desk.fenced(stays_open=True)""",
        (*_OF_EFFECTS, *_OF_ENGINE),
    ),
    # ------------------------------------------------------------------------------- once for all
    Fence(
        "one run has the key of once_per",
        "E8",
        _PERFORMING,
        '        if held.by == "started":\n            return Blocked',
        "        if False:\n            return Blocked",
        _OF_ONCE,
    ),
    Fence(
        "later runs get the first result",
        "E8",
        _PERFORMING,
        "            once.succeed(connection, task.once_key, result)\n",
        "            pass\n",
        _OF_ONCE,
    ),
    Fence(
        "a key in doubt is not free",
        "E8",
        _ONCE,
        "connection.execute(_DOUBT if is_maybe_done else _FREE, _names(key))",
        "connection.execute(_FREE, _names(key))",
        _OF_JOURNAL,
    ),
    Fence(
        "a run that ends leaves no key half taken",
        "E8",
        _EXECUTOR,
        "            once.abandon(connection, desk.run.id)  # a branch",
        "            pass  # a branch",
        (*_OF_ONCE, *_OF_ENGINE),
    ),
    Fence(
        "a key is given up by its own step only",
        "E8",
        _ONCE,
        "\" AND run_id = :run_id AND path = :path AND status = 'started'\"",
        "\" AND status = 'started'\"",
        _OF_JOURNAL,
    ),
    # --------------------------------------------------------------------------------------- turns
    Fence(
        "places are given one at a time",
        "E16",
        _DELIVERIES,
        '    connection.execute(_QUEUE, {"lock": turn_key(turn)})\n',
        "    del connection\n",
        (*_OF_TURNS, *_OF_DELIVERIES),
    ),
    Fence(
        "no more than the limit",
        "E16",
        _TURNS,
        "    if stand(connection, turn) < turn.limit:",
        "    if stand(connection, turn) <= turn.limit:",
        _OF_TURNS,
    ),
    Fence(
        "a run stands in the queue once",
        "E16",
        _TURNS,
        "        ON CONFLICT (run_id, path) DO UPDATE SET path = excluded.path RETURNING id",
        "        RETURNING id",
        _OF_TURNS,
    ),
    Fence(
        "a turn without a row is nobody else's",
        "E16",
        _RESTING,
        "is_ours = desk.has_key and turns.is_nobodys(connection, turn)",
        "is_ours = True",
        _OF_SHARING,
    ),
    Fence(
        "who cancels those ahead has the run",
        "E4",
        _RESTING,
        "with desk.fenced(stores=False) as connection:\n                turns.cancel(",
        "with desk.engine.begin() as connection:\n                turns.cancel(",
        _OF_TURN_RACES,
    ),
    Fence(
        "a turn that outlasts its transaction is a row",
        "E16",
        _DESK,
        "            turns.stand(connection, turn)\n",
        "            pass\n",
        _OF_SHARING,
    ),
    Fence(
        "a turn is given up at the end",
        "E16",
        _EXECUTOR,
        "            desk.woken += turns.leave_all(connection, desk.run.id)\n",
        "            pass\n",
        _OF_ENGINE,
    ),
    Fence(
        "a place that was never asked for is given up",
        "E16",
        _EXECUTOR,
        "        if has_place or desk.run.token > 1:",
        "        if desk.run.token > 1:",
        _OF_LOOKS,
    ),
    Fence(
        "a freed turn wakes who waits for it",
        "E16",
        _TURNS,
        "    UPDATE runs SET due_at = now()\n     WHERE id = (",
        "    UPDATE runs SET due_at = due_at\n     WHERE id = (",
        _OF_TURNS,
    ),
    Fence(
        "a turn that came before the sleep is seen",
        "E16",
        _RESTING,
        "                if self._has_turn_now(desk, connection, machine.commands, blocked):\n"
        "                    return False\n",
        "",
        _OF_LOOKS,
    ),
    # -------------------------------------------------------------------------------------- events
    Fence(
        "who emits is alone",
        "E11",
        _EVENTS,
        '    connection.execute(_ALONE, {"lock": lock_of(name, key)})\n',
        "",
        _OF_LOOKS,
    ),
    Fence(
        "who lies down is not beside who emits",
        "E11",
        _EVENTS,
        '        connection.execute(_TOGETHER, {"lock": lock})\n',
        "        pass\n",
        _OF_WAITS,
    ),
    Fence(
        "the last look before the sleep",
        "E11",
        _OCCURRENCES,
        "        return not any(any(_free(connection, desk, each)) for each in waits)\n",
        "        return True\n",
        _OF_WAITS,
    ),
    Fence(
        "a step emits once",
        "E6",
        _EVENTS,
        "ON CONFLICT (run_id, path) DO NOTHING RETURNING id, name, key, data, at",
        "RETURNING id, name, key, data, at",
        ("tests/integration/storage/test_fences_of_events.py",),
    ),
    Fence(
        "an event wakes who sleeps",
        "E11",
        _EVENTS,
        "    UPDATE runs SET due_at = now()\n",
        "    UPDATE runs SET due_at = due_at\n",
        _OF_WAITS,
    ),
    Fence(
        "an event is taken once by each run",
        "E6",
        _OCCURRENCES,
        "    taken = command.consumed | desk.taken_events\n",
        "    taken = desk.taken_events - desk.taken_events\n",
        _OF_WAITS,
    ),
    # ----------------------------------------------------------------------------------- schedules
    Fence(
        "one of all schedulers fires",
        "E12",
        _SCHEDULES,
        '" WHERE workflow = :workflow AND next_at = :planned RETURNING workflow"',
        '" WHERE workflow = :workflow AND :planned = :planned RETURNING workflow"',
        (*_OF_SCHEDULES, "tests/integration/worker/test_rounds.py"),
    ),
    Fence(
        "a planned time that was fired is not fired again",
        "E12",
        "hub/worker/rounds.py",
        "each for each in instants if not schedules.was_fired(connection, workflow.name, each)",
        "each for each in instants",
        ("tests/integration/worker/test_rounds.py",),
    ),
    Fence(
        "what was missed is bounded",
        "E12",
        "hub/worker/rounds.py",
        'most=MOST_MISSED if missed == "run_all" else 1',
        "most=10_000",
        ("tests/integration/worker/test_rounds.py", "tests/unit/worker"),
    ),
    Fence(
        "a planned time that has come stays",
        "E12",
        _SCHEDULES,
        '" OR schedules.next_at <= now() THEN schedules.next_at',
        '" THEN schedules.next_at',
        _OF_SCHEDULES,
    ),
    # ------------------------------------------------------------------------------- the life cycle
    Fence(
        "leases are renewed",
        "E3",
        "hub/worker/runner.py",
        "            return runs.renew(self._engine, owned, lease=self._lease)\n",
        "            return bool(owned) or True\n",
        ("tests/integration/worker/test_leases.py",),
    ),
    Fence(
        "a worker that stops hands back",
        "E14",
        _EXECUTOR,
        "                    runs.hand_back(connection, desk.run)\n",
        "                    pass\n",
        (*_OF_ENGINE, "tests/integration/worker/test_runner.py"),
    ),
    Fence(
        "a message names a run, or nothing",
        "S17",
        "hub/queue.py",
        """        if not _is_run_id(id):
""",
        """        if False:
""",
        ("tests/integration/test_queue.py", "tests/unit/test_queue.py"),
    ),
    Fence(
        "the heart does not stop for Redis",
        "I4",
        "hub/queue.py",
        "            self._rests_until = self._now() + _REST_AFTER_FAILURE\n",
        "",
        ("tests/integration/test_queue.py", "tests/unit/test_queue.py"),
    ),
    # --------------------------------------------------------------------------------------- holds
    Fence(
        "takers of numbers pass each other over",
        "D1",
        "hub/domain/phones.py",
        "row = db.execute(by_age.with_for_update(skip_locked=True)).mappings().one_or_none()",
        "row = db.execute(by_age).mappings().one_or_none()",
        ("tests/integration/domain/test_races.py",),
    ),
    Fence(
        "a number has one holder",
        "D1",
        "hub/storage/migrations/versions/0001_first_tables.py",
        "    CONSTRAINT uq_phone_numbers_lead_id UNIQUE (lead_id),\n",
        "",
        ("tests/integration/domain", "tests/unit/storage", "tests/integration/storage"),
    ),
    Fence(
        "one run for each planned time",
        "E12",
        "hub/storage/migrations/versions/0001_first_tables.py",
        "CREATE UNIQUE INDEX uq_runs_schedule\n",
        "CREATE INDEX uq_runs_schedule\n",
        _OF_SCHEDULES,
    ),
)

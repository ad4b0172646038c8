"""The kinds of steps: what is sent for each, and what must have come of it whoever died where."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from tests.crash_points.play import Kind, Play, has_done_all
from tests.crash_points.stage import until
from tests.fakes.services import HANG, Answer

_SOON = timedelta(seconds=0.4)
_RENEWED = "SELECT FROM runs WHERE lease_until > started_at + interval '6 seconds'"  # of 5
_RECORD = "hub.storage.deliveries:_record:commit.before"


# ------------------------------------------------------------------------------------ what is sent


def _one(flow: str) -> Callable[[Play], None]:
    def acts(play: Play) -> None:
        play.send(flow)

    return acts


def _holds(play: Play) -> None:
    lead, stage = str(uuid4()), play.stage
    stage.do("INSERT INTO leads (id, first_name, last_name) VALUES (%(id)s, 'Ada', 'B')", id=lead)
    for number in range(2):
        stage.do(
            "INSERT INTO phone_numbers (id, number) VALUES (gen_random_uuid(), %(number)s)",
            number=f"+1415555010{number}",
        )
    play.send("hold", lead_id=lead)


def _held_once(play: Play) -> list[str]:
    held = play.stage.rows("SELECT FROM phone_assignments")
    said = play.stage.rows("SELECT FROM interactions WHERE kind = 'call'")
    is_right = len(held) == 1 and len(said) == 1
    if play.death.way == "exception":
        is_right = len(held) <= 1
    return [] if is_right else [f"E6: {len(held)} holds, {len(said)} notes"]


def _retried(play: Play) -> None:
    play.stage.receivers.http.then(Answer(status=503))
    play.send("retried")


def _polls(play: Play) -> None:
    play.stage.receivers.http.then(Answer.of({"ok": False}))
    play.send("polls")


def _sleeps(play: Play) -> None:
    play.send("sleeps", at=_SOON)


def _events(play: Play) -> None:
    play.send("waits", name="door")
    play.send("emits", name="door")


def _called_off(play: Play) -> None:
    """The event that cancels comes when the run sleeps, if it gets there."""
    sent = play.send("called-off", name="door")
    life, stage = play.life, play.stage
    if life is not None:
        sleeps = "SELECT FROM runs WHERE status = 'waiting'"
        until(lambda: stage.rows(sleeps) or life.has_struck or life.status is not None, "a nap")
    assert sent.is_accepted
    play.send("emits", name="door")


def _turns(play: Play) -> None:
    play.send("turns", name="same")
    play.send("turns", name="same")


def _parts(play: Play) -> None:
    play.send("parts", name="same")
    play.send("parts", name="same")


def _impatient(play: Play) -> None:
    """The second one ends the first."""
    lead = str(uuid4())
    play.send("impatient", name="first", lead_id=lead)
    play.send("impatient", name="second", lead_id=lead)


def _once(play: Play) -> None:
    play.send("once", name="same")
    play.send("once", name="same")


def _posted_once(play: Play) -> list[str]:
    came = [each for each in play.stage.receivers.http.requests if each.path == "/once"]
    return [f"E8: once_per was done {len(came)} times"] if len(came) > 1 else []


def _once_local(play: Play) -> None:
    play.send("once-local", name="same")
    play.send("once-local", name="same")


def _yearly(play: Play) -> None:
    """A planned time has come."""
    play.stage.do(
        "INSERT INTO schedules (workflow, version, next_at)"
        " SELECT workflow, hash, now() - interval '1 second' FROM workflow_versions"
        " WHERE workflow = 'yearly' ORDER BY created_at DESC LIMIT 1"
    )


def _fired_once(play: Play) -> list[str]:
    found = play.stage.rows("SELECT FROM runs WHERE workflow = 'yearly'")
    return [] if len(found) == 1 else [f"E12: {len(found)} runs of one planned time"]


def _crowd(play: Play) -> None:
    for number in range(4):
        play.send("local", name=f"n{number}")


def _unreadable(play: Play) -> None:
    """The first of two in a queue has a version that nobody knows; the second sleeps."""
    _turns(play)
    first, second = (play.run_of(each) for each in play.sent)
    play.stage.do("UPDATE runs SET version = 'gone' WHERE id = %(id)s", id=first)
    play.stage.do(
        "UPDATE runs SET status = 'waiting', token = 1, due_at = now() + interval '1 hour'"
        " WHERE id = %(id)s",
        id=second,
    )
    for status in ("running", "waiting"):
        play.stage.do(
            "INSERT INTO run_history (run_id, status, token, why)"
            " VALUES (%(id)s, %(status)s, 1, 'waits for its turn')",
            id=second,
            status=status,
        )


def _orphan(play: Play) -> None:
    """Its owner died a while ago."""
    sent = play.send("local")
    run = play.run_of(sent)
    play.stage.do(
        "UPDATE runs SET status = 'running', token = 1, due_at = NULL,"
        " lease_until = now() - interval '1 second' WHERE id = %(id)s",
        id=run,
    )
    play.stage.do(
        "INSERT INTO run_history (run_id, status, token, why)"
        " VALUES (%(id)s, 'running', 1, 'dead')",
        id=run,
    )


def _slow(play: Play) -> None:
    """A call that takes longer than a third of a lease."""
    play.stage.receivers.http.then(HANG)
    play.send("slow")


def _answered_late(play: Play) -> bool:
    """The answer comes when the lease was renewed."""
    if play.stage.rows(_RENEWED):
        play.stage.receivers.http.release()
    return has_done_all(play)


def _leaves(play: Play) -> bool:
    """SIGTERM in the middle of a call (E14)."""
    life = play.life
    assert life is not None
    if "told" not in play.notes and play.stage.receivers.http.requests:
        play.notes["told"] = True
        life.signal(signal.SIGTERM)
        play.stage.receivers.http.release()
    return False


def _other_files(play: Play) -> None:
    """The run waits, and its file is another one when the worker comes; a second file is broken."""
    play.send("local")
    stage, flows = play.stage, play.stage.folder / "project" / "workflows"
    changed = stage.project["workflows/local.yaml"].replace("A kind of step", f"New {uuid4()}")
    (flows / "local.yaml").write_text(changed)
    (flows / "sleeps.yaml").write_text("hub: 1\ntitle: broken\nsteps: 7\n")


def _files_as_before(play: Play) -> list[str]:
    flows = play.stage.folder / "project" / "workflows"
    for name in ("local.yaml", "sleeps.yaml"):
        (flows / name).write_text(play.stage.project[f"workflows/{name}"])
    return []


def _asks_health(play: Play) -> None:
    play.send("local")
    for path in ("readyz", "healthz"):
        try:
            play.stage.caller.get(f"{play.web_url}/{path}")
        except OSError:
            return
        except Exception as broken:  # noqa: BLE001 - the process died while it answered
            play.notes["broken"] = broken


def _sends_twice(play: Play) -> None:
    sent = play.send("replies")
    if sent.is_accepted:
        sent.repeated = play.stage.post(play.web_url, sent.flow, sent.body, sent.key)


def _web_leaves(play: Play) -> bool:
    life = play.life
    assert life is not None
    if "told" not in play.notes:
        play.notes["told"] = True
        life.signal(signal.SIGTERM)
    return False


# ----------------------------------------------------------------------------------------- commands


def _naps(play: Play) -> None:
    """A run that sleeps for long; the worker that is kept has put it there."""
    sent = play.send("sleeps", at=timedelta(hours=5))
    play.notes["run"] = play.run_of(sent)


def _cancel(play: Play) -> list[str]:
    return ["cancel", play.notes["run"]]


def _start(play: Play) -> list[str] | None:
    if play.stage.rows("SELECT FROM runs"):
        return None
    return ["run", "called", "--input", "said=by-hand"]


def _nothing(_: Play) -> None:
    """The command alone."""


def _phones(_: Play) -> list[str]:
    return ["phones", "add", "+14155550177"]


def _leads(_: Play) -> list[str]:
    id_ = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
    return ["leads", "add", "--id", id_, "--first-name", "Ada", "--last-name", "B"]


def _one_lead(play: Play) -> list[str]:
    found = [row.id for row in play.stage.rows("SELECT id FROM leads")]
    return [] if found == [UUID(_leads(play)[3])] else [f"leads: {found}"]


def _one_phone(play: Play) -> list[str]:
    found = play.stage.rows("SELECT FROM phone_numbers")
    return [] if len(found) == 1 else [f"numbers: {len(found)}"]


def _upgrade(_: Play) -> list[str]:
    return ["db", "upgrade"]


def _refused(play: Play) -> None:
    """A run that failed for good, at a step that was not done."""
    play.stage.receivers.http.then(Answer(status=404))
    sent = play.send("slow")
    play.notes["run"] = play.run_of(sent)
    until(lambda: not play.stage.unfinished(), "the end of the run that fails")


def _retry(play: Play) -> list[str] | None:
    if play.stage.rows("SELECT FROM runs WHERE retry_of IS NOT NULL"):
        return None
    return ["retry", play.notes["run"]]


def _late(play: Play) -> None:
    """Nobody is at work: the caller gets what is said otherwise."""
    play.send("late")


KINDS: tuple[Kind, ...] = (
    # a worker that hears of a run by the bell
    Kind("one local effect", "worker", _one("local"), (("one",),)),
    Kind("local effects in one transaction", "worker", _one("shared"), (("one", "two", "three"),)),
    Kind("a hold", "worker", _holds, judge=_held_once),
    Kind("calls at least once", "worker", _one("asks"), (("one",),)),
    Kind("calls at most once", "worker", _one("tells"), (("one", "two"),)),
    Kind("a text message", "worker", _one("texts"), (("one",),)),
    Kind("mails", "worker", _one("mails")),
    Kind("a call tried again", "worker", _retried, (("one",),)),
    Kind("a wait for a time", "worker", _sleeps, (("one", "two"),)),
    Kind("a poll", "worker", _polls, (("one",),)),
    Kind("an event and who waits", "worker", _events, (("heard", "emitted", "started"),)),
    Kind(
        "an event that cancels",
        "worker",
        _called_off,
        (("one", "undone", "emitted", "started"), ("emitted", "started")),
        statuses=("succeeded", "cancelled"),
        is_repeated=False,
    ),
    Kind("calls of workflows", "worker", _one("calls"), (("called", "detached", "one"),)),
    Kind("branches", "worker", _one("branches"), (("own", "a", "b"),)),
    Kind("turns of runs", "worker", _turns, (("one", "one"),)),
    Kind("turns of calls", "worker", _parts, (("one", "one"),)),
    Kind(
        "a run that ends another",
        "worker",
        _impatient,
        (("one",),),
        statuses=("succeeded", "cancelled"),
        is_repeated=False,
    ),
    Kind("a reply to who waits", "worker", _one("replies"), (("one",),)),
    Kind(
        "undoing",
        "worker",
        _one("undone"),
        (("done", "undone", "last"),),
        statuses=("failed",),
        is_repeated=False,
    ),
    Kind("once for all runs", "worker", _once, (("one", "one"),), judge=_posted_once),
    Kind("once for all runs, local", "worker", _once_local, (("once",),)),
    # a worker that finds what is there when it comes
    Kind(
        "local effects that are found",
        "worker",
        _one("shared"),
        (("one", "two", "three"),),
        is_found=True,
    ),
    Kind("messages that are found", "worker", _one("tells"), (("one", "two"),), is_found=True),
    Kind("turns that are found", "worker", _turns, (("one", "one"),), is_found=True),
    Kind("a planned time", "worker", _yearly, (("planned",),), judge=_fired_once, is_found=True),
    Kind(
        "more runs than hands",
        "worker",
        _crowd,
        (("one",) * 4,),
        is_found=True,
        environment={"HUB_WORKER_RUNS": "1"},
    ),
    Kind(
        "a version nobody knows",
        "worker",
        _unreadable,
        (("one",),),
        is_found=True,
        statuses=("succeeded", "failed"),
        is_repeated=False,
    ),
    Kind("a run without owner", "worker", _orphan, (("one",),), is_found=True),
    Kind(
        "files that changed",
        "worker",
        _other_files,
        (("one",),),
        is_found=True,
        judge=_files_as_before,
    ),
    Kind("a call longer than a lease", "worker", _slow, (("one",),), meanwhile=_answered_late),
    Kind("a worker that leaves", "worker", _slow, (("one",),), meanwhile=_leaves),
    # the web process
    Kind("a request", "web", _asks_health, (("one",),)),
    Kind("a request that must wait its turn", "web", _turns, (("one", "one"),)),
    Kind("a caller who waits", "web", _sends_twice, (("one",),)),
    Kind("a caller who waits in vain", "web", _late, (("one",),), has_helper=False),
    Kind("a commit without an answer", "web", _one("local"), (("one",),), lost_before=_RECORD),
    Kind("a web process that leaves", "web", _one("local"), (("one",),), meanwhile=_web_leaves),
    # commands
    Kind(
        "hub cancel",
        "command",
        _naps,
        (("one",), ("one", "one", "two")),
        statuses=("cancelled",),
        command=_cancel,
        is_repeated=False,
    ),
    Kind(
        "hub retry",
        "command",
        _refused,
        (("one",),),
        statuses=("failed", "succeeded"),
        command=_retry,
        is_repeated=False,
    ),
    Kind("hub run", "command", _nothing, (("by-hand",),), command=_start),
    Kind("hub phones add", "command", _nothing, command=_phones, judge=_one_phone),
    Kind("hub leads add", "command", _nothing, command=_leads, judge=_one_lead),
    Kind("hub db upgrade", "command", _nothing, command=_upgrade),
)

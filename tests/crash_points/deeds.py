"""What callers, operators and the world do in a play, and what else must have come of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from tests.crash_points.lives import until
from tests.crash_points.play import Play, has_done_all
from tests.fakes.services import HANG, Answer

_SOON = timedelta(seconds=0.4)
_LONG = timedelta(seconds=5)  # enough to be ended before; nobody may do it, if that broke
_RENEWED = "SELECT FROM runs WHERE lease_until > started_at + interval '6 seconds'"  # of 5


# ------------------------------------------------------------------------------------ what is sent


def one(flow: str) -> Callable[[Play], None]:
    def acts(play: Play) -> None:
        play.send(flow)

    return acts


def holds(play: Play) -> None:
    lead, stage = str(uuid4()), play.stage
    stage.do("INSERT INTO leads (id, first_name, last_name) VALUES (%(id)s, 'Ada', 'B')", id=lead)
    for number in range(2):
        stage.do(
            "INSERT INTO phone_numbers (id, number) VALUES (gen_random_uuid(), %(number)s)",
            number=f"+1415555010{number}",
        )
    play.send("hold", lead_id=lead)


def held_once(play: Play) -> list[str]:
    held = play.stage.rows("SELECT FROM phone_assignments")
    said = play.stage.rows("SELECT FROM interactions WHERE kind = 'call'")
    is_right = len(held) == 1 and len(said) == 1
    if play.death.way == "exception":
        is_right = len(held) <= 1
    return [] if is_right else [f"E6: {len(held)} holds, {len(said)} notes"]


def retried(play: Play) -> None:
    play.stage.receivers.http.then(Answer(status=503))
    play.send("retried")


def unheard(play: Play) -> None:
    """The message is sent, and the answer to it is lost."""
    play.stage.receivers.twilio.loses_the_answer()
    play.send("texts")


def every_step_succeeded(play: Play) -> list[str]:
    """Where nobody died; what was sent unheard was found again."""
    failed = play.stage.rows("SELECT path, error FROM steps WHERE status <> 'succeeded'")
    return [] if play.death.point else [f"{row.path} failed: {row.error}" for row in failed]


def polls(play: Play) -> None:
    play.stage.receivers.http.then(Answer.of({"ok": False}))
    play.send("polls")


def sleeps(play: Play) -> None:
    play.send("sleeps", at=_SOON)


def events(play: Play) -> None:
    play.send("waits", name="door")
    play.send("emits", name="door")


def emit_once_more(play: Play) -> None:
    """For a run that came again after its failure."""
    play.send("emits", name="door")


def called_off(play: Play) -> None:
    """The event that cancels comes when the run sleeps, if it gets there."""
    sent = play.send("called-off", name="door", at=_LONG)
    life, stage = play.life, play.stage
    if life is not None:
        sleeps = "SELECT FROM runs WHERE status = 'waiting'"
        until(lambda: stage.rows(sleeps) or life.has_struck or life.status is not None, "a nap")
    assert sent.is_accepted
    play.send("emits", name="door")


def turns(play: Play) -> None:
    play.send("turns", name="same")
    play.send("turns", name="same")


def parts(play: Play) -> None:
    play.send("parts", name="same")
    play.send("parts", name="same")


def impatient(play: Play) -> None:
    """The second one ends the first."""
    lead = str(uuid4())
    play.send("impatient", name="first", at=_LONG, lead_id=lead)
    play.send("impatient", name="second", lead_id=lead)


def once(play: Play) -> None:
    play.send("once", name="same")
    play.send("once", name="same")


def posted_once(play: Play) -> list[str]:
    came = [each for each in play.stage.receivers.http.requests if each.path == "/once"]
    return [f"E8: once_per was done {len(came)} times"] if len(came) > 1 else []


def once_local(play: Play) -> None:
    play.send("once-local", name="same")
    play.send("once-local", name="same")


def yearly(play: Play) -> None:
    """A planned time has come."""
    play.stage.do(
        "INSERT INTO schedules (workflow, version, next_at)"
        " SELECT workflow, hash, now() - interval '1 second' FROM workflow_versions"
        " WHERE workflow = 'yearly' ORDER BY created_at DESC LIMIT 1"
    )


def fired_once(play: Play) -> list[str]:
    found = play.stage.rows("SELECT FROM runs WHERE workflow = 'yearly'")
    return [] if len(found) == 1 else [f"E12: {len(found)} runs of one planned time"]


def crowd(play: Play) -> None:
    for number in range(4):
        play.send("local", name=f"n{number}")


def unreadable(play: Play) -> None:
    """The first of two in a queue has a version that nobody knows; the second sleeps."""
    turns(play)
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


def orphan(play: Play) -> None:
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


def slow(play: Play) -> None:
    """A call that takes longer than a third of a lease."""
    play.stage.receivers.http.then(HANG)
    play.send("slow")


def answered_late(play: Play) -> bool:
    """The answer comes when the lease was renewed."""
    if play.stage.rows(_RENEWED):
        play.stage.receivers.http.release()
    return has_done_all(play)


def leaves(play: Play) -> bool:
    """SIGTERM in the middle of a call (E14)."""
    life = play.life
    assert life is not None
    if "told" not in play.notes and play.stage.receivers.http.requests:
        play.notes["told"] = True
        life.signal(signal.SIGTERM)
        play.stage.receivers.http.release()
    return False


def other_files(play: Play) -> None:
    """The run waits, and its file is another one when the worker comes; a second file is broken."""
    play.send("local")
    stage, flows = play.stage, play.stage.folder / "project" / "workflows"
    changed = stage.project["workflows/local.yaml"].replace("A kind of step", f"New {uuid4()}")
    (flows / "local.yaml").write_text(changed)
    (flows / "sleeps.yaml").write_text("hub: 1\ntitle: broken\nsteps: 7\n")


def files_as_before(play: Play) -> list[str]:
    flows = play.stage.folder / "project" / "workflows"
    for name in ("local.yaml", "sleeps.yaml"):
        (flows / name).write_text(play.stage.project[f"workflows/{name}"])
    return []


def asks_health(play: Play) -> None:
    play.send("local")
    for path in ("readyz", "healthz"):
        try:
            play.stage.caller.get(f"{play.web_url}/{path}")
        except OSError:
            return
        except Exception as broken:  # noqa: BLE001 - the process died while it answered
            play.notes["broken"] = broken


def sends_twice(play: Play) -> None:
    sent = play.send("replies")
    if sent.is_accepted:
        sent.repeated = play.stage.post(play.web_url, sent.flow, sent.body, sent.key)


def web_leaves(play: Play) -> bool:
    life = play.life
    assert life is not None
    if "told" not in play.notes:
        play.notes["told"] = True
        life.signal(signal.SIGTERM)
    return False


# ----------------------------------------------------------------------------------------- commands


def naps(play: Play) -> None:
    """A run that sleeps for long; the worker that is kept has put it there."""
    sent = play.send("sleeps", at=timedelta(hours=5))
    play.notes["run"] = play.run_of(sent)
    until(lambda: play.stage.rows("SELECT FROM runs WHERE status = 'waiting'"), "a nap")


def cancel(play: Play) -> list[str]:
    return ["cancel", play.notes["run"]]


def start(play: Play) -> list[str] | None:
    if play.stage.rows("SELECT FROM runs"):
        return None
    return ["run", "called", "--input", "said=by-hand"]


def nothing(_: Play) -> None:
    """The command alone."""


def start_planned(play: Play) -> list[str] | None:
    if play.stage.rows("SELECT FROM runs"):
        return None
    return ["run", "yearly"]


def backup(play: Play) -> list[str] | None:
    file = play.stage.folder / "backup.dump"
    if play.notes.setdefault("begun", "no") == "no":
        play.notes["begun"] = "yes"
        file.unlink(missing_ok=True)
    return None if file.exists() else ["db", "backup", str(file)]


def aged(play: Play) -> None:
    """A run that ended long ago, with all that belongs to it, and a version nobody names."""
    for statement in _OF_LONG_AGO:
        play.stage.do(statement)


_OF_LONG_AGO = (
    """
    INSERT INTO workflow_versions (hash, workflow, files, created_at)
    VALUES ('old', 'aged', '{}', now() - interval '200 days'),
           ('last', 'aged', '{}', now() - interval '199 days') ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO deliveries
           (id, endpoint, method, path, query, headers, body, body_digest, received_at)
    SELECT gen_random_uuid(), 'aged', 'POST', '/aged', '{}', '{}', 'b', 'd',
           now() - interval '200 days'
    """,
    """
    INSERT INTO runs (id, workflow, version, delivery_id, status, mode, trigger, created_at,
                      ended_at, deadline, token)
    SELECT gen_random_uuid(), 'aged', 'old', id, 'succeeded', 'live', '{}', received_at,
           received_at, received_at, 1
      FROM deliveries WHERE endpoint = 'aged'
    """,
    """
    INSERT INTO run_history (run_id, status, token) SELECT runs.id, was.status, was.token
      FROM runs, (VALUES ('queued', 0), ('running', 1), ('succeeded', 1)) AS was (status, token)
     WHERE workflow = 'aged'
    """,
    """
    INSERT INTO steps (run_id, path, kind, status, started_at)
    SELECT id, 'one', 'vars', 'succeeded', created_at FROM runs WHERE workflow = 'aged'
    """,
)


def retention(_: Play) -> list[str]:
    return ["retention", "apply"]


def nothing_old(play: Play) -> list[str]:
    left = play.stage.rows(
        "SELECT FROM runs WHERE workflow = 'aged' UNION ALL"
        " SELECT FROM deliveries WHERE endpoint = 'aged' UNION ALL"
        " SELECT FROM workflow_versions WHERE hash = 'old'"
    )
    return [f"E19: {len(left)} old rows are left"] if left else []


def phones(_: Play) -> list[str]:
    return ["phones", "add", "+14155550177"]


def leads(_: Play) -> list[str]:
    id_ = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
    return ["leads", "add", "--id", id_, "--first-name", "Ada", "--last-name", "B"]


def one_lead(play: Play) -> list[str]:
    found = [row.id for row in play.stage.rows("SELECT id FROM leads")]
    return [] if found == [UUID(leads(play)[3])] else [f"leads: {found}"]


def one_phone(play: Play) -> list[str]:
    found = play.stage.rows("SELECT FROM phone_numbers")
    return [] if len(found) == 1 else [f"numbers: {len(found)}"]


def asks(connection: str) -> Callable[[Play], list[str]]:
    def command(_: Play) -> list[str]:
        return ["connection", "test", connection]

    return command


def only_asked(play: Play) -> list[str]:
    """The last one that was not killed got its answer, and nothing was sent."""
    at = play.stage.receivers
    told = [f"{len(each.messages)} sent" for each in (at.twilio, at.mail) if each.messages]
    last = play.stage.lives[-1]
    return told if last.status == 0 else [*told, f"hub connection test: {last.status} {last.lines}"]


def upgrade(_: Play) -> list[str]:
    return ["db", "upgrade"]


def refused(play: Play) -> None:
    """A run that failed for good, at a step that was not done."""
    play.stage.receivers.http.then(Answer(status=404))
    sent = play.send("slow")
    play.notes["run"] = play.run_of(sent)
    until(lambda: not play.stage.unfinished(), "the end of the run that fails")


def retry(play: Play) -> list[str] | None:
    if play.stage.rows("SELECT FROM runs WHERE retry_of IS NOT NULL"):
        return None
    return ["retry", play.notes["run"]]


def late(play: Play) -> None:
    """Nobody is at work: the caller gets what is said otherwise."""
    play.send("late")

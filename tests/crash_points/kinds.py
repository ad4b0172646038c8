"""The kinds of steps, requests and commands, and what our own effects are in the end."""

from __future__ import annotations

from tests.crash_points import deeds
from tests.crash_points.play import Kind

_RECORD = "hub.storage.deliveries:_record:commit.before"

KINDS: tuple[Kind, ...] = (
    # a worker that hears of a run by the bell
    Kind("one local effect", "worker", deeds.one("local"), (("one",),)),
    Kind(
        "local effects in one transaction",
        "worker",
        deeds.one("shared"),
        (("one", "two", "three"),),
    ),
    Kind("a hold", "worker", deeds.holds, judge=deeds.held_once),
    Kind("calls at least once", "worker", deeds.one("asks"), (("one",),)),
    Kind("calls at most once", "worker", deeds.one("tells"), (("one", "two"),)),
    Kind("a text message", "worker", deeds.one("texts"), (("one",),)),
    Kind(
        "a text message whose answer is lost",
        "worker",
        deeds.unheard,
        (("one",),),
        judge=deeds.every_step_succeeded,
    ),
    Kind(
        "services of others",
        "worker",
        deeds.one("connects"),
        (("one",),),
        judge=deeds.every_step_succeeded,
    ),
    Kind("mails", "worker", deeds.one("mails")),
    Kind("a call tried again", "worker", deeds.retried, (("one",),)),
    Kind("a wait for a time", "worker", deeds.sleeps, (("one", "two"),)),
    Kind("a poll", "worker", deeds.polls, (("one",),)),
    Kind(
        "an event and who waits",
        "worker",
        deeds.events,
        (("heard", "emitted", "started"),),
        owed=deeds.emit_once_more,  # a failed run came again for an event that was, or never came
    ),
    Kind(
        "an event that cancels",
        "worker",
        deeds.called_off,
        (
            ("one", "undone", "emitted", "started"),
            ("emitted", "started"),
            ("one", "emitted", "started"),  # on a busy machine the nap was over before
        ),
        statuses=("succeeded", "cancelled"),
        is_repeated=False,
    ),
    Kind("calls of workflows", "worker", deeds.one("calls"), (("called", "detached", "one"),)),
    Kind("branches", "worker", deeds.one("branches"), (("own", "a", "b"),)),
    Kind("turns of runs", "worker", deeds.turns, (("one", "one"),)),
    Kind("turns of calls", "worker", deeds.parts, (("one", "one"),)),
    Kind(
        "a run that ends another",
        "worker",
        deeds.impatient,
        (("one",), ("one", "one")),
        statuses=("succeeded", "cancelled"),
        is_repeated=False,
    ),
    Kind("a reply to who waits", "worker", deeds.one("replies"), (("one",),)),
    Kind(
        "undoing",
        "worker",
        deeds.one("undone"),
        (("done", "undone", "last"),),
        statuses=("failed",),
        is_repeated=False,
    ),
    Kind("once for all runs", "worker", deeds.once, (("one", "one"),), judge=deeds.posted_once),
    Kind("once for all runs, local", "worker", deeds.once_local, (("once",),)),
    # a worker that finds what is there when it comes
    Kind(
        "local effects that are found",
        "worker",
        deeds.one("shared"),
        (("one", "two", "three"),),
        is_found=True,
    ),
    Kind("messages that are found", "worker", deeds.one("tells"), (("one", "two"),), is_found=True),
    Kind("turns that are found", "worker", deeds.turns, (("one", "one"),), is_found=True),
    Kind(
        "a planned time",
        "worker",
        deeds.yearly,
        (("planned",),),
        judge=deeds.fired_once,
        is_found=True,
    ),
    Kind(
        "more runs than hands",
        "worker",
        deeds.crowd,
        (("one",) * 4,),
        is_found=True,
        environment={"HUB_WORKER_RUNS": "1"},
    ),
    Kind(
        "a version nobody knows",
        "worker",
        deeds.unreadable,
        (("one",),),
        is_found=True,
        statuses=("succeeded", "failed"),
        is_repeated=False,
    ),
    Kind("a run without owner", "worker", deeds.orphan, (("one",),), is_found=True),
    Kind(
        "files that changed",
        "worker",
        deeds.other_files,
        (("one",),),
        is_found=True,
        judge=deeds.files_as_before,
    ),
    Kind(
        "a call longer than a lease",
        "worker",
        deeds.slow,
        (("one",),),
        meanwhile=deeds.answered_late,
    ),
    Kind("a worker that leaves", "worker", deeds.slow, (("one",),), meanwhile=deeds.leaves),
    # the web process
    Kind("a request", "web", deeds.asks_health, (("one",),)),
    Kind("a request that must wait its turn", "web", deeds.turns, (("one", "one"),)),
    Kind("a caller who waits", "web", deeds.sends_twice, (("one",),)),
    Kind("a caller who waits in vain", "web", deeds.late, (("one",),), has_helper=False),
    Kind("a commit without an answer", "web", deeds.one("local"), (("one",),), lost_before=_RECORD),
    Kind(
        "a web process that leaves",
        "web",
        deeds.one("local"),
        (("one",),),
        meanwhile=deeds.web_leaves,
    ),
    # commands
    Kind(
        "hub cancel",
        "command",
        deeds.naps,
        (("one",),),
        statuses=("cancelled",),
        command=deeds.cancel,
        is_repeated=False,
    ),
    Kind(
        "hub retry",
        "command",
        deeds.refused,
        (("one",),),
        statuses=("failed", "succeeded"),
        command=deeds.retry,
        is_repeated=False,
    ),
    Kind("hub run", "command", deeds.nothing, (("by-hand",),), command=deeds.start),
    Kind(
        "hub run of a plan", "command", deeds.nothing, (("planned",),), command=deeds.start_planned
    ),
    Kind("hub db backup", "command", deeds.nothing, command=deeds.backup),
    Kind(
        "hub retention apply",
        "command",
        deeds.aged,
        command=deeds.retention,
        judge=deeds.nothing_old,
    ),
    Kind("hub phones add", "command", deeds.nothing, command=deeds.phones, judge=deeds.one_phone),
    Kind("hub leads add", "command", deeds.nothing, command=deeds.leads, judge=deeds.one_lead),
    Kind(
        "hub connection test twilio",
        "command",
        deeds.nothing,
        command=deeds.asks("twilio"),
        judge=deeds.only_asked,
    ),
    Kind(
        "hub connection test mail",
        "command",
        deeds.nothing,
        command=deeds.asks("mail"),
        judge=deeds.only_asked,
    ),
    Kind("hub db upgrade", "command", deeds.nothing, command=deeds.upgrade),
)

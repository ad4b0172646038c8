"""Compares every 2xx with what is there: lost, done twice, sent twice, left behind. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.storm.facts import Facts, RunFacts
from tests.storm.plan import Webhook
from tests.storm.project import NAP_SECONDS, NOT_YET
from tests.storm.senders import Answered

POISON_DEATHS = 3  # E10

# The kinds of violations, with what the report calls them. The first four are P2's zeros.
KINDS: Mapping[str, str] = {
    "lost": "accepted and lost",
    "doubled": "local effects done twice",
    "second": "second messages",
    "stuck": "stuck runs",
    "silent": "messages without a word, or words without a message",
    "orphan": "effects without a run",
    "wrong": "wrong answers or ends",
    "refused": "webhooks never accepted",
    "books": "looks at which the books did not balance",
    "fault": "faults that could not be applied",
    "exit": "processes that did not end as told",
}


@dataclass(frozen=True)
class Violation:
    """One broken promise: a kind of `KINDS`, and which row."""

    kind: str
    what: str


def violations(
    webhooks: Sequence[Webhook],
    accepted: Mapping[str, Sequence[Answered]],
    refused: Mapping[str, str],
    facts: Facts,
) -> list[Violation]:
    """Everything that is wrong; nothing when every promise was kept."""
    runs = defaultdict(list)
    for run in facts.runs:
        runs[run.webhook].append(run)
    found = [
        violation
        for webhook in webhooks
        for violation in _of_webhook(
            webhook, accepted.get(webhook.id, ()), refused.get(webhook.id), runs[webhook.id], facts
        )
    ]
    known = {webhook.id for webhook in webhooks}
    found += [
        Violation("orphan", f"run {run.id} has the key {run.webhook!r}, which nobody sent")
        for run in facts.runs
        if run.webhook not in known
    ]
    found += [Violation("orphan", each) for each in facts.orphans]
    found += [Violation("wrong", each) for each in facts.short_holds]
    found += [
        Violation("second", f"posted {times} times: {chat!r}")
        for chat, times in (facts.chats or {}).items()
        if times > 1
    ]
    return found


def _of_webhook(
    webhook: Webhook,
    answers: Sequence[Answered],
    refusal: str | None,
    runs: Sequence[RunFacts],
    facts: Facts,
) -> Iterator[Violation]:
    if refusal is not None:
        yield Violation("refused", f"{webhook.id}: {refusal}")
    if not answers:
        yield Violation("refused", f"{webhook.id}: it was never accepted")
    elif not runs:
        yield Violation("lost", f"{webhook.id}: answered {answers[0].status}, and there is no run")
    for told in {_run_told_in(answer) for answer in answers} - {run.id for run in runs} - {""}:
        yield Violation("lost", f"{webhook.id}: its sender was told of run {told}: there is none")
    yield from _effects(webhook, runs)
    for run in runs:
        yield from _end(webhook, run)
    yield from _answers(webhook, answers, runs)
    if webhook.kind == "texts":
        yield from _texts(webhook, runs, (facts.texts or {}).get(webhook.id, 0))
    if webhook.kind == "puts":
        yield from _puts(webhook, runs, facts)


def _effects(webhook: Webhook, runs: Sequence[RunFacts]) -> Iterator[Violation]:
    done = sum(run.effects for run in runs)
    if done > 1:
        yield Violation("doubled", f"{webhook.id}: its effect is there {done} times")
    at_work = [run.id for run in runs if run.status != "failed"]
    if len(at_work) > 1:
        yield Violation("doubled", f"{webhook.id}: one key made the runs {', '.join(at_work)}")


def _end(webhook: Webhook, run: RunFacts) -> Iterator[Violation]:
    name = f"{webhook.id}: run {run.id} ({webhook.kind})"
    if run.ended_at is None:
        yield Violation("stuck", f"{name} is still {run.status}")
    elif run.status == "succeeded" and not run.effects:
        yield Violation("lost", f"{name} succeeded without its effect")
    elif run.status != "succeeded" and not _may_fail(webhook, run):
        yield Violation("wrong", f"{name} ended as {run.status} {run.error}")
    if webhook.kind == "naps" and run.effect_at is not None and run.created_at is not None:
        slept = run.effect_at - run.created_at
        if slept < timedelta(seconds=NAP_SECONDS):
            yield Violation("wrong", f"{name} woke after {slept}, which is too early")


def _may_fail(webhook: Webhook, run: RunFacts) -> bool:
    """A text may be refused or unknown; whoever killed three owners of a run gets `poison`."""
    if run.status != "failed":
        return False
    if run.error == "poison":
        return run.lost_leases >= POISON_DEATHS
    return webhook.kind == "texts" and run.sms in {"unknown", "refused"}


def _texts(webhook: Webhook, runs: Sequence[RunFacts], sent: int) -> Iterator[Violation]:
    """Delivered, refused and unknown are all there is; nothing is silent (E8)."""
    said = [run.sms for run in runs]
    if sent > 1:
        yield Violation("second", f"{webhook.id}: {sent} messages went out")
    if said.count("delivered") > sent:
        yield Violation("silent", f"{webhook.id}: {said}, but {sent} messages went out")
    if sent and not {"delivered", "unknown"} & set(said):
        yield Violation("silent", f"{webhook.id}: a message went out, its runs say {said}")
    for run in runs:
        if run.sms == "unknown" and not run.is_maybe_done:
            yield Violation("silent", f"{webhook.id}: run {run.id} does not say `maybe done`")


def _puts(webhook: Webhook, runs: Sequence[RunFacts], facts: Facts) -> Iterator[Violation]:
    """One key always carries the same (E7), and what succeeded was put."""
    for run in runs:
        put = set((facts.puts or {}).get(f"{run.id}/told", ()))
        if len(put) > 1:
            yield Violation("doubled", f"{webhook.id}: its key came with {len(put)} bodies")
        if run.status == "succeeded" and not put:
            yield Violation("lost", f"{webhook.id}: run {run.id} succeeded, and nothing was put")


def _answers(
    webhook: Webhook, answers: Sequence[Answered], runs: Sequence[RunFacts]
) -> Iterator[Violation]:
    """Each says what is right; all that speak for the same run are the same bytes (I7)."""
    for answer in answers:
        if not _is_right(webhook, answer):
            yield Violation("wrong", f"{webhook.id}: answered {answer.status} {answer.body!r:.120}")
    freed = {run.id for run in runs if run.status == "failed" and not run.is_maybe_done}
    while len(answers) > 1 and _may_change(answers[0], freed):
        answers = answers[1:]
    if len(set(answers)) > 1:
        yield Violation("wrong", f"{webhook.id}: repeats got other answers: {answers!r:.300}")


def _may_change(answer: Answered, freed: Collection[str]) -> bool:
    """A run that failed without a doubt freed its key: the next try is a new request (I9)."""
    return _is_provisional(answer) or _run_told_in(answer) in freed


def _is_right(webhook: Webhook, answer: Answered) -> bool:
    said = json.loads(answer.body)
    if webhook.kind == "books":
        (result,) = said.get("results", ({},))
        spoken = result.get("result", "")
        is_known = spoken == NOT_YET or spoken.startswith("Booked for ")
        return answer.status == 200 and result.get("toolCallId") == webhook.id and is_known
    if webhook.kind == "asks":
        return said in ({"id": webhook.id, "done": True}, {"id": webhook.id, "later": True})
    return answer.status == 202 and set(said) >= {"run_id"}


def _run_told_in(answer: Answered) -> str:
    """The run that an answer names, if it names one."""
    return str(json.loads(answer.body).get("run_id", ""))


def _is_provisional(answer: Answered) -> bool:
    """What is said at the deadline while the database is away cannot be stored as the answer."""
    return b'"later"' in answer.body or NOT_YET.encode() in answer.body

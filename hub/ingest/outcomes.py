"""What is said of one call: the answer known already, a refusal, or that it was accepted."""

from __future__ import annotations

from hub.errors import Rejected
from hub.ingest.answers import as_sentence
from hub.ingest.dialects import Reply, Unpacked
from hub.ingest.entrance import Entrance
from hub.ingest.planning import Planned
from hub.ingest.receipt import Outcome
from hub.storage.new_runs import Recorded


def outcome_of(
    entrance: Entrance, unpacked: Unpacked, planned: Planned, recorded: Recorded | None
) -> Outcome:
    """What is said of one call, now that its run is stored, or was before."""
    if planned.refusal is not None or recorded is None:
        return _told(planned.refusal or Rejected(422, "The call makes no run."))
    refusal = None if recorded.is_new else _refused_repeat(entrance, planned, recorded)
    if refusal is not None:
        if unpacked.when_refused == "refuse":
            raise refusal
        return _told(refusal)
    run_id = recorded.run_id
    dedupe = entrance.endpoint.dedupe
    is_accepted = not recorded.is_new and dedupe is not None and dedupe.on_duplicate == "accept"
    if planned.reply is None or is_accepted:
        accepted = Reply({"status": "accepted", "run_id": str(run_id)}, status=202)
        return Outcome(accepted, run_id, is_new=recorded.is_new)
    return Outcome(
        planned.reply, run_id, is_new=recorded.is_new, is_settled=False, wait=planned.wait
    )


def _refused_repeat(entrance: Entrance, planned: Planned, recorded: Recorded) -> Rejected | None:
    if planned.is_strict and not recorded.is_same_body:
        return Rejected(422, "This Idempotency-Key was used with another body.")
    dedupe = entrance.endpoint.dedupe
    if dedupe is not None and dedupe.on_duplicate == "reject":
        return Rejected(409, "This request was made before.")
    return None


def _told(refusal: Rejected) -> Outcome:
    sentence = as_sentence(refusal.title, refusal.problems)
    return Outcome(Reply(sentence, status=refusal.status, is_failure=True))

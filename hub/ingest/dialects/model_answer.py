"""The answer to a language model whose vendor hands it the body as it stands: Retell, ElevenLabs.

Always 200: for another status the vendor tells its model that the tool failed, and not why.
"""

from __future__ import annotations

from dataclasses import replace

from hub.ingest.dialects.contract import (
    JSON_TYPE,
    Packed,
    Reply,
    one_line,
    to_json_bytes,
)

CUT = " … (cut)"
_IN_WORDS = {
    "accepted": "This takes a moment longer: it is being worked on.",
    "succeeded": "This is done.",
}


def in_a_sentence(reply: Reply) -> Reply:
    """The hub's own answers, which are data, as what a person can hear: without ids.

    Those are what is said without `otherwise`, without `failed` and without a reply of the run.
    """
    body = reply.body
    if not isinstance(body, dict) or not isinstance(body.get("run_id"), str):
        return reply
    if body.keys() == {"error", "run_id"} and reply.is_failure:
        told = str(body["error"]).replace("_", " ")
        return replace(reply, body=f"That did not work: {told}.")
    said = _IN_WORDS.get(str(body.get("status"))) if body.keys() == {"status", "run_id"} else None
    return reply if said is None else replace(reply, body=said)


def answer_to_model(reply: Reply, *, most: int | None = None) -> Packed:
    """A text becomes `{"result": text}`, a failure `{"error": text}`, data stays as it is.

    What has more than `most` characters is told as text that ends by saying that it is cut: the
    vendor would cut it anywhere, and leave no JSON.
    """
    reply = in_a_sentence(reply)
    name = "error" if reply.is_error else "result"
    value = reply.body if isinstance(reply.body, dict) and not reply.is_error else None
    content = to_json_bytes({name: one_line(reply.body)} if value is None else value)
    if most is not None and len(content.decode()) > most:
        content = _cut(name, one_line(reply.body), most)
    return Packed(200, content, {"Content-Type": JSON_TYPE})


def _cut(name: str, text: str, most: int) -> bytes:
    """As much of a text as fits: in JSON some characters take more than one."""
    kept = most
    while True:
        content = to_json_bytes({name: f"{text[:kept]}{CUT}"})
        excess = len(content.decode()) - most
        if excess <= 0:
            return content
        kept -= max(excess // 6, 1)  # a character takes six at most, as an escape

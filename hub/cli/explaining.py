"""`hub explain-reply`: would a voice agent use this answer, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import click

from hub.cli.console import complain, say_json, table
from hub.cli.entrance import example
from hub.errors import NotPossible, Rejected
from hub.ingest.body import read_json
from hub.ingest.dialects import DIALECTS, Beside, Unpacked
from hub.ingest.dialects.judging import JUDGED, Verdict, is_dropped, judge

_DROPPED = 1


@example(
    "hub explain-reply vapi.tool answer.json --request request.json",
    "curl -s … | hub explain-reply retell.tool",
    "hub explain-reply vapi.tool answer.json --status 500 --json",
)
@click.command("explain-reply")
@click.argument("dialect", type=click.Choice(JUDGED), metavar="DIALECT")
@click.argument("reply", type=click.File("rb"), default="-")
@click.option("--request", type=click.File("rb"), help="The body that was answered, as it came.")
@click.option(
    "--status", default=200, show_default=True, type=click.IntRange(100, 599), help="The answer's."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def explain_reply(
    *, dialect: str, reply: BinaryIO, request: BinaryIO | None, status: int, as_json: bool
) -> None:
    """Say part by part whether the caller would use an answer: used, ignored, cut.

    DIALECT is that of the caller: vapi.tool, vapi.event, retell.tool, retell.event,
    elevenlabs.tool, elevenlabs.event or bland.event.

    REPLY is a file with the body of the answer, or `-` for stdin. With the request, ids are
    compared too, and questions of Vapi and Retell are known. Exits with 1 when a part would be
    ignored.
    """
    asked = None if request is None else _asked(dialect, request.read())
    verdicts = judge(dialect, reply.read(), status=status, asked=asked)
    _tell(verdicts, as_json=as_json)
    if is_dropped(verdicts):
        raise click.exceptions.Exit(_DROPPED)


def _asked(dialect: str, raw: bytes) -> Unpacked:
    try:
        found = DIALECTS[dialect].unpack(read_json(raw), Beside())
    except Rejected as refused:
        raise NotPossible(f"the request cannot be read: {refused.title}") from None
    if found.ignored is not None:
        complain(f"hub: the request makes no run: {found.ignored}")
    return found


def _tell(verdicts: Sequence[Verdict], *, as_json: bool) -> None:
    if as_json:
        for each in verdicts:
            say_json(each)
    else:
        table(("", "part", "why"), [(each.fate, each.place, each.why) for each in verdicts])

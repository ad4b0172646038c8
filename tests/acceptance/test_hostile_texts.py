"""Texts that look like something else go through the whole hub as the texts they are (20.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.storage import tables
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import Story

TEXTS = [
    "${{ secrets.SLACK_BOT_TOKEN }}",
    "{{7*7}}",
    "+48100200300",
    "1e5",
    "[1,2]",
    "None",
    "=cmd",
    "<% x %>",
]
ITEMS = {"type": "array", "items": {"type": "string"}}
SENT = {"type": "object", "properties": {"texts": ITEMS}, "required": ["texts"]}
FLOW = """\
hub: 1
title: Sends texts around
endpoint:
  auth: broker
  payload: schemas/hostile.json
  respond: {within: 20s}
steps:
  - vars: {kept: "${{ payload.texts }}"}
  - id: other
    call: hostile-other
    detach: true
    with: {texts: "${{ vars.kept }}", key: "${{ run.id }}"}
  - id: back
    wait: {for: hostile.sent, key: "${{ run.id }}"}
    timeout: 1h
  - id: each
    for_each: text in steps.back.data.texts
    collect: ${{ steps.made.first_name }}
    steps:
      - id: made
        do: leads.create
        with: {first_name: "${{ text }}", last_name: ""}
      - id: posted
        do: slack.post
        with: {channel: "#bookings", text: "${{ text }}"}
  - return: {kept: "${{ vars.kept }}", made: "${{ steps.each.items }}"}
"""
OTHER = """\
hub: 1
title: Sends texts back
inputs:
  texts: {type: array, items: {type: string}}
  key: {type: string}
steps:
  - emit: hostile.sent
    key: ${{ inputs.key }}
    data: {texts: "${{ inputs.texts }}"}
"""


@pytest.fixture
def hub(project: Path, open_story: OpenStory) -> Story:
    """The hub with a flow that keeps texts, waits for them, stores, posts and returns them."""
    (project / "workflows" / "hostile.yaml").write_text(FLOW)
    (project / "workflows" / "hostile-other.yaml").write_text(OTHER)
    (project / "schemas" / "hostile.json").write_text(json.dumps(SENT))
    (project / "schemas" / "events" / "hostile.sent.json").write_text(json.dumps(SENT))
    return open_story()


def test_hostile_texts_reach_actions_rows_and_the_answer_unchanged_and_as_text(hub: Story):
    answer = hub.broker("hostile", {"texts": TEXTS})

    assert (answer.status, answer.json) == (200, {"kept": TEXTS, "made": TEXTS})
    assert [json.loads(each.body)["channel"] for each in hub.slack.requests] == ["#bookings"] * 8
    assert hub.slack.texts == TEXTS
    assert sorted(row.first_name for row in hub.rows(tables.leads)) == sorted(TEXTS)
    assert [row.data for row in hub.rows(tables.events)] == [{"texts": TEXTS}]
    [run] = hub.runs("hostile")
    assert "waiting" in [change.status for change in hub.changes(run.id)]  # it slept as a row

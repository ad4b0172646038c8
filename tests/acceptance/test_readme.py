"""The example of the README, run as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests import readme
from tests.acceptance.conftest import OpenStory


def test_the_example_of_the_readme_runs(open_story: OpenStory, project: Path):
    readme.write_files(project)
    hub = open_story(mode="simulate")
    number = hub.number()
    sent, said = re.search(r"-d '(.*)'\n```\n\n```json\n(.*)\n```", readme.text()).groups()  # type: ignore[union-attr]

    answer = hub.broker("callback-request", json.loads(sent))
    again = hub.broker("callback-request", json.loads(sent))

    assert answer.status == 200
    assert answer.json.keys() == json.loads(said).keys()
    assert answer.json["call_from"] == number
    assert again.body == answer.body
    (run,) = hub.runs("callback-request")
    assert hub.steps(run.id)["tell_team"].is_simulated
    assert hub.slack.nothing_was_sent


def test_all_lines_busy_is_said_with_409(open_story: OpenStory, project: Path):
    readme.write_files(project)
    hub = open_story(mode="simulate")

    answer = hub.broker(
        "callback-request", {"name": "Ada", "phone": "+12025550147", "topic": "price"}
    )

    assert (answer.status, answer.json["reason"]) == (409, "all lines are busy")

"""Requests generated from our own OpenAPI document: nothing undocumented comes back (P4).

`make api-tests` makes 500 of them for each operation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from hub.ingest.openapi import openapi
from hub.testing.signing import secret_value, signed
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import Story
from tests.figures import Figure
from tests.processes.kinds import FILES_OF_ALL_KINDS

OUR_HEADERS = ("idempotency-key",)  # credentials are made for the body
LEAN, FULL = 15, 500
NOT_LET_IN = {401, 404}  # an address that is none is said to be none
OTHERS = ("form", "standard", "cloud", "seen", "at-once", "waits")


@pytest.fixture
def hub(project: Path, open_story: OpenStory) -> Story:
    """The hub with its own flows, and one endpoint of each kind that they do not use."""
    for name in OTHERS:
        text = FILES_OF_ALL_KINDS[f"workflows/{name}.yaml"]
        (project / "workflows" / f"{name}.yaml").write_text(text)
    (project / "schemas" / "booked.json").write_text(FILES_OF_ALL_KINDS["schemas/booked.json"])
    settings_file = project / "hub.yaml"
    standard = "auth:\n  standard: {type: standard_webhooks, secret: STANDARD_WEBHOOK_SECRET}\n"
    text = settings_file.read_text().replace("\nauth:\n", f"\n{standard}", 1)
    settings_file.write_text(
        text.replace("\nsecrets:\n", "\nsecrets:\n  - STANDARD_WEBHOOK_SECRET\n")
    )
    known = open_story().hub.project.settings
    names = sorted({name for preset in known.auth.values() for name in preset.secrets})
    return open_story(mode="simulate", **{name: secret_value(name, known) for name in names})


def send(hub: Story, operation: Mapping[str, Any], case: Any, *, is_signed: bool) -> Any:
    """The case on the wire, signed for its endpoint so that it gets past authentication, or not."""
    from tests.acceptance.openapi_cases import has_body  # noqa: PLC0415 - see there

    media_type = case.media_type
    body = b""
    if media_type == "application/x-www-form-urlencoded" and isinstance(case.body, Mapping):
        body = urlencode(case.body, doseq=True).encode("utf-8", "replace")
    elif has_body(case):
        body = json.dumps(case.body).encode()
    named = {str(name).lower(): str(value) for name, value in (case.headers or {}).items()}
    headers = {name: named[name] for name in OUR_HEADERS if name in named}
    if media_type is not None:
        headers["content-type"] = media_type
    query = urlencode(dict(case.query or {}), doseq=True)
    (needed,) = operation["security"] or [{}]
    for name in needed if is_signed else ():
        headers = signed(
            hub.hub.project.settings.auth[name],
            body,
            headers,
            now=hub.clock.now(),
            settings=hub.hub.project.settings,
            method=case.method,
            url=f"{hub.hub.settings.public_url}{case.formatted_path}{query and '?'}{query}",
        )
    return hub.client.open(
        case.formatted_path,
        method=case.method,
        query_string=query,
        data=body,
        headers=headers,
    )


def play(hub: Story, operation: Any, described: Mapping[str, Any], cases: int) -> Counter[int]:
    """Send so many cases of one operation, check each answer; how often which status came."""
    from tests.acceptance.openapi_cases import check_answer  # noqa: PLC0415 - see there

    heard: Counter[int] = Counter()
    numbers = count()

    @settings(
        max_examples=cases,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        is_signed = next(numbers) % 4 != 0  # every operation meets callers that prove nothing
        answer = send(hub, described, case, is_signed=is_signed)
        heard[answer.status_code] += 1
        if described["security"] and not is_signed:
            assert answer.status_code in NOT_LET_IN
        check_answer(case, answer)

    check()
    return heard


# The worker beside us shakes its own dice while cases are made.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
def test_P4_no_request_of_our_document_is_answered_by_what_it_does_not_say(
    hub: Story, figure: Figure
):
    from tests.acceptance.openapi_cases import operations  # noqa: PLC0415 - see there

    document = openapi(hub.hub.project, "http://localhost")
    made = operations(document)
    assert len(made) == sum(map(len, document["paths"].values()))
    cases = FULL if settings.get_current_profile_name() == "proofs" else LEAN
    heard: Counter[int] = Counter()

    with hub.worker_at_work():
        for operation in made:
            described = document["paths"][operation.path][operation.method]
            found = play(hub, operation, described, cases)
            assert set(found) - {401}, f"{operation.path} let nobody in"
            assert (401 in found) == bool(described["security"])
            assert "default" not in described["responses"]
            heard += found

    told = ", ".join(f"{status}: {number}" for status, number in sorted(heard.items()))
    figure("P4", f"{len(made)} operations, {cases} cases each, no failure ({told})")

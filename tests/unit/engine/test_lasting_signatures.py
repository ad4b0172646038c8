"""A warning where whoever captured a signed request could send it again (HUB621, S2)."""

from __future__ import annotations

import pytest

from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.project import load_project
from hub.ingest.dialects import DIALECTS
from hub.ingest.signatures import AUTH_TYPES

HUB = """\
hub: 1
auth:
  github: {{type: hmac_sha256, header: X-Hub-Signature-256, prefix: "sha256=", secret: S}}
  untimed: {{type: vapi_hmac, include_timestamp: false, payload_format: "{{body}}", secret: S}}
  {more}
  timed: {{type: vapi_hmac, secret: S}}
  stripe: {{type: stripe_signature, secret: S}}
  standard: {{type: standard_webhooks, secret: S}}
  token: {{type: bearer, secret: S}}
secrets: [S]
"""
NAMED = (
    "named: {type: vapi_hmac, include_timestamp: false, message_id_header: X-Id,"
    ' payload_format: "{svix-id}.{body}", secret: S}'
)
ENDPOINT = "hub: 1\ntitle: W\nendpoint:\n  auth: {auth}{more}\nsteps:\n  - return: done\n"
DEDUPE = "\n  dedupe:\n    key: ${{ params.id }}\n  path: /jobs/{id}"


def warned(auth: str, more: str = "", presets: str = NAMED) -> list[tuple[str, str, int]]:
    """Code, severity and line of what is found."""
    files = {
        "hub.yaml": HUB.format(more=presets),
        "workflows/w.yaml": ENDPOINT.format(auth=auth, more=more),
    }
    project = load_project(files, actions={}, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)
    assert "w" in project.workflows, project.findings
    return [(each.code, each.severity, each.line) for each in project.findings]


@pytest.mark.parametrize("auth", ["github", "untimed"])
@pytest.mark.parametrize("more", ["", "\n  method: DELETE", "\n  dialect: form"])
def test_S2_a_signature_that_is_right_for_ever_needs_a_key(auth: str, more: str):
    assert warned(auth, more) == [("HUB621", "warning", 4)]


@pytest.mark.parametrize(
    "more", [DEDUPE, "\n  dialect: calcom", "\n  dialect: cloudevents", "\n  method: GET"]
)
def test_S2_a_key_tells_repeats_apart_and_who_only_reads_changes_nothing(more: str):
    assert warned("github", more) == []


@pytest.mark.parametrize("auth", ["timed", "named", "stripe", "standard", "token"])
def test_S2_what_signs_a_time_or_an_id_needs_none(auth: str):
    assert warned(auth) == []


@pytest.mark.parametrize(
    "dialect",
    [
        name
        for name, each in DIALECTS.own.items()
        if AUTH_TYPES[each.default_auth].lasting_when == {}
    ],
)
def test_S2_who_signs_no_time_is_warned_of_where_no_key_stands_in_the_body(dialect: str):
    """GitHub's id stands in a header, Acuity and Bland tell none of a change: no signature of them
    covers what tells a repeat.
    """
    usual = DIALECTS[dialect].default_auth
    found = warned("usual", f"\n  dialect: {dialect}", f"usual: {{type: {usual}, secret: S}}")

    is_unnamed = dialect in {"github", "acuity", "bland.event"}
    assert found == ([("HUB621", "warning", 4)] if is_unnamed else [])

"""C-23: what a front end was built with, beside what the hub does."""

from __future__ import annotations

import pytest

from hub.bootstrap.front_end import disagreements
from hub.engine.settings import ConfigDeclaration, ProjectSettings

PHONES = {"type": "array", "items": {"type": "string", "format": "e164"}}
SETTINGS = ProjectSettings(
    config={
        "live": ConfigDeclaration(
            "live", {"type": "boolean"}, "LIVE_CALL_ENABLED", default=False, has_default=True
        ),
        "phones": ConfigDeclaration(
            "phones", PHONES, "ADMIN_TEST_PHONES", default=[], has_default=True
        ),
        "url": ConfigDeclaration("url", {"type": "string"}, "PUBLIC_APP_URL"),
    }
)


@pytest.mark.parametrize(
    ("environment", "differing"),
    [
        ({}, []),
        ({"LIVE_CALL_ENABLED": "true"}, []),
        ({"LIVE_CALL_ENABLED": "true", "NEXT_PUBLIC_LIVE_CALL_ENABLED": "true"}, []),
        ({"NEXT_PUBLIC_LIVE_CALL_ENABLED": "false"}, []),
        ({"NEXT_PUBLIC_LIVE_CALL_ENABLED": "true"}, ["LIVE_CALL_ENABLED"]),
        (
            {"LIVE_CALL_ENABLED": "TRUE", "NEXT_PUBLIC_LIVE_CALL_ENABLED": "true"},
            ["LIVE_CALL_ENABLED"],
        ),
        (
            {"LIVE_CALL_ENABLED": "true", "NEXT_PUBLIC_LIVE_CALL_ENABLED": ""},
            ["LIVE_CALL_ENABLED"],
        ),
        (
            {
                "ADMIN_TEST_PHONES": "+13105551234,+13105559999",
                "NEXT_PUBLIC_ADMIN_TEST_PHONES": " +13105551234 ,, +13105559999",
            },
            [],
        ),
        (
            {
                "ADMIN_TEST_PHONES": "+13105551234",
                "NEXT_PUBLIC_ADMIN_TEST_PHONES": "+13105559999",
            },
            ["ADMIN_TEST_PHONES"],
        ),
        ({"NEXT_PUBLIC_ADMIN_TEST_PHONES": "55"}, ["ADMIN_TEST_PHONES"]),
        ({"NEXT_PUBLIC_PUBLIC_APP_URL": "https://a.example"}, ["PUBLIC_APP_URL"]),
        ({"NEXT_PUBLIC_SOMETHING_ELSE": "x"}, []),
    ],
)
def test_C23_values_that_disagree_are_reported_by_name(environment, differing):
    found = disagreements(SETTINGS, environment)

    assert [each.split()[0].removeprefix("NEXT_PUBLIC_") for each in found] == differing
    assert not any("+1310" in each for each in found)

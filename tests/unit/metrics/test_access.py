"""Who may read the metrics (S1)."""

from __future__ import annotations

import pytest

from hub.config import Settings
from hub.errors import Misconfigured
from hub.metrics.access import is_allowed

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("given", "is_right"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer", False),
        ("Bearer \N{LATIN SMALL LETTER E WITH ACUTE}\udcff", False),
        ("", False),
    ],
)
def test_S1_only_the_token_opens_the_page(given: str, is_right: bool):  # noqa: FBT001
    assert is_allowed(TOKEN, given) is is_right


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer"])
def test_S1_no_token_opens_it_for_nobody(given: str):
    assert not is_allowed("", given)


@pytest.mark.parametrize(
    "environment",
    [
        {"HUB_METRICS_TOKEN": "short"},
        {"HUB_METRICS_TOKEN": "with spaces in between"},
        {"HUB_METRICS_HOST": "0.0.0.0"},  # noqa: S104
        {"HUB_METRICS_PORT": "99999"},
    ],
)
def test_S1_settings_that_would_let_anybody_read_are_refused(environment: dict[str, str]):
    with pytest.raises(Misconfigured, match="HUB_METRICS"):
        Settings.from_environment(environment)


def test_S6_the_token_is_in_no_description_of_the_settings():
    assert TOKEN not in repr(Settings.from_environment({"HUB_METRICS_TOKEN": TOKEN}))

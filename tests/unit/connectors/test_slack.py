"""Slack, as far as nothing is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.slack_text import escape


def test_data_cannot_mention_or_hide_a_link():
    assert escape("<!channel> <https://evil|click> & co") == (
        "&lt;!channel&gt; &lt;https://evil|click&gt; &amp; co"
    )


@given(st.text())
def test_what_is_escaped_is_shown_as_it_was(text):
    escaped = escape(text)

    assert "<" not in escaped
    assert ">" not in escaped
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text

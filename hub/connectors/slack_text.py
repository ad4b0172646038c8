"""Text as Slack reads it: pure."""

from __future__ import annotations


def escape(text: str) -> str:
    """Make `&`, `<` and `>` plain characters, so that no data becomes a mention or a hidden link.

    Expressions have been joined into the text before it comes here, so nobody can tell the author's
    characters from a caller's: all are escaped. Marks such as *bold* and bare URLs keep working;
    `<@U…>`, `<!channel>` and `<url|label>` are shown as they are written.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

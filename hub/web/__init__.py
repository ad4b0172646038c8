"""HTTP in, HTTP out: `create_app(hub)`. The only room that knows Flask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from hub.bootstrap import Hub
    from hub.bootstrap.metrics_page import MetricsPage


def create_app(hub: Hub, page: MetricsPage | None = None) -> Flask:
    """The Flask application of one open hub.

    Imported on use: the server's main process imports this package before it is patched.
    """
    from hub.web.app import create_app as create  # noqa: PLC0415 - see above

    return create(hub, page)

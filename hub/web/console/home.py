"""The first page: how the hub is."""

from __future__ import annotations

from flask import Response

from hub.people.roles import Deed
from hub.web.console.app import Console


class Home:
    """The page at `/admin`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page("/admin", Deed.SEE_HEALTH)(self.page)

    def page(self) -> Response:
        """All of it."""
        return self._app.render("home.html")

"""Makes the console of one open hub."""

from __future__ import annotations

from hub.bootstrap import Hub
from hub.web.console.account import Account
from hub.web.console.app import Console
from hub.web.console.bookings import Bookings
from hub.web.console.comparing import Comparing
from hub.web.console.connections import Connections
from hub.web.console.editor import Editor
from hub.web.console.entrance import Entrance
from hub.web.console.flows import Flows
from hub.web.console.home import Home
from hub.web.console.live import Live
from hub.web.console.people import Audit, People
from hub.web.console.phones import Phones
from hub.web.console.programs import Programs
from hub.web.console.run import RunPage
from hub.web.console.runs import Runs
from hub.web.console.single_sign_on import SingleSignOn
from hub.web.visits import Visits

_GROUPS = (
    Entrance,
    SingleSignOn,
    Account,
    Home,
    Runs,
    RunPage,
    Live,
    Comparing,
    Flows,
    Editor,
    Bookings,
    Phones,
    Connections,
    People,
    Audit,
    Programs,
)


def create_console(hub: Hub, visits: Visits) -> Console:
    """All pages of the console."""
    app = Console(hub, visits)
    for group in _GROUPS:
        group(app)
    return app

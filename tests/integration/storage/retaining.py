"""What retention does in an office, and what it would do."""

from __future__ import annotations

from datetime import timedelta

from hub.engine.settings import Retention
from hub.storage import retention
from hub.storage.audit import Actor
from hub.storage.retention import Gone, Place
from hub.worker.retention import remove_all
from tests.integration.storage.office import Office

KEPT = timedelta(days=30)
PERIODS = Retention(runs=KEPT, audit=timedelta(days=400))
ACTOR = Actor("tests", "here")


def removed(office: Office, periods: Retention = PERIODS) -> Gone:
    """Everything that may go, until nothing does."""
    whole = Gone()
    while True:
        once = sum(remove_all(office.engine, periods, ACTOR), Gone())
        if once == Gone():
            return whole
        whole += once


def forecast(office: Office) -> Gone:
    before = Place.beginning(office.engine, KEPT).at
    found: Gone = office.ask(lambda connection: retention.forecast(connection, before=before))
    return found

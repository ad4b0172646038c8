"""The parts that `hub demo` can play, by the word that names them."""

from __future__ import annotations

from collections.abc import Mapping

from hub.cli.demo.booking import Booking
from hub.cli.demo.call import Call
from hub.cli.demo.holds import Holds
from hub.cli.demo.part import Part
from hub.cli.demo.session import Session
from hub.cli.demo.slots import Slots
from hub.cli.demo.tour import Tour

PARTS: Mapping[str, type[Part]] = {
    "holds": Holds,
    "call": Call,
    "slots": Slots,
    "booking": Booking,
    "session": Session,
}


def part_named(name: str | None) -> type[Part]:
    """The part of this name; without one the tour."""
    return Tour if name is None else PARTS[name]

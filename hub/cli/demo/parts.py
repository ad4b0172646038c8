"""The parts that `hub demo` can play, by the word that names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def parts_named(names: Iterable[str]) -> tuple[type[Part], ...]:
    """The parts of these names, each once; without any the tour."""
    return tuple(PARTS[name] for name in dict.fromkeys(names)) or (Tour,)

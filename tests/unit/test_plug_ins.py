"""What installed packages may bring, and what is said of those that bring something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from hub import plug_ins
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.project import DIALECT_FACTS
from hub.errors import Misconfigured
from hub.ingest.dialects import DIALECTS
from hub.ingest.signatures import AUTH_TYPES
from tests.fakes import packages

Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Packages with these entry points (group, name, value) are installed."""

    def installing(*entries: tuple[str, str, str]) -> None:
        found = EntryPoints(EntryPoint(name, value, group) for group, name, value in entries)
        monkeypatch.setattr(plug_ins, "entry_points", lambda: found)
        _look_again()

    yield installing
    monkeypatch.undo()
    _look_again()


def _look_again() -> None:
    plug_ins.look_again()
    all_auth_types.cache_clear()


def test_a_package_brings_a_dialect_and_a_preset(install: Install):
    install(
        ("hub.dialects", "acme", "tests.fakes.packages:SPOKEN"),
        ("hub.auth_types", "acme_proof", "tests.fakes.packages:PROVED"),
    )

    assert DIALECTS["acme"] is packages.SPOKEN
    assert DIALECT_FACTS["acme"].default_max_body == packages.SPOKEN.default_max_body
    assert all_auth_types()["acme_proof"] is packages.PROVED
    assert {"json", "vapi.tool", "calcom"} < set(DIALECTS)
    assert {"public", "bearer", "retell"} < set(all_auth_types())


def test_a_package_may_bring_a_module_with_several(
    install: Install, monkeypatch: pytest.MonkeyPatch
):
    several = {name: packages.Spoken(name=name) for name in ("acme.one", "acme.two")}
    monkeypatch.setattr(packages, "DIALECTS", several, raising=False)

    install(("hub.dialects", "acme", "tests.fakes.packages"))

    assert set(several) < set(DIALECTS)


def test_without_packages_nothing_is_there_but_our_own(install: Install):
    before = set(DIALECTS)
    install()

    assert not plug_ins.are_installed()
    assert set(DIALECTS) == before
    assert set(DIALECTS) == set(DIALECTS.own)


def test_the_packages_are_looked_through_once(install: Install, monkeypatch: pytest.MonkeyPatch):
    looked = EntryPoints([EntryPoint("acme", "tests.fakes.packages:SPOKEN", "hub.dialects")])
    install()
    looks: list[str] = []

    def look() -> EntryPoints:
        looks.append("looked")
        return looked

    monkeypatch.setattr(plug_ins, "entry_points", look)
    _look_again()

    assert plug_ins.are_installed()
    assert len(DIALECTS) == len(DIALECTS.own) + 1
    assert dict(all_auth_types()) == dict(AUTH_TYPES)
    assert looks == ["looked"]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([("stripe", "packages:SPOKEN")], "stripe calls itself acme"),
        ([("acme", "packages:PROVED")], "must name a dialect"),
        ([("acme", "packages:NOTHING_SUCH")], "cannot be loaded: AttributeError"),
        ([("acme", "oracle")], "it brings none"),
        ([("Acme!", "packages:SPOKEN")], "'Acme!' is no name"),
        (
            [("acme", "packages:SPOKEN"), ("acme", "packages:SPOKEN")],
            "Two dialects are called acme: the one of the plug-in acme",
        ),
    ],
)
def test_a_package_that_brings_something_else_is_named(
    install: Install, entries: list[tuple[str, str]], told: str
):
    install(*[("hub.dialects", name, f"tests.fakes.{value}") for name, value in entries])

    with pytest.raises(Misconfigured, match=re.escape(told)) as refused:
        DIALECTS["json"]

    assert f"plug-in {entries[0][0]} (tests.fakes.{entries[0][1]})" in str(refused.value)


def test_no_package_takes_the_name_of_one_of_ours(
    install: Install, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(packages, "SPOKEN", packages.Spoken(name="json"))
    install(("hub.dialects", "json", "tests.fakes.packages:SPOKEN"))

    with pytest.raises(Misconfigured, match="Two dialects are called json") as refused:
        DIALECTS["json"]

    assert "the one of the hub itself" in str(refused.value)


def test_a_dialect_whose_usual_proof_is_none_is_refused_and_its_package_named(
    install: Install, monkeypatch: pytest.MonkeyPatch
):
    wrong = packages.Spoken(name="acme", default_auth="beerer")
    monkeypatch.setattr(packages, "SPOKEN", wrong)
    install(("hub.dialects", "acme", "tests.fakes.packages:SPOKEN"))

    with pytest.raises(Misconfigured) as refused:
        DIALECT_FACTS["acme"]

    assert "tests.fakes.packages:SPOKEN" in str(refused.value)
    assert "default_auth='beerer'" in str(refused.value)
    assert "did you mean 'bearer'?" in str(refused.value)

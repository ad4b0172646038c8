"""All ways to prove oneself in one list: the built-in ones, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.project import compile_project
from hub.errors import Misconfigured
from hub.ingest import signatures
from hub.plug_ins import AUTH_TYPES
from hub.testing.reading import read_all
from hub.testing.trying import Trials

PACKAGE = '''
import hmac

from hub.ingest.signatures import AuthType, Verified, refused


def backwards(evidence, options):
    """The secret, backwards."""
    given = evidence.header(options["header"])[::-1]
    if not any([hmac.compare_digest(given, each) for each in evidence.secrets]):
        raise refused()
    return Verified()


def sign(unsigned, options):
    return {options["header"]: unsigned.secret.decode()[::-1]}


ORACLE = AuthType(
    backwards, {"prefix": ""}, fixed={"header": "X-Oracle"}, proof="the oracle", sign=sign
)
STRANGE = AuthType(backwards, {"depth": 3})
'''
PROJECT = {
    "hub.yaml": """
hub: 1
secrets: [ORACLE_SECRET]
auth:
  oracle: {type: oracle, secret: ORACLE_SECRET}
""",
    "workflows/asked.yaml": """
hub: 1
title: The oracle asks
endpoint: {auth: oracle}
steps:
  - return: done
""",
    "workflows/tests/asked.yaml": """
hub: 1
workflow: asked
tests:
  - name: It is signed as the package says
    request: {body: {}}
    expect: {response: {status: 202}}
  - name: Nobody else is let in
    request: {body: {}, headers: {X-Oracle: wrong}}
    expect: {response: {status: 401}}
""",
}

Install = Callable[..., None]


def test_without_packages_the_types_are_the_hubs_own():
    assert dict(all_auth_types()) == dict(signatures.AUTH_TYPES)


def test_a_package_adds_a_type_that_hub_yaml_and_its_tests_use(install: Install):
    install("oracle_auth", PACKAGE, entry="oracle_auth:ORACLE", group=AUTH_TYPES, name="oracle")

    project = compile_project(PROJECT)
    (preset,) = project.settings.auth.values()
    assert (preset.type, preset.header) == ("oracle", "X-Oracle")
    assert project.findings == ()

    (file,) = read_all(project)
    with Trials(project) as stage:
        verdicts = [stage.play(trial) for trial in file.trials]
    assert [each.problems for each in verdicts] == [(), ()]


@pytest.mark.parametrize(
    ("name", "entry", "told"),
    [
        ("github", "rude_auth:ORACLE", "Two auth types are called github: in rude_auth (rude_auth"),
        ("oracle", "rude_auth:backwards", "oracle of rude_auth (rude_auth:backwards) must be an"),
        ("oracle", "rude_auth:STRANGE", "has options that hub.yaml does not know: depth. It may"),
        ("oracle", "rude_auth:MISSING", "rude_auth:MISSING) cannot be loaded: AttributeError"),
        ("My-Oracle", "rude_auth:ORACLE", "needs a name of small letters, digits and _"),
    ],
)
def test_a_package_that_does_not_fit_is_named_with_its_fault(
    install: Install, name: str, entry: str, told: str
):
    install("rude_auth", PACKAGE, entry=entry, group=AUTH_TYPES, name=name)

    with pytest.raises(Misconfigured) as refused:
        all_auth_types()

    assert told in str(refused.value)


def test_two_packages_with_one_type_are_both_named(install: Install):
    for package in ("one_auth", "other_auth"):
        install(package, PACKAGE, entry=f"{package}:ORACLE", group=AUTH_TYPES, name="oracle")

    with pytest.raises(Misconfigured) as refused:
        all_auth_types()

    assert "one_auth (one_auth:ORACLE)" in str(refused.value)
    assert "other_auth (other_auth:ORACLE)" in str(refused.value)

"""A storm is its seed and its size, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from hub.bootstrap import read_project
from tests.storm import project
from tests.storm.plan import FAULTS, KINDS, Servers, plan


@pytest.mark.parametrize("servers", get_args(Servers))
def test_the_same_seed_makes_the_same_storm_again(servers: Servers):
    first, again, other = (
        plan(seed, webhooks=200, faults=30, servers=servers) for seed in (7, 7, 8)
    )

    assert first == again
    assert first.webhooks != other.webhooks
    assert first.faults != other.faults


def test_a_storm_has_as_many_webhooks_and_faults_as_it_was_asked_for():
    made = plan(1, webhooks=1000, faults=20, servers="postgres")

    assert len({each.id for each in made.webhooks}) == 1000
    assert {each.kind for each in made.webhooks} == set(KINDS)
    assert {each.kind for each in made.faults} == set(FAULTS["postgres"])
    assert len(made.faults) == 20


@pytest.mark.parametrize("servers", get_args(Servers))
def test_every_kind_of_fault_comes_about_as_often_as_any_other(servers: Servers):
    kinds = Counter(each.kind for each in plan(3, webhooks=1, faults=100, servers=servers).faults)

    assert set(kinds) == set(FAULTS[servers])
    assert max(kinds.values()) - min(kinds.values()) <= 1


def test_faults_fall_amid_the_traffic_and_events_after_who_waits_for_them():
    made = plan(4, webhooks=500, faults=50, servers="embedded")
    at = {each.id: each.at for each in made.webhooks}
    waits = {each.id for each in made.webhooks if each.kind == "waits"}
    partners = {each.partner: each.at for each in made.webhooks if each.partner}

    assert all(0 < each.at < 0.95 for each in made.faults)
    assert waits == set(partners)
    assert all(emitted > at[waiter] for waiter, emitted in partners.items())


def test_the_project_of_a_storm_has_no_mistakes(tmp_path: Path):
    project.write(
        tmp_path,
        receiver="http://127.0.0.1:1",
        slack="http://127.0.0.1:2/api/",
        twilio="http://127.0.0.1:3",
    )
    project.save_again(tmp_path, 5)

    read = read_project(tmp_path).project

    assert read.findings == ()
    assert not read.broken
    assert set(KINDS) - {"books"} <= set(read.served)

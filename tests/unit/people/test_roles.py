"""Who may do what (S8)."""

from __future__ import annotations

import pytest

from hub.people.roles import LEAST, MEANINGS, Deed, Role, lesser, may

# The whole table, written a second time: who changes one of them means it.
ALLOWED = {
    Role.VIEWER: {
        *(Deed.SEE_OWN_PAGE, Deed.SEE_HEALTH, Deed.SEE_RUNS, Deed.HAVE_TOKENS),
        *(Deed.SEE_BOOKINGS, Deed.SEE_CONNECTIONS, Deed.SEE_WORKFLOWS),
    },
    Role.OPERATOR: {
        *(Deed.REVEAL_VALUES, Deed.CANCEL_RUN, Deed.RETRY_RUN, Deed.REPLAY_RUN),
        *(Deed.SEE_CLIENTS, Deed.CHANGE_HOLDS, Deed.DECIDE_BOOKINGS, Deed.TEST_CONNECTIONS),
    },
    Role.EDITOR: {Deed.EDIT_WORKFLOWS},
    Role.ADMIN: {Deed.SEE_PEOPLE, Deed.MANAGE_PEOPLE, Deed.SEE_AUDIT},
}


@pytest.mark.parametrize("role", Role)
def test_S8_each_role_may_do_what_those_below_may_and_its_own(role):
    expected = set().union(*(deeds for other, deeds in ALLOWED.items() if other <= role))

    assert {deed for deed in Deed if may(role, deed)} == expected


def test_S8_roles_are_in_order():
    assert Role.VIEWER < Role.OPERATOR < Role.EDITOR < Role.ADMIN
    assert sorted({Role.ADMIN, Role.VIEWER, Role.EDITOR, Role.OPERATOR}) == list(Role)


def test_S8_every_deed_has_a_least_role_and_what_has_none_is_nobodys(monkeypatch):
    assert set(LEAST) == set(Deed)

    monkeypatch.delitem(LEAST, Deed.SEE_RUNS)
    assert not may(Role.ADMIN, Deed.SEE_RUNS)


def test_a_token_is_never_more_than_its_person():
    assert lesser([Role.ADMIN, Role.VIEWER]) is Role.VIEWER
    assert lesser([Role.OPERATOR, Role.EDITOR]) is Role.OPERATOR


def test_every_role_is_explained_in_words():
    assert set(MEANINGS) == set(Role)

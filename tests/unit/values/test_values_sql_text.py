"""One question or not, told from its text alone (S13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values.sql_text import pieces, problem_in

QUESTIONS = [
    "SELECT 1",
    "select 1 ; ;\n-- the end; really\n",
    "/* ; /* in; it */ ; */ ((SELECT 1))",
    "WITH a AS (SELECT ';') SELECT E'it\\'s; ' || \"a;b\" FROM a",
    "VALUES ($$a; b$$, $x$ $$; $x$, U&';', date'2025-10-20\\')",
    "TABLE customers;",
    "SELECT a$b$, 'c;$b$' FROM t WHERE id = :id::int",
    "SELECT 'commit; drop table x' AS begin, \"delete\" FROM t FOR SHARE",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_S13_what_only_looks_like_several_statements_is_one(text: str):
    assert problem_in(text) is None


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("", ""),
        (" ;-- nothing\n", " ;-- nothing\n"),
        ("DROP TABLE a", "DROP"),
        ("-- SELECT\n(begin)", "begin"),
        ("; SELECT 1", ";"),
        ("selection", "selection"),
        ("SELECT ';'; SELECT 2", "SELECT"),
        ("SELECT 1;; 2", "2"),
        ("SELECT 'a; b", "'"),
        ("SELECT 1 /* a; b", "/*"),
    ],
)
def test_S13_what_is_not_one_question_is_told_at_its_place(text: str, marked: str):
    problem = problem_in(text)

    assert problem is not None
    assert text[problem.start : problem.stop] == marked
    assert problem.start == text.rindex(marked)


@given(st.text(st.sampled_from("'\"$;:e/*-\\\n a_1(é"), max_size=30))
def test_the_pieces_are_the_text(text: str):
    found = list(pieces(text))

    assert "".join(each.text for each in found) == text
    assert all(text[each.start : each.stop] == each.text for each in found)

"""`--fix`: every correction that is certain, nothing that is not, and never a worse file."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.editing import Mended, mend
from hub.editing.mending import corrected, weight, without_overlaps
from hub.engine.findings import Finding, Source
from tests.unit.engine import order_project
from tests.unit.engine.planted import planted
from tests.unit.engine.small_project import FILES, changed, load

BOOK, TAKE = "workflows/book.yaml", "workflows/take-seat.yaml"
SWEEP, HUB = "workflows/sweep.yaml", "hub.yaml"
FULL = "return: We are full."
LATER = "otherwise: Later."

# code, file, text of the clean file, the mistake, what it becomes (None: the clean text again)
MENDED = [
    ("HUB102", BOOK, "title: Book a seat", "title: Book: a seat", 'title: "Book: a seat"'),
    ("HUB102", BOOK, FULL, "return: @all are here", 'return: "@all are here"'),
    ("HUB102", BOOK, FULL, 'return: `say "x"`', "return: '`say \"x\"`'"),
    ("HUB102", BOOK, FULL, "return: %5 # cheap", 'return: "%5" # cheap'),
    ("HUB102", BOOK, FULL, "return: *full*", 'return: "*full*"'),
    ("HUB102", SWEEP, '"*/5 * * * *"', "*/5 * * * *", None),
    ("HUB102", BOOK, LATER, 'otherwise: "Later". Or', "otherwise: '\"Later\". Or'"),
    ("HUB102", BOOK, FULL, "return: [${{ payload.row }}, b]", 'return: ["${{ payload.row }}", b]'),
    (
        "HUB102",
        BOOK,
        FULL,
        "return: {a: x ${{ payload.row }}}",
        'return: {a: "x ${{ payload.row }}"}',
    ),
    ("HUB103", BOOK, FULL, "return: {{ payload.row }}", "return: ${{ payload.row }}"),
    ("HUB103", BOOK, FULL, "return: {{ payload.row }} is", "return: ${{ payload.row }} is"),
    ("HUB103", BOOK, FULL, "return: '{{ payload.row }}'", "return: '${{ payload.row }}'"),
    ("HUB103", BOOK, FULL, "return: ={{ payload.row }}", "return: ${{ payload.row }}"),
    ("HUB107", BOOK, '"#seats"\n          text: ${{ pay', "#seats\n          text: ${{ pay", None),
    ("HUB107", BOOK, LATER, "otherwise: Later. #soon", 'otherwise: "Later. #soon"'),
    ("HUB107", BOOK, "vars:\n", "vars: #the names\n", "vars: # the names\n"),
    ("HUB107", BOOK, "  - id: seat\n", "  - #mine\n    id: seat\n", "  - # mine\n    id: seat\n"),
    ("HUB107", TAKE, "    with:\n", "    with: #these\n", "    with: # these\n"),
    ("HUB107", BOOK, "title: Book a seat", "title: 'Book' #ours", "title: 'Book' # ours"),
    ("HUB110", BOOK, "        once_per: ${{", "        onceper: ${{", None),
    ("HUB110", BOOK, "    do: seats.list", "    uses: seats.list", None),
    ("HUB110", BOOK, "  - if: steps.calls", "  - when: steps.calls", None),
    ("HUB110", BOOK, "title: Book a seat", "name: Book a seat", None),
    ("HUB110", BOOK, "        retry: 3", "        retries: 3", None),
    ("HUB110", BOOK, "    for_each: seat", "    foreach: seat", None),
    ("HUB110", HUB, "type: bearer", "type: baerer", None),
    ("HUB110", HUB, "timezone: Europe/Warsaw", "time_zone: Europe/Warsaw", None),
    ("HUB110", BOOK, "on_item_error: continue", "on_item_error: contniue", None),
    ("HUB201", BOOK, "label: Row ${{ payload.row }}", "label: Row ${{ paylod.row }}", None),
    ("HUB202", BOOK, "until ${{ steps.seat.until", "until ${{ steps.saet.until", None),
    ("HUB203", BOOK, "{ payload.guest_id }}\n      time", "{ payload.guestid }}\n      time", None),
    ("HUB203", SWEEP, "secrets.API_TOKEN", "secrets.APITOKEN", None),
    ("HUB203", HUB, "secret: BROKER_TOKEN", "secret: BROKR_TOKEN", None),
    ("HUB204", BOOK, "payload.time | plus('1h')", "payload.time | pluss('1h')", None),
    ("HUB205", SWEEP, "com/${{ run.id }}", "com/${{ uid() }}", "com/${{ uuid() }}"),
    ("HUB207", BOOK, "payload.phone is set", "payload.phone is defined", None),
    ("HUB207", BOOK, "payload.phone is set", "payload.phone is not none", None),
    ("HUB207", BOOK, "payload.phone is set", "payload.phone is not undefined", None),
    ("HUB209", TAKE, "keep_for: 24h", "keepfor: 24h", None),
    ("HUB214", BOOK, "auth: broker", "auth: brokr", None),
    ("HUB215", BOOK, "do: seats.list", "do: seats.lst", None),
    ("HUB216", BOOK, "call: take-seat", "call: take-seats", None),
    ("HUB302", BOOK, "if: payload.phone is set", "if: ${{ payload.phone is set }}", None),
    ("HUB302", BOOK, "if: payload.phone is set", 'if: "${{ payload.phone is set }}"', None),
    ("HUB302", BOOK, "switch: payload.row", "switch: ${{payload.row}}", None),
    ("HUB302", BOOK, "seat in steps.all.seats", "seat in ${{ steps.all.seats }}", None),
    (
        "HUB302",
        BOOK,
        "if: steps.calls.failed > 0",
        "if: ${{ 'front' == payload.row }}",
        "if: \"'front' == payload.row\"",
    ),
    ("HUB401", BOOK, "schemas/book.json", "schemas/bok.json", None),
]
TYPED = ("{{ ", " }}", ": ", " #x", "'", '"', "${{ ", "@", "is defined", "uses: x", "[", "\t", "- ")
# mistakes with no correction, or with more than one
LEFT = [
    (BOOK, LATER, 'otherwise: "Later'),
    (BOOK, LATER, "otherwise: *all"),
    (BOOK, FULL, "return: 5 #five"),
    (BOOK, "title: Book a seat", "title: Book a seat\nname: Book"),
    (BOOK, "    do: seats.list", "    do: seats.list\n    uses: seats.list"),
    (BOOK, "    do: seats.list", "    run: seats.list"),
    (BOOK, "auth: broker", "auth: everybody"),
    (BOOK, "${{ payload.guest_id }}/${{ payload.time }}", "${{ payload.x }}"),
    (BOOK, "Row ${{ payload.row }}", "Row ${{ steps.seat.number }}"),
    (BOOK, "if: payload.phone is set", "if: ${{ payload.phone }} is set"),
    (BOOK, "if: payload.phone is set", "if: payload.phone"),
    (TAKE, "inputs:\n", "inputs:\n  guest_ide: {type: string}\n  guest_idf: {type: string}\n"),
]


def mended(files: Mapping[str, str], *, only: str | None = None) -> Mended:
    return mend(
        files, lambda all_: load(dict(all_)).findings, asked=lambda file: only in {None, file}
    )


def errors(done: Mended) -> list[str]:
    return [str(finding) for finding in done.findings if finding.is_error]


@pytest.mark.parametrize(("code", "path", "clean", "mistake", "becomes"), MENDED)
def test_a_mistake_with_one_correction_is_mended(code, path, clean, mistake, becomes):
    files = changed(path, clean, mistake)
    done = mended(files)

    assert code in {mending.finding.code for mending in done.mendings}
    assert errors(done) == []
    assert done.files == changed(path, clean, clean if becomes is None else becomes)


@pytest.mark.parametrize(
    ("path", "clean", "mistake"),
    [
        ("workflows/order.yaml", "emit: order.checked", "emit: order.chekced"),
        ("workflows/order.yaml", "for: order.checked", "for: order.cheked"),
        ("workflows/order.yaml", "event: order.given_up", "event: order.given_upp"),
        ("workflows/note.yaml", "[order.paid, order.failed]", "[order.piad, order.failed]"),
    ],
)
def test_the_name_of_an_event_is_mended(path, clean, mistake):
    files = planted(order_project.FILES, path, clean, mistake)

    done = mend(files, lambda given: order_project.findings(dict(given)), asked=lambda _: True)

    assert {mending.finding.code for mending in done.mendings} == {"HUB213"}
    assert done.files == order_project.FILES


def test_the_name_of_an_event_that_may_be_either_is_left_as_it_is():
    files = planted(
        order_project.FILES, "workflows/order.yaml", "emit: order.checked", "emit: order.ed"
    )

    assert (
        mend(
            files, lambda given: order_project.findings(dict(given)), asked=lambda _: True
        ).mendings
        == ()
    )


@pytest.mark.parametrize(("path", "clean", "mistake"), LEFT)
def test_what_has_no_one_correction_is_left_as_it_is(path, clean, mistake):
    files = changed(path, clean, mistake)

    done = mended(files)

    assert done.files == files
    assert done.mendings == ()


def test_several_mistakes_of_a_file_are_mended_at_once_and_those_behind_them_too():
    files = dict(FILES)
    for old, new in (
        ("    do: seats.list", "    uses: seats.lst"),
        ("title: Book a seat", "title: Book: a seat"),
        ("if: payload.phone is set", "when: ${{ payload.fone is defined }}"),
        ("${{ steps.seat.until", "${{ steps.saet.untli"),
    ):
        assert files[BOOK].count(old) == 1
        files[BOOK] = files[BOOK].replace(old, new)

    done = mended(files)

    assert errors(done) == []
    assert done.files == changed(BOOK, "title: Book a seat", 'title: "Book: a seat"')
    assert len(done.of(BOOK)) == 9
    assert done.of(TAKE) == []


def test_only_the_files_that_are_asked_for_are_mended():
    files = {**changed(BOOK, "auth: broker", "auth: brokr")}
    files[TAKE] = files[TAKE].replace("keep_for", "keepfor")

    done = mended(files, only=TAKE)

    assert done.files == {**FILES, BOOK: files[BOOK]}
    assert [finding.code for finding in done.findings] == ["HUB214"]


def test_line_ends_and_the_byte_order_mark_of_a_file_stay():
    text = "\ufeff" + changed(HUB, "hub: 1", "hbu: 1")[HUB].replace("\n", "\r\n")

    done = mended({**FILES, HUB: text})

    assert done.files[HUB] == "\ufeff" + FILES[HUB].replace("\n", "\r\n")


def test_what_was_mended_is_told_with_both_texts():
    (mending,) = mended(changed(BOOK, "auth: broker", "auth: brokr")).mendings

    assert (mending.written, mending.meant, mending.finding.line) == ("brokr", "broker", 6)


# ------------------------------------------------------------------------------- never a worse file


def spot(text: str, word: str, fix: str | None, code: int = 203) -> Finding:
    start = text.index(word)
    return Source("a", text).finding(code, word, start=start, end=start + len(word), fix=fix)


def test_a_correction_that_makes_a_file_worse_is_taken_back_and_the_others_are_kept():
    def check(files: Mapping[str, str]):
        text = files["a"]
        found = [spot(text, "bad", "worse")] if "bad" in text else []
        found += [spot(text, "wrong", "right")] if "wrong" in text else []
        return [*found, *(spot(text, "worse", None) for _ in range(3) if "worse" in text)]

    done = mend({"a": "bad and wrong"}, check, asked=lambda _: True)

    assert done.files == {"a": "bad and right"}
    assert [mending.written for mending in done.mendings] == ["wrong"]


def test_corrections_that_never_end_are_stopped():
    def check(files: Mapping[str, str]):
        word = files["a"]
        return [spot(word, word, "y" if word == "x" else "x")]

    assert mend({"a": "x"}, check, asked=lambda _: True).files["a"] in {"x", "y"}


def test_of_two_corrections_of_the_same_characters_the_first_is_made():
    text = "one two three"
    both = [spot(text, "two three", "x"), spot(text, "one two", "y"), spot(text, "three", "z")]

    assert [finding.message for finding in without_overlaps(both)] == ["one two", "three"]


def test_a_file_that_can_be_read_at_last_may_show_more_mistakes():
    text = "a b"
    unreadable = [spot(text, "a", None, 102)]
    readable = [spot(text, "a", None, 203), spot(text, "b", None, 203)]

    assert weight(readable, "a") < weight(unreadable, "a")
    assert weight(readable, "a") > weight(readable[:1], "a")
    assert weight(readable, "b") == (0, 0, 0)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_is_typed_into_a_file_is_never_made_worse(data):
    text = FILES[BOOK]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    typed = data.draw(st.one_of(st.text(max_size=8), st.sampled_from(TYPED)))
    files = {**FILES, BOOK: text[:start] + typed + text[end:]}
    before = load(files).findings

    done = mended(files)

    assert weight(done.findings, BOOK) <= weight(before, BOOK)
    assert done.findings == load(dict(done.files)).findings
    assert (done.files != files) == bool(done.mendings)


def test_a_finding_without_a_correction_changes_nothing():
    assert corrected("x", spot("x", "x", None)) == ("x", "")

"""Every part of a JSON text is found by its pointer."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hub.engine.compile.json_places import json_places, place_in

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def parts(value, pointer=""):
    yield pointer, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from parts(each, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from parts(each, f"{pointer}/{index}")


@given(VALUES, st.sampled_from([None, 1, 4]))
def test_every_part_stands_where_it_is_found(value, indent):
    text = json.dumps(value, indent=indent)
    places = json_places(text)

    assert places.keys() == dict(parts(value)).keys()
    for pointer, part in parts(value):
        start, _ = places[pointer].value
        assert json.JSONDecoder().raw_decode(text, start)[0] == part


def test_what_is_missing_is_told_at_the_nearest_outer_part():
    text = '{"a": {"b": 1}}'

    assert place_in(text, "/a/c/d", is_key=False) == (1, 4)
    assert place_in(text, "/a/b", is_key=False) == (12, 13)
    assert place_in(text, "/a/b", is_key=True) == (7, 10)
    assert place_in(text, "/type", is_key=False) == (0, 1)

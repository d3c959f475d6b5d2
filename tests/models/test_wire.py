import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.models.wire import Field, content, decode, encode, integers, texts

NUMBERS = st.integers(1, 2**28)
FIELDS = st.one_of(
    st.builds(Field, NUMBERS, st.integers(0, 2**64 - 1), st.just(0)),
    st.builds(Field, NUMBERS, st.binary(max_size=300), st.just(2)),
    st.builds(Field, NUMBERS, st.binary(min_size=8, max_size=8), st.just(1)),
    st.builds(Field, NUMBERS, st.binary(min_size=4, max_size=4), st.just(5)),
)


@given(st.lists(FIELDS, max_size=20))
def test_what_is_encoded_is_decoded_again(fields):
    assert list(decode(encode(fields))) == fields


@given(st.lists(FIELDS, min_size=1, max_size=5), st.data())
def test_a_message_that_ends_early_is_no_message_or_a_shorter_one(fields, data):
    whole = encode(fields)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        assert list(decode(cut)) == fields[: len(list(decode(cut)))]
    except ValueError as error:
        assert "ends early" in str(error)  # noqa: PT017  hypothesis needs both outcomes


def test_a_wire_type_that_nobody_uses_is_refused():
    with pytest.raises(ValueError, match="wire type 3"):
        list(decode(bytes([1 << 3 | 3])))


def test_a_number_without_end_is_refused():
    with pytest.raises(ValueError, match="ends early"):
        list(decode(b"\xff" * 20))


def test_integers_are_read_packed_or_not_and_with_their_sign():
    minus_one = 2**64 - 1
    packed = encode([Field(1, 5, 0), Field(1, minus_one, 0)]).replace(b"\x08", b"")
    assert integers([Field(7, 300, 0), Field(7, packed)], 7) == [300, 5, -1]


def test_texts_are_read_by_number():
    assert texts([Field(1, b"one"), Field(2, b"two")], 2) == ("two",)


def test_a_number_is_no_record():
    with pytest.raises(ValueError, match="field 4"):
        content(Field(4, 1, 0))

"""The form reader against whatever arrives: a form, part of one, or noise."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import RequestError
from consentry.storage.spool import EncryptedSpool
from consentry.web.forms import FormReader

NAMES = frozenset({"stage", "prompt"})
WHOLE = (
    b'--b\r\nContent-Disposition: form-data; name="stage"\r\n\r\noutput\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n\x00\r\n--bb\r\n-\xff\r\n--b--\r\n"
)


def _read(folder, pieces):
    with EncryptedSpool(folder, 1_000_000) as spool:
        reader = FormReader("multipart/form-data; boundary=b", spool, names=NAMES, max_field=100)
        for piece in pieces:
            reader.write(piece)
        return reader.finish(), spool.read_all(), reader


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_a_form_is_read_the_same_however_it_is_cut(tmp_path_factory, cuts):
    places = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[a:b] for a, b in pairwise(places)]
    fields, media, reader = _read(tmp_path_factory.getbasetemp(), pieces)
    assert fields == {"stage": "output"}
    assert media == b"\x00\r\n--bb\r\n-\xff"
    assert (reader.file_name, reader.file_type) == ("a.jpg", "image/jpeg")


@given(
    place=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255), cut=st.integers(1, len(WHOLE))
)
def test_an_altered_form_is_read_or_refused_but_never_more(tmp_path_factory, place, value, cut):
    altered = WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :]
    with contextlib.suppress(RequestError):  # anything else would be an answer of 500
        fields, media, _ = _read(tmp_path_factory.getbasetemp(), [altered[:cut], altered[cut:]])
        assert set(fields) <= NAMES
        assert len(media) < len(WHOLE)


@given(noise=st.binary(max_size=400))
def test_noise_is_refused(tmp_path_factory, noise):
    with pytest.raises(RequestError):
        _read(tmp_path_factory.getbasetemp(), [b"x" + noise])


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/plain",
        b"Content-Disposition: attachment; name=stage",
        b"Content-Disposition: form-data",
        b'Content-Disposition: form-data; name=""',
    ],
)
def test_a_part_without_a_name_is_refused(tmp_path, head):
    with pytest.raises(RequestError, match="form that is asked for"):
        _read(tmp_path, [b"--b\r\n" + head + b"\r\n\r\nx\r\n--b--\r\n"])

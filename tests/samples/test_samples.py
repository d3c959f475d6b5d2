import pytest
from PIL import Image

from consentry.samples import CREDITS, SAMPLES, sample


@pytest.mark.parametrize("one", SAMPLES, ids=lambda one: one.name)
def test_every_sample_is_a_small_credited_jpeg_without_metadata(one):
    with Image.open(one.path) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert max(image.size) <= 512
        assert not image.getexif()
    assert len(one.read()) < 70_000
    assert f"| {one.path.name} |" in CREDITS.read_text(encoding="utf-8")
    assert sample(one.name) is one


def test_no_photograph_lies_there_without_credit():
    assert {path.stem for path in CREDITS.parent.glob("*.jpg")} == {one.name for one in SAMPLES}


def test_no_sample_of_that_name():
    with pytest.raises(KeyError):
        sample("nobody")

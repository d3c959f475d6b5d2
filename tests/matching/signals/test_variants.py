"""Turned copies, stored orientation, both pipelines, crops: somewhere they all meet."""

import io

import numpy as np
import pdqhash
import pytest
from PIL import Image, ImageOps

from consentry.matching.signals import crops, pdq, variants
from consentry.matching.signals.hashes import from_words

TURNED = {
    "upright": lambda p: p,
    "rotated_90": np.rot90,
    "rotated_180": lambda p: np.rot90(p, 2),
    "rotated_270": lambda p: np.rot90(p, 3),
    "upside_down": lambda p: p[::-1],
    "mirrored": lambda p: p[:, ::-1],
    "transposed": lambda p: p.transpose(1, 0, 2),
    "transversed": lambda p: p[::-1, ::-1].transpose(1, 0, 2),
}


def near(words, others):
    return int(np.bitwise_count(np.stack([o.words for o in others]) ^ words).sum(1).min())


def test_dihedral_is_that_of_the_reference(pictures):
    for pixels in pictures.values():
        vectors, _ = pdqhash.compute_dihedral(pixels)
        expected = [f"{int(''.join(map(str, bits)), 2):064x}" for bits in vectors]
        assert from_words(variants.dihedral(pdq.hash_full(pixels))) == expected


@pytest.mark.parametrize("turn", variants.TURNS)
def test_each_probe_is_the_hash_of_the_turned_picture(pictures, turn):
    compute = {"full": pdq.hash_full, "thumbnail": pdq.hash_thumbnail}
    for pixels in pictures.values():
        for probe in variants.lookup_set(pixels):
            if probe.turn == turn:
                turned = np.ascontiguousarray(TURNED[turn](pixels))
                there = compute[probe.pipeline](turned).words
                assert np.bitwise_count(there ^ probe.words).sum() <= 2  # a bit in doubt


def test_the_upright_probes_are_the_very_hashes(pictures):
    compute = {"full": pdq.hash_full, "thumbnail": pdq.hash_thumbnail}
    for pixels in [*pictures.values(), np.full((600, 800, 3), 77, np.uint8)]:
        upright = [one for one in variants.lookup_set(pixels) if one.turn == "upright"]
        for probe in upright:
            expected = compute[probe.pipeline](pixels)
            assert np.array_equal(probe.words, expected.words)
            assert probe.quality == expected.quality


def test_large_pictures_have_sixteen_probes_and_small_ones_eight(pictures, resized):
    assert len(variants.lookup_set(resized(pictures["coffee.png"], 800, 600))) == 16
    assert len(variants.lookup_set(resized(pictures["coffee.png"], 400, 300))) == 8


@pytest.mark.parametrize("turn", variants.TURNS)
def test_a_turned_recompressed_copy_meets_the_banked_hash(pictures, turn):
    for pixels in pictures.values():
        banked = variants.bank_set(pixels)[0]
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(TURNED[turn](pixels))).save(buffer, "JPEG", quality=60)
        copy = np.asarray(Image.open(buffer))
        assert near(banked.words, variants.lookup_set(copy)) <= 31


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_stored_pixels_are_banked_and_found(pictures, orientation):
    stored = pictures["astronaut.png"][:400]
    exif = Image.Exif()
    exif[0x112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(stored).save(buffer, "PNG", exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(buffer)))
    assert np.array_equal(variants.as_stored(upright, orientation), stored)
    raw = pdq.hash_full(stored)
    assert near(raw.words, variants.bank_set(upright, orientation)) == 0
    assert near(raw.words, variants.lookup_set(upright)) <= 2


def test_an_orientation_that_does_not_exist_is_refused(pictures):
    with pytest.raises(ValueError, match="1 to 8"):
        variants.as_stored(pictures["coffee.png"], 9)


def test_the_bank_set_starts_with_the_upright_hash_and_repeats_nothing(pictures):
    probes = variants.bank_set(pictures["rocket.jpg"], 6)
    assert (probes[0].turn, probes[0].pipeline) == ("upright", "full")
    assert len({probe.words.tobytes() for probe in probes}) == len(probes)


@pytest.mark.parametrize("cut", [(0.11, 0, 0, 0), (0, 0, 0, 0.23), (0, 0.06, 0, 0.06), (0.07,) * 4])
def test_a_crop_of_a_known_kind_is_found_only_with_the_crop_set(pictures, cut):
    pixels = pictures["astronaut.png"]
    copy = variants.lookup_set(crops.crop(pixels, cut))
    assert min(near(probe.words, copy) for probe in variants.bank_set(pixels)) > 31
    assert min(near(probe.words, copy) for probe in crops.crop_set(pixels)) <= 31


def test_no_photo_is_found_among_the_crops_of_another(pictures):
    names = ["astronaut.png", "chelsea.png", "coffee.png"]
    for name in names:
        banked = crops.crop_set(pictures[name])
        for other in set(pictures) - {name}:
            for probe in variants.lookup_set(pictures[other]):
                assert near(probe.words, banked) > 31

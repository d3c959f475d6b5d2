"""The colours of tokens.css keep their contrast, light and dark: 7:1 for text, 3:1 for shapes."""

from __future__ import annotations

import re

import pytest

from consentry.web.assets import assets

# Ink, and every ground that it stands on.
TEXT = [
    *[("ink", ground) for ground in ("paper", "surface", "sunken", "accent-soft")],
    *[("ink-soft", ground) for ground in ("paper", "surface", "sunken", "accent-soft")],
    *[("ink-accent", ground) for ground in ("paper", "surface")],
    ("ink-on-accent", "accent"),
    ("ink-on-accent", "accent-strong"),
    ("paper", "ink"),
    *[(f"ink-{one}", one) for one in ("allow", "label", "review", "block", "escalate")],
]
SHAPES = [
    *[(shape, "paper") for shape in ("line-strong", "accent", "focus", "bar", "dot")],
    *[(shape, "surface") for shape in ("line-strong", "accent", "focus")],
    ("focus", "accent-soft"),
]


def tokens(scheme):
    text = assets()["tokens.css"].data.decode()
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        darker = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
        assert darker.keys() == found.keys(), "a colour has no counterpart in the dark"
        found = darker
    return found


def luminance(colour):
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ruler_is_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_has_the_contrast_of_aaa(scheme, ink, ground):
    colours = tokens(scheme)
    assert contrast(colours[ink], colours[ground]) >= 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_told_from_their_ground(scheme, shape, ground):
    colours = tokens(scheme)
    assert contrast(colours[shape], colours[ground]) >= 3

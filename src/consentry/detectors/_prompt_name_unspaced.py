"""Names in Chinese and Japanese, where nothing stands between words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from re import Pattern
from typing import Final

from consentry.detectors._prompt_name_lists import lists
from consentry.detectors._prompt_name_words import Hit

__all__ = ["unspaced"]

_ANY: Final = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_KANA: Final = re.compile("[\u3041-\u30ff]")
_DOTTED: Final = re.compile(
    "[\u4e00-\u9fff]{1,7}[\u00b7\u30fb\u2027\u2022][\u4e00-\u9fff]{1,7}"
    "|[\u30a1-\u30fa\u30fc]{2,}[\u30fb\u00b7=\uff1d][\u30a1-\u30fa\u30fc]{2,}"
)
_THINGS: Final = (
    "人女男性犬猫車花海空街建物料理動鳥魚夜景館院校社木森林湖川島橋家服色白黒赤青大小古新中上下前後"
)
_PLACES: Final = "県市区町村駅寺社神園湖川山島城港空湾線大学高"


def unspaced(text: str) -> Iterator[Hit]:
    """Every name that may be in the normalised `text`."""
    if _ANY.search(text) is None:
        return
    yield from _all(_DOTTED, text, 0.85, "two parts with a dot between them")
    if _KANA.search(text):
        for pattern, score, evidence in _japanese():
            yield from _all(pattern, text, score, evidence)
    else:
        yield from _chinese(text)


def _all(pattern: Pattern[str], text: str, score: float, evidence: str) -> Iterator[Hit]:
    for found in pattern.finditer(text):
        yield Hit(found.start(), found.end(), score, evidence)


@cache
def _japanese() -> tuple[tuple[Pattern[str], float, str], ...]:
    known = lists("kana")
    family, given, after, famous = (
        _either(known[name]) for name in ("family", "given", "honorifics", "known")
    )
    han = "[\u3005\u4e00-\u9fff]"
    return (
        (re.compile(famous), 0.9, "known name"),
        (re.compile(f"(?:{family})[ ]?(?:{given})"), 0.9, "family and given name"),
        (re.compile(f"(?:{family}){han}{{0,3}}(?:{after})"), 0.75, "family name and honorific"),
        (re.compile(f"(?:{given})(?:{_either(known['honorifics'])})"), 0.6, "name and honorific"),
        (
            re.compile(
                f"(?<!{han})(?:{family})(?![{_PLACES}]){han}{{1,2}}(?=[のがをはにとも、]|$)"
            ),
            0.55,
            "family name and what may be a given name",
        ),
        (
            re.compile(
                f"(?<![\u3005\u4e00-\u9fff])(?:(?![{_THINGS}]){han}){{3,5}}"
                f"(?=の(?:{_either(known['pictures'])})|が[\u3041-\u3093\u4e00-\u9fff]{{1,5}}てい)"
            ),
            0.5,
            "picture of somebody",
        ),
    )


def _chinese(text: str) -> Iterator[Hit]:
    known = lists("han")
    yield from _all(re.compile(_either(known["known"])), text, 0.9, "known name")
    for found in _three().finditer(text):
        name = found.group(1)
        if not any(word in name or name in word for word in known["never"]) and _given(name[1:]):
            yield Hit(found.start(1), found.end(1), 0.75, "family and given name")
    for found in _double().finditer(text):
        yield Hit(found.start(), found.end(), 0.75, "family and given name")
    for found in (*_two().finditer(text), *_softly().finditer(text)):
        if found.group().strip() not in known["never"]:
            yield Hit(found.start(), found.end(), 0.6, "family and given name")


def _given(two: str) -> bool:
    (pure,) = lists("han")["pure"]
    return two[0] in pure or two[1] in pure


@cache
def _three() -> Pattern[str]:
    (family,), (pure,), (soft,) = (lists("han")[name] for name in ("family", "pure", "soft"))
    return re.compile(f"(?=([{family}][{pure}{soft}]{{2}}))")


@cache
def _softly() -> Pattern[str]:
    """Three characters that are words too, where a name can stand."""
    known = lists("han")
    (family,), (soft,) = known["family"], known["soft"]
    name = f"(?P<name>[{family}][{soft}]{{2}})"
    (clear,) = known["clear"]
    start = f"(?<![\u4e00-\u9fff])(?:{name}(?={_either(known['after'])})"
    return re.compile(
        f"{start}|(?P<any>[{clear}][\u4e00-\u9fff]{{2}})(?={_either(known['standing'])}))"
    )


@cache
def _double() -> Pattern[str]:
    known = lists("han")
    return re.compile(
        f"(?:{_either(known['double'])})[\u4e00-\u9fff]{{1,2}}(?=$|{_either(known['after'])})"
    )


@cache
def _two() -> Pattern[str]:
    known = lists("han")
    (family,), (pure,) = known["family"], known["pure"]
    name = f"(?P<name>[{family}][{pure}])"
    return re.compile(f"(?:(?<=叫)|(?<=手)|(?<=员)|^){name}(?={_either(known['after'])})")


def _either(words: frozenset[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

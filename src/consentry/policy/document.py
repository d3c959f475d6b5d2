"""A policy file as typed data: what may stand in it, and a clear error for everything else."""

from __future__ import annotations

import difflib
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from consentry.errors import PolicyError
from consentry.findings import Action, Stage
from consentry.policy.taxonomy import Category

__all__ = ["Document", "Rule", "Vector", "parse"]

Sentence: TypeAlias = Annotated[str, Field(min_length=1, pattern=r"\S")]
Expected: TypeAlias = Literal["none", "allow", "label", "review", "block", "escalate"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Vector(_Part):
    """A test that stands in the policy file itself.

    Attributes:
        given: scores by category and context variables, by the names that rules use.
        expect: beside a rule, what this rule alone asks for, or `none`; at the end of the file,
            the action of the whole policy, floors included.
        text: what the vector shows, if that is not plain.
    """

    given: Mapping[str, Any]
    expect: Expected
    text: str = ""


class Rule(_Part):
    """One rule of a policy.

    Attributes:
        id: lower-case words with hyphens; the code of the reason.
        stages: where it is judged.
        when: a CEL expression that is true or false.
        action: what it asks for when it is true.
        text: plain sentences for the person concerned: what happened, and what they can do.
        why: for operators: the reason for the rule and for its numbers.
        shadow: on trial: judged and recorded, but it does not count.
        keep: the picture may be stored for a person to look at, unless a child floor speaks.
        test: vectors; at least one, and at least one of them fires.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    when: Sentence
    action: Action
    text: Sentence
    why: Sentence
    shadow: StrictBool = False
    keep: StrictBool = False
    test: Annotated[tuple[Vector, ...], Field(min_length=1)]


class Document(_Part):
    """A whole policy file.

    Attributes:
        remember_days: fingerprints of uploads and outputs are kept for so many days at most; None
            leaves it to the setting.
        category: an operator's own categories.
        rule: the rules; their order only orders the reasons.
        test: vectors of the whole policy.
    """

    remember_days: Annotated[StrictInt, Field(ge=0)] | None = None
    category: tuple[Category, ...] = ()
    rule: tuple[Rule, ...] = ()
    test: tuple[Vector, ...] = ()


def parse(text: str, name: str) -> Document:
    """Read a policy file.

    Args:
        text: the file's text.
        name: what to call the file in an error.

    Raises:
        PolicyError: it is not TOML, a key is unknown or missing, a value is not allowed, or an id
            stands twice. The message names the file, the rule and the key.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name} is not readable as TOML: {error}.") from error
    try:
        document = Document.model_validate(plain)
    except ValidationError as error:
        faults = "; ".join(_sentence(dict(fault), plain) for fault in error.errors())
        raise PolicyError(f"{name}: {faults}.") from error
    _refuse_duplicates(name, (rule.id for rule in document.rule))
    return document


def _refuse_duplicates(name: str, ids: Iterable[str]) -> None:
    twice = [rule_id for rule_id, count in Counter(ids).items() if count > 1]
    if twice:
        raise PolicyError(f"{name}: there are two rules with the id {twice[0]}.")


def _sentence(fault: Mapping[str, Any], plain: Mapping[str, Any]) -> str:
    """One fault as words: which rule, which key, what is wrong with it."""
    place, key = _place(list(fault["loc"]), plain)
    if fault["type"] == "extra_forbidden":
        return f"{place}unknown key {key}{_suggestion(key)}"
    if fault["type"] == "missing":
        return f"{place}{key} is missing"
    if fault["type"] == "too_short" and key == "test":
        return f"{place}there is no test; add at least one [[rule.test]]"
    return f"{place}{key}: {fault['msg']}, not {fault['input']!r}"


def _place(loc: list[Any], plain: Mapping[str, Any]) -> tuple[str, str]:
    """Turn ("rule", 3, "test", 0, "expect") into "rule 4 (some-id), test 1: " and "expect"."""
    words: list[str] = []
    node: Any = plain
    key = ""
    for part in loc:
        node = _step(node, part)
        if isinstance(part, int):
            words.append(f"{key} {part + 1}{_called(node)}")
        else:
            key = str(part)
    if loc and isinstance(loc[-1], int):
        key = words.pop()
    return (", ".join(words) + ": " if words else ""), key


def _step(node: Any, part: str | int) -> Any:  # noqa: ANN401  a TOML value
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _called(node: Any) -> str:  # noqa: ANN401  a TOML value
    named = node.get("id") or node.get("name") if isinstance(node, dict) else None
    return f" ({named})" if isinstance(named, str) else ""


def _suggestion(key: str) -> str:
    known = [*Rule.model_fields, *Vector.model_fields, *Document.model_fields]
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""

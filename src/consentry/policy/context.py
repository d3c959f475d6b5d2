"""The facts around the findings: `PolicyContext`, and the variables that a rule may name.

A rule sees one number for each category, the highest score among its findings (0.0 if there is
none), and the variables below. Test vectors and `consentry policy explain` use the same names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from consentry.findings import UNCHECKED, Finding, Stage
from consentry.policy.taxonomy import Taxonomy

__all__ = [
    "AGE_BANDS",
    "CONTEXT_VARIABLES",
    "FACE_SCORE",
    "MEDIA",
    "ContextVariable",
    "LikenessFacts",
    "PolicyContext",
    "Value",
    "highest_scores",
    "variables",
]

Value: TypeAlias = str | bool | int | float
AgeBand: TypeAlias = Literal["", "child", "teen", "adult"]
Media: TypeAlias = Literal["picture", "clip", "none"]

MEDIA: Final[tuple[str, ...]] = ("picture", "clip", "none")
AGE_BANDS: Final[tuple[str, ...]] = ("", "child", "teen", "adult")

FACE_SCORE: Final = 0.6
"""A finding `person.face` with at least this score counts as a face. What lower values would add
and cost is not measured."""


@dataclass(frozen=True, slots=True)
class ContextVariable:
    """A variable, besides the categories, that a rule may name.

    Attributes:
        name: as it is written in a rule.
        type: STRING, BOOL or INT: one of CEL's types.
        text: what it means, in one plain sentence.
    """

    name: str
    type: Literal["STRING", "BOOL", "INT"]
    text: str


CONTEXT_VARIABLES: Final[Mapping[str, ContextVariable]] = MappingProxyType(
    {
        variable.name: variable
        for variable in (
            ContextVariable(
                "stage", "STRING", "Where on the road: 'prompt', 'reference', 'output' or 'upload'."
            ),
            ContextVariable(
                "media",
                "STRING",
                "What was looked at besides words: 'picture', 'clip' or 'none'. "
                "At the stage prompt it is the reference picture.",
            ),
            ContextVariable("has_prompt", "BOOL", "Whether there are words."),
            ContextVariable(
                "has_reference", "BOOL", "Whether a reference picture goes with the prompt."
            ),
            ContextVariable(
                "faces",
                "INT",
                "Faces in the picture, or most faces in one frame of a clip; those of a prompt's "
                "reference picture are not counted here.",
            ),
            ContextVariable(
                "reference.faces", "INT", "Faces in the reference picture that goes with a prompt."
            ),
            ContextVariable(
                "account.age_band",
                "STRING",
                "Age of the account's holder: 'child', 'teen', 'adult', or '' when not known.",
            ),
            ContextVariable(
                "likeness.register",
                "BOOL",
                "Whether anybody is enrolled; if nobody is, the other facts about likeness are 0.",
            ),
            ContextVariable(
                "likeness.consented",
                "INT",
                "Enrolled persons whose face is shown and who agreed to this use, or who ask.",
            ),
            ContextVariable(
                "likeness.unconsented",
                "INT",
                "Enrolled persons whose face is shown and who did not agree to this use.",
            ),
            ContextVariable(
                "likeness.unsure", "INT", "Faces that may be those of enrolled persons, or not."
            ),
            ContextVariable(
                "likeness.strangers", "INT", "Faces of nobody who is enrolled, in one frame."
            ),
            ContextVariable(
                "likeness.child",
                "BOOL",
                "Whether one of those who did not agree is enrolled as somebody under 18.",
            ),
            ContextVariable(
                "likeness.burst",
                "BOOL",
                "Whether unusually many requests about one of them came within an hour.",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class LikenessFacts:
    """What is known of the enrolled persons who are depicted; see CONTEXT_VARIABLES.

    Attributes:
        register: anybody is enrolled.
        consented: enrolled persons shown whose consent covers this.
        unconsented: enrolled persons shown without it.
        unsure: faces that may be an enrolled person's.
        strangers: faces of nobody who is enrolled.
        child: one of the unconsented is under 18.
        burst: unusually many requests about one of them.
        consents: ids of the consents that covered it.
    """

    register: bool = False
    consented: int = 0
    unconsented: int = 0
    unsure: int = 0
    strangers: int = 0
    child: bool = False
    burst: bool = False
    consents: tuple[str, ...] = ()

    def variables(self) -> dict[str, Value]:
        """The facts by their names in rules."""
        return {f"likeness.{name}": getattr(self, name) for name in LIKENESS}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> LikenessFacts:
        """From facts by their names in rules; those that are not there are 0."""
        given = {
            name: facts[f"likeness.{name}"] for name in LIKENESS if f"likeness.{name}" in facts
        }
        return cls(**given, consents=tuple(facts.get("consents", ())))


LIKENESS: Final = (
    "register",
    "consented",
    "unconsented",
    "unsure",
    "strangers",
    "child",
    "burst",
)


_NOBODY: Final = LikenessFacts()


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """What the policy is told besides the findings.

    Attributes:
        stage: where on the road.
        media: what was looked at besides words: at the stage prompt, the reference picture.
        has_prompt: there are words.
        has_reference: a reference picture goes with the prompt, seen here or not.
        account_age_band: age of the account's holder, "" when not known.
        refused: the input is at fault and was not opened: a floor blocks it, rules do not see it.
        likeness: what is known of the enrolled persons who are depicted.
    """

    stage: Stage
    media: Media = "none"
    has_prompt: bool = False
    has_reference: bool = False
    account_age_band: AgeBand = ""
    refused: bool = False
    likeness: LikenessFacts = _NOBODY

    def as_json(self) -> dict[str, Any]:
        """The facts by their names in rules, without the stage: what a decision records."""
        told: dict[str, Any] = {}
        if self.likeness.register:
            told |= self.likeness.variables()
        told |= {"consents": list(self.likeness.consents)} if self.likeness.consents else {}
        return {
            "media": self.media,
            "has_prompt": self.has_prompt,
            "has_reference": self.has_reference,
            "account.age_band": self.account_age_band,
            "refused": self.refused,
            **told,
        }

    @classmethod
    def from_json(cls, stage: Stage, plain: Mapping[str, Any]) -> PolicyContext:
        """The inverse of `as_json`; names that it does not know are left alone."""
        return cls(
            stage,
            media=plain.get("media", "none"),
            has_prompt=plain.get("has_prompt", False),
            has_reference=plain.get("has_reference", False),
            account_age_band=plain.get("account.age_band", ""),
            refused=plain.get("refused", False),
            likeness=LikenessFacts.of(plain),
        )


def highest_scores(findings: Iterable[Finding], taxonomy: Taxonomy) -> dict[str, float]:
    """The highest score of each category that was found.

    A category that the taxonomy does not know counts as `unchecked`: something was seen that no
    rule can judge.
    """
    scores: dict[str, float] = {}
    for finding in findings:
        known = finding.category in taxonomy
        name, score = (finding.category, finding.score) if known else (UNCHECKED, 1.0)
        scores[name] = max(score, scores.get(name, 0.0))
    return scores


def variables(
    findings: Sequence[Finding], context: PolicyContext, scores: Mapping[str, float]
) -> dict[str, Value]:
    """The value of every variable that was found or is a fact; other categories are 0.0."""
    faces = Counter(_place(finding) for finding in findings if _is_face(finding))
    here = [count for (where, _), count in faces.items() if where != "reference"]
    beside = [count for (where, _), count in faces.items() if where == "reference"]
    return {
        **scores,
        "stage": context.stage.value,
        "media": context.media,
        "has_prompt": context.has_prompt,
        "has_reference": context.has_reference,
        "faces": max(here, default=0),
        "reference.faces": max(beside, default=0),
        "account.age_band": context.account_age_band,
        **context.likeness.variables(),
    }


def _is_face(finding: Finding) -> bool:
    return finding.category == "person.face" and finding.score >= FACE_SCORE


def _place(finding: Finding) -> tuple[Any, Any]:
    """Which input, and which frame of it: the same face in ten frames is one face."""
    where = finding.where or {}
    return where.get("input"), where.get("time_s")

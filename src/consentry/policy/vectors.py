"""The tests that stand in a policy file: turned into findings and context, and run.

A vector names scores and facts as rules do, so that it can be read beside them:

    given = { stage = "output", sexual.explicit = 0.6, faces = 1 }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from consentry.findings import Finding, Stage
from consentry.policy.context import (
    AGE_BANDS,
    CONTEXT_VARIABLES,
    MEDIA,
    LikenessFacts,
    PolicyContext,
)
from consentry.policy.document import Rule, Vector
from consentry.policy.taxonomy import Taxonomy

if TYPE_CHECKING:  # the engine runs vectors when it reads a policy: only the type goes back
    from consentry.policy.engine import Policy

__all__ = ["Case", "VectorError", "VectorResult", "case", "run"]

_DETECTOR: Final = "test-vector"
_FACE: Final = 0.9
_MOST_FACES: Final = 1000
_FACES: Final = (
    "faces",
    "reference.faces",
    "likeness.consented",
    "likeness.unconsented",
    "likeness.unsure",
    "likeness.strangers",
)
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "stage": tuple(Stage),
    "media": MEDIA,
    "account.age_band": AGE_BANDS,
}
_TYPES: Final[Mapping[str, type]] = {"STRING": str, "BOOL": bool, "INT": int}


class VectorError(ValueError):
    """A vector names something that does not exist, or gives it an impossible value."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a vector stands for.

    Attributes:
        findings: one for each category that is given, and one `person.face` for each face.
        context: the facts.
    """

    findings: tuple[Finding, ...]
    context: PolicyContext


@dataclass(frozen=True, slots=True)
class VectorResult:
    """What came of one vector.

    Attributes:
        place: where it stands, e.g. `rule undress-somebody, test 2`.
        vector: the vector.
        got: the action that came out, or `none`.
    """

    place: str
    vector: Vector
    got: str

    @property
    def passed(self) -> bool:
        """Whether it is what the vector expects."""
        return self.got == self.vector.expect


def case(given: Mapping[str, Any], taxonomy: Taxonomy) -> Case:
    """The findings and the context that `given` describes.

    What is not given: no finding; no face; words at the stage prompt and at no other; a picture
    at the other stages, and at the stage prompt where faces are in the reference picture; a
    reference picture where it has faces; an account of unknown age.

    Raises:
        VectorError: a name is unknown, a value is not possible, or the stage is missing.
    """
    facts = dict(_flat(given))
    for name, value in facts.items():
        _check(name, value, taxonomy)
    if "stage" not in facts:
        raise VectorError("the stage is missing")
    findings = [
        Finding(name, float(score), _DETECTOR) for name, score in facts.items() if name in taxonomy
    ]
    faces = Finding("person.face", _FACE, _DETECTOR)
    beside = replace(faces, where={"input": "reference"})
    findings += [faces] * facts.get("faces", 0) + [beside] * facts.get("reference.faces", 0)
    return Case(tuple(findings), _context(facts))


def run(policy: Policy) -> tuple[VectorResult, ...]:
    """Run every vector of `policy`: those of each rule, then those of the whole."""
    return (*_run_rules(policy), *_run_whole(policy))


def _run_rules(policy: Policy) -> Iterator[VectorResult]:
    for rule in policy.rules:
        for number, vector in enumerate(rule.test, 1):
            got = _contribution(policy, rule, case(vector.given, policy.taxonomy))
            yield VectorResult(f"rule {rule.id}, test {number}", vector, got)


def _contribution(policy: Policy, rule: Rule, given: Case) -> str:
    outcomes = policy.evaluate(given.findings, given.context).outcomes
    fired = (outcome for outcome in outcomes if outcome.fired and outcome.rule.id == rule.id)
    return next((outcome.action.value for outcome in fired), "none")


def _run_whole(policy: Policy) -> Iterator[VectorResult]:
    for number, vector in enumerate(policy.vectors, 1):
        given = case(vector.given, policy.taxonomy)
        got = policy.decide(given.findings, given.context).action.value
        yield VectorResult(f"test {number} of the whole policy", vector, got)


def _context(facts: Mapping[str, Any]) -> PolicyContext:
    stage = Stage(facts["stage"])
    beside = facts.get("reference.faces", 0) > 0
    pictured = stage is not Stage.PROMPT or beside
    return PolicyContext(
        stage,
        media=facts.get("media", "picture" if pictured else "none"),
        has_prompt=facts.get("has_prompt", stage is Stage.PROMPT),
        has_reference=facts.get("has_reference", beside),
        account_age_band=facts.get("account.age_band", ""),
        likeness=LikenessFacts.of(facts),
    )


def _flat(given: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """TOML reads `sexual.explicit = 0.6` as a table in a table: make one name of it again."""
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check(name: str, value: Any, taxonomy: Taxonomy) -> None:  # noqa: ANN401  a TOML value
    if name in taxonomy:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and 0.0 <= value <= 1.0):
            raise VectorError(f"{name} is a score from 0 to 1, not {value!r}")
        return
    if name not in CONTEXT_VARIABLES:
        close = taxonomy.close_to(name)
        hint = f" (did you mean {close}?)" if close else ""
        raise VectorError(f"there is no category and no variable {name}{hint}")
    if name in _FACES and isinstance(value, int) and not 0 <= value <= _MOST_FACES:
        raise VectorError(f"{name} is a number from 0 to {_MOST_FACES}, not {value}")
    kind = _TYPES[CONTEXT_VARIABLES[name].type]
    allowed = _WORDS.get(name)
    if type(value) is not kind or (allowed is not None and value not in allowed):
        expected = " or ".join(map(repr, map(str, allowed))) if allowed else kind.__name__
        raise VectorError(f"{name} is {expected}, not {value!r}")

"""`Policy`: the rules of one file, compiled; from findings and context to a `Verdict`.

Every rule of the stage is judged and the strictest action wins, so that another rule can only
make the outcome stricter. Floors are judged besides and no rule can lower them. Nothing that goes
wrong ends in a milder outcome: a rule that cannot be judged counts as one that fired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from consentry.errors import PolicyError
from consentry.findings import Action, Finding, Stage
from consentry.policy.context import (
    CONTEXT_VARIABLES,
    PolicyContext,
    Value,
    highest_scores,
    variables,
)
from consentry.policy.document import Document, Rule, Vector, parse
from consentry.policy.expressions import (
    Condition,
    Conditions,
    EvaluationError,
    ExpressionError,
    Language,
)
from consentry.policy.floors import FLOORS_VERSION, floors
from consentry.policy.taxonomy import Taxonomy, packaged_taxonomy, packaged_taxonomy_text
from consentry.policy.vectors import VectorError, case, run
from consentry.policy.verdict import Evaluation, RuleOutcome, Verdict

__all__ = ["Policy", "read_source"]

_UNJUDGED: Final = MappingProxyType(
    {
        Stage.PROMPT: Action.BLOCK,
        Stage.REFERENCE: Action.BLOCK,
        Stage.OUTPUT: Action.BLOCK,
        Stage.UPLOAD: Action.REVIEW,
    }
)
"""What a rule that cannot be judged asks for at least: as the default policy for `unchecked`."""


class Policy:
    """A policy that compiles; safe to use from several threads.

    Attributes:
        name: what the policy is called in errors: its file, or `the default policy`.
        source: the text of its file, so that it can be stored and a decision replayed.
        version: `sha256:` and the digest of the source, the packaged taxonomy and the floors.
        taxonomy: every category, an operator's own included.
        rules: every rule, in the order of the file.
        vectors: the test vectors of the whole policy.
        remember_days: the most days for which fingerprints may be kept; None says nothing.
    """

    def __init__(self, document: Document, source: str, name: str) -> None:
        """Made by `load`, `from_text` or `compile`."""
        self.name = name
        self.source = source
        self.version = _version(source)
        self.taxonomy = _taxonomy(document, name)
        self.rules: tuple[Rule, ...] = document.rule
        self.vectors: tuple[Vector, ...] = document.test
        self.remember_days = document.remember_days
        self._language = Language(self.taxonomy)
        self._conditions = {rule.id: self._condition(rule) for rule in self.rules}
        self._by_stage = {stage: self._judged_at(stage) for stage in Stage}
        self._check_vectors()

    @classmethod
    def load(cls, path: Path | None = None) -> Policy:
        """Read the policy in `path`, or the default policy, and run its vectors.

        Raises:
            PolicyError: the file cannot be read, does not compile, or fails a vector.
        """
        return cls.from_text(*read_source(path))

    @classmethod
    def from_text(cls, text: str, name: str = "the policy") -> Policy:
        """Compile the policy in `text` and run its vectors.

        Raises:
            PolicyError: it does not compile or fails a vector. The message names the file, the
                rule, and the place in an expression.
        """
        policy = cls.compile(text, name)
        failed = [result for result in run(policy) if not result.passed]
        if failed:
            first = failed[0]
            raise PolicyError(
                f"{name}: {len(failed)} of its own test vectors fail. The first is {first.place}: "
                f"{first.vector.expect} was expected, {first.got} came out."
            )
        return policy

    @classmethod
    def compile(cls, text: str, name: str = "the policy") -> Policy:
        """Compile the policy in `text` without running its vectors; `from_text` is for use.

        Raises:
            PolicyError: it does not compile.
        """
        return cls(parse(text, name), text, name)

    def decide(self, findings: Sequence[Finding], context: PolicyContext) -> Verdict:
        """The outcome for `findings`. No rule fires and no floor speaks: allow."""
        return self.evaluate(findings, context).verdict()

    def evaluate(self, findings: Sequence[Finding], context: PolicyContext) -> Evaluation:
        """What the floors and each rule of the stage say, before they are weighed."""
        scores = highest_scores(findings, self.taxonomy)
        values = variables(findings, context, scores)
        rules, conditions = self._by_stage[context.stage]
        answers = conditions.hold(self._language.bind(values))
        outcomes = tuple(
            _outcome(rule, answer, context.stage)
            for rule, answer in zip(rules, answers, strict=True)
        )
        return Evaluation(values, floors(scores, context.stage, refused=context.refused), outcomes)

    def named_values(self, rule: Rule, values: Mapping[str, Value]) -> dict[str, Value]:
        """The variables that the condition of `rule` names, with their values."""
        return {name: values.get(name, 0.0) for name in self._conditions[rule.id].names}

    def check_categories(self, declared: Iterable[str], by: str = "A detector") -> None:
        """Refuse categories that nobody could judge; call it at start for every detector.

        Args:
            declared: the categories that a detector says it may report.
            by: the detector's name, for the message.

        Raises:
            PolicyError: the taxonomy does not know one of them.
        """
        for category in sorted(set(declared)):
            if category not in self.taxonomy:
                close = self.taxonomy.close_to(category)
                raise PolicyError(
                    f"{by} reports the category {category}, which the taxonomy does not know"
                    + (f" (did you mean {close}?)." if close else "."),
                    hint=f"Add it as a [[category]] to the policy file ({self.name}).",
                )

    def _judged_at(self, stage: Stage) -> tuple[tuple[Rule, ...], Conditions]:
        rules = tuple(rule for rule in self.rules if stage in rule.stages)
        return rules, self._language.together(self._conditions[rule.id] for rule in rules)

    def _condition(self, rule: Rule) -> Condition:
        if not any(vector.expect != "none" for vector in rule.test):
            raise PolicyError(f"{self.name}, rule {rule.id}: none of its tests expects it to fire.")
        try:
            return self._language.compile(rule.when)
        except ExpressionError as error:
            raise PolicyError(
                f"{self.name}, rule {rule.id}: `when` does not compile: {error}"
            ) from error

    def _check_vectors(self) -> None:
        """Find a misspelt name in a vector: it would test nothing."""
        placed = [(f"rule {rule.id}: ", vector) for rule in self.rules for vector in rule.test]
        for place, vector in [*placed, *(("whole policy: ", vector) for vector in self.vectors)]:
            try:
                case(vector.given, self.taxonomy)
            except VectorError as error:
                raise PolicyError(f"{self.name}, {place}in a test, {error}.") from error


def read_source(path: Path | None) -> tuple[str, str]:
    """The text of the policy in `path`, or of the default policy, and what to call it.

    Raises:
        PolicyError: the file cannot be read.
    """
    if path is None:
        default = files("consentry.policy") / "default.toml"
        return default.read_text(encoding="utf-8"), "the default policy"
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except OSError as error:
        raise PolicyError(
            f"The policy file {path} cannot be read: {error.strerror}.",
            hint="Check its path and its rights, or leave policy.file unset.",
        ) from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"The policy file {path} is not UTF-8 text.") from error


def _outcome(rule: Rule, answer: bool | EvaluationError, stage: Stage) -> RuleOutcome:  # noqa: FBT001  CEL's answer
    if isinstance(answer, EvaluationError):
        action = Action.strictest(rule.action, _UNJUDGED[stage])
        return RuleOutcome(rule, fired=True, action=action, fault=str(answer))
    return RuleOutcome(rule, answer, rule.action if answer else Action.ALLOW)


def _taxonomy(document: Document, name: str) -> Taxonomy:
    clash = next((own.name for own in document.category if own.name in CONTEXT_VARIABLES), None)
    if clash:
        raise PolicyError(f"{name}: {clash} is a context variable and cannot be a category.")
    try:
        return packaged_taxonomy().with_added(document.category)
    except ValueError as error:
        raise PolicyError(f"{name}: {error}.") from error


def _version(source: str) -> str:
    digest = hashlib.sha256()
    for part in (source, packaged_taxonomy_text(), FLOORS_VERSION):
        encoded = part.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return f"sha256:{digest.hexdigest()}"

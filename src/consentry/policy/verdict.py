"""What the policy answers: what each rule and floor says, and the `Verdict` that follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consentry.findings import Action
from consentry.policy.context import Value
from consentry.policy.document import Rule
from consentry.policy.floors import NEVER_KEPT
from consentry.policy.reasons import PolicyReason

__all__ = ["Evaluation", "RuleOutcome", "Verdict"]

_UNJUDGED_TEXT: Final = (
    "One of our rules could not be judged, so this does not go on by itself. Please try again in "
    "a little while; if it stays like this, ask for a person to check it."
)


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule of the stage said.

    Attributes:
        rule: the rule.
        fired: its condition is true, or could not be judged.
        action: what it asks for; allow when it did not fire.
        fault: why it could not be judged, or an empty string.
    """

    rule: Rule
    fired: bool
    action: Action
    fault: str = ""

    @property
    def reason(self) -> PolicyReason:
        """The outcome as a reason."""
        text = _UNJUDGED_TEXT if self.fault else self.rule.text
        return PolicyReason(self.rule.id, text, self.action)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome.

    Attributes:
        action: the strictest of all that floors and rules ask for.
        reasons: why: the strictest first, floors before rules, then in the order of the file.
        shadow: what rules on trial would have asked for; they did not count.
        keep: whether the picture may be stored for a person to look at.
    """

    action: Action
    reasons: tuple[PolicyReason, ...]
    shadow: tuple[PolicyReason, ...]
    keep: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that a verdict rests on.

    Attributes:
        values: the variables that were found or are facts; every other category is 0.0.
        floors: what the floors ask for.
        outcomes: what each rule of the stage said, in the order of the file.
    """

    values: Mapping[str, Value]
    floors: tuple[PolicyReason, ...]
    outcomes: tuple[RuleOutcome, ...]

    def verdict(self) -> Verdict:
        """Weigh them: the strictest wins, rules on trial do not count."""
        fired = [outcome for outcome in self.outcomes if outcome.fired]
        counted = [outcome for outcome in fired if not outcome.rule.shadow]
        spoken = (*self.floors, *(outcome.reason for outcome in counted))
        action = Action.strictest(*(reason.action for reason in spoken))
        barred = any(reason.code in NEVER_KEPT for reason in self.floors)
        return Verdict(
            action,
            _strictest_first(spoken, action),
            tuple(outcome.reason for outcome in fired if outcome.rule.shadow),
            keep=not barred and any(outcome.rule.keep for outcome in counted),
        )


def _strictest_first(reasons: Iterable[PolicyReason], action: Action) -> tuple[PolicyReason, ...]:
    """The first reason explains the outcome; "allow" is no reason beside something stricter."""
    told = [reason for reason in reasons if action is Action.ALLOW or reason.action.severity > 0]
    return tuple(sorted(told, key=lambda reason: -reason.action.severity))

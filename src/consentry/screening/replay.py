"""Judging a stored decision again."""

from __future__ import annotations

from dataclasses import dataclass

from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.verdict import Verdict
from consentry.screening.decision import Decision

__all__ = ["Replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored decision judged again from its stored findings.

    Attributes:
        decision: as it was stored.
        context: the facts that it was judged by.
        policy: the policy that was in force when it was made.
        verdict: what that policy says now.
    """

    decision: Decision
    context: PolicyContext
    policy: Policy
    verdict: Verdict

    @property
    def same(self) -> bool:
        """Whether judging again gives the stored action."""
        return self.verdict.action is self.decision.action

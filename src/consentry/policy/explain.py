"""Why a policy decides as it does: every rule with what it saw, as words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consentry.findings import Finding, Stage
from consentry.policy.context import PolicyContext, Value
from consentry.policy.engine import Policy
from consentry.policy.verdict import RuleOutcome, Verdict

__all__ = ["Explanation", "RuleTrace", "explain"]


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule of the stage, and what it saw.

    Attributes:
        outcome: what it said.
        values: the variables that its expression names, with the values that it saw.
    """

    outcome: RuleOutcome
    values: Mapping[str, Value]

    def as_json(self) -> dict[str, Any]:
        """The trace as `consentry policy explain --json` gives it."""
        rule = self.outcome.rule
        plain: dict[str, Any] = {
            "id": rule.id,
            "fired": self.outcome.fired,
            "action": (self.outcome.action if self.outcome.fired else rule.action).value,
            "shadow": rule.shadow,
            "when": rule.when,
            "values": dict(self.values),
            "why": rule.why,
        }
        if self.outcome.fault:
            plain["fault"] = self.outcome.fault
        return plain

    def as_lines(self) -> Iterator[str]:
        """The trace for a person to read."""
        rule, outcome = self.outcome.rule, self.outcome
        action = outcome.action if outcome.fired else rule.action
        yield f"  {rule.id}: {action}{', on trial: does not count' if rule.shadow else ''}"
        if outcome.fault:
            yield f"      it could not be judged: {outcome.fault}"
        yield f"      when {' '.join(rule.when.split())}"
        if self.values:
            yield "      " + ", ".join(f"{name} = {_shown(v)}" for name, v in self.values.items())


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision of the policy, taken apart.

    Attributes:
        policy: the policy's version.
        stage: where on the road.
        verdict: the outcome, with what the floors and the rules gave as reasons.
        traces: every rule of the stage, in the order of the file.
        elsewhere: ids of the rules that are judged at other stages only.
    """

    policy: str
    stage: Stage
    verdict: Verdict
    traces: tuple[RuleTrace, ...]
    elsewhere: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The explanation as JSON-ready data."""
        floors = [reason for reason in self.verdict.reasons if reason.kind == "floor"]
        return {
            "policy": self.policy,
            "stage": self.stage.value,
            "action": self.verdict.action.value,
            "keep": self.verdict.keep,
            "reasons": [reason.as_json() for reason in self.verdict.reasons],
            "shadow": [reason.as_json() for reason in self.verdict.shadow],
            "floors": [reason.as_json() for reason in floors],
            "rules": [trace.as_json() for trace in self.traces],
            "not_at_this_stage": list(self.elsewhere),
        }

    def as_text(self) -> str:
        """The explanation for a person to read."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.stage}: {self.verdict.action}"
        yield f"policy {self.policy}"
        yield from self._reasons()
        for fired, title in ((True, "rules that fired"), (False, "rules that did not fire")):
            yield title
            for trace in self.traces:
                if trace.outcome.fired is fired:
                    yield from trace.as_lines()
        if self.elsewhere:
            yield f"not judged at this stage: {', '.join(self.elsewhere)}"

    def _reasons(self) -> Iterator[str]:
        yield "reasons" if self.verdict.reasons else "no reasons: no floor and no rule speaks"
        for reason in self.verdict.reasons:
            yield f"  {reason.code} ({reason.kind}): {reason.action}"
            yield f"      {reason.text}"


def explain(policy: Policy, findings: Sequence[Finding], context: PolicyContext) -> Explanation:
    """Take the decision of `policy` on `findings` apart."""
    evaluation = policy.evaluate(findings, context)
    traces = tuple(
        RuleTrace(outcome, policy.named_values(outcome.rule, evaluation.values))
        for outcome in evaluation.outcomes
    )
    elsewhere = tuple(rule.id for rule in policy.rules if context.stage not in rule.stages)
    return Explanation(policy.version, context.stage, evaluation.verdict(), traces, elsewhere)


def _shown(value: Value) -> str:
    """As a rule would write it: 'output', true, 0.5, 2."""
    if isinstance(value, float):
        return f"{value:.4g}" if value % 1 else f"{value:.1f}"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)

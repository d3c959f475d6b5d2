"""`PolicyReason`: why, in words for the person concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from consentry.findings import Action

__all__ = ["PolicyReason", "ReasonKind"]

ReasonKind: TypeAlias = Literal["rule", "floor"]


@dataclass(frozen=True, slots=True)
class PolicyReason:
    """Why, in words for the person concerned.

    Attributes:
        code: the rule's id, or the floor's, which begins with `floor.`; stable.
        text: one or two plain sentences.
        action: what this reason alone asks for.
        kind: whether a rule of the policy file says so, or a floor in code.
    """

    code: str
    text: str
    action: Action
    kind: ReasonKind = "rule"

    def as_json(self) -> dict[str, Any]:
        """The reason as `consentry policy explain --json` gives it."""
        return {
            "code": self.code,
            "text": self.text,
            "action": self.action.value,
            "kind": self.kind,
        }

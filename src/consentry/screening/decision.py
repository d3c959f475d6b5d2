"""`Decision`: the one outcome of a screening, with everything that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from consentry.findings import Action, Finding, Stage

__all__ = ["Decision", "Gate", "GateStatus", "Reason"]

GateStatus: TypeAlias = Literal[
    "checked",  # it looked
    "cached",  # the same version looked at the same bytes before
    "refused",  # the decoder would not open the file: see the reason
    "failed",  # it raised, or broke its contract
    "late",  # it did not answer within the budget
    "missing",  # it, its model or something that it needs is not there
    "not_assessed",  # an operator switched it off
]


@dataclass(frozen=True, slots=True)
class Gate:
    """The proof that one part of the road looked, or did not.

    Attributes:
        name: `decode` or the name of a detector.
        version: of the detector.
        saw: SHA-256 of the very bytes or words that it was given; None if it was given none.
        ms: milliseconds that it took; 0 when cached.
        status: what came of it.
        note: one plain sentence when the status is not checked or cached.
    """

    name: str
    version: str
    saw: str | None
    ms: float
    status: GateStatus
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The gate as the command line and the API give it."""
        plain: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "saw": self.saw,
            "ms": round(self.ms, 2),
            "status": self.status,
        }
        if self.note:
            plain["note"] = self.note
        return plain


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words for the person concerned.

    Attributes:
        code: stable: the rule's id, the floor's id or the input error's code.
        text: one or two plain sentences.
        action: what this reason alone asks for.
        shadow: recorded only: the rule is on trial and did not count.
    """

    code: str
    text: str
    action: Action
    shadow: bool = False

    def as_json(self) -> dict[str, Any]:
        """The reason as the command line and the API give it."""
        return {"code": self.code, "text": self.text, "action": self.action.value}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one submission.

    Attributes:
        id: 32 hexadecimal digits, unguessable.
        created_at: ISO 8601, UTC.
        input: what it is about: the caller's reference, else `sha256:<digest>`.
        stage: where on the road.
        action: the outcome.
        reasons: why; empty when it is allowed and nothing was to be said.
        shadow: what rules on trial would have decided.
        findings: everything that was seen.
        gates: everything that looked, and what each of them was given.
        context: the further facts that the policy judged by.
        policy: version of the policy, `sha256:<digest>`.
        error: code of the input error, when the input could not be opened.
        receipt: index of its entry in the log, once it is in there: `consentry ledger prove`.
        keep: the policy asks to keep the picture, encrypted, for the person who reviews it.
    """

    id: str
    created_at: str
    input: str
    stage: Stage
    action: Action
    reasons: tuple[Reason, ...]
    shadow: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    gates: tuple[Gate, ...]
    context: Mapping[str, Any]
    policy: str
    error: str | None = None
    receipt: str | None = None
    keep: bool = False

    def as_json(self) -> dict[str, Any]:
        """The contract's object; `shadow`, `context` and `error` only when there is something."""
        plain: dict[str, Any] = {
            "id": self.id,
            "created_at": self.created_at,
            "input": self.input,
            "stage": self.stage.value,
            "action": self.action.value,
            "reasons": _plain(self.reasons),
            "findings": _plain(self.findings),
            "gates": _plain(self.gates),
            "context": dict(self.context),
            "policy": self.policy,
            "receipt": self.receipt,
        }
        if self.shadow:
            plain["shadow"] = _plain(self.shadow)
        if self.error is not None:
            plain["error"] = self.error
        if self.keep:
            plain["keep"] = True
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Decision:
        """The inverse of `as_json`, up to rounding."""
        return cls(
            id=plain["id"],
            created_at=plain["created_at"],
            input=plain["input"],
            stage=Stage(plain["stage"]),
            action=Action(plain["action"]),
            reasons=_reasons(plain["reasons"], shadow=False),
            shadow=_reasons(plain.get("shadow", ()), shadow=True),
            findings=tuple(Finding.from_json(one) for one in plain["findings"]),
            gates=tuple(Gate(**one) for one in plain["gates"]),
            context=plain["context"],
            policy=plain["policy"],
            error=plain.get("error"),
            receipt=plain["receipt"],
            keep=plain.get("keep", False),
        )


def _plain(parts: Sequence[Reason] | Sequence[Finding] | Sequence[Gate]) -> list[dict[str, Any]]:
    return [part.as_json() for part in parts]


def _reasons(plain: Sequence[Mapping[str, Any]], *, shadow: bool) -> tuple[Reason, ...]:
    return tuple(
        Reason(one["code"], one["text"], Action(one["action"]), shadow=shadow) for one in plain
    )

"""One submission on its way: what was opened, what is to be looked at, what was found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from consentry.errors import ConsentryError, InputError
from consentry.findings import Finding, Stage, unchecked
from consentry.media import Prompt
from consentry.screening.conversation import CONVERSATION, EARLIER, PROMPT, WORDS, Conversation
from consentry.screening.decision import Gate, GateStatus
from consentry.screening.likeness import LikenessVisit
from consentry.screening.matching import MatchingLook
from consentry.screening.opening import Opened
from consentry.screening.runner import Look, Looker, Result
from consentry.screening.submission import Submission

__all__ = ["Road", "picture_stage"]

_WORST: tuple[GateStatus, ...] = ("failed", "late", "missing", "checked", "cached")
"""When a detector looked at several frames, its gate tells the first of these that occurred."""


@dataclass(slots=True)
class Road:
    """The state of one screening.

    Attributes:
        submission: what was handed in.
        opened: its picture or video, once there is one to open.
        prompt_sha256: digest of the prompt, once it was read.
        prompt: the prompt itself, once it was read.
        conversation: what was asked before it, if anything.
        looks: what the detectors are to look at.
        matching: the look for copies of what is banked, where there is one.
        likeness: the visit of the likeness gate, where anybody is enrolled.
        findings: what was found.
        gates: who looked.
        error: the input error that ended it, if one did.
        undecoded: the picture could not be opened, for whatever reason.
    """

    submission: Submission
    opened: Opened | None = None
    prompt_sha256: str | None = None
    prompt: Prompt | None = None
    conversation: Conversation | None = None
    looks: list[Look] = field(default_factory=list)
    matching: MatchingLook | None = None
    likeness: LikenessVisit | None = None
    findings: list[Finding] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    error: ConsentryError | None = None
    undecoded: bool = False

    def refuse(self, gate: Gate, error: ConsentryError) -> None:
        """Record that the input, or a part of it, could not be opened."""
        self.gates.append(gate)
        self.findings.append(unchecked(gate.name, str(error)))
        if isinstance(error, InputError):
            self.error = error

    def skip(self, detectors: Sequence[Looker], status: GateStatus, note: str) -> None:
        """Record that these detectors had nothing to look at."""
        self.gates.extend(Gate(one.name, one.version, None, 0.0, status, note) for one in detectors)

    def collect(self, results: Sequence[Result]) -> None:
        """Turn results into findings, and into one gate a detector and kind of input."""
        groups: dict[tuple[str, object], list[Result]] = {}
        words: dict[object, list[Finding]] = {PROMPT: [], EARLIER: [], CONVERSATION: []}
        for result in results:
            if result.detector is self.matching and not self.matching.compare:
                self._not_remembered(result)
                continue  # nothing is banked: fingerprints were to be taken, nobody was to look
            kind = result.look.key[0]
            groups.setdefault((result.detector.name, kind), []).append(result)
            words.get(kind, self.findings).extend(self._located(result))
        self.findings[:0] = words[PROMPT]
        if self.conversation is not None:
            self.findings += self.conversation.adds(*words.values())
        self.gates.extend(self._gate(group) for group in groups.values())

    def _not_remembered(self, result: Result) -> None:
        """Say so where no fingerprint could be taken: a later sweep will not find this."""
        if result.status != "checked":
            note = f"No fingerprint was kept, so a sweep will not find this. {result.note}"
            self.gates.append(replace(self._gate([result]), note=note))

    def _located(self, result: Result) -> Sequence[Finding]:
        """The findings, with the time in the clip and the input that they are about."""
        where: dict[str, Any] = dict(result.look.where)
        if self.submission.stage is Stage.PROMPT and result.look.key[0] not in WORDS:
            where["input"] = "reference"
        if result.status not in {"checked", "cached"}:
            return [unchecked(result.detector.name, result.note, **where)]
        return [
            # What is judged is what is stored: a replay must not differ by a rounding.
            replace(
                one,
                score=round(one.score, 4),
                where={**(one.where or {}), **where} or None,
            )
            for one in result.findings
        ]

    def _gate(self, group: Sequence[Result]) -> Gate:
        worst = min(group, key=lambda result: _WORST.index(result.status))
        detector = worst.detector
        saw = None if self.opened is None else self.opened.sha256
        if worst.look.key[0] in WORDS:
            saw = str(worst.look.key[1])
        ms = sum(result.ms for result in group)
        note = worst.note or getattr(detector, "note", "")
        return Gate(detector.name, detector.version, saw, ms, worst.status, note)


def picture_stage(stage: Stage) -> Stage:
    """The stage at which a submission's picture counts: with a prompt it is the reference."""
    return Stage.REFERENCE if stage is Stage.PROMPT else stage

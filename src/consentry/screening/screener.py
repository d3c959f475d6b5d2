"""The one road: a `Submission` is opened, looked at and judged, and a `Decision` comes out.

Whatever cannot be looked at becomes the finding `unchecked`; nothing here turns "nobody looked"
into "nothing was found".
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from consentry.config import Settings
from consentry.detectors.contract import Detector, Kind, Prepares
from consentry.detectors.loading import Roster
from consentry.errors import ConsentryError, InputError
from consentry.findings import Action, Stage, unchecked
from consentry.likeness.consent import Use
from consentry.matching.fingerprints import Fingerprints
from consentry.media import MediaDecoder, Picture, Prompt
from consentry.policy.context import LikenessFacts, PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.floors import NOT_OPENED, blind
from consentry.screening.cache import ResultCache
from consentry.screening.conversation import PROMPT, Conversation, prompt_look
from consentry.screening.decision import Decision, Gate, Reason
from consentry.screening.likeness import NAME as LIKENESS
from consentry.screening.likeness import (
    FacesLook,
    LikenessGate,
    LikenessVisit,
    NamesLook,
    faces_among,
)
from consentry.screening.matching import Matching, MatchingGate
from consentry.screening.opening import Opened, Outline, refusal
from consentry.screening.road import Road, picture_stage
from consentry.screening.runner import Look, Runner
from consentry.screening.submission import Submission

__all__ = ["Screened", "Screener"]


@dataclass(frozen=True, slots=True)
class Screened:
    """What came of a submission.

    Attributes:
        decision: the outcome.
        prints: fingerprints of its picture or clip, where they were taken.
        likeness: who was depicted, where anybody is enrolled.
    """

    decision: Decision
    prints: Fingerprints | None
    likeness: LikenessVisit | None = None


class Screener:
    """Screens submissions by one roster of detectors and one policy; threads may share it."""

    def __init__(  # noqa: PLR0913  one parameter for each part
        self,
        *,
        decoder: MediaDecoder,
        roster: Roster,
        policy: Policy,
        settings: Settings,
        matching: Matching | None = None,
        likeness: LikenessGate | None = None,
    ) -> None:
        """Put the parts together; without `matching`, nothing is compared with banks.

        Without `likeness`, nobody is recognised.

        Raises:
            PolicyError: a detector reports a category that the policy's taxonomy does not have.
        """
        for one in roster.active:
            policy.check_categories(one.categories, one.name)
        self.policy = policy
        self.roster = roster
        self._decoder = decoder
        self._max_characters = settings.prompt.max_characters
        limits = settings.screening
        self._outlines: ResultCache[Outline] = ResultCache(limits.cache_entries)
        self._matching = None if matching is None else MatchingGate(matching, limits.cache_entries)
        self._likeness = likeness
        self._runner = Runner(
            workers=limits.workers,
            budget_seconds=limits.budget_seconds,
            cache_entries=limits.cache_entries,
        )

    def close(self) -> None:
        """Let the threads go."""
        self._runner.close()

    def expect(self, prompts: Sequence[Prompt]) -> None:
        """Tell the detectors which prompts are about to come, so that they can work ahead."""
        for one in self._detectors("prompt", Stage.PROMPT):
            if isinstance(one, Prepares):
                with suppress(ConsentryError):  # `detect` meets the same error, and says so
                    one.prepare(prompts)

    def screen(self, submission: Submission) -> Screened:
        """Open `submission`, look at it and decide. What is wrong with it never raises here."""
        road = Road(submission)
        self._open_prompt(road)
        self._open_media(road)
        if road.error is None:
            road.collect(self._runner.run([*road.looks, *_whole(road)]))
            self._recognise(road)
            self._require_a_look(road)
        self._name_the_disabled(road)
        prints = None if road.matching is None else road.matching.prints
        return Screened(self._decide(road), prints, road.likeness)

    def _open_prompt(self, road: Road) -> None:
        submission = road.submission
        if submission.prompt is None:
            return
        try:
            prompt = Prompt.parse(
                submission.prompt,
                max_characters=self._max_characters,
                language=submission.language,
                has_reference=_has_reference(submission),
            )
            road.conversation = Conversation.of(prompt, submission.history, self._max_characters)
        except InputError as error:
            road.refuse(Gate("prompt", "1", None, 0.0, "refused", str(error)), error)
            return
        road.prompt_sha256 = prompt.sha256
        road.prompt = prompt
        detectors = self._detectors("prompt", Stage.PROMPT)
        road.looks.append(prompt_look(PROMPT, prompt, detectors))
        if road.conversation is not None:
            road.looks.extend(road.conversation.looks(detectors))

    def _open_media(self, road: Road) -> None:
        if road.submission.media is None or road.error is not None:
            return
        opened = road.opened = Opened(road.submission, road.submission.media, self._decoder)
        known = self._outlines.get(opened.key)
        if known is not None:
            opened.outline = known.result()
        if self._matching is not None:
            road.matching = self._matching.look_at(opened, picture_stage(road.submission.stage))
        looks = self._picture_looks(road, opened)
        if opened.outline is None or not self._know_all(road, looks):
            looks = self._decode(road, opened)
        if not road.undecoded:
            road.gates.append(opened.gate())
            road.looks.extend(looks)

    def _know_all(self, road: Road, looks: Sequence[Look]) -> bool:
        """Whether nobody needs the pixels."""
        if road.matching is not None and not road.matching.known:
            return False
        return all(map(self._runner.knows, looks))

    def _decode(self, road: Road, opened: Opened) -> list[Look]:
        try:
            opened.decode()
        except ConsentryError as error:
            road.undecoded = True
            road.refuse(refusal(error, opened.sha256, opened.ms), error)
            detectors = self._detectors("picture", picture_stage(road.submission.stage))
            matching = [road.matching] if road.matching and road.matching.compare else []
            note = "There was no decoded picture to look at."
            road.skip([*detectors, *matching], "missing", note)
            return []
        if opened.outline is not None:
            self._outlines.put(opened.key, opened.outline)
        return self._picture_looks(road, opened)

    def _picture_looks(self, road: Road, opened: Opened) -> list[Look]:
        """A look for each subject that the outline names; none before it is known."""
        if opened.outline is None:
            return []
        detectors = self._detectors("picture", picture_stage(road.submission.stage))
        return [
            Look(
                ("picture", digest),
                partial(_subject, opened, place),
                detectors,
                {} if time_s is None else {"time_s": round(time_s, 3)},
            )
            for place, (digest, time_s) in enumerate(
                zip(opened.outline.digests, opened.outline.times, strict=True)
            )
        ]

    def _detectors(self, kind: Kind, stage: Stage) -> Sequence[Detector]:
        return [one for one in self.roster.active if one.kind == kind and stage in one.stages]

    def _recognise(self, road: Road) -> None:
        """Whose faces and names they are, where anybody is enrolled."""
        if self._likeness is None:
            return
        submission = road.submission
        try:
            stage, token = submission.stage, submission.consent
            road.likeness = self._likeness.visit(stage, _use(road), token)
        except ConsentryError as error:
            road.gates.append(Gate(LIKENESS, "1", None, 0.0, "failed", str(error)))
            road.findings.append(unchecked(LIKENESS, str(error)))
            return
        if road.likeness is not None:
            road.collect(self._runner.run(_likeness_looks(road, road.likeness)))

    def _require_a_look(self, road: Road) -> None:
        """Where nobody is set up to look, or to see a half of the child floor, nothing was checked.

        A picture needs detectors for both halves of that floor; words need any detector.
        """
        for look in road.looks:
            if not look.detectors:
                note = "No detector is set up for this kind of input at this stage."
                road.findings.append(unchecked("screening", note))
            elif look.key[0] == "picture":
                unseen = blind(name for one in look.detectors for name in one.categories)
                if unseen:
                    note = f"No detector is set up that could see: {' and '.join(unseen)}."
                    road.findings.append(unchecked("screening", note))

    def _name_the_disabled(self, road: Road) -> None:
        note = "An operator switched this detector off."
        road.gates.extend(
            Gate(one.name, one.version, None, 0.0, "not_assessed", note)
            for one in self.roster.disabled
        )

    def _decide(self, road: Road) -> Decision:
        submission = road.submission
        context = _context(road)
        verdict = self.policy.decide(road.findings, context)
        reasons = tuple(Reason(one.code, one.text, one.action) for one in verdict.reasons)
        if road.error is not None:  # the fault is the file's: "try again later" would mislead
            told = tuple(reason for reason in reasons if reason.code == NOT_OPENED)
            reasons = (Reason(road.error.code, str(road.error), Action.BLOCK), *told)
        return Decision(
            id=uuid.uuid4().hex,
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            input=submission.reference or f"sha256:{_digest(road)}",
            stage=submission.stage,
            action=verdict.action,
            reasons=reasons,
            shadow=tuple(Reason(one.code, one.text, one.action, True) for one in verdict.shadow),  # noqa: FBT003  Reason.shadow
            findings=tuple(road.findings),
            gates=tuple(road.gates),
            context=context.as_json(),
            policy=self.policy.version,
            error=None if road.error is None else road.error.code,
            keep=verdict.keep,
        )


def _subject(opened: Opened, place: int) -> Picture:
    return opened.decode()[place]


def _whole(road: Road) -> list[Look]:
    """The matching gate's look at the whole file, if there is one."""
    if road.matching is None or road.undecoded:
        return []
    return [Look(("file",), lambda: None, [road.matching], fresh=True)]


def _likeness_looks(road: Road, visit: LikenessVisit) -> list[Look]:
    """One look at the words, one at the faces; each where there is something to look at."""
    looks = []
    words = road.prompt
    if words is not None:
        named = NamesLook(visit, words)
        looks.append(Look((PROMPT, words.sha256), lambda: None, [named], fresh=True))
    faces = faces_among(road.findings)
    if road.opened is not None and not road.undecoded and faces:
        shown = FacesLook(visit, road.opened, faces)
        looks.append(Look(("file",), lambda: None, [shown], fresh=True))
    return looks


def _use(road: Road) -> Use:
    outline = None if road.opened is None else road.opened.outline
    use = road.submission.use
    return replace(use, medium="video") if outline and outline.kind == "clip" else use


def _has_reference(submission: Submission) -> bool:
    comes_along = submission.stage is Stage.PROMPT and submission.media is not None
    return submission.has_reference or comes_along


def _digest(road: Road) -> str:
    """What the decision is about: the file where there is one, else the words."""
    if road.opened is not None:
        return road.opened.sha256
    return road.prompt_sha256 or ""


def _context(road: Road) -> PolicyContext:
    submission = road.submission
    outline = None if road.opened is None else road.opened.outline
    return PolicyContext(
        stage=submission.stage,
        media="none" if outline is None else outline.kind,
        has_prompt=submission.prompt is not None,
        has_reference=_has_reference(submission),
        refused=road.error is not None,
        likeness=LikenessFacts() if road.likeness is None else road.likeness.facts(),
    )

"""The likeness gate on the road: whose face or name is it, and did they agree to this use?

It comes after the detectors, since it compares the faces that they found. Like the matching gate,
its answer is never kept: a consent can be taken back between two requests. Templates of faces are
made in memory, compared, and gone when it returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from consentry.detectors.registered_names import RegisteredNames
from consentry.errors import TokenError
from consentry.findings import Finding, Stage
from consentry.likeness.consent import Use
from consentry.likeness.office import Likeness
from consentry.likeness.register import Cover
from consentry.likeness.thresholds import Thresholds
from consentry.media import Prompt
from consentry.policy.context import FACE_SCORE, LikenessFacts
from consentry.screening.decision import Decision
from consentry.screening.opening import Opened

__all__ = [
    "NAME",
    "Depicted",
    "FacesLook",
    "LikenessGate",
    "LikenessVisit",
    "NamesLook",
    "faces_among",
]

NAME: Final = "likeness"
VERSION: Final = "1"
SURE: Final = 1.0
UNSURE: Final = 0.5
_FACE: Final = "person.face"
_MATCHED: Final = "person.matched"
_NAMED: Final = "person.named"
CATEGORIES: Final = frozenset({_MATCHED, _NAMED})


@dataclass(frozen=True, slots=True)
class Depicted:
    """An enrolled person who is depicted or named.

    Attributes:
        person_id: who.
        cover: whether it is covered.
        face: by face; else by name alone.
        minor: somebody under 18.
    """

    person_id: str
    cover: Cover
    face: bool
    minor: bool


@dataclass(slots=True)
class LikenessVisit:
    """The likeness gate and one submission.

    Attributes:
        gate: whose it is.
        stage: where on the road.
        use: what is to be done.
        notes: what is to be told besides.
        depicted: who was recognised, each once.
        strangers: faces that are nobody's who is enrolled, in the frame that has most.
        unsure: faces that may be somebody's who is enrolled.
    """

    gate: LikenessGate
    stage: Stage
    use: Use
    notes: list[str] = field(default_factory=list)
    depicted: dict[str, Depicted] = field(default_factory=dict)
    strangers: int = 0
    unsure: int = 0

    def add(self, person_id: str, *, face: bool) -> Cover:
        """Note that a person is depicted; whether it is covered."""
        register = self.gate.office.register
        cover = register.cover(person_id, self.use)
        known, before = register.known(person_id), self.depicted.get(person_id)
        if known is not None and (before is None or face):
            self.depicted[person_id] = Depicted(person_id, cover, face, known.minor)
        return cover

    def facts(self) -> LikenessFacts:
        """What the policy is told."""
        faces = [one for one in self.depicted.values() if one.face]
        without = [one for one in faces if not one.cover.covers]
        return LikenessFacts(
            register=True,
            consented=len(faces) - len(without),
            unconsented=len(without),
            strangers=self.strangers,
            unsure=self.unsure,
            child=any(one.minor for one in without),
            burst=any(map(self._is_burst, self.depicted.values())),
            consents=tuple(sorted(one.cover.consent_id for one in faces if one.cover.consent_id)),
        )

    def _is_burst(self, one: Depicted) -> bool:
        office = self.gate.office
        if one.cover.covers:
            return False
        return office.recent(one.person_id) >= office.settings.burst_requests


@dataclass(slots=True)
class NamesLook:
    """Looks for names of enrolled persons in the words, as the Runner sees it."""

    visit: LikenessVisit
    prompt: Prompt
    name: str = NAME
    version: str = VERSION
    needs: tuple[str, ...] = ()
    categories: frozenset[str] = CATEGORIES

    def detect(self, subject: Any, seen: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:  # noqa: ANN401  the Runner's protocol
        """Whoever is named; a name is not yet a face, and others may have the same."""
        del subject, seen
        found = []
        for person_id, span in self.visit.gate.names().find(self.prompt):
            self.visit.add(person_id, face=False)
            where = None if span is None else {"span": list(span)}
            found.append(Finding(_NAMED, SURE, NAME, where, {"evidence": "register"}))
        return found


@dataclass(slots=True)
class FacesLook:
    """Compares the faces that were found with those that are enrolled, as the Runner sees it."""

    visit: LikenessVisit
    opened: Opened
    faces: Sequence[Finding]
    name: str = NAME
    version: str = VERSION
    needs: tuple[str, ...] = ()
    categories: frozenset[str] = CATEGORIES

    @property
    def note(self) -> str:
        """What is to be told besides."""
        return " ".join(self.visit.notes)

    def detect(self, subject: Any, seen: Mapping[str, Sequence[Finding]]) -> Sequence[Finding]:  # noqa: ANN401  the Runner's protocol
        """Whose faces they are. The templates are gone when this returns."""
        del subject, seen
        office = self.visit.gate.office
        if not office.biometrics or not len(office.register.gallery):
            self._count([(one, "stranger") for one in self.faces])
            return ()
        told = self._compare_all()
        self._count(told)
        return [one for one, _ in told if one.category == _MATCHED]

    def _compare_all(self) -> list[tuple[Finding, str]]:
        """Each face, or the finding that it is somebody's, and which of the two it is."""
        pictures = self.opened.decode()
        assert self.opened.outline is not None  # noqa: S101  for the type checker: it is decoded
        told: list[tuple[Finding, str]] = []
        for picture, time in zip(pictures, self.opened.outline.times, strict=True):
            here = [one for one in self.faces if _time(one) == _rounded(time)]
            if here:
                told += self._compare(picture.pixels, here)
        return told

    def _compare(
        self,
        pixels: NDArray[np.uint8],
        faces: Sequence[Finding],
    ) -> list[tuple[Finding, str]]:
        office = self.visit.gate.office
        landmarks = np.array([(one.where or {})["landmarks"] for one in faces], np.float32)
        bars = office.thresholds()
        probes = office.maker.embed(pixels, landmarks)
        nearest = office.register.gallery.search(probes, bars.review)
        return [
            self._told(face, found[0] if found else ("", -1.0), bars)
            for face, found in zip(faces, nearest, strict=True)
        ]

    def _told(
        self, face: Finding, nearest: tuple[str, float], bars: Thresholds
    ) -> tuple[Finding, str]:
        person_id, cosine = nearest
        known = self.visit.gate.office.register.known(person_id)
        if known is None or cosine < bars.review:
            return face, "stranger"
        where = {name: value for name, value in (face.where or {}).items() if name != "landmarks"}
        if cosine < bars.match or not known.counts:  # may be, or nobody made sure who enrolled
            return Finding(_MATCHED, UNSURE, NAME, where, {"consent": "unclear"}), "unsure"
        cover = self.visit.add(person_id, face=True)
        said = "own" if cover.own else cover.consent_id or "none"
        return Finding(_MATCHED, SURE, NAME, where, {"consent": said}), "known"

    def _count(self, told: Sequence[tuple[Finding, str]]) -> None:
        """Of the frame with most of them: the same stranger in ten frames is one."""
        self.visit.strangers = _most(told, "stranger")
        self.visit.unsure = _most(told, "unsure")
        self.visit.gate.cover_by_token(self.visit)


class LikenessGate:
    """Makes visits, and remembers who was depicted."""

    def __init__(self, office: Likeness) -> None:
        """Ask `office`."""
        self.office = office
        self._names = RegisteredNames({})
        self._names_at = -1

    def visit(self, stage: Stage, use: Use, token: str) -> LikenessVisit | None:
        """A visit; None where nobody is enrolled.

        Raises:
            ConsentryError: nobody can say who is enrolled.
        """
        if not self.office.register.anybody():
            return None
        visit = LikenessVisit(self, stage, use)
        if token:
            self._read(visit, token)
        return visit

    def names(self) -> RegisteredNames:
        """Finds the names of everybody who is enrolled now."""
        register = self.office.register
        if self._names_at != register.sequence:
            at = register.sequence
            self._names, self._names_at = RegisteredNames(register.names()), at
        return self._names

    def cover_by_token(self, visit: LikenessVisit) -> None:
        """Without face templates, a token says whose face it is: it covers one face."""
        if self.office.biometrics or not visit.use.token_for or visit.strangers == 0:
            return
        consent = self.office.consents.get(visit.use.token_for)
        if visit.add(consent.terms.person, face=True).covers:
            visit.strangers -= 1

    def remember(self, decision: Decision, visit: LikenessVisit) -> None:
        """Keep which persons a decision was about.

        Raises:
            StorageError: it could not be stored.
        """
        rows = [
            {
                "person_id": one.person_id,
                "decision_id": decision.id,
                "stage": decision.stage.value,
                "action": decision.action.value,
                "consent_id": one.cover.consent_id,
                "own": one.cover.own,
            }
            for one in visit.depicted.values()
        ]
        if rows:
            keep = timedelta(days=self.office.settings.remember_days)
            self.office.remember(rows, keep)

    def _read(self, visit: LikenessVisit, text: str) -> None:
        """Take the token, or note why not: then it covers nothing."""
        try:
            token = self.office.consents.read_token(text, visit.use)
            self.office.consents.use_token(token, visit.stage.value)
        except TokenError as error:
            visit.notes.append(error.message)
            return
        visit.use = replace(visit.use, token_for=token.consent_id)


def faces_among(findings: Sequence[Finding]) -> list[Finding]:
    """The faces that can be compared."""
    return [
        one
        for one in findings
        if one.category == _FACE and one.score >= FACE_SCORE and "landmarks" in (one.where or {})
    ]


def _most(told: Sequence[tuple[Finding, str]], kind: str) -> int:
    times = Counter(_time(face) for face, which in told if which == kind)
    return max(times.values(), default=0)


def _time(face: Finding) -> float | None:
    return (face.where or {}).get("time_s")


def _rounded(time: float | None) -> float | None:
    return None if time is None else round(time, 3)

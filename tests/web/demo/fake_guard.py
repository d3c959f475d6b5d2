"""A small stand-in for `Guard`, so that the pages are tested by themselves and quickly.

It really decodes the picture, and decides by words in the prompt: `please block`, `please review`…
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from types import SimpleNamespace

from fastapi import FastAPI
from PIL import Image, UnidentifiedImageError

from consentry.config import Settings
from consentry.errors import DecoderError, MediaFormatError
from consentry.findings import Action, Finding
from consentry.samples import sample
from consentry.screening.decision import Decision, Gate, Reason
from consentry.web.assets import asset_router
from consentry.web.demo.router import demo_router

TITLES = {
    "person.face": "A face",
    "minor.apparent": "Somebody who looks under 18",
    "sexual.undress": "Undressing somebody",
    "unchecked": "Not checked",
}
MARKED = {
    "take off": "sexual.undress",
    "off the <b>hat</b>": "person.named",
    "take off the <b>hat</b> now": "evasion",
    "القبعة": "sexual.undress",
}
"""Words that are found, some of them within others."""
FACE = {"box": [178, 40, 95, 124]}


@dataclass(frozen=True)
class Preview:
    jpeg: bytes
    width: int
    height: int
    full_width: int
    full_height: int


class FakeGuard:
    def __init__(self, settings=None):
        self.settings = settings or Settings()
        categories = {name: SimpleNamespace(title=title) for name, title in TITLES.items()}
        self.policy = SimpleNamespace(taxonomy=SimpleNamespace(categories=categories))
        self.submissions = []
        self.fail_with = None

    def screen(self, submission):
        if self.fail_with is not None:
            raise self.fail_with
        self.submissions.append(submission)
        prompt = submission.prompt or ""
        action = next((one for one in Action if f"please {one}" in prompt), Action.ALLOW)
        reasons = (Reason(f"fake.{action}", f"You asked for it: <{action}> 100%.", action),)
        decision = Decision(
            id="0" * 31 + "1",
            created_at="2026-11-24T10:00:00Z",
            input=f"sha256:{hashlib.sha256(submission.media or b'').hexdigest()}",
            stage=submission.stage,
            action=action,
            reasons=() if action is Action.ALLOW else reasons,
            shadow=(),
            findings=tuple(self._findings(submission)),
            gates=tuple(self._gates(submission)),
            context={},
            policy="sha256:" + "a" * 64,
        )
        return self._refuse(decision, submission) if self._broken(submission) else decision

    def preview(self, data, *, max_side):
        try:
            with Image.open(io.BytesIO(data)) as image:
                full = image.size
                small = image.convert("RGB")
        except UnidentifiedImageError as error:
            raise DecoderError("It could not be decoded.") from error
        small.thumbnail((max_side, max_side))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=85)
        return Preview(buffer.getvalue(), *small.size, *full)

    def _broken(self, submission):
        if submission.media is None:
            return None
        try:
            Image.open(io.BytesIO(submission.media)).close()
        except UnidentifiedImageError:
            return MediaFormatError("The file is in no format that is read here.")
        return None

    def _refuse(self, decision, submission):
        error = self._broken(submission)
        saw = hashlib.sha256(submission.media).hexdigest()
        return Decision(
            **{
                **{name: getattr(decision, name) for name in Decision.__slots__},
                "action": Action.BLOCK,
                "reasons": (Reason(error.code, error.message, Action.BLOCK),),
                "findings": (Finding("unchecked", 1.0, "decode", None, {"reason": str(error)}),),
                "gates": (Gate("decode", "1", saw, 2.0, "refused", str(error)),),
                "error": error.code,
            }
        )

    def _findings(self, submission):
        if submission.media == sample("astronaut").read():
            yield Finding("person.face", 0.93, "faces", FACE)
            ages = {"0-12": 0.004, "13-17": 0.011, "18+": 0.985}
            yield Finding("minor.apparent", 0.015, "age", FACE, {"bins": ages})
        prompt = submission.prompt or ""
        for words, category in MARKED.items():
            if words in prompt:
                start = prompt.index(words)
                span = {"span": [start, start + len(words)]}
                yield Finding(category, 0.9, "prompt-rules", span, {"rule": "fake"})

    def _gates(self, submission):
        if submission.media is not None:
            saw = hashlib.sha256(submission.media).hexdigest()
            yield Gate("decode", "1", saw, 6.2, "checked")
            yield Gate("faces", "1.1.1+yunet", saw, 25.4, "checked")
            yield Gate("age", "2.0.0", saw, 1.3, "cached")
            yield Gate("explicitness", "0.1.0", None, 0.0, "missing", "Its model is not there.")
        if submission.prompt is not None:
            saw = hashlib.sha256(submission.prompt.encode()).hexdigest()
            yield Gate("prompt-rules", "1", saw, 0.3, "checked")
        else:
            yield Gate("prompt-rules", "1", None, 0.0, "not_assessed", "There was no prompt.")


def fake_app(guard=None):
    app = FastAPI(openapi_url=None)
    app.include_router(demo_router(guard or FakeGuard()))
    app.include_router(asset_router())
    return app

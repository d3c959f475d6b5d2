"""`Guard`: the façade that an application embeds; it puts the rooms together.

with Guard.open() as guard:
    decision = guard.check_output(picture_bytes, prompt="a lighthouse at dusk")
    if decision.action.releases:
        ...
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

from consentry.config import Settings, load_settings
from consentry.detectors.loading import load_detectors
from consentry.errors import ConsentryError
from consentry.findings import Stage
from consentry.media import Clip, MediaDecoder, Picture
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.policy.verdict import Verdict
from consentry.screening.decision import Decision
from consentry.screening.screener import Screener
from consentry.screening.submission import Submission
from consentry.storage import Storage, open_storage

if TYPE_CHECKING:  # it stands on numpy and the database: only who matches waits for it
    from consentry.matching.banks import Banks
    from consentry.matching.matcher import Matcher

__all__ = ["Guard", "PartHealth", "Preview", "Replay"]


@dataclass(frozen=True, slots=True)
class PartHealth:
    """Whether one part of the system can do its work.

    Attributes:
        name: `storage`, `decoder` or `detector:<name>`.
        ready: it can.
        note: one sentence, when it cannot.
    """

    name: str
    ready: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A small JPEG of a picture that was decoded safely.

    Attributes:
        jpeg: the encoded preview, without metadata.
        width, height: of the preview, in pixels.
        full_width, full_height: of the upright original, in pixels.
    """

    jpeg: bytes
    width: int
    height: int
    full_width: int
    full_height: int


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


class Guard:
    """One opened installation: screens, stores and replays decisions. Threads may share it."""

    def __init__(
        self, settings: Settings, storage: Storage, decoder: MediaDecoder, screener: Screener
    ) -> None:
        """Use `Guard.open`; this only keeps the parts."""
        self.settings = settings
        self.storage = storage
        self._decoder = decoder
        self._screener = screener
        self._warmer = _Warmer(())

    @classmethod
    def open(cls, settings: Settings | None = None, *, warm: bool = False) -> Self:
        """Open the installation that `settings` describe; heavy parts load at first use.

        Args:
            settings: where it is and how it is set; without them, those in force.
            warm: begin to load the heavy parts at once, in the background.

        Raises:
            ConfigError: a setting, the policy or a plug-in is not usable.
            StorageError: the data folder or the database is not usable.
        """
        settings = settings or load_settings()
        policy = Policy.load(settings.policy.file)
        roster = load_detectors(settings)
        decoder = MediaDecoder(settings.media)
        screener = Screener(decoder=decoder, roster=roster, policy=policy, settings=settings)
        parts = (decoder.warm_up, *(one.warm_up for one in roster.active))
        warmer = _Warmer(parts if warm else ())
        try:
            storage = open_storage(settings)
            storage.policies.remember(policy.version, policy.source)
        except ConsentryError:
            warmer.close()
            screener.close()
            decoder.close()
            raise
        guard = cls(settings, storage, decoder, screener)
        guard._warmer = warmer
        return guard

    def __enter__(self) -> Self:
        """Give the guard itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Stop the child processes and threads, close the database."""
        self._warmer.close()
        self._screener.close()
        self._decoder.close()
        if "matcher" in self.__dict__:
            self.matcher.close()
        self.storage.close()

    @cached_property
    def banks(self) -> Banks:
        """The banks of known hashes."""
        from consentry.matching.banks import Banks

        return Banks(self.storage)

    @cached_property
    def matcher(self) -> Matcher:
        """What finds known hashes; its index is opened at the first need."""
        from consentry.matching.matcher import Matcher

        return Matcher.open(self.settings, self.storage, follow=True)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._screener.policy

    def warm_up(self) -> list[PartHealth]:
        """Load every model and start the decoders, side by side; then say who is ready."""
        return list(self.health())

    def health(self) -> Sequence[PartHealth]:
        """Ask every part whether it can do its work."""
        checks = [("storage", self.storage.ping), ("decoder", self._decoder.warm_up)]
        checks += [(f"detector:{one.name}", one.warm_up) for one in self._screener.roster.active]
        with ThreadPoolExecutor(self.settings.screening.workers) as pool:
            return list(pool.map(lambda check: _ask(*check), checks))

    def screen(self, submission: Submission) -> Decision:
        """Screen `submission` and store the decision (and the picture, if the policy says keep).

        Raises:
            StorageError: the decision could not be stored; then there is none.
        """
        decision = self._screener.screen(submission)
        self.storage.decisions.save(decision.as_json())
        if decision.keep and submission.media is not None:
            self.storage.objects.put(submission.media, purpose=f"decision:{decision.id}")
        return decision

    def check_prompt(
        self,
        prompt: str,
        *,
        reference: bytes | None = None,
        has_reference: bool = False,
        language: str | None = None,
    ) -> Decision:
        """Decide about a prompt, together with the reference picture that comes with it."""
        return self.screen(
            Submission(
                Stage.PROMPT,
                media=reference,
                prompt=prompt,
                has_reference=has_reference,
                language=language,
            )
        )

    def check_reference(self, picture: bytes) -> Decision:
        """Decide about a picture that is given to a generator."""
        return self.screen(Submission(Stage.REFERENCE, media=picture))

    def check_output(self, media: bytes, *, prompt: str | None = None) -> Decision:
        """Decide about what a generator made, together with the prompt that it was made from."""
        return self.screen(Submission(Stage.OUTPUT, media=media, prompt=prompt))

    def check_upload(self, media: bytes, *, name: str | None = None) -> Decision:
        """Decide about what a person posts."""
        return self.screen(Submission(Stage.UPLOAD, media=media, name=name))

    def decision(self, decision_id: str) -> Decision:
        """The stored decision.

        Raises:
            NotFoundError: there is none with this id.
        """
        return Decision.from_json(self.storage.decisions.get(decision_id))

    def replay(self, decision_id: str) -> Replay:
        """Judge a stored decision again by the policy that was in force when it was made.

        Raises:
            NotFoundError: the decision, or its policy, is not stored.
        """
        decision = self.decision(decision_id)
        policy = self.policy
        if decision.policy != policy.version:
            policy = Policy.from_text(self.storage.policies.source(decision.policy), "stored")
        context = PolicyContext.from_json(decision.stage, decision.context)
        return Replay(decision, context, policy, policy.decide(decision.findings, context))

    def decode(self, data: bytes) -> Picture | Clip:
        """Decode one file in a limited child, without deciding about it.

        Raises:
            MediaError: the file cannot be used.
            DecoderError: the decoder could not do its work.
        """
        return self._decoder.decode(data)

    def preview(self, data: bytes, *, max_side: int) -> Preview:
        """A small JPEG of a picture, or of a clip's first frame, decoded in a limited child.

        Raises:
            MediaError: the file cannot be used.
            DecoderError: the decoder could not do its work.
        """
        media = self._decoder.decode(data)
        return _preview(media.frames[0].picture if isinstance(media, Clip) else media, max_side)


class _Warmer:
    """Loads parts in the background, one after another, until it is told to stop.

    It is waited for at the end: a model that is being loaded while Python ends would crash it.
    """

    def __init__(self, parts: Sequence[Callable[[], None]]) -> None:
        self._parts = parts
        self._stop = Event()
        self._thread = Thread(target=self._run, name="warming")
        self._thread.start()

    def close(self) -> None:
        """Stop after the part that is being loaded."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for part in self._parts:
            if self._stop.is_set():
                return
            _ask("", part)  # whoever needs it meets the same error, and says so


def _ask(name: str, check: Callable[[], None]) -> PartHealth:
    try:
        check()
    except ConsentryError as error:
        return PartHealth(name, ready=False, note=str(error))
    return PartHealth(name, ready=True)


def _preview(picture: Picture, max_side: int) -> Preview:
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    image.thumbnail((max_side, max_side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return Preview(buffer.getvalue(), image.width, image.height, picture.width, picture.height)

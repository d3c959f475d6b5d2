"""`Guard`: the façade that an application embeds; it puts the rooms together.

with Guard.open() as guard:
    decision = guard.check_output(picture_bytes, prompt="a lighthouse at dusk")
    if decision.action.releases:
        ...
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from consentry.config import Settings, load_settings
from consentry.detectors.contract import Kind
from consentry.detectors.loading import load_detectors
from consentry.findings import Stage
from consentry.ledger.log import Log
from consentry.likeness.consent import Use
from consentry.likeness.office import Likeness
from consentry.media import Clip, MediaDecoder, Picture, Prompt
from consentry.media.preview import Preview, preview_of
from consentry.policy.context import PolicyContext
from consentry.policy.engine import Policy
from consentry.screening.copies import Copies, PastCopy
from consentry.screening.decision import Decision
from consentry.screening.health import PartHealth, ask
from consentry.screening.likeness import LikenessGate
from consentry.screening.recorder import Recorder
from consentry.screening.replay import Replay
from consentry.screening.screener import Screener
from consentry.screening.submission import Submission
from consentry.screening.warming import Warmer
from consentry.storage import Storage, open_storage

if TYPE_CHECKING:  # loaded when somebody asks for the banks
    from datetime import datetime

    from consentry.matching.banks import Added, Banks, Metadata
    from consentry.matching.matcher import Matcher

__all__ = ["Guard", "PartHealth", "Preview", "Replay"]


class Guard:
    """One opened installation: screens, stores and replays decisions. Threads may share it."""

    def __init__(  # noqa: PLR0913, PLR0917  one parameter for each part
        self,
        settings: Settings,
        storage: Storage,
        decoder: MediaDecoder,
        screener: Screener,
        copies: Copies,
        log: Log,
        likeness: Likeness,
    ) -> None:
        """Use `Guard.open`; this only keeps the parts."""
        self.settings = settings
        self.storage = storage
        self.log = log
        self._decoder = decoder
        self._screener = screener
        self._copies = copies
        self.likeness = likeness
        self._people = LikenessGate(likeness)
        self._recorder = Recorder(settings, storage, log)
        self._warmer = Warmer()

    @classmethod
    def open(cls, settings: Settings | None = None, *, warm: Collection[Kind] = ()) -> Self:
        """Open the installation that `settings` describe; heavy parts load at first use.

        Args:
            settings: where it is and how it is set; without them, those in force.
            warm: what will come at once, `picture` or `prompt`: begin to load what looks at it,
                in the background.

        Raises:
            ConfigError: a setting, the policy or a plug-in is not usable.
            StorageError: the data folder or the database is not usable.
            LedgerDamagedError: the log was altered or cut short.
        """
        settings = settings or load_settings()
        with ExitStack() as opened:  # whatever fails, what was started before is ended again
            decoder = opened.enter_context(MediaDecoder(settings.media))
            warmer = opened.enter_context(closing(Warmer()))
            if "picture" in warm:
                warmer.load(partial(decoder.warm_up, 1))  # others start when they are needed
            roster = load_detectors(settings)
            warmer.load(*(one.warm_up for one in roster.active if one.kind in warm))
            policy = Policy.load(settings.policy.file)
            storage = open_storage(settings)
            opened.callback(storage.close)
            storage.policies.remember(policy.version, policy.source)
            log = opened.enter_context(closing(Log.open(settings, storage)))
            Recorder(settings, storage, log).begin(policy, roster)
            copies = opened.enter_context(closing(Copies(settings, storage, policy)))
            likeness = Likeness(settings, storage, log)
            screener = Screener(
                decoder=decoder,
                roster=roster,
                policy=policy,
                settings=settings,
                matching=copies,
                likeness=LikenessGate(likeness),
            )
            opened.pop_all()
        guard = cls(settings, storage, decoder, screener, copies, log, likeness)
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
        self._copies.close()
        self._screener.close()
        self._decoder.close()
        self.log.close()
        self.storage.close()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._screener.policy

    def warm_up(self) -> list[PartHealth]:
        """Load every model and start the decoders, side by side; then say who is ready."""
        return list(self.health())

    def follow(self) -> None:
        """For a process that stays: follow the banks closely, and delete what expires, in threads.

        An erasure of a person that was interrupted is finished first.

        Without it every answer is complete as well, but may first have to catch up.
        """
        self.likeness.persons.tidy()
        self._copies.follow()

    def health(self) -> Sequence[PartHealth]:
        """Ask every part whether it can do its work."""
        checks = [("storage", self.storage.ping), ("log", self.log.check)]
        checks += [("decoder", self._decoder.warm_up)]
        checks += [(f"detector:{one.name}", one.warm_up) for one in self._screener.roster.active]
        checks += [("matching", self._copies.warm_up), ("likeness", self.likeness.warm_up)]
        with ThreadPoolExecutor(self.settings.screening.workers) as pool:
            return list(pool.map(lambda check: ask(*check), checks))

    def screen(self, submission: Submission) -> Decision:
        """Screen `submission` and store the decision, with the fingerprints that are remembered.

        Its entry is in the log before this returns; `receipt` is the index of the entry.

        The picture is stored only if the policy says keep.

        Raises:
            StorageError: the decision could not be stored; then there is none.
            LedgerDamagedError: the log is not whole; the same.
        """
        screened = self._screener.screen(submission)
        decision = self._recorder.keep(screened.decision)
        if screened.prints is not None:
            self._copies.remember(decision.id, decision.stage, screened.prints)
        if screened.likeness is not None:
            self._people.remember(decision, screened.likeness)
        if decision.keep and submission.media is not None:
            self.storage.objects.put(submission.media, purpose=f"decision:{decision.id}")
        return decision

    def expect(self, prompts: Sequence[str]) -> None:
        """Say which prompts are about to be checked: many are quicker together than one by one.

        Nothing is decided, and each still has to be checked.
        """
        self._screener.expect([Prompt(one) for one in prompts])

    def check_prompt(  # noqa: PLR0913  each says something of the prompt, by name
        self,
        prompt: str,
        *,
        reference: bytes | None = None,
        has_reference: bool = False,
        language: str | None = None,
        history: Sequence[str] = (),
        use: Use | None = None,
        consent: str = "",
    ) -> Decision:
        """Decide about a prompt, together with the reference picture that comes with it.

        Args:
            prompt: the words.
            reference: the picture that comes with them.
            has_reference: a picture goes to the generator although it is not given here.
            language: of the prompt, if it is known.
            history: earlier prompts of the same conversation, the oldest first, at most 20.
            use: who asks and what for.
            consent: a consent token of a person depicted.
        """
        return self.screen(
            Submission(
                Stage.PROMPT,
                media=reference,
                prompt=prompt,
                has_reference=has_reference,
                history=tuple(history),
                language=language,
                use=use or Use(),
                consent=consent,
            )
        )

    def check_reference(
        self, picture: bytes, *, use: Use | None = None, consent: str = ""
    ) -> Decision:
        """Decide about a picture that is given to a generator.

        Args:
            picture: the file.
            use: who asks and what for.
            consent: a consent token of a person depicted.
        """
        asked = Submission(Stage.REFERENCE, media=picture, use=use or Use(), consent=consent)
        return self.screen(asked)

    def check_output(
        self,
        media: bytes,
        *,
        prompt: str | None = None,
        use: Use | None = None,
        consent: str = "",
    ) -> Decision:
        """Decide about what a generator made, together with the prompt that it was made from.

        Args:
            media: the file.
            prompt: the words.
            use: who asks and what for.
            consent: a consent token of a person depicted.
        """
        use = use or Use()
        return self.screen(
            Submission(Stage.OUTPUT, media=media, prompt=prompt, use=use, consent=consent)
        )

    def check_upload(self, media: bytes, *, name: str | None = None) -> Decision:
        """Decide about what a person posts."""
        return self.screen(Submission(Stage.UPLOAD, media=media, name=name))

    @property
    def banks(self) -> Banks:
        """The banks of known pictures."""
        return self._copies.banks

    @property
    def matcher(self) -> Matcher:
        """Answers what is known about hashes."""
        return self._copies.matcher

    def bank_picture(  # noqa: PLR0913  each says something of the entry, by name
        self,
        bank: str,
        data: bytes,
        *,
        crops: bool = True,
        note: str = "",
        case: str | None = None,
        metadata: Metadata | None = None,
        disable_until: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> Added:
        """Bank a picture or a clip: its hashes, never the picture.

        Args:
            bank: name of the bank.
            data: the file; it is decoded in a limited child and not kept.
            crops: also bank the crops that people make most, up to 112 further hashes.
            note: for whoever looks at the entry.
            case: link to the case that it belongs to.
            metadata: what an exchange says of it.
            disable_until: it does not count before.
            expires_at: it does not count afterwards.

        Raises:
            MediaError: the file cannot be used.
            SignalError: it has too little detail for its copies to be recognised.
            BankError: there is no such bank, or the entry is malformed.
            StorageError: it could not be stored.
        """
        from consentry.matching.banks import Metadata
        from consentry.matching.hashing import file_signals, media_signals

        hashes = media_signals(self._decoder.decode(data), crops=crops)
        return self.banks.add(
            bank,
            [*hashes, *file_signals(data)],
            note=note,
            case=case,
            metadata=metadata or Metadata(),
            disable_until=disable_until,
            expires_at=expires_at,
        )

    def sweep(self, bank: str, content_id: int | None = None) -> tuple[PastCopy, ...]:
        """Past uploads and outputs that are copies of what `bank` holds, or of one entry of it.

        Only what is still remembered can be found: see `matching.remember_days`.

        Raises:
            BankUnknownError: there is no such bank.
            ContentUnknownError: it has no such entry.
            MatchIndexError: the index of what was seen cannot answer.
            MatchingMissingError: the extra `matching` is not installed.
        """
        return self._copies.sweep(bank, content_id)

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
        return preview_of(self._decoder.decode(data), max_side)

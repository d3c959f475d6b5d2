"""What somebody asked on the demo page: the form's state, and the submission it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, Self, TypeAlias

from consentry.errors import ConsentryError, InputError, MediaSizeError, RequestError
from consentry.findings import Stage
from consentry.samples import SAMPLES, sample
from consentry.screening.decision import Decision
from consentry.screening.submission import Submission
from consentry.web.forms import FormData
from consentry.web.i18n import N_

__all__ = ["NONE", "OWN", "Asking", "Fault", "FieldName"]

FieldName: TypeAlias = Literal["picture", "prompt", "stage", "form"]

OWN: Final = "own"
NONE: Final = "none"
_NAMES: Final = frozenset(one.name for one in SAMPLES)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, and what to do about it."""

    field: FieldName
    message: str
    hint: str
    status: int = 422

    @classmethod
    def of(cls, error: ConsentryError) -> Self:
        """The fault that `error` is."""
        return cls(_field(error.code), error.message, error.hint, _status(error))

    @classmethod
    def of_decision(cls, decision: Decision) -> Self | None:
        """The fault of an input that could not be opened, told by the gate that refused it."""
        if decision.error is None:
            return None
        refused = (gate.note for gate in decision.gates if gate.status == "refused" and gate.note)
        told = (reason.text for reason in decision.reasons)
        message = next(refused, "") or next(told, "") or decision.error
        status = 413 if decision.error == MediaSizeError.code else 422
        return cls(_field(decision.error), message, "", status)


def _field(code: str) -> FieldName:
    family = code.partition(".")[0]
    if family == "media":
        return "picture"
    return "prompt" if family == "prompt" else "form"


def _status(error: ConsentryError) -> int:
    if isinstance(error, MediaSizeError):
        return 413
    if isinstance(error, InputError):
        return 400 if isinstance(error, RequestError) else 422
    return 503


@dataclass(frozen=True, slots=True)
class Asking:
    """The form as somebody left it.

    Attributes:
        stage: where on the road.
        picture: name of a sample, `own` or `none`.
        prompt: the words; may be empty.
        faults: what is wrong, by field.
        file_name: what the person's own file is called, to name it on the page; not stored.
    """

    stage: Stage = Stage.OUTPUT
    picture: str = SAMPLES[0].name
    prompt: str = ""
    faults: tuple[Fault, ...] = ()
    file_name: str | None = None

    @classmethod
    def of_form(cls, form: FormData) -> Self:
        """Read the fields; a file that was chosen counts, whichever sample is ticked."""
        picture = OWN if form.file is not None else form.fields.get("sample", "")
        stage = form.fields.get("stage", "")
        known = stage in Stage.__members__.values()
        asking = cls(
            Stage(stage) if known else Stage.OUTPUT,
            picture if picture in _NAMES | {OWN, NONE} else NONE,
            form.fields.get("prompt", ""),
            file_name=form.file_name,
        )
        missing = Fault("stage", N_("No stage was chosen."), N_("Choose one of the four."))
        return asking if known else asking.with_fault(missing)

    def with_fault(self, fault: Fault) -> Self:
        """The same form with one more thing wrong."""
        return replace(self, faults=(*self.faults, fault))

    def fault(self, field: FieldName) -> Fault | None:
        """What is wrong with `field`, if anything."""
        return next((fault for fault in self.faults if fault.field == field), None)

    @property
    def status(self) -> int:
        """The HTTP status that the faults ask for; 200 when there is none."""
        return self.faults[0].status if self.faults else 200

    def checked(self, form: FormData) -> Self:
        """The same form with a fault for each thing that is missing."""
        asking = self
        if self.picture == OWN and form.file is None:
            no_file = N_("You chose your own picture, but no file.")
            asking = asking.with_fault(Fault("picture", no_file, N_("Choose a file or a sample.")))
        if self.stage is Stage.PROMPT and not self.prompt.strip():
            no_prompt = N_("There is no prompt to look at.")
            asking = asking.with_fault(Fault("prompt", no_prompt, N_("Write one.")))
        if self.stage is not Stage.PROMPT and self.picture == NONE:
            no_picture = N_("There is no picture to look at.")
            asking = asking.with_fault(Fault("picture", no_picture, N_("Choose one.")))
        return asking

    def submission(self, form: FormData) -> Submission:
        """What is handed to the guard; call it only without faults."""
        own = self.picture == OWN
        media = form.file if own else None
        if self.picture in _NAMES:
            media = sample(self.picture).read()
        return Submission(
            self.stage,
            media=media,
            prompt=self.prompt if self.prompt.strip() else None,
            name=form.file_name if own else None,
            content_type=form.file_type if own else None,
        )

"""What is handed to the Screener: the bytes or words of one stage, and the facts around them."""

from __future__ import annotations

from dataclasses import dataclass, field

from consentry.errors import InputError
from consentry.findings import Stage
from consentry.likeness.consent import Use

__all__ = ["Submission"]


@dataclass(frozen=True, slots=True)
class Submission:
    """One thing to decide about.

    Attributes:
        stage: where on the road it is.
        media: undecoded bytes of the picture or video: the output, the upload, the reference
            picture; at the stage `prompt`, the reference picture that comes with the prompt.
        prompt: the words, if there are any.
        name: the file's name, only to compare its extension with the bytes; never stored.
        content_type: the declared media type, only to compare it with the bytes.
        reference: the caller's own opaque id for this submission; stored with the decision.
        language: the prompt's language, if the caller knows it.
        has_reference: a reference picture goes to the generator although it is not sent here.
        history: earlier prompts of the same conversation, the oldest first, at most 20. Leave out
            what was refused: as long as it stands here, it is part of what is asked.
        use: who asks and what for: what consents are held against.
        consent: a consent token that came with the request; empty without one.
    """

    stage: Stage
    media: bytes | None = None
    prompt: str | None = None
    name: str | None = None
    content_type: str | None = None
    reference: str | None = None
    language: str | None = None
    has_reference: bool = False
    history: tuple[str, ...] = ()
    use: Use = field(default_factory=Use)
    consent: str = ""

    def __post_init__(self) -> None:
        """Refuse a submission with nothing to look at.

        Raises:
            InputError: the stage `prompt` has no prompt, another stage has no picture, or there
                are earlier prompts and none now.
        """
        if self.stage is Stage.PROMPT and self.prompt is None:
            raise InputError("The stage prompt needs a prompt.", hint="Send a prompt.")
        if self.stage is not Stage.PROMPT and self.media is None:
            raise InputError(f"The stage {self.stage} needs a file.", hint="Send a picture.")
        if self.history and self.prompt is None:
            raise InputError("Earlier prompts need a prompt after them.", hint="Send a prompt.")

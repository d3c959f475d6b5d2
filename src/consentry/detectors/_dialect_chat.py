"""OpenAI's chat shape, `POST …/v1/chat/completions`: Llama Guard, and a model that reads a policy.

A prompt can try to talk a model into calling it safe. That is why an answer only ever adds.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from consentry.config import HttpSlot
from consentry.detectors._dialect import Foreign, LabelMap, Labels, parsed, prompt_of
from consentry.detectors.contract import Subject
from consentry.errors import ConfigError, DetectorError
from consentry.findings import Finding
from consentry.media.prompt import Prompt

__all__ = ["LlamaGuardDialect", "SafeguardDialect"]

_GUARD_TOKENS: Final = 64
_POLICY_TOKENS: Final = 2048  # such a model reasons before it answers
_UNSAFE: Final = re.compile(r"unsafe[ \t]*\n\s*(S\d{1,2}(?:[ \t]*,[ \t]*S\d{1,2})*)")
_FENCED: Final = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL)

# Llama Guard 3's hazards. Those without a category are not what this gate is about.
_HAZARDS: Final[LabelMap] = {
    **{f"S{number}": () for number in range(1, 15)},
    "S3": ("sexual.explicit",),
    "S4": ("minor.referenced", "sexual.explicit"),
    "S5": ("defamation.crime",),
    "S12": ("sexual.explicit",),
}

_POLICY_LABELS: Final[LabelMap] = {
    name: (name,)
    for name in (
        "sexual.undress",
        "sexual.nudity",
        "sexual.explicit",
        "sexual.suggestive",
        "minor.referenced",
        "person.named",
        "defamation.crime",
        "defamation.humiliation",
        "harassment.bullying",
        "impersonation.identity",
    )
}


class _Message(Foreign):
    content: str | None
    refusal: str | None = None


class _Choice(Foreign):
    message: _Message
    finish_reason: str | None


class _Chat(Foreign):
    choices: tuple[_Choice]


class _Found(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    found: tuple[str, ...]


class _ChatDialect:
    """What both share: one question, one whole answer, no chance in it."""

    def __init__(self, slot: HttpSlot, default: LabelMap) -> None:
        if not slot.model:
            raise ConfigError(
                f"The HTTP slot {slot.name} speaks {slot.speaks}: it needs a model.",
                hint="Write the name by which the server knows it.",
            )
        self._slot = slot
        self._labels = Labels(slot, default)
        self.categories = self._labels.categories

    def _ask(self, messages: list[dict[str, str]], tokens: int) -> tuple[bytes, str]:
        asked: dict[str, Any] = {
            "model": self._slot.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": tokens,
            "stream": False,
        }
        return json.dumps(asked).encode(), "application/json"

    def _said(self, answer: bytes) -> str:
        """What the model said, if it said it to the end and did not refuse."""
        choice = parsed(answer, _Chat, self._slot.name).choices[0]
        if choice.message.refusal or choice.finish_reason != "stop":
            raise DetectorError(f"The model behind {self._slot.name} refused, or was cut short.")
        return (choice.message.content or "").strip()

    def _findings(self, labels: set[str]) -> list[Finding]:
        return self._labels.findings(dict.fromkeys(sorted(labels), self._labels.score))

    def _odd(self) -> DetectorError:
        return DetectorError(
            f"The model behind {self._slot.name} did not answer as it was asked to.",
            hint=f"Check that the model at this address speaks {self._slot.speaks}.",
        )


class LlamaGuardDialect(_ChatDialect):
    """Llama Guard 3: the answer is `safe`, or `unsafe` and a line of hazards such as `S12`.

    The server's chat template writes the guard's own instructions around the prompt.
    """

    version = "1"

    def __init__(self, slot: HttpSlot) -> None:
        """Prepare.

        Raises:
            ConfigError: the slot names no model; see also `Labels`.
        """
        super().__init__(slot, _HAZARDS)

    def question(self, subject: Subject) -> tuple[bytes, str]:
        """The prompt as a user's message."""
        text = prompt_of(subject, self._slot.name).text
        return self._ask([{"role": "user", "content": text}], _GUARD_TOKENS)

    def read(self, answer: bytes, subject: Subject) -> list[Finding]:
        """A finding for each hazard that has a category."""
        del subject
        said = self._said(answer)
        if said == "safe":
            return []
        unsafe = _UNSAFE.fullmatch(said)
        if unsafe is None:
            raise self._odd()
        return self._findings({label.strip() for label in unsafe[1].split(",")})


class SafeguardDialect(_ChatDialect):
    """A model that judges by a policy that it is given, such as gpt-oss-safeguard.

    The policy is `slot_data/policy.md`; the answer is `{"found": ["sexual.undress"]}`.
    """

    def __init__(self, slot: HttpSlot) -> None:
        """Read the policy.

        Raises:
            ConfigError: the slot names no model; see also `Labels`.
        """
        super().__init__(slot, _POLICY_LABELS)
        self._policy = files(__package__).joinpath("slot_data", "policy.md").read_text("utf-8")
        self.version = f"1.{hashlib.sha256(self._policy.encode()).hexdigest()[:8]}"

    def question(self, subject: Subject) -> tuple[bytes, str]:
        """The policy as the system's message, the request as JSON in the user's."""
        prompt = prompt_of(subject, self._slot.name)
        messages = [
            {"role": "system", "content": self._policy},
            {"role": "user", "content": _request(prompt)},
        ]
        return self._ask(messages, _POLICY_TOKENS)

    def read(self, answer: bytes, subject: Subject) -> list[Finding]:
        """A finding for each label; a code fence around the JSON is forgiven, nothing else."""
        del subject
        said = self._said(answer)
        fenced = _FENCED.fullmatch(said)
        found = parsed(fenced[1] if fenced else said, _Found, self._slot.name).found
        return self._findings(set(found))


def _request(prompt: Prompt) -> str:
    """As JSON, so that no prompt can pretend to be the end of itself."""
    facts = {"request": prompt.text, "photo_attached": prompt.has_reference}
    return json.dumps(facts, ensure_ascii=False)

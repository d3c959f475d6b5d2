"""What somebody typed on the page to enrol, and the photos that were taken so far.

Nothing is kept on the server between two steps: the template of each photo goes back into the form,
sealed under the installation's key and bound to this link, and comes again with the next step.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from consentry.errors import ConsentryError, PersonFormError, StorageError
from consentry.likeness.persons import DIMENSIONS
from consentry.storage.vault import Vault
from consentry.web.forms import FormData
from consentry.web.i18n import N_

__all__ = ["FIELDS", "Enrolling", "Sealer", "Trouble"]

FIELDS: Final = frozenset(
    {"step", "name", "aliases", "age", "guardian", "contact", "agree", "taken"}
)
_NO_AGREEMENT: Final = N_("Tick the box if you agree. Without it, nobody is enrolled.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, and what to do about it.

    Attributes:
        message: one sentence.
        hint: one sentence, or empty.
        field: which part of the form it is about.
    """

    message: str
    hint: str
    field: str

    @classmethod
    def of(cls, error: ConsentryError) -> Self:
        """The trouble that `error` is."""
        about = "photo" if error.code.startswith(("portrait", "media", "person.taken")) else "name"
        return cls(error.message, error.hint, about)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """The state of the form.

    Attributes:
        name: as typed; so are the next.
        aliases: one a line.
        age: adult, teen or child.
        guardian: who answers for a child.
        contact: how to reach the person.
        agree: the box is ticked.
        finish: the person wants to be enrolled now, and not only to add a photo.
        taken: sealed templates of the photos so far.
        trouble: what is wrong.
    """

    name: str = ""
    aliases: str = ""
    age: str = "adult"
    guardian: str = ""
    contact: str = ""
    agree: bool = False
    finish: bool = False
    taken: tuple[str, ...] = field(default=())
    trouble: Trouble | None = None

    @classmethod
    def of_form(cls, form: FormData) -> Self:
        """From what the browser sent."""
        given = {name: form.fields.get(name, "") for name in FIELDS}
        return cls(
            name=given["name"],
            aliases=given["aliases"],
            age=given["age"] or "adult",
            guardian=given["guardian"],
            contact=given["contact"],
            agree=given["agree"] == "yes",
            finish=given["step"] == "finish",
            taken=tuple(given["taken"].split()),
        )

    def checked(self) -> None:
        """Refuse to go on without agreement.

        Raises:
            PersonFormError: the box is not ticked.
        """
        if not self.agree:
            raise PersonFormError(_NO_AGREEMENT, hint="")

    def with_trouble(self, error: ConsentryError) -> Enrolling:
        """The same, saying what is wrong."""
        return replace(self, trouble=Trouble.of(error))

    def with_photo(self, sealed: str) -> Enrolling:
        """The same with one more photo."""
        return replace(self, taken=(*self.taken, sealed))

    @property
    def other_names(self) -> list[str]:
        """The aliases, one by one."""
        return self.aliases.splitlines()


class Sealer:
    """Seals templates for their way through the form of one link."""

    def __init__(self, vault: Vault, secret: str) -> None:
        """For the link that ends with `secret`: for another link, nothing opens."""
        self._vault = vault
        self._purpose = f"enrolling:{hashlib.sha256(secret.encode()).hexdigest()}"

    def seal(self, template: NDArray[np.float32]) -> str:
        """A template, (128,), as text."""
        plain = template.astype("<f4").tobytes()
        return base64.urlsafe_b64encode(self._vault.seal(plain, purpose=self._purpose)).decode()

    def open(self, taken: Sequence[str]) -> NDArray[np.float32]:
        """All of them, (n, 128).

        Raises:
            PersonFormError: one was not made here for this link.
        """
        rows = [self._one(text) for text in taken]
        return np.stack(rows) if rows else np.empty((0, DIMENSIONS), np.float32)

    def _one(self, text: str) -> NDArray[np.float32]:
        try:
            sealed = base64.urlsafe_b64decode(text)
            plain = self._vault.open(sealed, purpose=self._purpose)
        except (binascii.Error, ValueError, StorageError) as error:
            raise PersonFormError(
                "A photo that was added before cannot be used.", hint="Open the link again."
            ) from error
        return np.frombuffer(plain, "<f4").astype(np.float32)

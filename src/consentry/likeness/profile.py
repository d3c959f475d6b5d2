"""What a person tells of themselves: names in any script, an age class, who answers for a child."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self, TypeAlias, get_args

from consentry.errors import PersonFormError

__all__ = ["AGES", "MOST_ALIASES", "Age", "Profile"]

Age: TypeAlias = Literal["adult", "teen", "child"]
"""18 and older; 13 to 17; younger. For teens and children a guardian decides."""

AGES: Final[tuple[Age, ...]] = get_args(Age)
MOST_ALIASES: Final = 20
_LONGEST: Final = 200
_MARKS: Final = 4  # combining marks in a row: living scripts need three
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"  # Persian, Hindi and others are written with them


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person; kept only under the person's own key.

    Attributes:
        name: as the person writes it.
        aliases: other ways of writing it, other scripts, stage names; at most 20.
        age: age class.
        guardian: who answers for a teen or a child; empty for adults.
        account: the person's own account at the operator's service, an opaque id, if there is one.
        contact: how to reach the person, if they like.
        evidence: how it was made sure that it is this person, and that they agreed.
    """

    name: str
    aliases: tuple[str, ...] = ()
    age: Age = "adult"
    guardian: str = ""
    account: str = ""
    contact: str = ""
    evidence: str = ""

    @classmethod
    def of(  # noqa: PLR0913  one for each part
        cls,
        name: str,
        *,
        aliases: Sequence[str] = (),
        age: str = "adult",
        guardian: str = "",
        account: str = "",
        contact: str = "",
        evidence: str = "",
    ) -> Self:
        """A profile of what somebody typed.

        Raises:
            PersonFormError: a part cannot be used; the message says which and why.
        """
        if age not in AGES:
            raise PersonFormError("The age is none of adult, teen and child.", hint="Choose one.")
        others = [one for one in aliases if one.strip()]
        if len(others) > MOST_ALIASES:
            raise PersonFormError(f"There are more than {MOST_ALIASES} other names.")
        answers = _text(guardian, "The guardian's name")
        if age != "adult" and not answers:
            raise PersonFormError(
                "Somebody under 18 needs a parent or guardian.", hint="Give the guardian's name."
            )
        return cls(
            _name(name, "The name"),
            tuple(dict.fromkeys(_name(one, "Another name") for one in others)),
            age,
            "" if age == "adult" else answers,
            _text(account, "The account"),
            _text(contact, "The contact"),
            _text(evidence, "The evidence", longest=2000),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every way of writing the name."""
        return (self.name, *self.aliases)

    def to_bytes(self) -> bytes:
        """For storage."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The inverse of `to_bytes`."""
        plain: Mapping[str, Any] = json.loads(data)
        return cls(**{**plain, "aliases": tuple(plain["aliases"])})


def _name(text: str, what: str) -> str:
    name = _text(text, what)
    if len(name) < 2 or not any(map(str.isalpha, name)):  # noqa: PLR2004  a letter is no name
        raise PersonFormError(f"{what} is missing or too short.", hint="Give at least two letters.")
    return name


def _text(text: str, what: str, *, longest: int = _LONGEST) -> str:
    """One line in Unicode's composed form, without what cannot be seen.

    Characters that turn the direction of writing are left out: right-to-left names need none,
    and with them a name could be shown as another one.
    """
    composed = unicodedata.normalize("NFC", text)
    spaced = " ".join(composed.split())
    shown = "".join(
        one for one in spaced if one in _JOINERS or unicodedata.category(one) not in _HIDDEN
    )
    if len(shown) > longest:
        raise PersonFormError(f"{what} has more than {longest} characters.")
    if _marks(shown) > _MARKS:
        raise PersonFormError(f"{what} has too many accents on one letter.")
    return shown


def _marks(text: str) -> int:
    most = here = 0
    for one in text:
        here = here + 1 if unicodedata.combining(one) else 0
        most = max(most, here)
    return most

"""The demo's own words for stages, actions and gates: each a whole sentence, each translatable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consentry.findings import Action, Stage
from consentry.screening.decision import GateStatus
from consentry.web.i18n import N_

__all__ = ["ACTIONS", "GATES", "MATCH_FACTS", "STAGES", "TURNS", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """A name and what it means.

    Attributes:
        name: one to three words.
        text: one or two plain sentences.
    """

    name: str
    text: str


STAGES: Final[Mapping[Stage, Words]] = {
    Stage.PROMPT: Words(
        N_("Prompt"),
        N_("What a person asks a generator for. A picture, if you choose one, goes along with it."),
    ),
    Stage.REFERENCE: Words(
        N_("Reference"), N_("A photo that is given to a generator, before the generator sees it.")
    ),
    Stage.OUTPUT: Words(
        N_("Output"), N_("A picture that a generator made, before anybody is given it.")
    ),
    Stage.UPLOAD: Words(
        N_("Upload"), N_("A picture that a person posts, before anybody else sees it.")
    ),
}

ACTIONS: Final[Mapping[Action, Words]] = {
    Action.ALLOW: Words(N_("Allowed"), N_("It may go on.")),
    Action.LABEL: Words(N_("Allowed with a label"), N_("It may go on, and must carry a label.")),
    Action.REVIEW: Words(
        N_("Held for review"), N_("It stays here until a person has looked at the case.")
    ),
    Action.BLOCK: Words(N_("Blocked"), N_("It must not go on.")),
    Action.ESCALATE: Words(
        N_("Blocked and escalated"),
        N_("It must not go on, and the people trained for such cases must be told at once."),
    ),
}

GATES: Final[Mapping[GateStatus, str]] = {
    "checked": N_("Looked"),
    "cached": N_("Looked before, at the same bytes"),
    "refused": N_("Would not open it"),
    "failed": N_("Failed"),
    "late": N_("Too late"),
    "missing": N_("Missing"),
    "not_assessed": N_("Did not look"),
}

MATCH_FACTS: Final[Mapping[str, str]] = {
    "bank": N_("on the list"),
    "content": N_("entry"),
    "signal": N_("compared by"),
    "distance": N_("differing bits of 256"),
    "turn": N_("this copy is"),
    "pipeline": N_("fingerprint of the"),
    "percent_of_frames": N_("per cent of the frames"),
    "case": N_("case"),
}
"""What the matching gate says of a match, by the name in the finding's detail."""

TURNS: Final[Mapping[object, str]] = {
    "upright": N_("the right way up"),
    "rotated_90": N_("turned by a quarter"),
    "rotated_180": N_("turned by half"),
    "rotated_270": N_("turned by three quarters"),
    "upside_down": N_("mirrored top to bottom"),
    "mirrored": N_("mirrored"),
    "transposed": N_("mirrored and turned"),
    "transversed": N_("mirrored and turned"),
    "full": N_("whole picture"),
}

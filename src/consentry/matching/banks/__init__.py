"""Banks: named, sourced lists of known hashes."""

from consentry.matching.banks.contents import UNCHANGED
from consentry.matching.banks.library import Banks
from consentry.matching.banks.records import (
    Added,
    AddedMany,
    Bank,
    BankedSignal,
    Category,
    Content,
    HeldBecause,
    Kind,
    Metadata,
    NewContent,
    Opinion,
    State,
    Verdict,
)
from consentry.matching.banks.values import SIGNAL_TYPES, exact_words, parse_signal

__all__ = [
    "SIGNAL_TYPES",
    "UNCHANGED",
    "Added",
    "AddedMany",
    "Bank",
    "BankedSignal",
    "Banks",
    "Category",
    "Content",
    "HeldBecause",
    "Kind",
    "Metadata",
    "NewContent",
    "Opinion",
    "State",
    "Verdict",
    "exact_words",
    "parse_signal",
]

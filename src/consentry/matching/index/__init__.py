"""The index: every known hash within a distance of a given one, exactly, never silently late."""

from consentry.matching.index.answers import IndexOptions, IndexState, Lookup
from consentry.matching.index.core import Index
from consentry.matching.index.log import Change, ChangeLog, Changes, MemoryChangeLog
from consentry.matching.index.merge import Writing

__all__ = [
    "Change",
    "ChangeLog",
    "Changes",
    "Index",
    "IndexOptions",
    "IndexState",
    "Lookup",
    "MemoryChangeLog",
    "Writing",
]

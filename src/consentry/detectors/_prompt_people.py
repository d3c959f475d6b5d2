"""An operator's own list of people whose names must be noticed, in any script."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from consentry.detectors._prompt_view import View
from consentry.errors import ConfigError
from consentry.media.normalise import normalise

__all__ = ["People"]

_SHORTEST_COMPACT: Final = 8
_HINT: Final = "docs/guide/prompts.md shows the form of the file."

_Name = Annotated[str, StringConstraints(min_length=2, max_length=200, strip_whitespace=True)]


class _Person(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: _Name
    aliases: list[_Name] = []


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    person: list[_Person]


@dataclass(frozen=True, slots=True)
class People:
    """Names to notice.

    Attributes:
        words: by the first word, the words of each way of writing a name, and whose it is.
        unspaced: ways of writing without spaces, and whose they are.
        version: changes with the list.
    """

    words: Mapping[str, list[tuple[tuple[str, ...], str]]]
    unspaced: Mapping[str, str]
    version: str = ""

    @classmethod
    def read(cls, path: Path | None) -> People:
        """Read a list; without one, nobody.

        Raises:
            ConfigError: the file cannot be read or used.
        """
        if path is None:
            return cls({}, {})
        try:
            content = path.read_bytes()
            listed = _File.model_validate(tomllib.loads(content.decode("utf-8")))
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint=_HINT) from error
        except (ValueError, ValidationError) as error:
            raise ConfigError(f"{path}: {_fault(error)}.", hint=_HINT) from error
        return cls._of(listed, sha256(content).hexdigest()[:12])

    @classmethod
    def _of(cls, listed: _File, version: str) -> People:
        names = {person.name: (person.name, *person.aliases) for person in listed.person}
        return cls.of_names(names, version)

    @classmethod
    def of_names(cls, names: Mapping[str, Sequence[str]], version: str = "") -> People:
        """Of whom to tell, every way of writing the name."""
        words: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        unspaced: dict[str, str] = {}
        for told, name in ((told, name) for told, ways in names.items() for name in ways):
            parts = tuple(word.text for word in normalise(name).words if len(word.text) > 0)
            if len(parts) == 1 and not parts[0].isascii():
                unspaced[parts[0]] = told
            elif parts:
                words.setdefault(parts[0], []).append((parts, told))
        return cls(words, unspaced, version)

    def find(self, seen: View) -> Iterator[tuple[str, tuple[int, int] | None]]:
        """Whose names stand in the prompt, each with its span in the original where it has one."""
        found = set()
        for name, start, end in (*self._by_words(seen), *self._inside(seen)):
            found.add(name)
            yield name, seen.text.span(start, end)
        for name in self._run_together(seen) - found:
            yield name, None

    def _by_words(self, seen: View) -> Iterator[tuple[str, int, int]]:
        words = seen.text.words
        texts = [word.text for word in words]
        for place, text in enumerate(texts):
            for parts, name in self.words.get(text, ()):
                if tuple(texts[place : place + len(parts)]) == parts:
                    yield name, words[place].start, words[place + len(parts) - 1].end

    def _inside(self, seen: View) -> Iterator[tuple[str, int, int]]:
        for written, name in self.unspaced.items():
            start = seen.text.text.find(written)
            if start >= 0:
                yield name, start, start + len(written)

    def _run_together(self, seen: View) -> set[str]:
        """Names with their letters apart, disguised, or with the breaks between words gone."""
        compact = ["".join(filter(str.isalnum, one)) for one in seen.text.readings]
        return {
            name
            for ways in self.words.values()
            for parts, name in ways
            if len("".join(parts)) >= _SHORTEST_COMPACT
            and any("".join(parts) in one for one in compact)
        }


def _fault(error: ValueError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)

"""The work behind `consentry screen`: which inputs there are, screened side by side, in order."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import IO, Any, Final, TypeAlias

from consentry.cli.prompt_lines import in_batches
from consentry.errors import InputError
from consentry.findings import Action, Stage, unchecked
from consentry.guard import Guard
from consentry.likeness.consent import Use
from consentry.screening.decision import Decision
from consentry.screening.quoting import evidence, of_prompt
from consentry.screening.submission import Submission

__all__ = [
    "Asked",
    "Line",
    "Told",
    "Use",
    "expand",
    "finished_inputs",
    "screen_files",
    "screen_prompt",
    "screen_prompts",
]

Line: TypeAlias = dict[str, Any]

_LINE_MEMBERS: Final[Mapping[str, tuple[type, ...]]] = {
    "id": (str, int),
    "text": (str,),
    "lang": (str, NoneType),
    "has_reference": (bool,),
    "history": (list,),
}
_LINE_HINT: Final = "Write the prompt as it is, or {id, text, lang?, has_reference?, history?}."


@dataclass(frozen=True, slots=True)
class Told:
    """What is printed for one input.

    Attributes:
        line: the contract's object.
        found: for people, what was found in its words and where.
    """

    line: Line
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What holds for every file of one call."""

    stage: Stage
    prompt: str | None = None
    language: str | None = None
    history: tuple[str, ...] = ()
    use: Use = field(default_factory=Use)
    consent: str = ""


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """The files among `paths`, and the files in the folders among them, sorted; dot files not."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = (one for one in sorted(path.rglob("*")) if one.is_file())
        yield from (one for one in inside if not one.name.startswith("."))


def finished_inputs(lines: Path | None) -> frozenset[str]:
    """The inputs that the JSON lines of an earlier run name; a torn last line is passed over."""
    if lines is None:
        return frozenset()
    done = set()
    for line in lines.read_text(encoding="utf-8").splitlines():
        try:
            done.add(str(json.loads(line)["input"]))
        except (ValueError, KeyError, TypeError):
            continue
    return frozenset(done)


def screen_files(
    guard: Guard, paths: Iterable[Path], asked: Asked, done: frozenset[str]
) -> Iterator[Told]:
    """Screen files side by side; lines come in the order of the files."""
    jobs = ((str(path), path) for path in paths if str(path) not in done)
    return _in_order(guard, jobs, asked)


def screen_prompt(guard: Guard, asked: Asked, reference: Path | None) -> Iterator[Told]:
    """Screen one prompt with the picture that comes with it."""
    if reference is None:
        submission = Submission(
            Stage.PROMPT,
            prompt=asked.prompt,
            language=asked.language,
            history=asked.history,
            use=asked.use,
            consent=asked.consent,
        )
    else:
        submission = _read(guard, reference, asked)
    yield _told(guard.screen(submission), "prompt", asked.prompt)


def screen_prompts(guard: Guard, lines: IO[str], done: frozenset[str]) -> Iterator[Told]:
    """Screen one prompt a line as the lines come; empty lines are passed over."""
    for number, text in in_batches(lines, partial(_expect, guard)):
        if not text.strip():
            continue
        try:
            asked = _asked(text.rstrip("\r\n"), number)
        except InputError as error:
            yield Told(_failed(guard, error, f"line {number}", Stage.PROMPT))
            continue
        name = str(asked.get("id", f"line {number}"))
        if name in done:
            continue
        submission = Submission(
            Stage.PROMPT,
            prompt=asked["text"],
            language=asked.get("lang"),
            has_reference=asked.get("has_reference", False),
            history=tuple(asked.get("history", ())),
        )
        told = _told(guard.screen(submission), name, asked["text"])
        if "id" in asked:
            line = {**told.line, "id": asked["id"], "decision_id": told.line["id"]}
            told = replace(told, line=line)
        yield told


def _expect(guard: Guard, lines: Iterable[str]) -> None:
    texts = []
    for line in lines:
        with suppress(InputError):
            texts.append(_asked(line.rstrip("\r\n"), 0)["text"])
    guard.expect(texts)


def _in_order(guard: Guard, jobs: Iterator[tuple[str, Path]], asked: Asked) -> Iterator[Told]:
    """A few at a time, so that every processor has work and memory stays small."""
    ahead = guard.settings.screening.workers + 1
    running: deque[Future[Told]] = deque()
    pool = ThreadPoolExecutor(ahead, thread_name_prefix="screen")
    try:
        for name, path in jobs:
            running.append(pool.submit(_screen_file, guard, name, path, asked))
            if len(running) > ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _screen_file(guard: Guard, name: str, path: Path, asked: Asked) -> Told:
    try:
        return _told(guard.screen(_read(guard, path, asked)), name, asked.prompt)
    except InputError as error:
        return Told(_failed(guard, error, name, asked.stage))


def _told(decision: Decision, name: str, prompt: str | None) -> Told:
    """The contract's object, naming the input as the caller did, and what its words hold."""
    found = () if prompt is None else of_prompt(decision, prompt)
    line = {**decision.as_json(), "input": name}
    return Told(line, tuple(evidence(one, prompt or "") for one in found))


def _failed(guard: Guard, error: InputError, name: str, stage: Stage) -> Line:
    """The contract's object for an input that could not even be read: nothing was decided."""
    return {
        "id": None,
        "input": name,
        "stage": stage.value,
        "action": Action.BLOCK.value,
        "reasons": [{"code": error.code, "text": str(error), "action": Action.BLOCK.value}],
        "findings": [unchecked("screen", str(error)).as_json()],
        "gates": [],
        "policy": guard.policy.version,
        "receipt": None,
        "error": error.code,
    }


def _read(guard: Guard, path: Path, asked: Asked) -> Submission:
    """The submission for one file; one that is too large is not read into memory.

    Raises:
        InputError: the file cannot be read.
    """
    limit = guard.settings.media.video_max_bytes
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return Submission(
        asked.stage,
        media=data,
        prompt=asked.prompt,
        name=path.name,
        language=asked.language,
        history=asked.history,
        use=asked.use,
        consent=asked.consent,
    )


def _asked(text: str, number: int) -> dict[str, Any]:
    """One line of a file of prompts: JSON if it begins with a brace, else the text itself."""
    if not text.lstrip().startswith("{"):
        return {"text": text}
    try:
        asked = json.loads(text)
    except ValueError:
        return {"text": text}  # a prompt may begin with a brace
    if not isinstance(asked, dict) or "text" not in asked:
        raise InputError(f"Line {number} is JSON without a member text.", hint=_LINE_HINT)
    for name, kinds in _LINE_MEMBERS.items():
        if name in asked and not isinstance(asked[name], kinds):
            raise InputError(f"Line {number}: {name} is of the wrong type.", hint=_LINE_HINT)
    if not all(isinstance(turn, str) for turn in asked.get("history", ())):
        raise InputError(f"Line {number}: history is a list of texts.", hint=_LINE_HINT)
    return asked

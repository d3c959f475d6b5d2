"""The answer of a classifier behind HTTP, checked strictly: whatever is odd is no answer."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consentry.detectors.contract import Subject
from consentry.errors import DetectorError
from consentry.findings import Finding
from consentry.media.picture import Picture

__all__ = ["read_answer"]

Whole: TypeAlias = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Where(_Strict):
    box: tuple[Whole, Whole, Whole, Whole] | None = None
    span: tuple[Whole, Whole] | None = None


class _Found(_Strict):
    category: str
    score: float = Field(ge=0, le=1, allow_inf_nan=False)
    where: _Where | None = None


class _Answer(_Strict):
    findings: tuple[_Found, ...]


def read_answer(
    content: bytes, name: str, categories: frozenset[str], subject: Subject
) -> list[Finding]:
    """The findings in `content`, the JSON that the classifier `name` gave about `subject`.

    Raises:
        DetectorError: it is not of the form, names a category that is not in `categories`, has a
            score beyond 0 to 1, or points to a place outside of the subject.
    """
    try:
        answer = _Answer.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise DetectorError(
            f"The answer of {name} is not of the agreed form: {place}: {fault['msg']}."
        ) from error
    return [_finding(found, name, categories, subject) for found in answer.findings]


def _finding(found: _Found, name: str, categories: frozenset[str], subject: Subject) -> Finding:
    if found.category not in categories:
        raise DetectorError(f"The answer of {name} has a category that its slot does not name.")
    where = None if found.where is None else found.where.model_dump(exclude_none=True)
    if where and not _lies_within(found.where, subject):
        raise DetectorError(f"The answer of {name} points to a place outside of what it saw.")
    return Finding(
        found.category,
        found.score,
        name,
        {key: list(value) for key, value in where.items()} if where else None,
    )


def _lies_within(where: _Where | None, subject: Subject) -> bool:
    """A box within a picture, or a span within a prompt; not the one for the other."""
    if where is None:
        return True
    if isinstance(subject, Picture):
        x, y, width, height = where.box or (0, 0, 0, 0)
        inside = x + width <= subject.width and y + height <= subject.height
        return inside and where.span is None
    start, end = where.span or (0, 0)
    return start <= end <= len(subject.text) and where.box is None

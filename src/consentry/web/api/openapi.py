"""`/openapi.json`: OpenAPI 3.1, with every answer declared, problems included."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from consentry import __version__
from consentry.web.api.intake import JSON, MULTIPART, RAW
from consentry.web.api.lookup_models import LookupQuestion
from consentry.web.api.models import FileScreening, JsonScreening, Problem
from consentry.web.api.person_models import PERSON_QUESTIONS
from consentry.web.api.problems import TITLES

__all__ = ["SCREENING_BODY", "document", "problems"]

_REF: Final = "#/components/schemas/{model}"
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_DESCRIPTION: Final = (
    "Consentry screens prompts, reference pictures, generated output and uploads, and answers "
    "each with one decision. Every error is an RFC 9457 problem document."
)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare that a route may answer with problems of these statuses."""
    return {status: {"model": Problem, "description": TITLES[status]} for status in statuses}


def _parameters() -> list[dict[str, Any]]:
    """The query parameters that go with a raw body."""
    schema = FileScreening.model_json_schema(ref_template=_REF)
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"With a raw body only. {one.pop('description', '')}",
            "schema": one,
        }
        for name, one in schema["properties"].items()
    ]


def _form_schema() -> dict[str, Any]:
    schema = FileScreening.model_json_schema(ref_template=_REF)
    schema.pop("$defs", None)
    file = {"type": "string", "format": "binary", "description": "The picture or video."}
    # A form has texts only: there is no null in it.
    plain = {name: _without_null(one) for name, one in schema["properties"].items()}
    return {**schema, "properties": {**plain, "file": file}, "title": "FormScreening"}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**rest, **kinds[0]} if kinds else schema


_EXAMPLE: Final = {"stage": "prompt", "prompt": "a lighthouse at dusk", "language": "en"}
_RAW_SCHEMA: Final = {"schema": {"type": "string", "format": "binary"}}

SCREENING_BODY: Final[dict[str, Any]] = {
    "parameters": [{**one, "schema": _without_null(one["schema"])} for one in _parameters()],
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {"$ref": "#/components/schemas/JsonScreening"},
                "examples": {"prompt": {"value": _EXAMPLE}},
            },
            MULTIPART: {"schema": _form_schema()},
            **dict.fromkeys(RAW, _RAW_SCHEMA),
        },
    },
}
"""What FastAPI cannot see of `POST /v1/screenings`, which reads its body itself."""


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        plain = get_openapi(
            title="Consentry",
            version=__version__,
            openapi_version="3.1.0",
            description=_DESCRIPTION,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        _add(plain, JsonScreening)
        _add(plain, LookupQuestion)
        for asked in PERSON_QUESTIONS:
            _add(plain, asked)
        for path in plain["paths"].values():
            for operation in path.values():
                _mark_problems(operation["responses"])
        app.openapi_schema = plain
    return app.openapi_schema


def _add(plain: dict[str, Any], model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template=_REF)
    known = plain.setdefault("components", {}).setdefault("schemas", {})
    for name, one in schema.pop("$defs", {}).items():
        known.setdefault(name, one)
    known[model.__name__] = schema


def _mark_problems(responses: dict[str, Any]) -> None:
    """Problems have a media type of their own; an answer that asks to wait says how long."""
    for status, response in responses.items():
        content = response.get("content", {})
        if content.get(JSON, {}).get("schema") == _PROBLEM:
            response["content"] = {"application/problem+json": {"schema": _PROBLEM}}
            header = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
            if status in header:
                response["headers"] = {header[status]: {"schema": {"type": "string"}}}
        elif status == "503":
            content["application/problem+json"] = {"schema": _PROBLEM}

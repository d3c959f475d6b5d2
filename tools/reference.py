"""Write docs/reference/ from the code, or with --check say whether it is up to date.

What a person can type, set, call or be told is listed there; CI fails when a page is behind.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from consentry import errors
from consentry.cli import cli
from consentry.config import HttpSlot, ModelOverride, OnnxSlot, Settings

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py: change the code, then run `make reference`. -->\n"


def commands() -> Iterator[str]:
    """Every command with its own help text."""
    yield "# Commands\n"
    yield "Each page of `--help`, as the program prints it.\n"
    yield from _command(cli, _context())


def _context() -> click.Context:
    """As the program makes it, but as wide on every machine."""
    return click.Context(cli, info_name="consentry", terminal_width=80, **cli.context_settings)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _command(inner, click.Context(inner, info_name=name, parent=context))


def settings() -> Iterator[str]:
    """Every setting with its default and its variable."""
    yield "# Settings\n"
    yield (
        "A value comes, in rising order, from its default, from `consentry.toml` (the file that "
        "`CONSENTRY_CONFIG` names, else the one in this folder, else the one in `CONSENTRY_HOME`), "
        "from a variable, and from a flag. An unknown name is an error.\n"
    )
    yield from _section(Settings, "", "CONSENTRY_")
    for slot, title in (
        (OnnxSlot, "`[[detectors.onnx]]`"),
        (HttpSlot, "`[[detectors.http]]`"),
        (ModelOverride, "`[models.<name>]`"),
    ):
        yield f"## Members of {title}\n"
        yield f"{inspect.getdoc(slot)}\n"
        yield _table(("member", "default", "what it does"), _members(slot))


def _members(slot: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in slot.model_fields.items():
        yield f"`{name}`", _default(field), field.description or ""


def _section(model: type[BaseModel], path: str, variable: str) -> Iterator[str]:
    rows, inner = [], []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner.append((kind, f"{path}{name}", f"{variable}{name.upper()}__"))
        else:
            text = field.description or ""
            rows.append((f"`{path}{name}`", _default(field), f"`{variable}{name.upper()}`", text))
    if path:
        yield f"## `[{path.rstrip('.')}]`\n"
        yield f"{inspect.getdoc(model)}\n"
    yield _table(("setting", "default", "variable", "what it does"), rows)
    for kind, name, prefix in inner:
        yield from _section(kind, f"{name}.", prefix)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "see text"
    value = field.default
    if value is None or value == ():
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def routes() -> Iterator[str]:
    """Every route and who may call it."""
    from consentry.web.api import consents, log, lookups, operations, persons, screenings
    from consentry.web.api.routes import ANYONE, DOCS, HOLDER, ROUTES
    from consentry.web.demo.router import DEMO_ROUTES
    from consentry.web.hma.routes import ENDPOINTS
    from consentry.web.people import router as people

    told = {
        (method, route.path): route.summary or ""
        for part in (screenings, lookups, persons, consents, operations, log)
        for route in part.router.routes
        for method in route.methods
    }
    told |= {route: _sentence(endpoint) for route, endpoint in ENDPOINTS.items()}
    told |= {
        (method, route.path): _sentence(route.endpoint)
        for route in people.router.routes
        for method in route.methods
    }
    told["GET", "/static/{name:path}"] = "Style, typeface and drawings of the pages"
    who = {
        ANYONE: "anyone",
        HOLDER: "whoever has the personal link",
        DOCS: "anyone, while `server.public_docs` is on; else a key with the scope `read`",
    }
    yield "# Routes\n"
    yield "Who may call a route is decided in one table; tests compare it with the server.\n"
    yield (
        "The routes from `/m/raw_lookup` on are HMA's: see [Moving from HMA]"
        "(../guide/moving-from-hma.md). With `hma.require_key` off they ask for no key.\n"
    )
    rows = [
        (
            f"`{method} {path}`",
            who.get(scope, f"a key with the scope `{scope}`"),
            told[method, path],
        )
        for (method, path), scope in ROUTES.items()
    ]
    yield _table(("route", "who may call it", "what it does"), rows)
    yield "## Only in the demo\n"
    yield "`consentry demo` has these as well. They answer this machine's own browser only.\n"
    local = [(f"`{method} {path}`", text) for (method, path), text in DEMO_ROUTES.items()]
    yield _table(("route", "what it does"), local)


def _sentence(endpoint: Callable[..., object]) -> str:
    """The first line of what a function says of itself, without the stop."""
    return (inspect.getdoc(endpoint) or "").partition("\n")[0].rstrip(".")


def categories() -> Iterator[str]:
    """Every category of the taxonomy."""
    from consentry.policy.engine import Policy

    yield "# Categories\n"
    yield "What a finding can be about. An operator's policy and plug-ins may add their own.\n"
    for one in Policy.load(None).taxonomy.categories.values():
        yield f"## `{one.name}`: {one.title}\n"
        yield f"{one.text}\n"
        seen = ", ".join(f"`{name}`" for name in one.assessed_by) or "no built-in detector yet"
        points = ", ".join(one.statement) or "none"
        yield f"Severity {one.severity}. Reported by {seen}. Points of the statement: {points}.\n"
        for law in one.law:
            yield (
                f"- {law.jurisdiction}, {law.name}: {law.says} Source: {law.source}; checked "
                f"{law.checked_on}; confidence {law.confidence}.\n"
            )


def rules() -> Iterator[str]:
    """Every rule of the default policy."""
    from consentry.policy.engine import Policy

    policy = Policy.load(None)
    yield "# Rules\n"
    yield "The default policy. Every rule that matches counts; the strictest action wins.\n"
    for rule in policy.rules:
        shadow = " (on trial: recorded, not enforced)" if rule.shadow else ""
        yield f"## `{rule.id}`: {rule.action}{shadow}\n"
        yield f"At {', '.join(rule.stages)}, when\n\n```\n{rule.when}\n```\n"
        yield f"Told to the person: {rule.text}\n\nWhy: {rule.why}\n"


def models() -> Iterator[str]:
    """Every detector that comes along and every model's card."""
    from consentry.detectors.loading import load_detectors
    from consentry.models.card import cards

    yield "# Detectors and models\n"
    rows = [
        (
            f"`{one.name}`",
            one.kind,
            ", ".join(sorted(one.stages)),
            ", ".join(f"`{name}`" for name in sorted(one.categories)),
        )
        for one in load_detectors(Settings()).active
    ]
    yield _table(("detector", "looks at", "stages", "categories"), rows)
    for card in cards().values():
        yield f"## Model `{card.name}`: {card.task}\n"
        yield _table(
            ("fact", "value"),
            [
                ("package", f"{card.package}: {card.file}"),
                ("source", card.source),
                ("licence", card.licence),
                ("SHA-256", f"`{card.sha256}`"),
                ("bytes", f"{card.bytes:,}"),
            ],
        )
        yield f"In: {card.input}\n\nOut: {card.output}\n\nChanged by us: {card.changes}\n"
        measured = [(one.what, one.value, one.on) for one in card.measured]
        yield _table(("measured", "value", "on"), measured)
        yield "Limits:\n\n" + "\n".join(f"- {line}" for line in card.limits) + "\n"


def error_codes() -> Iterator[str]:
    """Every error code."""
    yield "# Errors\n"
    yield "Codes are stable; the sentences may change. Over HTTP each is a problem document.\n"
    named = (getattr(errors, name) for name in errors.__all__)
    kinds = [one for one in named if issubclass(one, errors.ConsentryError)]
    rows = [(f"`{one.code}`", inspect.getdoc(one) or "", one.default_hint) for one in kinds]
    yield _table(("code", "what is wrong", "what to do"), sorted(rows))


def _table(head: tuple[str, ...], rows: Any) -> str:  # noqa: ANN401  any iterable of rows of text
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(
        "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in line) + " |\n"
        for line in lines
    )


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "settings": settings,
    "routes": routes,
    "categories": categories,
    "rules": rules,
    "models": models,
    "errors": error_codes,
}


def main() -> int:
    """Write the pages, or check them."""
    behind = []
    for name, page in PAGES.items():
        text = NOTE + "\n" + "\n".join(page())
        file = FOLDER / f"{name}.md"
        if "--check" in sys.argv:
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                behind.append(file.name)
        else:
            file.write_text(text, encoding="utf-8")
    if behind:
        print(f"Behind the code: {', '.join(behind)}. Run `make reference`.")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())

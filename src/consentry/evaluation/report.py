"""The report of an evaluation: JSON for machines, Markdown and HTML for people, SVG for both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Final

from consentry.errors import InputError
from consentry.evaluation.charts import chart
from consentry.evaluation.disguises import DISGUISES
from consentry.evaluation.metrics import Rate
from consentry.evaluation.prompts import Result, undisguised

__all__ = ["write_report"]

_INTRO: Final = (
    "Rates at the threshold of the default policy, with 95 % intervals (Wilson, 1927). Every "
    "system was given the same rows. The rows are few and were written by the authors of the "
    "rules: another set will give other figures."
)
_STYLE: Final = (
    "body{font:18px/1.6 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #9aa7b0;padding:.3em .6em;"
    "text-align:left}svg{max-width:100%;height:auto}:root{color-scheme:light dark}"
)
_HEAD: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    f"<title>How well prompts are screened</title><style>{_STYLE}</style>"
)


@dataclass(frozen=True, slots=True)
class _Section:
    """One heading with its table and, where it helps, its chart."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    chart: str = ""
    file: str = ""


def write_report(result: Result, folder: Path) -> list[Path]:
    """Write `report.json`, `report.md`, `report.html` and the charts into `folder`.

    Raises:
        InputError: the folder cannot be written to.
    """
    sections = list(_sections(result))
    texts = {
        "report.json": json.dumps(result.as_json(), ensure_ascii=False, indent=1) + "\n",
        "report.md": _markdown(result, sections),
        "report.html": _html(result, sections),
        **{one.file: one.chart for one in sections if one.file},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written to: {error.strerror}.") from error
    return [folder / name for name in texts]


def _sections(result: Result) -> Iterator[_Section]:
    yield _by_system(result)
    for category in ("undress", "sexual"):
        yield from _by_language(result, category)
    yield from _by_disguise(result)
    yield _Section(
        "What was measured, and with what",
        ("file", "rows", "SHA-256"),
        [(name, str(count), f"`{digest}`") for name, digest, count in result.sources],
    )
    yield _Section("Systems", ("system", "version"), list(result.systems))


def _by_system(result: Result) -> _Section:
    names = [name for name, _ in result.systems]
    kinds = dict.fromkeys((one.category, one.harmful) for one in result.cells)
    rows = [
        (
            f"{category}: {'found' if harmful else 'false alarms'}",
            *(str(result.rate(category, harmful=harmful, system=name)) for name in names),
        )
        for category, harmful in sorted(kinds, key=lambda kind: (not kind[1], kind[0]))
    ]
    return _Section("Side by side, on the same rows", ("rows", *names), rows)


def _by_language(result: Result, category: str) -> Iterator[_Section]:
    langs = [one for one in result.values(lambda cell: cell.lang) if one != "all"]
    found = [(lang, result.rate(category, harmful=True, lang=lang)) for lang in langs]
    wrong = [(lang, result.rate(category, harmful=False, lang=lang)) for lang in langs]
    found, wrong = ([one for one in some if one[1].n] for some in (found, wrong))
    if found:
        yield _charted(f"{category}: requests found, by language", found)
    if wrong:
        yield _charted(f"{category}: look-alikes flagged, by language", wrong)


def _by_disguise(result: Result) -> Iterator[_Section]:
    for category in ("undress", "sexual"):
        rates = [(kind, result.rate(category, harmful=True, disguise=kind)) for kind in DISGUISES]
        measured = [(kind, rate) for kind, rate in rates if rate.n]
        if measured:
            section = _charted(f"{category}: requests found, by disguise", measured)
            rows = [(*row, _plainly(result, category, row[0])) for row in section.rows]
            yield replace(section, head=("disguise", "rate", "the same rows, plain"), rows=rows)


def _plainly(result: Result, category: str, kind: str) -> str:
    return str(result.rate(category, harmful=True, disguise=undisguised(kind)))


def _charted(title: str, rates: Sequence[tuple[str, Rate]]) -> _Section:
    name = "".join(letter if letter.isalnum() else "-" for letter in title).replace("--", "-")
    rows = [(one, str(rate)) for one, rate in rates]
    return _Section(title, ("", "rate"), rows, chart(title, rates), f"{name}.svg")


def _repeat(result: Result) -> str:
    return f"Seed {result.seed}. {result.environment}. To repeat it:"


def _markdown(result: Result, sections: Sequence[_Section]) -> str:
    parts = ["# How well prompts are screened\n", f"{_INTRO}\n"]
    for one in sections:
        parts.append(f"## {one.title}\n")
        if one.file:
            parts.append(f"![{one.title}]({one.file})\n")
        lines = [one.head, tuple("---" for _ in one.head), *one.rows]
        parts.append("".join(f"| {' | '.join(line)} |\n" for line in lines))
    parts.append(f"## Repeating it\n\n{_repeat(result)}\n\n```sh\n{result.repeat}\n```\n")
    return "\n".join(parts)


def _html(result: Result, sections: Sequence[_Section]) -> str:
    parts = [
        _HEAD,
        f"<h1>How well prompts are screened</h1><p>{escape(_INTRO)}</p>",
    ]
    for one in sections:
        parts.append(f"<h2>{escape(one.title)}</h2>{one.chart}<table>")
        parts.append(_html_row(one.head, "th"))
        parts += [_html_row(row, "td") for row in one.rows]
        parts.append("</table>")
    parts.append(f"<h2>Repeating it</h2><p>{escape(_repeat(result))}</p>")
    parts.append(f"<pre>{escape(result.repeat)}</pre></html>\n")
    return "\n".join(parts)


def _html_row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

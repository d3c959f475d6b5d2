"""Charts as plain SVG: a dot for each rate and a line for its interval."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from consentry.evaluation.metrics import Rate

__all__ = ["chart"]

_LEFT: Final = 170
_WIDTH: Final = 420
_ROW: Final = 26
_TOP: Final = 44
_STEPS: Final = (0, 25, 50, 75, 100)
_SVG: Final = "http://www.w3.org/2000/svg"
_STYLE: Final = (
    "text{font:14px system-ui,sans-serif;fill:#1d2b36}.g{stroke:#c9d3da}"
    ".i{stroke:#2b5c7a;stroke-width:3}.d{fill:#2b5c7a}.t{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#e8eef2}.g{stroke:#43525d}"
    ".i{stroke:#8cc3e6}.d{fill:#8cc3e6}}"
)


def chart(title: str, rows: Sequence[tuple[str, Rate]]) -> str:
    """An SVG picture of rates from 0 to 100 %; those that were not measured say so.

    The same figures stand in a table beneath wherever it is shown.
    """
    height = _TOP + _ROW * len(rows) + 30
    width = _LEFT + _WIDTH + 40
    parts = [
        f'<svg xmlns="{_SVG}" viewBox="0 0 {width} {height}" role="img" width="{width}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text class="t" x="8" y="22">{escape(title)}</text>',
        *(_grid(step, height) for step in _STEPS),
        *(_row(name, rate, _TOP + _ROW * place + 14) for place, (name, rate) in enumerate(rows)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _x(share: float) -> float:
    return round(_LEFT + _WIDTH * share, 1)


def _grid(step: int, height: int) -> str:
    x = _x(step / 100)
    return (
        f'<line class="g" x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{height - 24}"/>'
        f'<text x="{x}" y="{height - 8}" text-anchor="middle">{step} %</text>'
    )


def _row(name: str, rate: Rate, y: int) -> str:
    label = f'<text x="{_LEFT - 10}" y="{y + 5}" text-anchor="end">{escape(name)}</text>'
    if rate.share is None or rate.interval is None:
        return f'{label}<text x="{_LEFT + 8}" y="{y + 5}">not measured</text>'
    low, high = rate.interval
    return (
        f'{label}<line class="i" x1="{_x(low)}" x2="{_x(high)}" y1="{y}" y2="{y}"/>'
        f'<circle class="d" cx="{_x(rate.share)}" cy="{y}" r="5"/>'
    )

"""`consentry screen`: files or prompts in, one decision a line out.

Exit status: 20 if anything was blocked or escalated, else 1 if something could not be opened, else
10 if something waits for review, else 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from consentry.findings import Action, Stage
from consentry.loading import loading

if TYPE_CHECKING:
    from consentry.cli.screening_work import Told
    from consentry.detectors.contract import Kind

__all__ = ["screen"]

PURPOSES = ("portrait", "editorial", "satire", "advertising", "training", "intimate")
MEDIA_STAGES = [stage.value for stage in Stage if stage is not Stage.PROMPT]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="FILE...")
@click.option(
    "--stage",
    type=click.Choice(MEDIA_STAGES),
    help="Where on the road the files are; upload unless said otherwise.",
)
@click.option("--prompt", help="Screen this prompt; with --stage output, together with the FILE.")
@click.option(
    "--prompts",
    type=click.File("r", encoding="utf-8"),
    help="Screen one prompt a line: text, or JSON {id, text, lang?, has_reference?, history?}; "
    "- is stdin.",
)
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The picture that comes with --prompt.",
)
@click.option("--language", help="Language of --prompt, if you know it (e.g. en).")
@click.option(
    "--history",
    multiple=True,
    metavar="TEXT",
    help="An earlier prompt of the same conversation; give it again for each, the oldest first.",
)
@click.option("--account", default="", help="Who asks: the opaque id of an account.")
@click.option(
    "--purpose",
    type=click.Choice(PURPOSES),
    default="portrait",
    show_default=True,
    help="What for: what consents are held against.",
)
@click.option("--territory", default="", help="Where it is to be used: a country by two letters.")
@click.option("--consent", default="", metavar="TOKEN", help="A consent token, if there is one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--resume",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Skip the inputs that this file, the JSON lines of an earlier run, already names.",
)
@click.pass_context
def screen(  # noqa: PLR0913, PLR0917  one parameter for each option of the contract
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    stage: str | None,
    prompt: str | None,
    prompts: IO[str] | None,
    reference: Path | None,
    language: str | None,
    history: tuple[str, ...],
    as_json: bool,  # noqa: FBT001  click passes flags by name
    resume: Path | None,
    consent: str,
    **used: Any,  # noqa: ANN401  account, purpose and territory
) -> None:
    """Screen pictures, videos or prompts and say what was decided, and why.

    Exits 0 for allow or label, 10 for review, 20 for block or escalate, 2 for wrong usage,
    1 if something could not be opened or checked at all. A folder stands for the files in it.
    """
    _check_usage(files, stage, prompt, prompts, reference)
    if history and prompt is None:
        raise click.UsageError("--history goes with --prompt.")
    kinds: list[Kind] = ["picture"] if files else []
    if files and prompt is not None:
        kinds.append("prompt")
    with loading():
        from consentry.cli import screening_work as work
        from consentry.config import load_settings
        from consentry.guard import Guard

        done = work.finished_inputs(resume)
        opened = Guard.open(load_settings(), warm=kinds)
    with opened as guard:
        if prompts is not None:
            decided = work.screen_prompts(guard, prompts, done)
        elif files:
            for_what = work.Use(**used)
            at = Stage(stage or Stage.UPLOAD)
            asked = work.Asked(at, prompt, language, history, for_what, consent)
            decided = work.screen_files(guard, work.expand(files), asked, done)
        else:
            for_what = work.Use(**used)
            asked = work.Asked(Stage.PROMPT, prompt or "", language, history, for_what, consent)
            decided = work.screen_prompt(guard, asked, reference)
        ctx.exit(_print_all(decided, as_json=as_json))


def _check_usage(
    files: tuple[Path, ...],
    stage: str | None,
    prompt: str | None,
    prompts: IO[str] | None,
    reference: Path | None,
) -> None:
    """Refuse combinations that mean nothing, with a sentence that says what to do."""
    if prompts is not None and (files or prompt is not None or reference is not None):
        raise click.UsageError("--prompts stands alone: leave out FILE, --prompt and --reference.")
    if prompts is None and not files and prompt is None:
        raise click.UsageError("Name a FILE, or give --prompt or --prompts.")
    if reference is not None and (prompt is None or files):
        raise click.UsageError("--reference goes with --prompt alone.")
    if stage is not None and not files:
        raise click.UsageError("--stage says where a FILE is; a prompt is always at stage prompt.")
    if files and prompt is not None and stage != Stage.OUTPUT:
        raise click.UsageError("--prompt goes with a FILE only at --stage output.")


def _print_all(decided: Iterator[Told], *, as_json: bool) -> int:
    """Print each line as soon as it is there; the exit status of them all."""
    status = _Status()
    for told in decided:
        status.add(told.line)
        if as_json:
            click.echo(json.dumps(told.line, ensure_ascii=False))
        else:
            _print_plainly(told)
    return status.code


class _Status:
    """The exit status of everything so far."""

    def __init__(self) -> None:
        self._failed = False
        self._action = Action.ALLOW

    def add(self, line: dict[str, Any]) -> None:
        if line.get("error"):
            self._failed = True
        else:
            self._action = Action.strictest(self._action, Action(line["action"]))

    @property
    def code(self) -> int:
        if self._action.severity >= Action.BLOCK.severity:
            return 20
        if self._failed:
            return 1
        return 0 if self._action.releases else 10


def _print_plainly(told: Told) -> None:
    line = told.line
    click.echo(f"{line['input']}: {line['action']}")
    for reason in line["reasons"]:
        click.echo(f"  {reason['text']} [{reason['code']}]")
    for found in told.found:
        click.echo(f"  found: {found}")
    for gate in line["gates"]:
        if gate.get("note") and gate["status"] != "refused":
            click.echo(f"  {gate['name']}: {gate['status']}. {gate['note']}", err=True)

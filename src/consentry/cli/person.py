"""`consentry person`: who enrolled, so that they decide how they may be depicted."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # loaded late: `--help` must be quick
    from consentry.likeness.persons import Verified

__all__ = ["person"]

AGES = ("adult", "teen", "child")  # a test holds them to the profile's own
HOW = ("operator", "document", "link")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_id = click.argument("person_id", metavar="ID")
_photo = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def person() -> None:
    """Enrol persons, who then decide how they may be depicted; see, verify and erase them."""


@person.command()
@click.argument("name")
@click.argument("photos", nargs=-1, type=_photo, metavar="[PHOTO]...")
@click.option("--alias", "aliases", multiple=True, help="Another way of writing NAME; repeat it.")
@click.option("--age", type=click.Choice(AGES), default="adult", show_default=True)
@click.option("--guardian", default="", help="Who answers for somebody under 18.")
@click.option("--account", default="", help="The person's own account: an opaque id.")
@click.option("--contact", default="", help="How to reach the person.")
@click.option(
    "--verified",
    type=click.Choice(HOW),
    help="How you made sure that it is this person; until then no consent of theirs counts.",
)
@click.option("--evidence", default="", help="The same in words, and how the person agreed.")
@_json
def enrol(
    name: str,
    photos: tuple[Path, ...],
    verified: Verified | None,
    *,
    as_json: bool,
    **told: Any,  # noqa: ANN401  click's way of passing options
) -> None:
    """Enrol NAME, with photos if faces are to be recognised; the photos are not kept.

    Only with the person's own agreement, or a guardian's: a face template is biometric data.
    """
    from consentry.cli import person_work as work

    _print(work.enrol(name, photos, verified or "", told), as_json=as_json)


@person.command()
@click.option("--account", default="", help="The person's own account: an opaque id.")
@click.option("--verified", type=click.Choice(HOW), help="How you know who gets the link.")
@click.option("--evidence", default="", help="The same in words.")
@click.option(
    "--hours", type=click.IntRange(1, 720), default=48, show_default=True, help="How long it lasts."
)
@click.option("--base", default="", help="Address of your server, for example https://example.org.")
def invite(account: str, verified: Verified | None, evidence: str, hours: int, base: str) -> None:
    """Make a link by which a person enrols, once; give it to that person alone."""
    from consentry.cli import person_work as work

    secret = work.invite(account, verified or "", evidence, timedelta(hours=hours))
    click.echo(f"{base.rstrip('/')}/enrol/{secret}")


@person.command(name="list")
@_json
def list_people(*, as_json: bool) -> None:
    """List everybody who is enrolled."""
    from consentry.cli import person_work as work

    people = work.everybody()
    if as_json:
        click.echo(json.dumps(people, ensure_ascii=False))
        return
    if not people:
        click.echo("Nobody is enrolled. See `consentry person enrol`.", err=True)
    for one in people:
        click.echo(work.as_line(one))


@person.command()
@_id
@_json
def show(person_id: str, *, as_json: bool) -> None:
    """Show the person with this ID, their consents, and what was decided about them."""
    from consentry.cli import person_work as work

    _print(work.show(person_id), as_json=as_json)


@person.command()
@_id
@click.option("--how", type=click.Choice(HOW), required=True, help="How you made sure.")
@click.option("--evidence", required=True, help="The same in words.")
def verify(person_id: str, how: Verified, evidence: str) -> None:
    """Note that you made sure who the person is; this settles a dispute too."""
    from consentry.cli import person_work as work

    click.echo(f"Noted in the log as entry {work.verify(person_id, how, evidence)}.", err=True)


@person.command()
@_id
@click.option("--why", required=True, help="Who says so, and why.")
def dispute(person_id: str, why: str) -> None:
    """Note that an enrolment is said to be of somebody else: no consent of it counts meanwhile."""
    from consentry.cli import person_work as work

    click.echo(f"Noted in the log as entry {work.dispute(person_id, why)}.", err=True)


@person.command()
@_id
@click.option("--base", default="", help="Address of your server, for example https://example.org.")
def link(person_id: str, base: str) -> None:
    """Make a new address of the person's own page; the old one ends."""
    from consentry.cli import person_work as work

    click.echo(f"{base.rstrip('/')}/my/{work.new_link(person_id)}")


@person.command()
@_id
@_json
def revoke(person_id: str, *, as_json: bool) -> None:
    """Take back every consent of the person with this ID, now."""
    from consentry.cli import person_work as work

    _print(work.revoke_all(person_id), as_json=as_json)


@person.command()
@_id
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write the proof of the erasure there."
)
def erase(person_id: str, *, yes: bool, out: Path | None) -> None:
    """Erase the person with this ID for good: names, templates, consents.

    Their key is destroyed, so that copies of the database cannot be opened either. The proof is a
    .tlog-proof file for the person.
    """
    from consentry.cli import person_work as work

    if not yes:
        click.confirm(f"Erase {person_id} for good?", abort=True, err=True)
    entry, proof = work.erase(person_id)
    if out is not None:
        out.write_text(proof, encoding="utf-8")
    click.echo(f"Erased; the log says so in entry {entry}.", err=True)


@person.command()
@_id
@click.option("--all", "everything", is_flag=True, help="Not only what rested on a lost consent.")
@_json
def outputs(person_id: str, *, everything: bool, as_json: bool) -> None:
    """List what was let through under a consent that was taken back since, to be taken down.

    Exits 10 if there is something, else 0.
    """
    from consentry.cli import person_work as work

    found = work.outputs(person_id, everything=everything)
    for one in found:
        click.echo(
            json.dumps(one) if as_json else f"{one['at']}  {one['stage']}  {one['decision_id']}"
        )
    click.get_current_context().exit(10 if found and not everything else 0)


@person.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the report there as JSON.")
@_json
def calibrate(folder: Path, out: Path | None, *, as_json: bool) -> None:
    """Measure on your own lawful photos how often faces are confused or missed.

    FOLDER has a folder for each person, and labels.csv (person,group) if groups are to be told
    apart. Nothing of it is kept.
    """
    from consentry.cli import person_work as work

    report = work.calibrate(folder)
    if out is not None:
        out.write_text(json.dumps(report, indent=1), encoding="utf-8")
    _print(report, as_json=as_json)


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        shown = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{name}: {shown}")

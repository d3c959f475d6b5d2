"""`consentry policy`: test a policy file, show it, and explain what it decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentry.findings import Stage

if TYPE_CHECKING:  # loaded when a command runs: `--help` stays quick
    from collections.abc import Sequence

    from consentry.findings import Finding
    from consentry.policy.context import PolicyContext
    from consentry.policy.engine import Policy
    from consentry.policy.vectors import VectorResult

__all__ = ["load_decision", "policy"]

_POLICY_FILE = click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Use this policy file in place of the one in force.",
)


def load_decision(decision_id: str) -> tuple[Sequence[Finding], PolicyContext, Policy]:
    """The findings, the context and the policy of a stored decision.

    Raises:
        NotFoundError: no decision has this id.
        StorageError: stored decisions cannot be read.
    """
    from consentry.config import load_settings
    from consentry.guard import Guard

    with Guard.open(load_settings()) as guard:
        replay = guard.replay(decision_id)
    return replay.decision.findings, replay.context, replay.policy


@click.group()
def policy() -> None:
    """Test and explain the policy."""


@policy.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def test(file: Path | None) -> None:
    """Run the test vectors of FILE, or of the policy in force.

    Exits 0 when all pass and 1 when one fails or the file does not compile.
    """
    from consentry.policy.engine import Policy, read_source
    from consentry.policy.vectors import run

    compiled = Policy.compile(*read_source(file or _file_in_force()))
    results = run(compiled)
    failed = [result for result in results if not result.passed]
    for result in failed:
        click.echo(_failure(result))
    click.echo(
        f"{compiled.name}: {len(compiled.rules)} rules, "
        f"{len(results)} vectors, {len(results) - len(failed)} passed"
    )
    if failed:
        raise click.exceptions.Exit(1)


@policy.command()
@_POLICY_FILE
def show(policy_file: Path | None) -> None:
    """Print the policy in force, to read it or to begin your own with it."""
    from consentry.policy.engine import read_source

    click.echo(read_source(policy_file or _file_in_force())[0], nl=False)


@policy.command()
@click.argument("decision", required=False)
@click.option("--stage", type=click.Choice([str(stage) for stage in Stage]), help="The stage.")
@click.option(
    "--finding",
    "findings",
    multiple=True,
    metavar="CATEGORY=SCORE",
    help="Something that was found, e.g. sexual.explicit=0.6. Give it as often as you need.",
)
@click.option("--faces", type=click.IntRange(0, 1000), help="Faces in the picture.")
@click.option("--reference-faces", type=click.IntRange(0, 1000), help="Faces in the reference.")
@click.option("--has-reference", is_flag=True, help="A reference picture goes with the prompt.")
@click.option(
    "--media",
    type=click.Choice(["picture", "clip", "none"]),
    help="What was looked at besides words; at the stage prompt, the reference picture.",
)
@click.option(
    "--age-band", type=click.Choice(["child", "teen", "adult"]), help="Of the account's holder."
)
@_POLICY_FILE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(decision: str | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401, FBT001  click's way of passing options
    """Show every rule with what it saw: for a stored DECISION, or for --stage and --finding.

    The action is printed, not turned into an exit status: 0 means that it was explained.
    """
    from consentry.policy.explain import explain as take_apart

    if (decision is None) == (given["stage"] is None):
        raise click.UsageError("Name either the id of a decision, or --stage and what was found.")
    if decision is not None:
        findings, context, judge = load_decision(decision)
        judge = _load(given["policy_file"]) if given["policy_file"] else judge
    else:
        findings, context, judge = _described(given)
    explanation = take_apart(judge, findings, context)
    click.echo(
        json.dumps(explanation.as_json(), ensure_ascii=False) if as_json else explanation.as_text()
    )


def _described(given: dict[str, Any]) -> tuple[Sequence[Finding], PolicyContext, Policy]:
    """What the options describe, read as a test vector is."""
    from consentry.policy.vectors import VectorError, case

    judge = _load(given["policy_file"])
    facts = {
        "stage": given["stage"],
        "faces": given["faces"],
        "reference.faces": given["reference_faces"],
        "has_reference": given["has_reference"] or None,
        "media": given["media"],
        "account.age_band": given["age_band"],
    }
    named = {name: value for name, value in facts.items() if value is not None}
    try:
        described = case({**_scores(given["findings"]), **named}, judge.taxonomy)
    except VectorError as error:
        raise click.UsageError(f"{error}.") from error
    return described.findings, described.context, judge


def _scores(findings: Sequence[str]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for finding in findings:
        category, _, score = finding.partition("=")
        try:
            scores[category] = max(float(score), scores.get(category, 0.0))
        except ValueError as error:
            raise click.UsageError(
                f"{finding!r} is not CATEGORY=SCORE, e.g. sexual.explicit=0.6."
            ) from error
    return scores


def _failure(result: VectorResult) -> str:
    named = f" ({result.vector.text})" if result.vector.text else ""
    given = json.dumps(result.vector.given, ensure_ascii=False)
    return (
        f"FAILED {result.place}{named}\n"
        f"  given    {given}\n"
        f"  expected {result.vector.expect}\n"
        f"  got      {result.got}"
    )


def _load(file: Path | None) -> Policy:
    from consentry.policy.engine import Policy

    return Policy.load(file or _file_in_force())


def _file_in_force() -> Path | None:
    from consentry.config import load_settings

    return load_settings().policy.file

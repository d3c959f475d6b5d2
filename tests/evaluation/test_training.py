"""Training: the same rows give the same weights, and nothing of the untouched split is used."""

from __future__ import annotations

import tomllib

import numpy as np
from click.testing import CliRunner

from consentry.cli import cli
from consentry.config import Settings
from consentry.detectors.prompt_learned import HEADS
from consentry.errors import InputError
from consentry.evaluation.examples import TrainingRow, training_rows
from consentry.evaluation.logistic import calibrate, fit
from consentry.evaluation.rows import shipped
from consentry.evaluation.training import train

FEW = [
    TrainingRow(f"{verb} her {garment}", HEADS[0], 1.0, f"h{verb}{garment}")
    for verb in ("remove", "take off", "pull off", "rip off")
    for garment in ("dress", "shirt", "skirt", "blouse")
] + [
    TrainingRow(f"a {colour} {thing}", None, 1.0, f"b{colour}{thing}")
    for colour in ("red", "blue", "green", "small")
    for thing in ("house", "boat", "dog", "hat")
]


def test_the_split_that_is_never_tuned_on_is_not_trained_on():
    used = {row.text.casefold() for row in training_rows(shipped("held-out"), 1)}
    held = {row.text.casefold() for row in shipped("held-out")}
    assert not used & held


def test_a_harm_is_no_counter_example_of_a_harm_that_is_like_it():
    row = TrainingRow("x", "sexual.nudity", 1.0, "g")
    assert row.weights[HEADS.index("sexual.undress")] == 0.0
    assert row.weights[HEADS.index("defamation.crime")] == 1.0
    assert row.wanted[HEADS.index("sexual.nudity")] == 1.0


def test_the_same_rows_give_the_same_weights_and_a_card():
    first, second = train(FEW, Settings()), train(FEW, Settings())
    assert first.heads.as_bytes() == second.heads.as_bytes()
    hits, wrong = first.found[HEADS[0]]
    assert (hits.n, wrong.n) == (16, 16)
    assert hits.hits >= 14
    card = tomllib.loads(first.card(["made up (Apache-2.0)"], 3))
    assert card["seed"] == 3
    assert len(card["measured"][0]["reliability"]) == 10


def test_logistic_regression_finds_the_known_answer():
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(4000, 2)).astype(np.float32)
    truth = chance.random(4000) < 1 / (1 + np.exp(-(rows @ [2.0, -1.0] + 0.5)))
    wanted = truth[:, None].astype(np.float32)
    found, bias = fit(rows, wanted, np.ones_like(wanted), 1e-3)
    assert np.allclose(found[:, 0], [2.0, -1.0], atol=0.25)
    assert abs(bias[0] - 0.5) < 0.15
    slope, offset = calibrate(rows @ found * 3, wanted, np.ones_like(wanted))
    assert abs(slope[0] * 3 - 1) < 0.1
    assert abs(offset[0] - bias[0]) < 0.1


def test_captions_without_a_source_are_refused(tmp_path):
    file = tmp_path / "captions.txt"
    file.write_text("a dog\n", encoding="utf-8")
    given = ["train", "prompts", "--out", str(tmp_path), "--captions", str(file)]
    assert isinstance(CliRunner().invoke(cli, given).exception, InputError)

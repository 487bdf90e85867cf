"""Tests for housebrain.evaluation.slices."""

from pathlib import Path

import pytest

from conftest import MakeSamples
from housebrain.evaluation.metrics import Answered, judge, measures
from housebrain.evaluation.names import SMALL
from housebrain.evaluation.slices import DIMENSIONS, slices
from housebrain.language.samples import load_samples


@pytest.fixture
def answers(make_samples: MakeSamples, tmp_path: Path) -> list[Answered]:
    samples = load_samples(make_samples(tmp_path / "test.parquet", 20))
    texts = [sample.answer if number % 3 else "?" for number, sample in enumerate(samples)]
    return [
        Answered(sample, 0.1 * number, 50 + number, text, judge(text, sample, "tree", "auto"))
        for number, (sample, text) in enumerate(zip(samples, texts, strict=True))
    ]


def test_each_brief_is_in_one_slice_of_each_dimension(answers: list[Answered]) -> None:
    """So the slices' shares, weighted by their briefs, are the shares of all."""
    rows = slices(answers)
    assert len({row["slice"] for row in rows}) == len(rows)
    assert list(dict.fromkeys(row["dimension"] for row in rows)) == list(DIMENSIONS)
    for dimension in DIMENSIONS:
        of = [row for row in rows if row["dimension"] == dimension]
        assert len(of) > 1
        assert sum(row["briefs"] for row in of) == len(answers)
        for name, measure in measures(answers).items():
            if name != "eval_loss":
                assert sum(row[name] * row["briefs"] for row in of) / len(answers) == pytest.approx(measure.mean)


def test_a_slice_holds_the_briefs_of_its_kind(answers: list[Answered]) -> None:
    (row,) = (row for row in slices(answers) if row["slice"] == "bedrooms 2")
    own = [one for one in answers if one.sample.brief.bedrooms == 2]
    assert (row["briefs"], row["small"]) == (len(own), len(own) < SMALL)
    tokens = sum(one.tokens for one in own)
    assert row["eval_loss"] == pytest.approx(sum(one.loss * one.tokens for one in own) / tokens)
    assert row["json_validity"] == sum(one.verdict.json_valid for one in own) / len(own)


def test_few_briefs_are_said_to_be_few(answers: list[Answered]) -> None:
    alike = [one._replace(sample=answers[0].sample) for one in answers]
    assert [row["small"] for row in slices(alike[:SMALL])] == [False] * len(DIMENSIONS)
    assert [row["small"] for row in slices(alike[: SMALL - 1])] == [True] * len(DIMENSIONS)


def test_a_loss_that_is_not_finite_is_none(answers: list[Answered]) -> None:
    rows = slices([answers[0]._replace(loss=float("nan"))])
    assert [row["eval_loss"] for row in rows] == [None] * len(DIMENSIONS)

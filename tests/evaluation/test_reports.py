"""Tests for housebrain.evaluation.reports and housebrain.report.summary."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from housebrain.answering.finish import Proposal
from housebrain.errors import UserError
from housebrain.evaluation.compare import all_measures, comparisons, intervals
from housebrain.evaluation.guided import judge_guided
from housebrain.evaluation.metrics import Answered, finite, judge
from housebrain.evaluation.names import BASE, GUIDED_METRICS, MERGED
from housebrain.evaluation.reports import Evaluated, criteria_values, log_evaluation, write_reports
from housebrain.files import read_json, write_json
from housebrain.house.design import Design
from housebrain.language.samples import Sample, load_samples
from housebrain.params import Params
from housebrain.report.houses import SHOWN, draw_houses, read_houses
from housebrain.report.summary import print_summary
from housebrain.rules.checks import violations
from housebrain.shard import Shard, read_shard_reports
from housebrain.tracking import client

ShardReports = dict[str, dict[str, Any]]


@pytest.fixture
def samples(test_split: Path) -> list[Sample]:
    return load_samples(test_split)


def outcome(
    samples: list[Sample], answers: list[str], loss: float | None, seconds: float | None, is_guided: bool = False
) -> Evaluated:
    answered = [
        Answered(sample, float("nan") if loss is None else loss, 100, answer, judge(answer, sample, "tree", "auto"))
        for answer, sample in zip(answers, samples, strict=True)
    ]
    guided = [judge_guided(Proposal(answer), sample, "auto") for answer, sample in zip(answers, samples, strict=True)]
    guided = guided if is_guided else []
    metrics: dict[str, float | None] = {
        **dict.fromkeys(GUIDED_METRICS),
        **{name: finite(measure.mean) for name, measure in all_measures(Evaluated({}, answered, guided)).items()},
        "eval_loss": loss,
        "seconds_per_design": seconds,
        "peak_memory_gb": 1.5,
        "adapter_mb": 9.8,
    }
    return Evaluated(metrics, answered, guided)


@pytest.fixture
def evaluated(samples: list[Sample]) -> dict[str, Evaluated]:
    """The merged model answers every other brief; shard 2 has lost its numbers."""
    half = [sample.answer if number % 2 else "?" for number, sample in enumerate(samples)]
    return {
        BASE: outcome(samples, ["?"] * len(samples), 2.5, 30.0, True),
        "shard 1": outcome(samples, half, 0.5, None),
        "shard 2": outcome(samples, ["?"] * len(samples), None, None),
        MERGED: outcome(samples, half, 0.25, 4.0, True),
    }


def test_reports_hold_every_model_and_every_answer(
    evaluated: dict[str, Evaluated], samples: list[Sample], params: Params, shard_reports: ShardReports, tmp_path: Path
) -> None:
    write_reports(evaluated, params, shard_reports, {MERGED: "abc"}, {"comparisons": [{"p": None}]}, tmp_path)
    assert read_json(tmp_path / "evaluation/measured.json") == {MERGED: "abc"}
    assert read_json(tmp_path / "evaluation/comparisons.json") == [{"p": None}]
    models = read_json(tmp_path / "evaluation.json")
    assert models[MERGED]["json_validity"] == 0.5
    assert models["shard 2"]["eval_loss"] is None
    with (tmp_path / "evaluation/models.csv").open() as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert list(rows) == list(evaluated)
    assert (rows[MERGED]["eval_loss"], rows["shard 2"]["eval_loss"]) == ("0.25", "")
    answers = [json.loads(line) for line in (tmp_path / "evaluation/answers.jsonl").read_text().splitlines()]
    assert [(row["model"], row["id"]) for row in answers] == [(m, s.id) for m in evaluated for s in samples]
    assert answers[-1]["answer"] == samples[-1].answer
    assert answers[-1]["valid"]
    guided = [json.loads(line) for line in (tmp_path / "evaluation/guided.jsonl").read_text().splitlines()]
    assert [(row["model"], row["id"]) for row in guided] == [(m, s.id) for m in (BASE, MERGED) for s in samples]
    assert [row["replaced"] for row in guided] == [True] * len(samples) + [not n % 2 for n in range(len(samples))]
    for row, sample in zip(guided[len(samples) :], samples, strict=True):
        assert violations(Design.model_validate(row["design"]), sample.brief) == []
    with (tmp_path / "evaluation/slices/shard_1.csv").open() as file:
        slices = list(csv.DictReader(file))
    floors = [int(row["briefs"]) for row in slices if row["dimension"] == "floors"]
    assert sum(floors) == len(samples)
    assert [row["eval_loss"] for row in answers if row["model"] == "shard 2"] == [None] * len(samples)


def test_criteria_speak_of_the_merged_model_and_all_shards(
    evaluated: dict[str, Evaluated], params: Params, shard_reports: ShardReports, tmp_path: Path
) -> None:
    write_reports(evaluated, params, shard_reports, {}, {}, tmp_path)
    criteria = read_json(tmp_path / "criteria.json")
    assert set(criteria) == set(params.evaluate.criteria)
    found = {name: (row["value"], row["verdict"]) for name, row in criteria.items()}
    assert found["shards_finished"] == (0.5, "fail")  # shard 2 was stopped
    assert found["train_loss"] == (pytest.approx(0.6), "fail")
    assert found["merged_size_mb"] == (9.8, "pass")
    assert found["design_accuracy"] == (pytest.approx(0.5, abs=0.02), "fail")
    assert found["guided_validity"] == (0.5, "fail")
    assert found["seconds_per_design"] == (4.0, "pass")
    assert found["peak_memory_gb"] == (1.5, "pass")


def test_what_was_not_measured_is_said_to_be(evaluated: dict[str, Evaluated], params: Params, tmp_path: Path) -> None:
    evaluated[MERGED].metrics["seconds_per_design"] = None
    assert criteria_values(evaluated, {})["train_loss"] is None
    write_reports(evaluated, params, {}, {}, {}, tmp_path)
    criteria = read_json(tmp_path / "criteria.json")
    verdicts = {name: row["verdict"] for name, row in criteria.items()}
    assert (verdicts["seconds_per_design"], verdicts["train_loss"]) == ("not measured", "not measured")


def test_a_model_is_one_run_however_often_it_is_logged(
    evaluated: dict[str, Evaluated], params: Params, mlflow_store: str
) -> None:
    inputs = {name: f"weights of {name}" for name in evaluated}
    log_evaluation(evaluated, params, inputs, "test")
    again = {name: Evaluated({**result.metrics, "peak_memory_gb": 1.7}, []) for name, result in evaluated.items()}
    log_evaluation(again, params, inputs, "test")
    store = client()
    experiment = store.get_experiment_by_name(params.tracking.experiment)
    assert experiment is not None
    runs = store.search_runs([experiment.experiment_id], "tags.kind = 'evaluation'")
    assert sorted(run.data.tags["model"] for run in runs) == sorted(evaluated)
    by_model = {run.data.tags["model"]: run.data.metrics for run in runs}
    assert by_model[MERGED]["eval_loss"] == 0.25
    assert "eval_loss" not in by_model["shard 2"]

    log_evaluation({MERGED: evaluated[MERGED]}, params, inputs, "another test split")
    runs = store.search_runs([experiment.experiment_id], f"tags.model = '{MERGED}'")
    assert sorted(run.data.tags["data_hash"] for run in runs) == ["another test split", "test"]


def test_shard_reports_are_read_by_name(tmp_path: Path) -> None:
    write_json(tmp_path / "1.json", {"steps": 1})
    assert read_shard_reports(tmp_path, [Shard(1)]) == {"shard 1": {"steps": 1}}
    with pytest.raises(UserError, match=r"2\.json"):
        read_shard_reports(tmp_path, [Shard(1), Shard(2)])


@pytest.fixture
def two_shards(params: Params) -> Params:
    return params.model_copy(update={"workers": {number: params.workers[number] for number in ("1", "2")}})


def write_all(
    evaluated: dict[str, Evaluated], tables_of: dict[str, Evaluated], params: Params, shards: ShardReports, folder: Path
) -> None:
    """The reports of an evaluation, with tables of another that it is like, and those of the shards."""
    tables = {"intervals": intervals(tables_of), "comparisons": comparisons(tables_of)}
    write_reports(evaluated, params, shards, {}, tables, folder)
    for number, report in enumerate(shards.values(), 1):
        write_json(folder / f"shards/{number}.json", report)


def test_the_summary_needs_only_the_reports(
    evaluated: dict[str, Evaluated],
    two_shards: Params,
    shard_reports: ShardReports,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_all(evaluated, evaluated, two_shards, shard_reports, tmp_path)
    shares = {"weight_shard_1": 0.75, "weight_shard_2": 0.25}
    write_json(tmp_path / "merge.json", {"size_mb": 9.8, "strategy": "greedy", **shares})
    merge = two_shards.merge.model_copy(update={"strategy": "auto"})
    print_summary(two_shards.model_copy(update={"merge": merge}), tmp_path)
    shown = capsys.readouterr().out
    models = shown[: shown.index("Criteria")].splitlines()
    rows = {label: next(line for line in models if label in line) for label in ("shard 1", "shard 2", f" {MERGED} ")}
    assert "weight 0.750" in rows["shard 1"]
    assert "12/12" in rows["shard 1"]
    assert "5/12" in rows["shard 2"]
    assert "0.250" in rows[f" {MERGED} "]
    assert "4.0" in rows[f" {MERGED} "]
    assert "Merged by greedy: 9.8 MB" in shown  # what was taken, not what was asked for
    assert "test loss 2.500 before and 0.250 after" in shown
    assert "test loss less that of base: -2.250, p 0.125" in shown
    assert "test loss less that of shard 1, the best: -0.250" in shown
    for criterion in two_shards.evaluate.criteria.values():
        assert criterion.about in shown
    validity = next(line for line in shown.splitlines() if "valid houses made of the answers" in line)
    assert "guided" in validity
    assert "0.5 │       0 to 1 │ fail, open" in validity
    met = [line for line in shown.splitlines() if "│ requirements of the brief met" in line]
    assert sorted(line.split("│")[2].strip() for line in met) == ["free", "guided"]
    assert "answers.jsonl" in shown
    assert "2 of 4 guided answers of the merged model became valid houses" in shown
    assert f"measured on {len(evaluated[MERGED].answers)} held-out test briefs" in shown
    assert "housebrain design examples/brief.json --model models/merged" in shown
    draw_houses(read_houses(tmp_path / "evaluation"), tmp_path / "designs")
    drawn = sorted(str(path) for path in (tmp_path / "designs").glob("*.svg"))
    assert drawn == sorted(word for word in shown.split() if word.endswith(".svg"))


def test_the_summary_counts_what_was_measured(
    evaluated: dict[str, Evaluated],
    two_shards: Params,
    shard_reports: ShardReports,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not what was asked for, where the test split has fewer; and all guided answers, not only those that are drawn."""
    merged = evaluated[MERGED]
    many = evaluated | {MERGED: merged._replace(guided=[*merged.guided] * (SHOWN + 1))}
    settings = two_shards.evaluate.model_copy(update={"briefs": 200})
    write_all(many, evaluated, two_shards, shard_reports, tmp_path)
    write_json(tmp_path / "merge.json", {"size_mb": 9.8, "strategy": "average"})
    print_summary(two_shards.model_copy(update={"evaluate": settings}), tmp_path)
    shown = capsys.readouterr().out
    assert f"measured on {len(merged.answers)} held-out test briefs" in shown
    count = len(merged.guided) * (SHOWN + 1)
    assert f"Houses  {count // 2} of {count} guided answers of the merged model became valid houses" in shown


def test_a_summary_before_any_run_is_an_error(two_shards: Params, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"evaluation\.json"):
        print_summary(two_shards, tmp_path)

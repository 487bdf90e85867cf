"""The whole pipeline through the real dvc and mlflow, on a model of a few thousand weights."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from housebrain.files import read_json
from housebrain.merging.choose import TRIED
from project import SHARDS, change_params, copy_folder, put_base, run, set_remote, split_project

ADAPTER = "adapter_model.safetensors"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path) -> Path:
    """A copy of the project in which `dvc repro` has run: for the stages up to the split, and then for all."""
    folder = copy_folder(split_project(tiny_base), tmp_path_factory.mktemp("pipeline") / "housebrain")
    shutil.copy(mlflow_database, folder / "mlflow.db")
    run(folder, "dvc", "repro")
    return folder


def test_everything_is_made(reproduced: Path) -> None:
    for shard in SHARDS:
        assert (reproduced / f"models/shards/{shard}/{ADAPTER}").exists()
    models = read_json(reproduced / "reports/evaluation.json")
    assert list(models) == sorted(["base", "merged", *(f"shard {shard}" for shard in SHARDS)])
    criteria = read_json(reproduced / "reports/criteria.json")
    assert criteria["shards_finished"]["verdict"] == "pass"
    assert criteria["design_accuracy"]["verdict"] == "fail"  # random weights answer nonsense
    assert models["merged"]["json_validity"] == 0
    assert criteria["guided_json_validity"]["verdict"] == "pass"  # under a grammar they can't
    shown = run(reproduced, "housebrain", "summary")
    assert "merged" in shown
    assert "not measured" in shown or "fail" in shown


def test_a_second_run_does_nothing(reproduced: Path) -> None:
    assert "Data and pipelines are up to date" in run(reproduced, "dvc", "repro")


def test_metrics_and_plots_are_shown(reproduced: Path) -> None:
    assert "merged.eval_loss" in run(reproduced, "dvc", "metrics", "show", "--json") or "eval_loss" in run(
        reproduced, "dvc", "metrics", "show"
    )
    run(reproduced, "dvc", "plots", "show")
    page = (reproduced / "dvc_plots/index.html").read_text()
    for title in ("Training loss of the shards", "Validation loss of the shards", "Test loss by kind of brief"):
        assert title in page


def test_the_report_is_a_page_with_every_model_and_shard(reproduced: Path) -> None:
    page = (reproduced / "reports/index.html").read_text()
    sections = ("criteria", "models", "differences", "training", "strategies", "shards", "slices", "worst", "samples")
    for anchor in sections:
        assert f'id="{anchor}"' in page
    assert page.count('class="case"') == 2 + 2  # both briefs, as answers with a fault and as samples
    rows = read_json(reproduced / "reports/leave_one_out.json")
    assert [row["without"] for row in rows] == [f"shard {shard}" for shard in SHARDS]
    assert all(row["difference"] is not None for row in rows)


@pytest.mark.long
def test_evaluating_again_measures_nothing_again(reproduced: Path) -> None:
    """Not even times: what was kept has them."""
    before = (reproduced / "reports/evaluation.json").read_bytes()
    run(reproduced, "dvc", "repro", "-f", "-s", "evaluate")
    assert (reproduced / "reports/evaluation.json").read_bytes() == before


def test_each_training_is_one_run_in_mlflow(reproduced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from housebrain.tracking import client

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{reproduced}/mlflow.db")
    store = client()
    experiment = store.get_experiment_by_name("housebrain")
    assert experiment is not None
    runs = store.search_runs([experiment.experiment_id], "tags.kind = 'shard'")
    assert sorted(run.data.tags["shard"] for run in runs) == [str(shard) for shard in SHARDS]
    for one in runs:
        report = read_json(reproduced / f"reports/shards/{one.data.tags['shard']}.json")
        history = store.get_metric_history(one.info.run_id, "loss")
        assert [point.step for point in history] == list(range(1, report["steps"] + 1))


@pytest.mark.long
def test_another_strategy_runs_merge_and_what_follows_only(reproduced: Path) -> None:
    change_params(reproduced, merge__strategy="best")
    printed = run(reproduced, "dvc", "repro")
    ran = [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran[0] == "merge" and ran.index("evaluate") < ran.index("register")
    assert sorted(ran[1:]) == ["evaluate", "leave_one_out", "register", "report"]
    weights = {k: v for k, v in read_json(reproduced / "reports/merge.json").items() if k.startswith("weight_")}
    assert sorted(weights.values()) == [0, 0, 0, 0, 0, 1]


@pytest.mark.long
def test_the_gate_refuses_a_merge_that_was_not_measured(reproduced: Path) -> None:
    change_params(reproduced, merge__scale=0.5)
    run(reproduced, "dvc", "repro", "-s", "merge")
    assert "it is not the adapter that was measured" in run(reproduced, "housebrain", "check", ok=False)
    change_params(reproduced, merge__scale=1.0)
    run(reproduced, "dvc", "repro", "-s", "merge")
    assert "criteria do not hold" in run(reproduced, "housebrain", "check", ok=False)


@pytest.mark.long
def test_auto_tries_all_strategies_on_validation_samples(reproduced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from housebrain.tracking import client, find_runs

    change_params(reproduced, merge__strategy="auto", merge__scale="auto")
    printed = run(reproduced, "dvc", "repro", "-s", "merge")
    table = read_json(reproduced / "reports/merge_choice.json")
    assert [row["strategy"] for row in table] == list(TRIED)
    (chosen,) = (row for row in table if row["chosen"])
    assert f"merge: {chosen['strategy']} at scale {chosen['scale']:g} is taken" in printed
    assert read_json(reproduced / "models/merged/merge.json")["strategy"] == chosen["strategy"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{reproduced}/mlflow.db")
    logged = {
        one.path for run_id in find_runs("housebrain", {"kind": "merge"}) for one in client().list_artifacts(run_id)
    }
    assert {"merge_choice.json", "strategies.png"} <= logged
    change_params(reproduced, merge__strategy="best", merge__scale=1.0)


@pytest.mark.long
def test_weights_follow_what_mlflow_says(reproduced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from housebrain.tracking import client

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{reproduced}/mlflow.db")
    store = client()
    experiment = store.get_experiment_by_name("housebrain")
    assert experiment is not None
    four = store.search_runs([experiment.experiment_id], "tags.kind = 'shard' and tags.shard = '4'")[0]
    store.log_metric(four.info.run_id, "eval_loss", 0.001, step=10_000)
    change_params(reproduced, merge__strategy="best")
    run(reproduced, "dvc", "repro", "-f", "-s", "collect")
    run(reproduced, "dvc", "repro", "-s", "merge")
    assert read_json(reproduced / "reports/merge.json")["weight_shard_4"] == 1


@pytest.mark.long
def test_a_worker_trains_and_the_coordinator_collects_without_training_again(
    reproduced: Path, tmp_path: Path, tiny_base: Path
) -> None:
    coordinator, worker = tmp_path / "coordinator", tmp_path / "worker"
    run(tmp_path, "git", "clone", "-q", str(reproduced), str(coordinator))
    for name, value in (("user.name", "test"), ("user.email", "test@example.org")):
        run(coordinator, "git", "config", name, value)
    put_base(coordinator, tiny_base)
    set_remote(coordinator, tmp_path / "remote")
    workers = {str(s): {"name": f"worker-{s}", "platform": "colab" if s == 3 else "local"} for s in SHARDS}
    colab = {**YAML(typ="safe").load(coordinator / "params.yaml")["platforms"]["local"], "save_steps": 1}
    change_params(coordinator, workers=workers, platforms__colab=colab)
    run(coordinator, "dvc", "repro", "init_lora", "split")
    run(coordinator, "dvc", "push", "split", "init_lora")
    run(coordinator, "git", "add", "-A")
    run(coordinator, "git", "commit", "-qm", "round 1")

    run(tmp_path, "git", "clone", "-q", str(coordinator), str(worker))
    put_base(worker, tiny_base)
    run(worker, "dvc", "pull", "data/shards/3", "models/lora_init")
    assert sorted(path.name for path in (worker / "data/shards").iterdir() if path.is_dir()) == ["3"]
    refused = run(worker, "dvc", "repro", "-s", "train_shard@3", ok=False)
    assert "error: shard 3 is trained by worker-3" in refused
    run(worker, "dvc", "repro", "-s", "train_shard@3", HOUSEBRAIN_SHARD="3")
    run(worker, "dvc", "push", "--run-cache", "train_shard@3")

    printed = run(coordinator, "dvc", "repro", "--pull", "-k", "train_shard@3")
    assert "Stage 'train_shard@3' is cached - skipping run, checking out outputs" in printed
    trained, collected = (folder / f"models/shards/3/{ADAPTER}" for folder in (worker, coordinator))
    assert trained.read_bytes() == collected.read_bytes()

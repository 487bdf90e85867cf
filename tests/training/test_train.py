"""Tests for housebrain.training.train, on a model of a few thousand weights."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from peft import PeftModel
from safetensors.torch import load_file

from housebrain.environment import PROGRESS, RECORD, STOP
from housebrain.errors import IncompleteError, UserError
from housebrain.files import read_json, sha256_file
from housebrain.language.samples import load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.model.loss import mean_loss
from housebrain.params import Params
from housebrain.provenance import library_versions
from housebrain.tracking import RunRecord, import_record, now_ms
from housebrain.training import checkpoints, journal, loop, train
from housebrain.training import steps as steps_of_training
from housebrain.training.fingerprint import fingerprint, result_key, training_key
from trainings import WEIGHTS, Fault, MakeProject, curve, first_shard, make_params
from trainings import train as train_with_fault


@pytest.fixture
def project(make_project: MakeProject, mlflow_store: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project to train in: the working directory."""
    folder = make_project("project")
    monkeypatch.chdir(folder)
    return folder


def test_trained_shard_is_complete(project: Path, mlflow_store: str) -> None:
    params = make_params(validity_samples=1)
    summary = train.train_shard(first_shard(project), params)
    out = first_shard(project).out
    assert sorted(path.name for path in out.iterdir()) == [
        "adapter_config.json",
        WEIGHTS,
        "fingerprint.json",
        "run.json",
    ]
    assert not first_shard(project).checkpoints.exists()

    # Plain PEFT loads it, and it has the loss that was reported.
    tokenizer = load_tokenizer("models/base/tiny")
    validation = load_samples("data/shards/1/validation.parquet")
    tokens = [tokenize(tokenizer, sample, "tree") for sample in validation]
    start = mean_loss(PeftModel.from_pretrained(load_base("models/base/tiny"), "models/lora_init"), tokens)
    end = mean_loss(PeftModel.from_pretrained(load_base("models/base/tiny"), out), tokens)
    assert end == pytest.approx(summary["eval_loss"], rel=1e-5)
    assert end < start
    assert summary["train_loss"] < summary["train_loss_mean"]

    assert read_json(first_shard(project).report) == summary
    assert (summary["samples"], summary["left_out"], summary["json_validity"]) == (12, 0, 0.0)
    rows = curve(project)
    assert [int(row["step"]) for row in rows] == list(range(1, summary["total_steps"] + 1))
    assert all(row["loss"] and row["learning_rate"] and row["grad_norm"] for row in rows)
    assert [int(row["step"]) for row in rows if row["eval_loss"]] == sorted(
        {*range(3, summary["total_steps"] + 1, 3), summary["total_steps"]}
    )
    assert summary["eval_loss_best"] == min(float(row["eval_loss"]) for row in rows if row["eval_loss"])

    # What was logged live and what the record carries are one run.
    record = RunRecord.model_validate_json((out / "run.json").read_text())
    run_id = import_record(record, params.tracking.experiment)
    client = MlflowClient(mlflow_store)
    experiment = client.get_experiment_by_name(params.tracking.experiment)
    assert [run.info.run_id for run in client.search_runs([experiment.experiment_id])] == [run_id]
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["eval_loss_best"] == summary["eval_loss_best"]
    assert {"shard": "1", "worker": "colab-1", "platform": "local", "round": "1"}.items() <= run.data.tags.items()
    assert [m.step for m in client.get_metric_history(run_id, "grad_norm")] == [int(row["step"]) for row in rows]


def test_nothing_of_this_machine_is_in_what_must_be_reproducible(project: Path) -> None:
    train.train_shard(first_shard(project), make_params())
    for file in first_shard(project).out.iterdir():
        assert str(project).encode() not in file.read_bytes(), file.name
    config = read_json(first_shard(project).out / "adapter_config.json")
    assert config["base_model_name_or_path"] == "nobody/tiny"


def test_fingerprint_tells_trainings_apart(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """By data, settings and init, but not by the folder they are in."""

    def key(project: Path, params: Params) -> str:
        monkeypatch.chdir(project)
        return training_key(fingerprint(first_shard(project), params))

    first, second = make_project("first"), make_project("second")
    same = key(first, make_params())
    assert key(second, make_params()) == same
    assert key(second, make_params(learning_rate=2e-2)) != same
    assert key(second, make_params().model_copy(update={"round": 2})) != same
    shutil.copy(second / "data/shards/1/validation.parquet", second / "data/shards/1/train.parquet")
    assert key(second, make_params()) != same
    write_init(
        make_params().lora.model_copy(update={"seed": 1}), "tiny", Path("models/base/tiny"), first_shard(first).init
    )
    assert key(first, make_params()) != same


def test_versions_of_libraries_are_written_down_and_change_no_key(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_from = fingerprint(first_shard(project), make_params())
    assert made_from["versions"] == {name: version(name) for name in ("torch", "transformers", "peft")}
    decisive = {"shared": made_from["shared"], "own": made_from["own"]}
    assert result_key(made_from) == hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
    monkeypatch.setattr("housebrain.training.fingerprint.library_versions", lambda: {"torch": "99.0"})
    other = fingerprint(first_shard(project), make_params())
    assert other != made_from
    assert (training_key(other), result_key(other)) == (training_key(made_from), result_key(made_from))


def test_accumulated_rows_weigh_as_one_batch(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows of different lengths: one by one or all at once, the loss is the mean over their answers' tokens."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://")
    weights = []
    for batch_size, accumulation in ((1, 4), (4, 1)):
        project = make_project(f"{batch_size} x {accumulation}")
        monkeypatch.chdir(project)
        params = make_params(
            dropout=0.0, batch_size=batch_size, gradient_accumulation=accumulation, epochs=1, warmup_share=0.0
        )
        write_init(params.lora, "tiny", Path("models/base/tiny"), first_shard(project).init)
        train.train_shard(first_shard(project), params)
        weights.append(load_file(first_shard(project).out / WEIGHTS))
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=1e-3, atol=1e-4)


# Where a training is killed: a function, and its how-manieth call.
FAULTS = (
    ("housebrain.training.data:tokenize", 5),  # some samples are tokens
    ("housebrain.model.loss:cross_entropy", 2),  # in the first step
    ("torch:save", 2),  # in the first save, some files written
    ("housebrain.training.checkpoints:mark_complete", 1),  # in the first save, all files written
    ("housebrain.training.checkpoints:keep_newest", 1),  # after it
    ("housebrain.model.loss:cross_entropy", 7),  # a step or more after a checkpoint
    ("housebrain.training.train:json_validity", 1),  # after the last step
    ("housebrain.training.result:write_json", 1),  # some results written
    ("housebrain.training.result:write_json", 2),  # the adapter is there, the report isn't
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "faults", [pytest.param(FAULTS[5::3], id="twice"), pytest.param(FAULTS, id="everywhere", marks=pytest.mark.long)]
)
def test_killed_training_ends_with_the_same_bytes(
    faults: tuple[tuple[str, int], ...], make_project: MakeProject, mlflow_store: str
) -> None:
    """Killed while samples are read, before the first checkpoint, within a save, in training, and writing results."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["housebrain.training.train", "mlflow"])
    params = make_params(validity_samples=1)

    def attempt(project: Path, fault: Fault | None = None) -> int | None:
        process = context.Process(target=train_with_fault, args=(project, params, mlflow_store, fault))
        process.start()
        process.join()
        return process.exitcode

    whole, killed = make_project("whole"), make_project("killed")
    assert attempt(whole) == 0
    for function, call in faults:
        assert attempt(killed, Fault(function, call)) == -signal.SIGKILL, function
    assert not first_shard(killed).report.exists()
    last_attempt_ms = now_ms()
    assert attempt(killed) == 0

    # It went on from where it was: the last attempt found all steps done.
    record = RunRecord.model_validate_json((first_shard(killed).out / "run.json").read_text())
    assert all(point.timestamp_ms < last_attempt_ms for point in record.points if point.key == "loss")
    assert sha256_file(first_shard(killed).out / WEIGHTS) == sha256_file(first_shard(whole).out / WEIGHTS)
    for name in ("adapter_config.json", "fingerprint.json"):
        assert (first_shard(killed).out / name).read_bytes() == (first_shard(whole).out / name).read_bytes()
    assert curve(killed) == curve(whole)
    timings = {"seconds", "response_tokens_per_second"}
    summaries = [read_json(first_shard(project).report) for project in (whole, killed)]
    assert {k: v for k, v in summaries[0].items() if k not in timings} == {
        k: v for k, v in summaries[1].items() if k not in timings
    }


@pytest.mark.long
def test_checkpoints_of_another_training_are_not_gone_on_from(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "json_validity", interrupted)
        train.train_shard(first_shard(project), make_params(validity_samples=1))
    assert list(first_shard(project).checkpoints.iterdir())
    train.train_shard(first_shard(project), make_params(learning_rate=2e-2))
    printed = capsys.readouterr()
    assert "it belongs to other data, settings or code" in printed.err
    assert "going on from" not in printed.out


def make_stop(project: Path, patch: pytest.MonkeyPatch, after_step: int) -> None:
    """Asks for a stop by the file once step `after_step` is logged: it comes after the next one."""
    real = journal.write_json

    def write(path: Path, value: Any) -> None:
        real(path, value)
        if path.name == PROGRESS and value["step"] == after_step:
            (first_shard(project).checkpoints / STOP).write_text("the session ends soon")

    patch.setattr(journal, "write_json", write)


@pytest.mark.long
@pytest.mark.parametrize("dropout", [0.1, 0.0])  # by PEFT's layers, and by those that take their place
def test_stopped_training_saves_and_goes_on_to_the_same_weights(
    make_project: MakeProject,
    mlflow_store: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dropout: float,
) -> None:
    params = make_params(save_steps=100, dropout=dropout)
    whole, stopped = make_project("whole"), make_project("stopped")
    for project in (whole, stopped):
        write_init(params.lora, "tiny", project / "models/base/tiny", first_shard(project).init)
    monkeypatch.chdir(whole)
    train.train_shard(first_shard(whole), params)
    monkeypatch.chdir(stopped)
    with monkeypatch.context() as patch:
        make_stop(stopped, patch, after_step=1)
        with pytest.raises(IncompleteError, match=r"step 2/\d+ \(the session ends soon\).*same command again"):
            train.train_shard(first_shard(stopped), params)
    assert not first_shard(stopped).out.exists()
    train.train_shard(first_shard(stopped), params)
    assert "going on from step 2" in capsys.readouterr().out
    assert sha256_file(first_shard(stopped).out / WEIGHTS) == sha256_file(first_shard(whole).out / WEIGHTS)


def test_a_checkpoint_of_other_versions_is_gone_on_from_with_a_warning(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params(save_steps=100)
    with monkeypatch.context() as patch:
        make_stop(project, patch, after_step=1)
        patch.setattr(checkpoints, "library_versions", lambda: library_versions() | {"torch": "1.0"})
        with pytest.raises(IncompleteError):
            train.train_shard(first_shard(project), params)
    train.train_shard(first_shard(project), params)
    printed = capsys.readouterr()
    assert "going on from step 2" in printed.out
    said = f"checkpoint-2 is of other versions: torch 1.0 (the checkpoint) / {version('torch')} (here)"
    assert printed.err.count(said) == 1
    assert read_json(first_shard(project).out / "fingerprint.json")["versions"] == library_versions()


@pytest.mark.long
def test_what_changes_no_weight_may_be_changed_between_a_stop_and_going_on(
    make_project: MakeProject,
    mlflow_store: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = make_params(save_steps=100)
    whole, stopped = make_project("whole"), make_project("stopped")
    monkeypatch.chdir(whole)
    train.train_shard(first_shard(whole), params)
    monkeypatch.chdir(stopped)
    with monkeypatch.context() as patch:
        make_stop(stopped, patch, after_step=1)
        with pytest.raises(IncompleteError):
            train.train_shard(first_shard(stopped), params)
    other = make_params(validity_samples=1, save_steps=1, keep_checkpoints=1, log_steps=2, eval_steps=2)
    train.train_shard(first_shard(stopped), other)
    assert "going on from step 2" in capsys.readouterr().out
    assert sha256_file(first_shard(stopped).out / WEIGHTS) == sha256_file(first_shard(whole).out / WEIGHTS)
    assert [row["step"] for row in curve(stopped) if row["loss"]][:3] == ["1", "2", "4"]  # as now asked


def test_sigterm_stops_after_the_step(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = journal.write_json

    def terminated(path: Path, value: Any) -> None:
        real(path, value)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(journal, "write_json", terminated)
    with pytest.raises(IncompleteError, match=r"SIGTERM"):
        train.train_shard(first_shard(project), make_params())
    assert signal.getsignal(signal.SIGTERM) == before
    assert list(first_shard(project).checkpoints.glob("checkpoint-*"))


def test_checkpoints_carry_the_run_so_far(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_stop(project, monkeypatch, after_step=1)
    with pytest.raises(IncompleteError):
        train.train_shard(first_shard(project), make_params(save_steps=100))
    (checkpoint,) = first_shard(project).checkpoints.glob("checkpoint-*")
    record = RunRecord.model_validate_json((checkpoint / RECORD).read_text())
    assert (record.status, record.end_ms) == ("RUNNING", None)
    assert [point.step for point in record.points if point.key == "loss"] == [1, 2]
    progress = read_json(first_shard(project).checkpoints / PROGRESS)
    assert (progress["step"], len(progress["losses"])) == (2, 2)


def test_diverged_training_names_step_and_samples(project: Path, mlflow_store: str) -> None:
    with pytest.raises(UserError, match=r"step 2: the loss is nan on sample\(s\) GEN-\d+"):
        train.train_shard(first_shard(project), make_params(learning_rate=1e30, warmup_share=0.0))
    assert not first_shard(project).out.exists()
    (run,) = MlflowClient(mlflow_store).search_runs(["1"])
    assert run.info.status == "FAILED"


def test_gradient_that_is_not_finite_names_step_and_samples(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = loop.batch_losses

    def rootless(*arguments: Any) -> torch.Tensor:
        losses = real(*arguments)
        return losses + (0 * losses).sqrt()  # finite, with a gradient that isn't

    monkeypatch.setattr(loop, "batch_losses", rootless)
    with pytest.raises(UserError, match=r"step 1: the gradient is nan on sample\(s\) GEN-\d+"):
        train.train_shard(first_shard(project), make_params())


def test_too_long_samples_are_left_out_and_counted(project: Path) -> None:
    tokenizer = load_tokenizer("models/base/tiny")
    lengths = sorted(
        len(tokenize(tokenizer, sample, "tree").input_ids)
        for name in ("train", "validation")
        for sample in load_samples(f"data/shards/1/{name}.parquet")
    )
    summary = train.train_shard(first_shard(project), make_params(max_length=lengths[-3]))
    left_out = 15 - len([length for length in lengths if length <= lengths[-3]])
    assert summary["left_out"] + summary["validation_left_out"] == left_out > 0
    assert summary["samples"] == 12 - summary["left_out"]


def test_short_training_is_logged_though_no_log_step_is_reached(project: Path) -> None:
    summary = train.train_shard(first_shard(project), make_params(log_steps=1000, eval_steps=1000, save_steps=1000))
    assert summary["train_loss"] > 0
    assert [int(row["step"]) for row in curve(project)] == [summary["steps"]]


def test_a_step_has_as_many_samples_as_batch_and_accumulation_make(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = train.train_shard(first_shard(project), make_params(epochs=1))
    assert "shard 1: 12 samples, " in capsys.readouterr().out
    assert summary["steps"] == 6


@pytest.mark.long
def test_rounds_together_do_the_steps_of_one_training(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same samples in the same order at the same learning rates, each answer's token once an epoch."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://")
    real, read = steps_of_training.collate, []

    def collate(samples: list[Tokens], rows: list[list[int]]) -> Any:
        read.append((samples[0].id, rows))
        return real(samples, rows)

    monkeypatch.setattr(steps_of_training, "collate", collate)

    def trained(round_: int, rounds: int) -> tuple[dict[str, Any], list[Any], list[str]]:
        project = make_project(f"{round_} of {rounds}")
        monkeypatch.chdir(project)
        read.clear()
        params = make_params(epochs=4, gradient_accumulation=3).model_copy(update={"round": round_, "rounds": rounds})
        summary = train.train_shard(first_shard(project), params)
        assert [row["step"] for row in curve(project)] == [str(1 + step) for step in range(summary["total_steps"])]
        first = load_samples("data/shards/1/train.parquet")[0].id  # else it is a validation sample's
        return summary, [rows for id_, rows in read if id_ == first], [row["learning_rate"] for row in curve(project)]

    whole, *parts = trained(1, 1), *(trained(round_, 3) for round_ in (1, 2, 3))
    assert [summary["steps"] for summary, _, _ in parts] == [5, 5, 6]
    assert [rows for _, read_rows, _ in parts for rows in read_rows] == whole[1]
    assert [rate for _, _, rates in parts for rate in rates] == whole[2]
    assert sum(summary["response_tokens"] for summary, _, _ in parts) == whole[0]["response_tokens"]
    assert "round 3 of 3 does steps 11 to 16 of 16" in capsys.readouterr().out


def test_progress_says_step_rate_and_time_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = train.train_shard(first_shard(project), make_params())["total_steps"]
    lines = [line for line in capsys.readouterr().out.splitlines() if " loss " in line and "tok/s" in line]
    assert len(lines) == steps
    assert lines[0].startswith(f"shard 1  step 1/{steps}  loss ")
    assert "s left" in lines[0]


@pytest.mark.long
def test_earlier_result_survives_a_failure(project: Path) -> None:
    train.train_shard(first_shard(project), make_params())
    before = sha256_file(first_shard(project).out / WEIGHTS)
    with pytest.raises(UserError):
        train.train_shard(first_shard(project), make_params(learning_rate=1e30, warmup_share=0.0))
    assert sha256_file(first_shard(project).out / WEIGHTS) == before


def test_unreachable_mlflow_does_not_stop_training(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://")
    summary = train.train_shard(first_shard(project), make_params())
    assert "no live logging to MLflow" in capsys.readouterr().err
    record = RunRecord.model_validate_json((first_shard(project).out / "run.json").read_text())
    assert [p.step for p in record.points if p.key == "loss"] == list(range(1, summary["steps"] + 1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_half_precision_without_a_gpu_is_refused(project: Path) -> None:
    with pytest.raises(UserError, match="fp16 needs a GPU"):
        train.train_shard(first_shard(project), make_params(precision="fp16"))


@pytest.mark.long
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_bf16_trains_on_a_cpu_as_fp32_does(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        project = make_project(precision)
        monkeypatch.chdir(project)
        losses.append(train.train_shard(first_shard(project), make_params(precision=precision))["eval_loss"])
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.01)


def test_a_base_that_does_not_fit_the_gpu_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr("housebrain.training.train.load_base", full)
    with pytest.raises(UserError, match="shard 1: out of memory with the base alone"):
        train.train_shard(first_shard(project), make_params())


def test_changed_init_is_refused(project: Path) -> None:
    init = first_shard(project).init / "init.json"
    init.write_text(json.dumps(read_json(init) | {"sha256": "0" * 64}))
    with pytest.raises(UserError, match="damaged"):
        train.train_shard(first_shard(project), make_params())


def test_missing_shard_is_named(project: Path) -> None:
    (first_shard(project).data / "train.parquet").unlink()
    with pytest.raises(UserError, match=r"shards/1/train\.parquet"):
        train.train_shard(first_shard(project), make_params())

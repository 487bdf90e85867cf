"""Tests for housebrain.release.register: every adapter is a version once, with all that it is chosen by."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.files import read_json, sha256_file, write_json
from housebrain.logged_models import add_files
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Params
from housebrain.registry import versions
from housebrain.release.champion import choose, unmet
from housebrain.release.pyfunc import ABOUT
from housebrain.release.register import data_hash, dvc_files
from housebrain.tracking import RECORD_ID, Point, RunRecord, client, find_runs, import_record, log_run
from release.conftest import BRIEFS, EXPERIMENT, merge_round, of_rounds, register_round


def change_report(name: str, *keys: str, value: Any) -> None:
    """Sets one value in a report."""
    report = read_json(f"reports/{name}.json")
    inner = report
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    write_json(f"reports/{name}.json", report)


def test_every_adapter_is_a_version_linked_to_its_run(evaluated_round: Path, params: Params) -> None:
    registered = register_round(params)
    assert {version.number for version in versions("housebrain")} == {one.number for one in registered.values()}
    assert list(registered) == ["shard 1", "shard 2", MERGED]
    for name, folder in (("shard 2", "models/shards/2"), (MERGED, "models/merged")):
        version = registered[name]
        assert version.tags["sha256"] == sha256_file(Path(folder) / WEIGHTS)
        files = Path(version.source)
        assert files.is_relative_to(evaluated_round.parent / "mlruns") and (files / "MLmodel").is_file()
        about = read_json(files / ABOUT)
        assert (about["project"], about["folder"]) == (str(evaluated_round), folder)
        assert about["sha256"] == version.tags["sha256"]
    assert [registered["shard 1"].run_id] == find_runs(EXPERIMENT, {RECORD_ID: "run-1"})
    assert [registered[MERGED].run_id] == find_runs(EXPERIMENT, {"kind": "merge"})


def test_a_version_says_what_it_was_measured_at_and_made_from(evaluated_round: Path, params: Params) -> None:
    registered = register_round(params)
    shard, merged = registered["shard 1"].tags, registered[MERGED].tags
    assert (shard["metric.eval_loss"], merged["metric.eval_loss"], merged["base_eval_loss"]) == ("2", "1.25", "3")
    assert "metric.seconds_per_design" not in merged  # not measured
    assert merged["interval.eval_loss"] == "1 to 1.5"
    assert "interval.json_validity" not in merged
    assert merged["criterion.json_validity"] == "fail: 0.5, wanted >= 1"
    assert merged["criterion.merged_size_mb"].startswith("pass")
    assert shard["criterion.json_validity"] == "pass: 1, wanted >= 1"  # its own row, not the merged model's
    assert (merged["base"], merged["base_revision"], merged["round"]) == ("nobody/tiny", "0", "1")
    assert (shard["data_hash"], merged["data_hash"]) == ("data-1", data_hash(["data-1", "data-2"]))
    assert shard["git_commit"] == "abc"
    assert json.loads(merged["weights"]) == {"shard 1": 0.5, "shard 2": 0.5}
    runs = {name: registered[name].run_id for name in ("shard 1", "shard 2")}
    assert json.loads(merged["shard_runs"]) == runs
    assert json.loads(merged["inputs"])["shard 1"] == shard["sha256"]
    assert json.loads(merged["training"])["shard 2"]["epochs"] == 2


@pytest.mark.parametrize(
    ("number", "start", "message"),
    [
        (1, None, "round 1 of 8: .* from the base"),
        (4, "5" * 64, r"round 4 of 8: .* from what round 3 came to \(5{12}\)"),
    ],
)
def test_a_state_after_several_rounds_says_what_it_went_on_from(
    evaluated_round: Path, params: Params, number: int, start: str | None, message: str
) -> None:
    of_rounds(number, 8, start)
    registered = register_round(params)
    tags = registered[MERGED].tags
    assert (tags["round"], tags["rounds"], tags.get("start")) == (str(number), "8", start)
    assert (tags["outer_learning_rate"], tags["outer_momentum"]) == ("1", "0.5")
    assert registered["shard 1"].tags["rounds"] == "8"
    about = client().get_model_version("housebrain", registered[MERGED].number).description.splitlines()[0]
    assert re.search(f"Average of 2 shards of round {number}. .*{message}", about)


def test_a_merge_of_one_round_says_nothing_of_rounds(evaluated_round: Path, params: Params) -> None:
    assert {"rounds", "start", "outer_momentum"}.isdisjoint(register_round(params)[MERGED].tags)


def test_a_version_has_few_tags_and_says_what_it_is_and_how_good(evaluated_round: Path, params: Params) -> None:
    """The rest is with its logged model: metrics by the data that they were measured on, and pictures."""
    sha256 = sha256_file(Path("models/merged") / WEIGHTS)
    tags = {"kind": "evaluation", "model": MERGED, "weights": sha256, "data_hash": "e" * 64}
    run_id = log_run("evaluated", "evaluate merged", EXPERIMENT, {}, {"eval_loss": 1.25}, tags)
    change_report("evaluation", MERGED, "design_accuracy", value=0.5)
    change_report("evaluation", MERGED, "design_validity", value=0.25)
    assert BRIEFS == 2
    evaluate = params.evaluate.model_copy(update={"briefs": 9})  # what was measured counts, not what is set now
    register_round(params.model_copy(update={"evaluate": evaluate}))
    store = client()
    merged = next(one for one in store.search_model_versions("") if one.tags["model"] == MERGED)
    assert len(merged.tags) <= 10
    assert merged.tags["criteria"] == "1 of 2 met"
    first, second = merged.description.splitlines()
    assert first == "Average of 2 shards of round 1."
    assert second == "On 2 test briefs: test loss 1.250; free: requirements met 50%, valid 25%."
    model = store.get_logged_model(merged.tags["logged_model"])
    assert model.params["formula"]
    assert model.tags["criterion.json_validity"] == "fail: 0.5, wanted >= 1"
    measured = {one.key: (one.value, one.dataset_name, one.dataset_digest, one.run_id) for one in model.metrics}
    assert measured["eval_loss"] == (1.25, "test", "e" * 36, run_id)
    picture = Path("GEN-1.svg")
    picture.write_text("<svg/>")
    for _ in range(2):
        add_files("housebrain", merged.version, sha256, [picture])
    with pytest.raises(UserError, match=r"version 3: in .* that is another adapter\. Register this round's there"):
        add_files("housebrain", merged.version, "f" * 64, [Path("GEN-2.svg")])
    assert [file.path for file in store.list_logged_model_artifacts(merged.tags["logged_model"])] == [
        "GEN-1.svg",
        "MLmodel",
        "housebrain.json",
    ]
    with pytest.raises(UserError, match="pictures of version 99"):
        add_files("housebrain", "99", sha256, [picture])
    run = store.get_run(run_id)
    assert [one.model_id for one in run.inputs.model_inputs] == [merged.tags["logged_model"]]
    assert [(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs] == [("test", "e" * 36)]
    assert len(store.get_metric_history(run_id, "eval_loss")) == 1
    assert run.data.tags["mlflow.source.name"] == "stages/evaluate.py"
    assert all(len(one.tags) <= 10 for one in store.search_model_versions(""))


def test_a_version_is_linked_to_the_evaluation_that_it_tells_of(evaluated_round: Path, params: Params) -> None:
    """Not to a later one of the same adapter on other briefs, whose run keeps its own measures."""
    tags = {"kind": "evaluation", "model": MERGED, "weights": sha256_file(Path("models/merged") / WEIGHTS)}
    start = {"name": "evaluate merged", "tags": tags, "status": "FINISHED"}
    runs = [
        import_record(
            RunRecord(
                record_id=f"evaluated-{ms}",
                points=[Point(key="eval_loss", value=loss, step=0, timestamp_ms=ms)],
                start_ms=ms,
                end_ms=ms,
                **start,
            ),
            EXPERIMENT,
        )
        for ms, loss in ((1_000, 1.25), (2_000, 1.0))
    ]
    merged = register_round(params)[MERGED]
    inputs = [[one.model_id for one in client().get_run(run_id).inputs.model_inputs] for run_id in runs]
    assert inputs == [[merged.tags["logged_model"]], []]
    assert client().get_run(runs[1]).data.metrics == {"eval_loss": 1.0}


def test_registering_again_makes_no_second_version(evaluated_round: Path, params: Params) -> None:
    first = register_round(params)
    change_report("evaluation", MERGED, "peak_memory_gb", value=1.1)  # another measurement of the same model
    assert register_round(params) == first
    assert len(versions("housebrain")) == 3


@pytest.mark.parametrize(
    ("report", "keys", "value"),
    [
        ("evaluation", (MERGED, "eval_loss"), 1.0),
        ("criteria", ("json_validity", "verdict"), "pass"),
        ("criteria", ("json_validity", "bound"), ">= 0.9"),
    ],
)
def test_another_outcome_is_another_version(
    evaluated_round: Path, params: Params, report: str, keys: tuple[str, ...], value: Any
) -> None:
    first = register_round(params)
    change_report(report, *keys, value=value)
    again = register_round(params)
    assert again[MERGED].number != first[MERGED].number
    assert again["shard 1"] == first["shard 1"]


def test_another_merge_is_another_version_and_the_first_is_found_again(evaluated_round: Path, params: Params) -> None:
    first = register_round(params)[MERGED]
    merge_round("best")
    best = register_round(params)[MERGED]
    assert best.tags["strategy"] == "best"
    assert json.loads(best.tags["weights"]) == {"shard 1": 0.0, "shard 2": 1.0}
    assert best.tags["sha256"] != first.tags["sha256"]
    merge_round()
    assert register_round(params)[MERGED] == first


def test_a_logged_model_that_was_deleted_is_logged_again(evaluated_round: Path, params: Params) -> None:
    """Which criteria a version failed was written there: without it none may be taken as met."""
    first = register_round(params)[MERGED]
    client().delete_logged_model(first.tags["logged_model"])
    (left,) = (one for one in versions("housebrain") if one.number == first.number)
    assert unmet(first) == {"json_validity": "fail: 0.5, wanted >= 1"} and unmet(left) == {"criteria": "1 of 2 met"}
    with pytest.raises(UserError, match=r"its logged model was deleted in MLflow.*dvc repro -f -s register"):
        choose(MERGED, params)
    again = register_round(params)[MERGED]
    assert again.number == first.number and again.tags["logged_model"] != first.tags["logged_model"]
    assert {key: value for key, value in again.tags.items() if key != "logged_model"} == {
        key: value for key, value in first.tags.items() if key != "logged_model"
    }
    assert len(versions("housebrain")) == 3
    with pytest.raises(UserError, match="does not meet the criteria: json_validity"):
        choose(MERGED, params)


def test_a_run_that_the_store_lacks_is_no_obstacle(evaluated_round: Path, params: Params) -> None:
    for run_id in find_runs(EXPERIMENT, {}):
        client().delete_run(run_id)
    registered = register_round(params)
    assert [version.run_id for version in registered.values()] == [None, None, None]
    assert registered[MERGED].tags["shard_runs"] == "{}"


def test_a_model_that_was_not_evaluated_is_named(evaluated_round: Path, params: Params) -> None:
    write_json("reports/evaluation.json", {MERGED: {}, "shard 1": {}})
    with pytest.raises(UserError, match=r"evaluation\.json: it has no base, shard 2"):
        register_round(params)


def test_a_server_gets_no_link_into_this_machine(
    evaluated_round: Path, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("housebrain.release.register.store_uri", lambda: "http://127.0.0.1:9")
    assert register_round(params)[MERGED].source == "dvc:///models/merged"


def test_files_are_found_in_dvc(evaluated_round: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    assert dvc_files(Path("models/merged")) == {}
    Repo.init(no_scm=True).close()
    Path(".dvc/config").write_text(
        "[core]\n    no_scm = true\n    remote = far\n['remote \"far\"']\n    url = s3://bucket/house/\n"
    )
    md5 = "abcdef0123456789abcdef0123456789.dir"
    outs = [{"path": "models/merged", "hash": "md5", "md5": md5}]
    YAML().dump({"schema": "2.0", "stages": {"merge": {"cmd": "merge", "outs": outs}}}, Path("dvc.lock"))
    assert dvc_files(Path("models/merged")) == {
        "dvc.md5": md5,
        "dvc.cache": f"{evaluated_round}/.dvc/cache/files/md5/ab/{md5[2:]}",
        "dvc.remote": f"s3://bucket/house/files/md5/ab/{md5[2:]}",
    }
    assert dvc_files(Path("models/shards/1")) == {}

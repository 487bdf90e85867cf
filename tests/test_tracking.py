"""Tests for housebrain.tracking: filling the store twice changes nothing, and its troubles stop no training."""

import math
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from housebrain import tracking
from housebrain.errors import UserError
from housebrain.git import git_commit
from housebrain.registry import aliased, register_version, set_alias, versions
from housebrain.tracking import (
    RECORD_ID,
    LiveRun,
    Point,
    RunRecord,
    best_first,
    client,
    find_runs,
    import_record,
    log_files,
    log_run,
    read_metrics,
    store_uri,
)

EXPERIMENT = "housebrain"


def record(shard: int = 1, steps: int = 3) -> RunRecord:
    return RunRecord(
        record_id=f"record-{shard}",
        name=f"shard {shard}",
        params={"lora.r": "8"},
        tags={"shard": str(shard), "round": "1"},
        points=[
            Point(key=key, value=value / (step * shard), step=step, timestamp_ms=1_000 + step)
            for step in range(1, steps + 1)
            for key, value in (("loss", 6.0), ("eval_loss", 3.0))
        ],
        start_ms=1_000,
        end_ms=2_000,
        status="FINISHED",
    )


def runs(store: str) -> list[Any]:
    client = MlflowClient(store)
    return list(client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]))


def history(store: str, run_id: str, key: str) -> list[tuple[int, int, float]]:
    return [(m.step, m.timestamp, m.value) for m in MlflowClient(store).get_metric_history(run_id, key)]


def test_import_carries_everything(mlflow_store: str) -> None:
    run_id = import_record(record(), EXPERIMENT)
    (run,) = runs(mlflow_store)
    assert run.info.run_id == run_id
    assert (run.info.run_name, run.info.status) == ("shard 1", "FINISHED")
    assert (run.info.start_time, run.info.end_time) == (1_000, 2_000)
    assert run.data.params == {"lora.r": "8"}
    assert run.data.tags["round"] == "1"
    assert run.data.tags[RECORD_ID] == "record-1"
    assert history(mlflow_store, run_id, "loss") == [(1, 1_001, 6.0), (2, 1_002, 3.0), (3, 1_003, 2.0)]


def test_importing_twice_is_importing_once(mlflow_store: str) -> None:
    first = import_record(record(), EXPERIMENT)
    before = history(mlflow_store, first, "loss")
    assert import_record(record(), EXPERIMENT) == first
    assert history(mlflow_store, first, "loss") == before
    assert len(runs(mlflow_store)) == 1


def test_only_what_is_missing_is_added(mlflow_store: str) -> None:
    """A live run that was cut off gets the rest from its record."""
    run_id = import_record(record(steps=1), EXPERIMENT)
    import_record(record(steps=3), EXPERIMENT)
    assert [step for step, _, _ in history(mlflow_store, run_id, "loss")] == [1, 2, 3]


def test_long_histories_arrive_whole(mlflow_store: str) -> None:
    """More points than MLflow takes in one call."""
    run_id = import_record(record(steps=1_100), EXPERIMENT)
    assert len(history(mlflow_store, run_id, "loss")) == 1_100
    assert len(history(mlflow_store, run_id, "eval_loss")) == 1_100


def test_live_run_and_its_record_are_one_run(mlflow_store: str) -> None:
    whole = record()
    started = whole.model_copy(update={"points": [], "end_ms": None, "status": "RUNNING"})
    with LiveRun(started, EXPERIMENT) as live:
        assert runs(mlflow_store)[0].info.status == "RUNNING"
        live.log(whole.points[:2])
    with LiveRun(started, EXPERIMENT) as live:  # the same training, gone on after a kill
        live.log(whole.points[2:4])
    run_id = import_record(whole, EXPERIMENT)
    (run,) = runs(mlflow_store)
    assert (run.info.run_id, run.info.status) == (run_id, "FINISHED")
    assert [step for step, _, _ in history(mlflow_store, run_id, "loss")] == [1, 2, 3]


@pytest.mark.parametrize(("error", "status"), [(UserError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_run_that_breaks_off_says_so(mlflow_store: str, error: type[BaseException], status: str) -> None:
    started = record().model_copy(update={"end_ms": None, "status": "RUNNING"})
    with pytest.raises(error), LiveRun(started, EXPERIMENT):
        raise error
    assert runs(mlflow_store)[0].info.status == status


@pytest.mark.parametrize("broken", ["corrupt", "unreachable", "no folder"])
def test_broken_store_warns_once_and_stops_nothing(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("this is no database")
    uri = {
        "corrupt": f"sqlite:///{tmp_path}/file",
        "unreachable": "http://127.0.0.1:9",
        "no folder": f"sqlite:///{tmp_path}/file/mlflow.db",
    }[broken]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with LiveRun(record(), EXPERIMENT) as live:
        live.log(record().points)
        live.log(record().points)
    assert capsys.readouterr().err.count("warning: no live logging to MLflow") == 1
    with pytest.raises(UserError, match="Check MLFLOW_TRACKING_URI"):
        import_record(record(), EXPERIMENT)
    with pytest.raises(UserError, match="Check MLFLOW_TRACKING_URI"):
        read_metrics({1: "record-1"}, EXPERIMENT)


def test_store_that_breaks_under_way_stops_nothing(
    mlflow_store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LiveRun(record().model_copy(update={"points": []}), EXPERIMENT) as live:
        (tmp_path / "mlflow.db").write_text("this is no database any more")
        live.log(record().points[:2])
        live.log(record().points[2:])
    assert capsys.readouterr().err.count("warning: no live logging to MLflow") == 1


def test_latest_metrics_are_read_by_shard(mlflow_store: str) -> None:
    for shard in (1, 2):
        import_record(record(shard), EXPERIMENT)
    metrics = read_metrics({1: "record-1", 2: "record-2"}, EXPERIMENT)
    assert metrics == {1: {"loss": 2.0, "eval_loss": 1.0}, 2: {"loss": 1.0, "eval_loss": 0.5}}


def test_unfinished_shard_is_named(mlflow_store: str) -> None:
    import_record(record(1), EXPERIMENT)
    import_record(record(2).model_copy(update={"end_ms": None, "status": "RUNNING"}), EXPERIMENT)
    with pytest.raises(UserError, match="shard 2"):
        read_metrics({1: "record-1", 2: "record-2"}, EXPERIMENT)
    with pytest.raises(UserError, match="shard 3"):
        read_metrics({1: "record-1", 3: "record-3"}, EXPERIMENT)


def test_a_metric_that_is_not_finite_is_none(mlflow_store: str) -> None:
    """A person may log one by hand; no report could hold it."""
    run_id = import_record(record(), EXPERIMENT)
    MlflowClient(mlflow_store).log_metric(run_id, "accuracy", math.nan)
    assert read_metrics({1: "record-1"}, EXPERIMENT) == {1: {"loss": 2.0, "eval_loss": 1.0}}


def test_what_was_cut_off_is_logged_to_its_end_whatever_was_set_since(mlflow_store: str) -> None:
    """A setting that changes nothing of a merge is no part of its key; MLflow takes no second value."""
    cut_off = RunRecord(record_id="merge-1", name="merge", params={"budget_minutes": "30"}, start_ms=1_000)
    run_id = import_record(cut_off, EXPERIMENT)
    settings = {"budget_minutes": 20, "rank": "exact"}
    assert log_run("merge-1", "merge", EXPERIMENT, settings, {"dropped": 0.25}, {"kind": "merge"}) == run_id
    (run,) = runs(mlflow_store)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"dropped": 0.25})
    assert run.data.params == {"budget_minutes": "30", "rank": "exact"}


def test_same_key_is_logged_once(mlflow_store: str) -> None:
    first = log_run("merge-1", "merge", EXPERIMENT, {"strategy": "average"}, {"dropped": 0.25}, {"kind": "merge"})
    again = log_run("merge-1", "merge", EXPERIMENT, {"strategy": "average"}, {"dropped": 0.25}, {"kind": "merge"})
    other = log_run("merge-2", "merge", EXPERIMENT, {"strategy": "best"}, {"dropped": 0.5}, {"kind": "merge"})
    assert first == again != other
    assert {run.info.run_id: run.data.metrics for run in runs(mlflow_store)} == {
        first: {"dropped": 0.25},
        other: {"dropped": 0.5},
    }


def test_runs_are_found_by_all_their_tags(mlflow_store: str) -> None:
    one = log_run("a", "a", EXPERIMENT, {}, {}, {"kind": "merge", "round": "1"})
    two = log_run("b", "b", EXPERIMENT, {}, {}, {"kind": "merge", "round": "2"})
    assert find_runs(EXPERIMENT, {"kind": "merge", "round": "1"}) == [one]
    assert set(find_runs(EXPERIMENT, {"kind": "merge"})) == {one, two}
    assert find_runs(EXPERIMENT, {"kind": "other"}) == []


def test_the_table_of_runs_is_where_the_store_is(mlflow_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_run("a", "a", EXPERIMENT, {}, {}, {})
    table = best_first(EXPERIMENT).removeprefix("http://127.0.0.1:5000/")
    assert table.startswith("#/experiments/")
    local = client()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example:8443/team/")  # pragma: allowlist secret
    monkeypatch.setattr(tracking, "client", lambda: local)
    assert best_first(EXPERIMENT) == f"https://mlflow.example:8443/team/{table}"


def test_runs_are_found_by_what_they_came_to(mlflow_store: str) -> None:
    tags = {"kind": "evaluation"}
    one = log_run("a", "a", EXPERIMENT, {}, {"eval_loss": 1.25, "seconds": 3.0}, tags)
    log_run("b", "b", EXPERIMENT, {}, {"eval_loss": 1.5, "seconds": 3.0}, tags)
    assert find_runs(EXPERIMENT, tags, {"eval_loss": 1.25, "accuracy": 0.5}) == [one]


def test_files_are_artifacts_and_replace_those_before(
    mlflow_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the store's artifacts go
    run_id = log_run("a", "a", EXPERIMENT, {}, {}, {})
    file = tmp_path / "chart.png"
    for content in (b"first", b"second"):
        file.write_bytes(content)
        log_files(run_id, [file])
    assert [found.path for found in MlflowClient(mlflow_store).list_artifacts(run_id)] == ["chart.png"]
    assert (tmp_path / f"mlruns/1/{run_id}/artifacts/chart.png").read_bytes() == b"second"


@pytest.mark.parametrize("name", ["it's", 'say "x"', "100%_", "back\\slash", "ünï  a;b -- c"])
def test_any_name_is_found_again(mlflow_store: str, name: str) -> None:
    run_id = log_run(name, name, name, {}, {}, {"kind": name})
    assert log_run(name, name, name, {}, {}, {"kind": name}) == run_id
    assert find_runs(name, {"kind": name}) == [run_id]
    made = register_version(name, name, "file:///a", run_id, {}, "A house.")
    assert register_version(name, name, "file:///a", run_id, {}, "A house.") == made
    set_alias(name, "champion", made.number)
    assert versions(name) == [made] and aliased(name, "champion") == made


def test_a_name_that_no_filter_can_hold_is_refused(mlflow_store: str) -> None:
    with pytest.raises(UserError, match="both kinds of quotes") as error:
        versions('it\'s "x"')
    assert "MLFLOW_TRACKING_URI" not in str(error.value)


def test_a_deleted_experiment_says_how_to_bring_it_back(mlflow_store: str) -> None:
    import_record(record(), EXPERIMENT)
    store = MlflowClient(mlflow_store)
    number = store.get_experiment_by_name(EXPERIMENT).experiment_id
    store.delete_experiment(number)
    said = (
        f"'{EXPERIMENT}' is deleted in .*`MLFLOW_TRACKING_URI={mlflow_store} mlflow experiments restore .*-id {number}`"
    )
    for ask in (
        lambda: import_record(record(), EXPERIMENT),
        lambda: read_metrics({1: "record-1"}, EXPERIMENT),
        lambda: log_run("a", "a", EXPERIMENT, {}, {}, {}),
        lambda: find_runs(EXPERIMENT, {}),
    ):
        with pytest.raises(UserError, match=said) as error:
            ask()
        assert "Check MLFLOW_TRACKING_URI" not in str(error.value)
    store.restore_experiment(number)
    assert import_record(record(), EXPERIMENT)


def test_what_the_store_lacks_is_no_question_of_its_address(mlflow_store: str) -> None:
    register("a")
    with pytest.raises(UserError, match="model houses") as error:
        set_alias("houses", "champion", "9")
    assert "Check MLFLOW_TRACKING_URI" not in str(error.value)


def register(record_id: str) -> Any:
    return register_version("houses", record_id, f"file:///{record_id}", None, {"sha256": record_id}, "A house.")


def test_a_version_is_registered_once(mlflow_store: str) -> None:
    assert versions("houses") == []
    first, second = register("a"), register("b")
    assert register("a") == first
    assert versions("houses") == [second, first]
    assert (first.number, first.tags, first.source) == ("1", {"sha256": "a", RECORD_ID: "a"}, "file:///a")


def test_an_alias_stands_for_one_version(mlflow_store: str) -> None:
    assert aliased("houses", "champion") is None
    first, second = register("a"), register("b")
    assert aliased("houses", "champion") is None
    for chosen in (second, first):
        set_alias("houses", "champion", chosen.number)
        assert aliased("houses", "champion") == chosen
    with pytest.raises(UserError, match="model houses"):
        set_alias("houses", "champion", "9")


@pytest.mark.parametrize("place", [".dvc/tmp/exps/tmp1", ".dvc/tmp/exps/standalone/tmp1"])
def test_an_experiment_in_a_copy_is_told_to_the_projects_store(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    assert store_uri() == "sqlite:///mlflow.db"
    (tmp_path / place).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / place)
    assert store_uri() == f"sqlite:///{tmp_path}/mlflow.db"


def test_record_survives_its_file() -> None:
    assert RunRecord.model_validate_json(record().model_dump_json()) == record()


def test_commit_is_unknown_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() == "unknown"

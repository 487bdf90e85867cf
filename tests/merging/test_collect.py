"""The way from run records through MLflow to a merge's weights."""

import runpy
import shutil
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.merging.strategies import strategy
from housebrain.tracking import Point, RunRecord, client

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, mlflow_store: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with six run records and an empty MLflow."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    for shard in range(1, 7):
        points = [
            Point(key="eval_loss", value=value, step=step, timestamp_ms=1000 + step)
            for step, value in ((1, 9.0), (2, 1 + shard / 10))
        ]
        record = RunRecord(
            record_id=f"r-{shard}",
            name=f"shard {shard}",
            tags={"shard": str(shard)},
            points=[*points, Point(key="samples", value=100, step=2, timestamp_ms=1002)],
            start_ms=1000,
            end_ms=2000,
            status="FINISHED",
        )
        (tmp_path / f"models/shards/{shard}").mkdir(parents=True)
        (tmp_path / f"models/shards/{shard}/run.json").write_text(record.model_dump_json())
        curve = tmp_path / f"reports/shards/{shard}_loss.csv"
        curve.parent.mkdir(parents=True, exist_ok=True)
        curve.write_text(f"step,loss,eval_loss\n1,2.0,\n2,1.{shard},1.5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def collect() -> dict[str, dict[str, float]]:
    """Runs the stage; returns the metrics it wrote, by shard."""
    runpy.run_path(str(REPOSITORY / "stages/collect.py"))["main"]()
    return {shard: entry["metrics"] for shard, entry in read_json("models/collected.json").items()}


def test_collect_writes_what_mlflow_says_and_the_same_each_time(project: Path) -> None:
    metrics = collect()
    assert metrics["3"] == {"eval_loss": 1.3, "samples": 100.0}
    content = (project / "models/collected.json").read_bytes()
    collect()
    assert (project / "models/collected.json").read_bytes() == content


def test_a_metric_changed_in_mlflow_changes_the_weights(project: Path) -> None:
    how, best = strategy("weighted"), strategy("best")
    before = how.weights(collect())
    assert max(before, key=lambda shard: before[shard]) == "1" and best.weights(collect())["1"] == 1
    store = client()
    experiment = store.search_experiments(filter_string="name = 'housebrain'")[0].experiment_id
    five = store.search_runs([experiment], "tags.shard = '5'")[0]
    store.log_metric(five.info.run_id, "eval_loss", 0.5, step=3)
    after = how.weights(collect())
    assert max(after, key=lambda shard: after[shard]) == "5" and best.weights(collect())["5"] == 1


def test_missing_shards_are_named_and_the_last_file_stays(project: Path) -> None:
    collect()
    content = (project / "models/collected.json").read_bytes()
    shutil.rmtree(project / "models/shards/3")
    (project / "models/shards/6/run.json").unlink()
    with pytest.raises(UserError, match=r"no run record of shard 3, 6"):
        collect()
    assert (project / "models/collected.json").read_bytes() == content


def test_the_curves_are_gathered_with_their_shards_names(project: Path) -> None:
    collect()
    lines = (project / "reports/curves.csv").read_text().splitlines()
    assert lines[0] == "step,loss,eval_loss,shard" and len(lines) == 1 + 2 * 6
    assert lines[1:3] == ["1,2.0,,shard 1", "2,1.1,1.5,shard 1"] and lines[-1] == "2,1.6,1.5,shard 6"


def test_what_an_earlier_worker_left_is_named(project: Path) -> None:
    """With fewer workers than before DVC leaves the others' results, and they would be merged along."""
    shutil.copytree(project / "models/shards/6", project / "models/shards/7")
    with pytest.raises(UserError, match=r"models/shards: 7: params\.yaml has 6 workers.*`rm -r models/shards/7 "):
        collect()
    assert not (project / "models/collected.json").exists()


def test_a_damaged_record_is_named(project: Path) -> None:
    (project / "models/shards/2/run.json").write_text("{")
    with pytest.raises(UserError, match=r"models/shards/2/run.json: it is no run record"):
        collect()


def test_a_run_that_has_not_finished_is_refused(project: Path) -> None:
    path = project / "models/shards/4/run.json"
    path.write_text(path.read_text().replace("FINISHED", "FAILED"))
    with pytest.raises(UserError, match="shard 4"):
        collect()

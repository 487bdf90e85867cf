"""`dvc exp` on the project as DVC's users know it, on a model of a few thousand weights."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from housebrain.errors import UserError
from housebrain.params import load_params
from housebrain.registry import versions
from housebrain.release.champion import champion, choose
from project import SHARDS, copy_project, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

STAGES = [
    *("count_shards", "prepare", "split", "init_lora"),
    *(f"train_shard --shard {shard}" for shard in SHARDS),
    *("collect", "merge", "evaluate", "leave_one_out", "register", "report"),
]
# All in one process: torch is imported once instead of a dozen times.
IN_ONE = """
import runpy, sys
for stage in sys.argv[1:]:
    name, *words = stage.split()
    sys.argv = [name, *words]
    runpy.run_path(f"stages/{name}.py", run_name="__main__")
"""


@pytest.fixture
def project(tmp_path: Path, tiny_base: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project in which the pipeline has run, committed; it is the working directory."""
    folder = copy_project(tmp_path / "housebrain", tiny_base)
    shutil.copy(mlflow_database, folder / "mlflow.db")
    run(folder, sys.executable, "-c", IN_ONE, *STAGES)
    run(folder, "dvc", "commit", "--force")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "round 1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(folder)
    return folder


def experiments(folder: Path) -> dict[str, dict[str, Any]]:
    """By name, what `dvc exp show` has of each."""
    shown = json.loads(run(folder, "dvc", "exp", "show", "--json"))
    return {one["name"]: one["revs"][0]["data"] for commit in shown for one in commit["experiments"] or []}


def test_another_strategy_is_an_experiment_and_the_champion_outlives_it(project: Path) -> None:
    printed = run(project, "dvc", "exp", "run", "-n", "heavier", "-S", "merge.strategy=weighted")
    ran = [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran[0] == "merge"
    assert sorted(ran[1:]) == ["evaluate", "leave_one_out", "register", "report"]

    data = experiments(project)["heavier"]
    assert data["params"]["params.yaml"]["data"]["merge"]["strategy"] == "weighted"
    assert data["metrics"]["reports/evaluation.json"]["data"]["merged"]["eval_loss"] > 0

    params = load_params()
    merges = [one for one in versions("housebrain") if one.tags["model"] == "merged"]
    assert [one.tags["strategy"] for one in merges] == ["weighted", "average"]  # and no shard twice
    assert len(versions("housebrain")) == len(SHARDS) + 2
    assert all(one.run_id for one in merges)
    assert choose("merged", params, force=True) == merges[0]
    assert champion(params).folder == Path("models/merged")

    run(project, "git", "checkout", "-q", ".")  # back to the average, as if the experiment had not been
    run(project, "dvc", "checkout")
    with pytest.raises(UserError, match=r"git checkout (\w+) && dvc checkout") as refused:
        champion(params)
    commit = str(refused.value).split("git checkout ")[1].split()[0]
    run(project, "git", "checkout", "-q", commit)
    run(project, "dvc", "checkout")
    assert champion(params).version == merges[0]

"""As many shards as workers: the whole pipeline with 1, 2, 6 and 9 of them, and what DVC does where one changes.

Nothing but the length of the `workers` table in params.yaml says how many there are.
"""

import re
import shutil
from pathlib import Path

import pytest

from housebrain.files import read_json
from project import change_params, copy_folder, copy_project, platform_of, run, set_workers

AFTER_SHARDS = ["collect", "merge", "evaluate", "leave_one_out", "register", "report"]

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path) -> Path:
    """A copy of the project in which only what does not depend on the workers has run."""
    folder = copy_project(tmp_path_factory.mktemp("counts") / "housebrain", tiny_base)
    shutil.copy(mlflow_database, folder / "mlflow.db")
    run(folder, "dvc", "repro", "prepare", "init_lora")
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """The pipeline run to its end with three workers, each stage in an interpreter of its own."""
    folder = copy_folder(prepared, tmp_path_factory.mktemp("three") / "housebrain")
    set_workers(folder, 3)
    run(folder, "dvc", "repro", fresh=True)
    return folder


@pytest.fixture
def three(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return copy_folder(finished, tmp_path / "housebrain")


def ran(printed: str) -> list[str]:
    """The stages that `dvc repro` ran, in order."""
    return re.findall(r"^Running stage '(.*)'", printed, re.MULTILINE)


def trained(count: int) -> list[str]:
    return [f"train_shard@{shard}" for shard in range(1, count + 1)]


def check_finished(folder: Path, count: int) -> None:
    """All is there for so many shards, in files, tables and charts, and for none besides."""
    shards = [f"shard {shard}" for shard in range(1, count + 1)]
    assert read_json(folder / "data/shard_count.json") == {"shards": count}
    dealt = {name for name in read_json(folder / "reports/split.json")["files"] if name.startswith("shard")}
    assert dealt == {f"shard_{shard}" for shard in range(1, count + 1)}
    assert set(read_json(folder / "reports/evaluation.json")) == {"base", "merged", *shards}
    assert read_json(folder / "reports/criteria.json")["shards_finished"]["value"] == 1
    assert read_json(folder / "reports/criteria.json")["shards_finished"]["verdict"] == "pass"
    assert set(read_json(folder / "models/registered.json")) == {"merged", *shards}
    weights = {key: value for key, value in read_json(folder / "reports/merge.json").items() if "weight_" in key}
    assert len(weights) == count and sum(weights.values()) == pytest.approx(1)
    left_out = read_json(folder / "reports/leave_one_out.json")
    assert [row["without"] for row in left_out] == shards
    assert all((row["difference"] is None) == (count == 1) for row in left_out)

    page = (folder / "reports/index.html").read_text()
    legend = re.findall(r'<i style="background:(#\w{6})"></i>(shard \d+)', page)
    assert [name for _, name in legend] == shards
    assert len({colour for colour, _ in legend}) == count
    for colour, _ in legend:
        assert f'stroke="{colour}"' in page
    run(folder, "dvc", "plots", "show")
    plots = (folder / "dvc_plots/index.html").read_text()
    assert all(f'"shard": "{name}"' in plots for name in shards) and f'"shard {count + 1}"' not in plots
    assert "merged" in run(folder, "housebrain", "summary")


@pytest.mark.parametrize("count", [1, 2, 6, 9])
def test_the_pipeline_runs_to_its_end_with_any_number_of_workers(prepared: Path, tmp_path: Path, count: int) -> None:
    folder = copy_folder(prepared, tmp_path / "housebrain")
    set_workers(folder, count)
    printed = run(folder, "dvc", "repro")
    assert sorted(ran(printed)) == sorted(["count_shards", "split", *trained(count), *AFTER_SHARDS])
    check_finished(folder, count)
    assert "Data and pipelines are up to date" in run(folder, "dvc", "repro")


def test_one_more_trains_all_and_one_less_refuses_what_is_left_of_it(three: Path) -> None:
    set_workers(three, 4)
    printed = run(three, "dvc", "repro")
    assert sorted(ran(printed)) == sorted(["count_shards", "split", *trained(4), *AFTER_SHARDS])
    told = "count_shards: 4 workers where there were 3: the data is dealt again, and all 4 shards are trained again"
    assert printed.index(told) < printed.index("Running stage 'split'") < printed.index("Running stage 'train_shard")
    check_finished(three, 4)

    set_workers(three, 3)
    refused = run(three, "dvc", "repro", ok=False)
    assert [stage for stage in ran(refused) if "shard" in stage] == []  # DVC remembers the three
    assert "error: models/shards: 4: params.yaml has 3 workers, and this is none of theirs" in refused
    remove = re.search(r"`rm -r ([^`]*)`", refused)
    assert remove is not None
    assert "models/shards/4" in remove[1]
    run(three, "rm", "-r", *remove[1].split())
    assert not [stage for stage in ran(run(three, "dvc", "repro")) if stage.startswith(("train_shard", "split"))]
    check_finished(three, 3)
    assert "Data and pipelines are up to date" in run(three, "dvc", "repro")


@pytest.mark.parametrize(
    "changed", [{"name": "another", "platform": "local"}, {"name": "worker-2", "platform": "elsewhere"}]
)
def test_another_name_or_platform_trains_that_shard_only(three: Path, changed: dict[str, str]) -> None:
    change_params(three, platforms__elsewhere=platform_of(three), workers__2=changed)
    printed = run(three, "dvc", "repro", HOUSEBRAIN_SHARD="2")  # it is that worker, too
    assert [stage for stage in ran(printed) if stage not in AFTER_SHARDS] == ["count_shards", "train_shard@2"]
    assert "dealt again" not in printed
    check_finished(three, 3)


def test_a_changed_drawing_runs_the_report_only(three: Path) -> None:
    drawing = three / "src/housebrain/drawing/svg.py"
    drawing.write_text(drawing.read_text() + "\n# drawn otherwise\n")
    assert ran(run(three, "dvc", "repro")) == ["report"]

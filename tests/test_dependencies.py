"""What DVC runs again after a change is what the change can alter: dvc.yaml against what the stages import."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from conftest import REPOSITORY
from housebrain.evaluation import evaluate
from housebrain.params import Prepare
from housebrain.provenance import code_files
from housebrain.training import fingerprint
from imports import closure, files_of

STAGES: dict[str, Any] = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]
# These carry results about and say what happens; a change of them changes no result.
CARRIERS = {
    *("environment.py", "errors.py", "figures.py", "files.py", "git.py", "mlflow_file.py", "nested.py", "params.py"),
    *(
        "logged_models.py",
        "provenance.py",
        "redact.py",
        "registry.py",
        "run_inputs.py",
        "shard.py",
        "tables.py",
        "tracking.py",
    ),
    "rules/tables/__init__.py",
}
# What a stage imports besides, and why its result doesn't depend on it.
BESIDES = {
    "train_shard": {"supervision/changes.py", "supervision/lockfile.py"},  # say why a shard is refused
    # Where the work is done; what is done there is by the same code as here.
    "prepare": {"cluster/connect.py", "cluster/journal.py", "cluster/prepare.py"},
    "merge": {"cluster/actors.py", "cluster/connect.py", "cluster/losses.py", "cluster/scratch.py"},
    "evaluate": {"cluster/actors.py", "cluster/answers.py", "cluster/connect.py", "cluster/scratch.py"},
    "leave_one_out": {"cluster/actors.py", "cluster/answers.py", "cluster/connect.py", "cluster/scratch.py"},
}


def dependencies(stage: str) -> list[str]:
    """A stage's dependencies on the project's own code."""
    content = STAGES[stage].get("do", STAGES[stage])
    return [name for name in content["deps"] if name.startswith("src/")]


def hashed(names: list[str]) -> set[str]:
    """What the hash of some code is made of, relative to the repository."""
    return {path.relative_to(REPOSITORY).as_posix() for path in code_files(names)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_imports_and_on_no_other(stage: str) -> None:
    needed = closure(REPOSITORY / f"stages/{stage}.py")
    named = files_of(dependencies(stage))
    carried = {f"src/housebrain/{name}" for name in CARRIERS | BESIDES.get(stage, set())}
    assert needed - named - carried == set(), "imported, and not among the stage's deps in dvc.yaml"
    assert named - needed == set(), "among the stage's deps in dvc.yaml, and not imported"


def test_no_stage_runs_again_because_of_where_it_is_run() -> None:
    named = {name for content in STAGES.values() for name in content.get("do", content).get("params", [])}
    assert {"prepare.seed", "evaluate.briefs"} <= named
    how = {"prepare.engine", "prepare.processes", "evaluate.engine", "cluster", "supervision"}
    assert not {name for name in named if any(f"{one}.".startswith(f"{name}.") for one in how)}


def test_every_script_is_a_stage_and_depends_on_itself() -> None:
    assert sorted(path.stem for path in (REPOSITORY / "stages").glob("*.py")) == sorted(STAGES)
    for stage, content in STAGES.items():
        assert f"stages/{stage}.py" in content.get("do", content)["deps"]


def test_a_training_is_known_by_the_code_that_its_stage_depends_on() -> None:
    named = [f"src/housebrain/{name}" for name in fingerprint.CODE]
    assert files_of(named) == files_of(dependencies("train_shard"))
    assert files_of(named) == {name for name in hashed(fingerprint.CODE) if (REPOSITORY / name).stat().st_size}


def test_an_answer_is_kept_as_long_as_the_code_behind_it_is_the_same() -> None:
    behind = [f"model/{name}.py" for name in ("folded", "generation", "loading", "loss", "prepacked", "stacked")]
    behind += ["language/prompt.py", "language/tokens.py"]
    needed = {f"src/housebrain/{name}" for name in behind}
    needed |= {file for name in behind for file in closure(REPOSITORY / "src/housebrain" / name)}
    carried = {f"src/housebrain/{name}" for name in CARRIERS}
    assert hashed(evaluate.CODE) == needed - carried


def test_a_guided_answer_is_kept_as_long_as_the_code_behind_it_is_the_same() -> None:
    needed = closure(REPOSITORY / "src/housebrain/answering/guided.py")
    named = hashed([*evaluate.CODE, *evaluate.GUIDED_CODE])
    assert needed - {f"src/housebrain/{name}" for name in CARRIERS} <= named
    assert "src/housebrain/solver/library.json.gz" in named


def test_whatever_changes_a_sample_prepares_again() -> None:
    named = {name for name in STAGES["prepare"]["params"] if name.startswith("prepare.")}
    assert named == {f"prepare.{name}" for name in set(Prepare.model_fields) - {"engine", "processes"}}


def test_no_stage_before_the_report_depends_on_a_drawing() -> None:
    drawn = [stage for stage in STAGES if any("drawing" in name for name in dependencies(stage))]
    assert drawn == ["report"]


def test_training_depends_on_no_solver_rule_or_drawing() -> None:
    parts = {name.split("/")[2] for name in closure(REPOSITORY / "src/housebrain/training/train.py")}
    assert not parts & {"solver", "rules", "drawing", "dataset", "evaluation"}

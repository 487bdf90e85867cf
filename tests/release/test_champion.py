"""Tests for housebrain.release.champion: only what meets the criteria is chosen, and only its own bytes are used."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Params
from housebrain.registry import register_version
from housebrain.release import champion as module
from housebrain.release.champion import as_table, champion, choose
from housebrain.tracking import client
from project import run
from release.conftest import merge_round, register_round


def test_nothing_is_champion_until_chosen(evaluated_round: Path, params: Params) -> None:
    with pytest.raises(UserError, match="no version of housebrain has the alias `champion`"):
        champion(params)
    register_round(params)
    with pytest.raises(UserError, match="no version of housebrain has the alias `champion`"):
        champion(params)


def test_a_version_is_chosen_by_name_or_by_number(evaluated_round: Path, params: Params) -> None:
    registered = register_round(params)
    assert choose("shard 2", params) == registered["shard 2"]
    assert champion(params).folder == Path("models/shards/2")
    choose(registered["shard 1"].number, params)
    assert champion(params) == (Path("models/shards/1"), registered["shard 1"])


def test_what_fails_the_criteria_is_refused_unless_forced(evaluated_round: Path, params: Params) -> None:
    registered = register_round(params)
    with pytest.raises(UserError, match=r"criteria: json_validity \(fail: 0.5, wanted >= 1\)\."):
        choose(MERGED, params)
    with pytest.raises(UserError, match="alias"):
        champion(params)
    choose(MERGED, params, force=True)
    assert champion(params).version.number == registered[MERGED].number


def test_what_was_not_measured_is_not_met(evaluated_round: Path, params: Params) -> None:
    criterion = params.evaluate.criteria["json_validity"]
    settings = params.evaluate.model_copy(update={"criteria": {"seconds_per_design": criterion}})
    unmeasured = params.model_copy(update={"evaluate": settings})
    register_round(unmeasured)
    with pytest.raises(UserError, match=r"seconds_per_design \(not measured, wanted >= 1\)"):
        choose("shard 1", unmeasured)


def test_an_alias_set_by_hand_counts(evaluated_round: Path, params: Params) -> None:
    registered = register_round(params)
    client().set_registered_model_alias("housebrain", "champion", registered[MERGED].number)
    assert champion(params).folder == Path("models/merged")


@pytest.mark.parametrize(("which", "message"), [("9", "has no version 9"), ("shard 7", "no model 'shard 7'.*shard 1")])
def test_an_unknown_version_is_named(evaluated_round: Path, params: Params, which: str, message: str) -> None:
    register_round(params)
    with pytest.raises(UserError, match=message):
        choose(which, params)


def test_names_of_another_machines_store_are_not_taken_for_this_ones(
    evaluated_round: Path, params: Params, tmp_path: Path, mlflow_database: Path
) -> None:
    """models/registered.json comes from the run-cache; version 1 here is something else."""
    register_round(params)
    shutil.copy(mlflow_database, tmp_path / "mlflow.db")
    register_version("housebrain", "other", "file:///other", None, {"sha256": "other"}, "")
    with pytest.raises(UserError, match=r"has no version 1 for shard 1.*dvc repro -f -s register"):
        choose("shard 1", params)


def test_a_version_from_elsewhere_is_refused(evaluated_round: Path, params: Params) -> None:
    register_round(params)
    foreign = register_version("housebrain", "other", "file:///other", None, {}, "")
    client().set_registered_model_alias("housebrain", "champion", foreign.number)
    for asked in (lambda: champion(params), lambda: choose(foreign.number, params)):
        with pytest.raises(UserError, match=f"version {foreign.number} was not registered by this project"):
            asked()


def test_an_overwritten_folder_is_noticed(evaluated_round: Path, params: Params) -> None:
    register_round(params)
    choose(MERGED, params, force=True)
    merge_round("best")
    with pytest.raises(UserError, match=r"does not hold the champion, version 3.*but another adapter.*No commit has"):
        champion(params)
    (evaluated_round / "models/merged" / WEIGHTS).unlink()
    with pytest.raises(UserError, match="does not hold the champion"):
        champion(params)


@pytest.mark.long
def test_the_commit_that_has_it_is_found(evaluated_round: Path) -> None:
    """Not the one before, not the one that replaced it."""
    run(evaluated_round, "git", "init", "-q")
    for number, md5 in enumerate(("first", "wanted", "last")):
        Path("dvc.lock").write_text(md5)
        run(evaluated_round, "git", "add", "dvc.lock")
        run(evaluated_round, "git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", str(number))
    wanted = run(evaluated_round, "git", "rev-parse", "--short", "HEAD~1").strip()
    assert module._commit_with("wanted") == wanted
    assert module._commit_with("never") is None


def test_the_table_marks_the_champion(evaluated_round: Path, params: Params) -> None:
    register_round(params)
    choose("shard 2", params)
    console = Console(width=160)
    with console.capture() as captured:
        console.print(as_table(params))
    rows = [line for line in captured.get().splitlines() if "shard" in line or "merged" in line]
    assert len(rows) == 3
    assert ["champion" in row for row in rows] == ["shard 2" in row for row in rows]
    assert ["json_validity" in row for row in rows] == ["merged" in row for row in rows]  # not met by it alone

"""The gate for releases."""

from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.names import MERGED
from housebrain.files import sha256_file, write_json
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Criterion, Params, load_params
from housebrain.report.summary import check


def params_with(**criteria: Criterion) -> Params:
    params = load_params(REPOSITORY / "params.yaml")
    return params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"criteria": criteria})})


def measured(folder: Path, **values: Any) -> None:
    """Leaves a merged adapter and its evaluation's reports behind, made under a bound that everything passes."""
    bounds = {name: Criterion(about=name, min=0) for name in values}
    write_json(folder / "criteria.json", check_criteria(bounds, values))
    weights = folder / MERGED / WEIGHTS
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    write_json(folder / "evaluation/measured.json", {MERGED: sha256_file(weights)})


def test_all_that_holds_is_shown_and_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured(tmp_path, accuracy=0.95)
    check(params_with(accuracy=Criterion(about="accuracy", min=0.9)), tmp_path, tmp_path / MERGED)
    assert "accuracy" in capsys.readouterr().out


def test_a_bound_that_was_raised_since_the_evaluation_counts(tmp_path: Path) -> None:
    measured(tmp_path, accuracy=0.95, seconds=3.0)
    bounds = {"accuracy": Criterion(about="accuracy", min=0.99), "seconds": Criterion(about="seconds", max=5)}
    with pytest.raises(UserError, match=r"1 of 2 criteria do not hold: accuracy \(fail\)"):
        check(params_with(**bounds), tmp_path, tmp_path / MERGED)


def test_what_was_not_measured_does_not_hold(tmp_path: Path) -> None:
    measured(tmp_path, accuracy=0.95)
    with pytest.raises(UserError, match=r"seconds \(not measured\)"):
        check(params_with(seconds=Criterion(about="seconds", max=5)), tmp_path, tmp_path / MERGED)


def test_without_an_evaluation_there_is_nothing_to_hold(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"criteria\.json: no such file"):
        check(params_with(seconds=Criterion(about="seconds", max=5)), tmp_path, tmp_path / MERGED)


def test_a_model_that_was_not_measured_does_not_pass_on_anothers_numbers(tmp_path: Path) -> None:
    measured(tmp_path, accuracy=0.95)
    params = params_with(accuracy=Criterion(about="accuracy", min=0.9))
    (tmp_path / MERGED / WEIGHTS).write_bytes(b"merged again")
    with pytest.raises(UserError, match=r"safetensors: it is not the adapter that was measured .* `dvc repro`"):
        check(params, tmp_path, tmp_path / MERGED)
    (tmp_path / MERGED / WEIGHTS).unlink()
    with pytest.raises(UserError, match=r"safetensors: no such file"):
        check(params, tmp_path, tmp_path / MERGED)


def test_without_criteria_nothing_passes(tmp_path: Path) -> None:
    measured(tmp_path, accuracy=0.95)
    with pytest.raises(UserError, match=r"evaluate\.criteria is empty"):
        check(params_with(), tmp_path, tmp_path / MERGED)

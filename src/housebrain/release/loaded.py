"""A registered version as MLflow loads it: `mlflow.pyfunc` and `mlflow models serve` answer briefs with it."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from housebrain.answering.asked import read_asked
from housebrain.answering.designer import Designer
from housebrain.answering.model_engine import ModelEngine
from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file
from housebrain.house.brief import Rejected
from housebrain.release.answering import by_onnx
from housebrain.release.served import written_for


class HouseModel:
    """What MLflow loads."""

    def __init__(self, about: dict[str, Any]) -> None:
        with contextlib.chdir(about["project"]):  # where its base and its adapter are
            self._engine = ModelEngine(_designer(about), {"model": about["about"], "base": about["base"]})

    def predict(self, model_input: Any) -> list[dict[str, Any]]:
        """A house for each brief.

        Args:
            model_input: briefs: words, JSON texts of briefs or records, or the same as dicts; a list of them, one
                alone, or a table whose first column has them.

        Returns:
            For each `design`, `source` (`model` or `solver`), `score` and `model`; or `error` where no house can be
            built for it.
        """
        answers: list[dict[str, Any]] = []
        for one in _briefs(model_input):
            try:
                asked = read_asked(one if isinstance(one, str) else json.dumps(one), {})
                (house,) = self._engine.houses(asked.brief, 1, 0, 0.0, lambda: None)
            except (UserError, Rejected) as error:
                answers.append({"error": str(error)})
                continue
            design = house.design.model_dump(mode="json")
            answers.append(
                {"design": design, "source": house.source, "score": house.score.total, "model": self._engine.about}
            )
        return answers


def _load_pyfunc(path: str) -> HouseModel:
    """MLflow calls it with the path of what `write_pyfunc` wrote.

    Raises:
        UserError: the project is gone, or its folder doesn't hold the adapter any more.
    """
    about = read_json(path)
    # As shipped that is inside the project, which may have been moved since.
    around = (folder for folder in Path(path).resolve().parents if (folder / "params.yaml").is_file())
    project = next(around, Path(about["project"]))
    if not project.is_dir():
        raise UserError(
            f"{project}: the project of {about['about']} is not there any more. `dvc repro -f -s register` where it is "
            "now registers it again."
        )
    return HouseModel(about | {"project": str(project)})


def _briefs(given: Any) -> Iterable[Any]:
    """The briefs of whatever MLflow hands on."""
    if hasattr(given, "iloc"):  # a table
        return list(given.iloc[:, 0])
    if isinstance(given, str | dict):
        return [given]
    return list(given)


def _designer(about: dict[str, Any]) -> Designer:
    folder, sha256 = Path(about["folder"]), about["sha256"]
    if (served := written_for(sha256)) is not None:
        return by_onnx(served, about["about"], about["base"]).designer
    from housebrain.answering.torch_writer import TorchWriter
    from housebrain.model.adapter import WEIGHTS
    from housebrain.model.base import ensure_base
    from housebrain.params import load_params
    from housebrain.release.export import with_base

    path = folder / WEIGHTS
    if not path.is_file() or sha256_file(path) != sha256:
        raise UserError(
            f"{Path.cwd() / folder}: it does not hold the adapter of {about['about']} (sha256 {sha256[:12]}). "
            "Check out the commit that has it, `dvc checkout`, and load it again."
        )
    params = with_base(about["base"], about["base_revision"], load_params(), about["about"])
    return Designer(TorchWriter(ensure_base(params), folder))

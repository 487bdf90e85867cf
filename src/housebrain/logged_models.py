"""Adapters as MLflow's logged models: what each was made from, and its metrics on the data that it was measured on."""

from pathlib import Path
from typing import Any, NamedTuple

from housebrain.errors import UserError
from housebrain.redact import redacted
from housebrain.registry import MODEL_ID
from housebrain.run_inputs import dataset_of
from housebrain.tracking import client, experiment_id, store_errors, store_uri

KIND = "lora adapter"


class Model(NamedTuple):
    """An adapter that is to be logged.

    Attributes:
        name: for people; what MLflow allows in no name is replaced.
        run_id: the run that made it, where the store has it.
        measured_by: the run that measured it, where the store has it; its tags name the data.
        params: what it was made with.
        tags: what else is known of it; of any length.
        metrics: as measured.
    """

    name: str
    run_id: str | None
    measured_by: str | None
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]


def log_model(model: Model, experiment: str) -> str:
    """Logs an adapter. Its metrics stand with the run that measured it, too, and the run shows it as its model.

    Returns:
        The logged model's id.

    Raises:
        UserError: the store can't be written.
    """
    from mlflow.entities import LoggedModelInput, Metric

    with store_errors(f"model {model.name}"):
        store = client()
        logged = store.create_logged_model(
            experiment_id(store, experiment),
            name="".join("-" if character in "/:.%\"'" else character for character in model.name),
            source_run_id=model.run_id,
            tags={key: redacted(value) for key, value in model.tags.items()},
            params={key: redacted(value) for key, value in model.params.items()},
            model_type=KIND,
        )
        model_id: str = logged.model_id
        if model.measured_by is not None:
            run = store.get_run(model.measured_by)
            data = dataset_of(run.data.tags)
            on: dict[str, Any] = {}
            if data is not None:
                on = {"dataset_name": data.dataset.name, "dataset_digest": data.dataset.digest}
            store.log_inputs(model.measured_by, models=[LoggedModelInput(model_id)])
            # At the time that the run has for them: the same metric again is no second point of its curve.
            time_ms = run.info.start_time
            metrics = [Metric(key, value, time_ms, 0, model_id=model_id, **on) for key, value in model.metrics.items()]
            store.log_batch(model.measured_by, metrics=metrics)
        store.finalize_logged_model(model_id, "READY")
    return model_id


def add_folder(model_id: str, folder: Path) -> str:
    """Puts what is in a folder among a logged model's artifacts. Returns where these are.

    Raises:
        UserError: the store can't be written.
    """
    with store_errors(f"model {model_id}"):
        store = client()
        store.log_model_artifacts(model_id, str(folder))
        return str(store.get_logged_model(model_id).artifact_location)


def add_files(registered: str, number: str, sha256: str, files: list[Path]) -> None:
    """Puts pictures and the like among the artifacts of a version's logged model, over those of the same names.

    Args:
        registered: the registered model's name.
        number: the version's.
        sha256: of its adapter's weights, as its tag has it.
        files: to add.

    Raises:
        UserError: there is no such version, or it is another adapter's, as it may be in another store; or the store
            can't be written.
    """
    with store_errors(f"pictures of version {number}"):
        store = client()
        version = store.get_model_version(registered, number)
        if version.tags.get("sha256") != sha256:
            raise UserError(
                f"pictures of version {number}: in {store_uri()} that is another adapter. Register this round's there: "
                "`dvc repro -f -s register`."
            )
        model_id = version.tags.get(MODEL_ID)
        for file in files if model_id else []:
            store.log_model_artifact(model_id, str(file))

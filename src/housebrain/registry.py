"""MLflow's registry of models: versions, each known by a record id and registered once, and the aliases that choose."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from housebrain import mlflow_file
from housebrain.redact import redacted
from housebrain.tracking import RECORD_ID, client, quoted, store_errors, store_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL_ID = "logged_model"  # the tag of a version with its logged model's id


class Version(NamedTuple):
    """A version of the registered model.

    Attributes:
        number: counted by MLflow from 1.
        tags: what was written down of it and of its logged model, and whatever a person added.
        source: where its files were.
        run_id: the run that made it, where the store has it.
    """

    number: str
    tags: dict[str, str]
    source: str
    run_id: str | None


def _version(store: "MlflowClient", found: Any) -> Version:
    from mlflow.exceptions import MlflowException

    of_model: dict[str, str] = {}
    if MODEL_ID in found.tags:
        try:
            logged = store.get_logged_model(found.tags[MODEL_ID])
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # a person has deleted it
                raise
        else:
            own = {key: tag for key, tag in logged.tags.items() if not key.startswith("mlflow.")}
            of_model = {**logged.params, **own}
    return Version(str(found.version), of_model | dict(found.tags), found.source, found.run_id or None)


def find_version(model: str, record_id: str) -> Version | None:
    """The version of the registered model `model` that has this record id; None where there is none.

    Raises:
        UserError: the store can't be read.
    """
    with store_errors(f"model {model}"):
        store = client()
        condition = f"name = {quoted(model)} and tags.`{RECORD_ID}` = {quoted(record_id)}"
        known = store.search_model_versions(condition, max_results=1)
        return _version(store, known[0]) if known else None


def register_version(
    model: str,
    record_id: str,
    source: str,
    run_id: str | None,
    tags: dict[str, str],
    description: str,
    model_id: str | None = None,
) -> Version:
    """Makes a version of the registered model `model`, unless it has one with this record id.

    Args:
        model: its name.
        record_id: by which the version is known.
        source: the link to its files.
        run_id: the run that made it, where the store has it.
        tags: what people choose by.
        description: what it is.
        model_id: its logged model, which holds the rest.

    Raises:
        UserError: the store can't be written.
    """
    from mlflow.exceptions import MlflowException

    with store_errors(f"model {model}"):
        store = client()
        if (known := find_version(model, record_id)) is not None:
            return known
        if not store.search_registered_models(f"name = {quoted(model)}"):
            try:
                store.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was faster
                    raise
        tags = {**{key: redacted(value) for key, value in tags.items()}, RECORD_ID: record_id}
        # MLflow's own argument for the logged model is kept by no SQL store, and looked for in the default one.
        tags |= {MODEL_ID: model_id} if model_id else {}
        made = store.create_model_version(model, source, run_id, tags, description=description)
        if model_id:
            _say_whose(store, model_id, model, made.version)
        return _version(store, made)


def attach_model(model: str, number: str, model_id: str) -> Version:
    """Gives a version another logged model, in place of one that was deleted. Returns the version.

    Raises:
        UserError: there is no such version, or the store can't be written.
    """
    with store_errors(f"model {model}"):
        store = client()
        store.set_model_version_tag(model, number, MODEL_ID, model_id)
        _say_whose(store, model_id, model, number)
        return _version(store, store.get_model_version(model, number))


def _say_whose(store: "MlflowClient", model_id: str, model: str, number: str) -> None:
    """Has MLflow's UI show a version with its logged model."""
    versions_of_it = json.dumps([{"name": model, "version": number}])
    store.set_logged_model_tags(model_id, {"mlflow.modelVersions": versions_of_it})


def versions(model: str) -> list[Version]:
    """All versions of `model`, newest first; none where it isn't registered.

    Raises:
        UserError: the store can't be read.
    """
    found: list[Version] = []
    token: str | None = None
    with store_errors(f"model {model}"):
        store = client()
        while token != "":
            page = store.search_model_versions(f"name = {quoted(model)}", page_token=token)
            found += [_version(store, one) for one in page]
            token = page.token or ""
    return sorted(found, key=lambda version: -int(version.number))


def aliased(model: str, alias: str) -> Version | None:
    """The version of `model` that `alias` stands for; None where nobody has set it, or nothing was logged yet.

    Raises:
        UserError: the store can't be read.
    """
    if (file := mlflow_file.database(store_uri())) and not file.exists():
        return None  # making a store takes ten seconds
    with store_errors(f"model {model}"):
        store = client()
        registered = store.search_registered_models(f"name = {quoted(model)}")
        number = registered[0].aliases.get(alias) if registered else None
        return None if number is None else _version(store, store.get_model_version(model, str(number)))


def set_alias(model: str, alias: str, number: str) -> None:
    """Lets `alias` stand for version `number` of `model`, and for no other.

    Raises:
        UserError: there is no such version, or the store can't be written.
    """
    with store_errors(f"model {model}"):
        client().set_registered_model_alias(model, alias, number)

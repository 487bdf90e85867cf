"""The one place that talks to MLflow.

Every run is first of all a `RunRecord`, a small JSON file that travels with the adapter; the MLflow store is filled
from records, and filling it twice changes nothing. A run that is logged live and imported later is one run, known by
the tag `housebrain.record_id`.

The store is MLFLOW_TRACKING_URI, or `sqlite:///mlflow.db` in the project's folder.
"""

import logging
import math
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from housebrain import mlflow_file
from housebrain.environment import TRACKING_RETRIES, TRACKING_SECONDS, TRACKING_URI
from housebrain.errors import UserError, words_of
from housebrain.git import git_commit
from housebrain.redact import redacted
from housebrain.run_inputs import dataset_of, source_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT_STORE = "sqlite:///mlflow.db"
RECORD_ID = "housebrain.record_id"
POINTS_AT_ONCE = 1000  # MLflow's limit for a call
# MLflow's own limits hold a training up for four minutes where a server doesn't answer.
os.environ.setdefault(TRACKING_RETRIES, "2")
os.environ.setdefault(TRACKING_SECONDS, "20")


Text = Annotated[str, AfterValidator(redacted)]  # it is stored and shown to others


class Point(BaseModel):
    """One value of a metric."""

    model_config = ConfigDict(frozen=True)

    key: str
    value: float
    step: int
    timestamp_ms: int


class RunRecord(BaseModel):
    """Everything MLflow knows of a run."""

    record_id: str
    name: str
    params: dict[str, Text] = {}
    tags: dict[str, Text] = {}
    points: list[Point] = []
    start_ms: int
    end_ms: int | None = None
    status: str = "RUNNING"  # or FINISHED, FAILED


def now_ms() -> int:
    return int(time.time() * 1000)


def store_uri() -> str:
    """The store in use. Inside the copy that `dvc exp run --temp` works in, and then deletes, the project's own."""
    for parent in Path.cwd().parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            default = f"sqlite:///{parent.parents[2]}/mlflow.db"
            break
    else:
        default = DEFAULT_STORE
    return os.environ.get(TRACKING_URI, default)


def client() -> "MlflowClient":
    """A client of the store in use, which is made where it is a file that isn't there.

    Raises:
        UserError: the store's file can't be used.
    """
    from mlflow import MlflowClient

    uri = store_uri()
    if file := mlflow_file.database(uri):
        mlflow_file.prepare(file)
        # MLflow remembers a store by its address, also where the working directory is another by now.
        uri = uri.replace(str(file), str(file.absolute()), 1)
    return MlflowClient(uri)


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Turns trouble with the store into a `UserError`. A broken SQLite file comes as SQLAlchemy's own error."""
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, sqlite3.Error, UnicodeDecodeError, OSError) as error:
        reason = redacted(words_of(error))[:300].removesuffix(".")
        raise UserError(f"{what}: MLflow's store {store_uri()}: {reason}.{_advice(error)}") from error


def _advice(error: Exception) -> str:
    """What to do about trouble with the store; nothing where its own words say what it lacks."""
    if getattr(error, "error_code", "") in ("RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_STATE"):
        return ""
    if TRACKING_URI in os.environ:
        return f" Check {TRACKING_URI}."
    return " Look at the file, the permissions of its folder and the free space."


def experiment_id(store: "MlflowClient", name: str) -> str:
    """The id of the experiment of that name, which is made where there is none.

    Raises:
        UserError: it was deleted, so that runs in it can't be written or found.
    """
    from mlflow.exceptions import MlflowException

    experiment = store.get_experiment_by_name(name)
    if experiment is None:
        try:
            made = store.create_experiment(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return str(store.get_experiment_by_name(name).experiment_id)  # another process was faster
        if file := mlflow_file.database(store_uri()):
            mlflow_file.place(file, made)
        return str(made)
    if experiment.lifecycle_stage == "deleted":
        restore = f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
        raise UserError(
            f"experiment '{name}' is deleted in MLflow's store {store_uri()}, and its runs with it. Bring it back, "
            f"`MLFLOW_TRACKING_URI={shlex.quote(store_uri())} {restore}`, or name another in params.yaml's "
            "tracking.experiment."
        )
    return str(experiment.experiment_id)


def quoted(value: str) -> str:
    """A string as MLflow's filters have it: they know two kinds of quotes, and no way to write either within its own.

    Raises:
        UserError: it has both.
    """
    quote = next((quote for quote in "'\"" if quote not in value), None)
    if quote is None:
        raise UserError(f"{value}: MLflow can't look for a name with both kinds of quotes. Leave one out.")
    return f"{quote}{value}{quote}"


def _find(store: "MlflowClient", experiment_id: str, record_id: str) -> Any:
    found = store.search_runs([experiment_id], f"tags.`{RECORD_ID}` = {quoted(record_id)}", max_results=1)
    return found[0] if found else None


def _log_points(store: "MlflowClient", run_id: str, points: list[Point]) -> None:
    from mlflow.entities import Metric

    for first in range(0, len(points), POINTS_AT_ONCE):
        batch = points[first : first + POINTS_AT_ONCE]
        store.log_batch(run_id, metrics=[Metric(p.key, p.value, p.timestamp_ms, p.step) for p in batch])


def import_record(record: RunRecord, experiment: str) -> str:
    """Brings a run into the store, or what is missing of it there.

    Returns:
        The run's id.

    Raises:
        UserError: the store can't be reached or refuses the record.
    """
    with store_errors(f"run {record.name}"):
        store = client()
        where = experiment_id(store, experiment)
        run = _find(store, where, record.record_id)
        if run is None:
            tags = {**record.tags, **source_tags(record.tags), RECORD_ID: record.record_id}
            run = store.create_run(where, start_time=record.start_ms, tags=tags, run_name=record.name)
            if (dataset := dataset_of(record.tags)) is not None:
                store.log_inputs(run.info.run_id, [dataset])
        run_id: str = run.info.run_id
        for key, value in record.params.items():
            if key not in run.data.params:  # MLflow takes no second value, such as after a kill and another setting
                store.log_param(run_id, key, value)
        for key, value in record.tags.items():
            if run.data.tags.get(key) != value:
                store.set_tag(run_id, key, value)
        known = {
            (key, metric.step, metric.timestamp)
            for key in run.data.metrics
            for metric in store.get_metric_history(run_id, key)
        }
        missing = [point for point in record.points if (point.key, point.step, point.timestamp_ms) not in known]
        _log_points(store, run_id, missing)
        if record.end_ms is not None and (run.info.status, run.info.end_time) != (record.status, record.end_ms):
            store.set_terminated(run_id, status=record.status, end_time=record.end_ms)
    return run_id


class LiveRun:
    """A run that is logged while it goes on: `with LiveRun(record, experiment) as run: run.log(points)`.

    Trouble with the store is reported once and never stops the work. Where the body fails, so has the run; where it
    succeeds, `import_record` tells the store how it ended.
    """

    def __init__(self, record: RunRecord, experiment: str) -> None:
        self._monitor: Any = None
        self._run_id: str | None = None
        try:
            from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

            logging.getLogger("mlflow").setLevel(logging.WARNING)  # its own start and stop are no news

            self._run_id = import_record(record, experiment)
            client().update_run(self._run_id, status="RUNNING")
            self._monitor = SystemMetricsMonitor(
                self._run_id, sampling_interval=5, resume_logging=True, tracking_uri=store_uri()
            )
            self._monitor.start()
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        reason = " ".join(redacted(str(error)).split())[:300]
        print(f"warning: no live logging to MLflow ({reason}); the run's record is imported later.", file=sys.stderr)
        self._run_id = None

    def log(self, points: list[Point]) -> None:
        """Adds values of metrics."""
        if self._run_id is not None:
            try:
                _log_points(client(), self._run_id, points)
            except Exception as error:
                self._give_up(error)

    def __enter__(self) -> "LiveRun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._monitor is not None:
            self._monitor.finish()
        if kind is not None and self._run_id is not None:
            try:
                client().set_terminated(self._run_id, status="KILLED" if kind is KeyboardInterrupt else "FAILED")
            except Exception as trouble:
                self._give_up(trouble)


def read_metrics(record_ids: dict[int, str], experiment: str) -> dict[int, dict[str, float]]:
    """The latest value of every metric that the store has of each shard's run, but for those that are not finite.

    Args:
        record_ids: by shard, the run's record id.

    Raises:
        UserError: a shard has no finished run in the store.
    """
    metrics = {}
    with store_errors("reading the runs"):
        store = client()
        where = experiment_id(store, experiment)
        for shard, record_id in record_ids.items():
            run = _find(store, where, record_id)
            if run is None or run.info.status != "FINISHED":
                raise UserError(f"shard {shard}: MLflow has no finished run of it. Run `dvc repro -f collect`.")
            metrics[shard] = {
                key: value
                for key, value in sorted(run.data.metrics.items())
                if not key.startswith("system/") and math.isfinite(value)
            }
    return metrics


def log_run(
    record_id: str, name: str, experiment: str, params: dict[str, Any], metrics: dict[str, float], tags: dict[str, str]
) -> str:
    """Logs a run that is over, unless the store has it already. Returns the run's id."""
    with store_errors(f"run {name}"):
        store = client()
        known = _find(store, experiment_id(store, experiment), record_id)
    if known is not None and known.info.status == "FINISHED":
        return str(known.info.run_id)
    time_ms = now_ms()
    record = RunRecord(
        record_id=record_id,
        name=name,
        params={key: str(value) for key, value in params.items()},
        tags={**tags, "git_commit": git_commit()},
        points=[Point(key=key, value=value, step=0, timestamp_ms=time_ms) for key, value in metrics.items()],
        start_ms=time_ms,
        end_ms=time_ms,
        status="FINISHED",
    )
    return import_record(record, experiment)


def find_runs(experiment: str, tags: dict[str, str], metrics: Mapping[str, float] | None = None) -> list[str]:
    """The ids of the runs with all of `tags`, newest first.

    Args:
        experiment: its name.
        tags: that they have.
        metrics: what they came to; a run that has another value of any is left out, one that has none is not.

    Raises:
        UserError: the store can't be reached.
    """
    with store_errors("looking for runs"):
        store = client()
        condition = " and ".join(f"tags.`{key}` = {quoted(value)}" for key, value in tags.items())
        wanted = (metrics or {}).items()
        return [
            run.info.run_id
            for run in store.search_runs([experiment_id(store, experiment)], condition)
            if all(run.data.metrics.get(key, value) == value for key, value in wanted)
        ]


def best_first(experiment: str) -> str:
    """The address of the experiment's runs in MLflow's UI: those that meet most requirements on top.

    It is the server's where the store is one, else `mlflow ui`'s on this machine.

    Raises:
        UserError: the store can't be read.
    """
    with store_errors("looking for runs"):
        number = experiment_id(client(), experiment)
    order = quote("metrics.`design_accuracy`")
    server = urlsplit(store_uri())
    page = server._replace(netloc=server.netloc.rpartition("@")[2]).geturl().rstrip("/")  # without a password
    here = page if server.scheme in ("http", "https") else "http://127.0.0.1:5000"
    return f"{here}/#/experiments/{number}/runs?orderByKey={order}&orderByAsc=false"


def log_files(run_id: str, files: list[Path]) -> None:
    """Puts files among a run's artifacts, over those of the same names.

    Raises:
        UserError: the store can't be written.
    """
    with store_errors(f"artifacts of run {run_id}"):
        for file in files:
            client().log_artifact(run_id, str(file))

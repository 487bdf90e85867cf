"""Tests for housebrain.mlflow_file: a store is there whole or not at all, and its files are where its project is."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from housebrain import mlflow_file
from housebrain.errors import UserError
from housebrain.registry import register_version, versions
from housebrain.tracking import client, find_runs, log_files, log_run

LOG = "import sys; from housebrain.tracking import log_run; log_run(sys.argv[1], 'run', 'houses', {}, {}, {})"
STORE = Path("mlflow.db")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder without a store; the working directory."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def project(empty: Path, mlflow_database: Path) -> Path:
    """A project's folder with a store that has no note of where it was made; the working directory."""
    shutil.copy(mlflow_database, empty / STORE)
    return empty


def change(*statements: str) -> None:
    """Runs SQL on the store."""
    with closing(sqlite3.connect(STORE)) as store, store:
        for statement in statements:
            store.execute(statement)


def start(record_id: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", LOG, record_id], stderr=subprocess.PIPE, text=True)


@pytest.mark.long
@pytest.mark.slow
def test_a_kill_while_the_store_is_made_costs_nothing(empty: Path) -> None:
    first = start("1")
    until = time.monotonic() + 60
    while not any(path.stat().st_size > 100_000 for path in empty.glob(".mlflow.db.*.tmp")):
        assert time.monotonic() < until and first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not STORE.exists()
    again = start("1")
    assert again.wait() == 0, again.communicate()
    assert len(find_runs("houses", {})) == 1
    assert list(empty.glob(".mlflow.db*")) == []


@pytest.mark.long
@pytest.mark.slow
def test_processes_that_begin_at_once_all_find_the_store(empty: Path) -> None:
    running = [start(str(number)) for number in range(3)]
    for process in running:
        assert process.wait() == 0, process.communicate()
    assert len(find_runs("houses", {})) == 3


def test_an_empty_file_is_no_store_yet(empty: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite leaves one where it was killed before it wrote anything."""
    STORE.touch()
    monkeypatch.setattr(mlflow_file, "_create", lambda path: shutil.copy(mlflow_database, path))
    assert client().search_experiments()


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["UPDATE alembic_version SET version_num = '451aebb31d03'"],  # pragma: allowlist secret
            "half made.*Move it away, `mv .*db.old`",
        ),
        (["DELETE FROM alembic_version"], "half made.*It holds no runs"),
        (["DROP TABLE alembic_version", "DROP TABLE model_versions"], "half made"),
        (["UPDATE alembic_version SET version_num = 'none'"], "half made"),
        (["DROP TABLE alembic_version", "DROP TABLE experiments"], "something else than MLflow"),
    ],
)
def test_a_half_made_store_is_known(project: Path, statements: list[str], said: str) -> None:
    change("PRAGMA foreign_keys = OFF", *statements)
    before = STORE.read_bytes()
    with pytest.raises(UserError, match=said) as error:
        log_run("1", "run", "houses", {}, {}, {})
    assert "MLFLOW_TRACKING_URI" not in str(error.value)
    assert STORE.read_bytes() == before


@pytest.mark.parametrize(
    ("revision", "said"), [("451aebb31d03", "older MLflow.*`mlflow db upgrade sqlite:///"), ("none", "newer MLflow")]
)
def test_a_store_of_another_mlflow_is_not_touched(project: Path, revision: str, said: str) -> None:
    log_run("1", "run", "houses", {}, {}, {})
    change(f"UPDATE alembic_version SET version_num = '{revision}'")
    before = STORE.read_bytes()
    mlflow_file._check.cache_clear()  # as another process finds it
    with pytest.raises(UserError, match=said):
        find_runs("houses", {})
    assert STORE.read_bytes() == before


def test_a_file_that_is_no_database_says_what_to_do(empty: Path) -> None:
    STORE.write_text("this is no database")
    with pytest.raises(UserError, match=r"mlflow.db: it is no SQLite database.*Move it away, `mv") as error:
        find_runs("houses", {})
    assert "MLFLOW_TRACKING_URI" not in str(error.value)


def test_a_store_whose_damage_is_no_text_says_what_to_do(empty: Path, tmp_path: Path) -> None:
    """SQLite's message then holds bytes that Python can't read."""
    change("CREATE TABLE runs (x)")
    content = STORE.read_bytes()
    assert b"runsruns\x02CREATE TABLE" in content  # the schema's row
    STORE.write_bytes(content.replace(b"runsruns", b"\x9e\x9e\x9e\x9eruns").replace(b"CREATE TABLE", b"XREATE TABLE"))
    with pytest.raises(UserError, match=r"mlflow.db: it is no SQLite database, or a damaged one \(malformed .*Move it"):
        find_runs("houses", {})
    with pytest.raises(UserError, match=r"can't be copied: it is damaged, or locked by others \(malformed"):
        mlflow_file.snapshot(STORE, tmp_path / "copy.db")


def test_addresses() -> None:
    assert mlflow_file.database("sqlite:///mlflow.db") == Path("mlflow.db")
    assert mlflow_file.database("sqlite+pysqlite:////a/b c.db?timeout=3") == Path("/a/b c.db")
    assert mlflow_file.database("sqlite:///:memory:") is None
    assert mlflow_file.database("http://host/sqlite:///x") is None


@pytest.mark.long
def test_a_moved_project_has_its_files_at_the_new_place(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "a").write_text("first")
    run_id = log_run("1", "run", "houses", {}, {}, {})
    log_files(run_id, [project / "a"])
    register_version("houses", "1", (project / "models/merged").as_uri(), run_id, {}, "")
    moved = tmp_path / "a folder with 100% of it's files"
    project.rename(moved)
    monkeypatch.chdir(moved)
    (moved / "b").write_text("second")
    program = (
        "import sys; from pathlib import Path; from housebrain.tracking import log_files, log_run\n"
        "for run in (sys.argv[1], log_run('2', 'run', 'houses', {}, {}, {})): log_files(run, [Path('b')])"
    )
    done = subprocess.run([sys.executable, "-c", program, run_id], stderr=subprocess.PIPE, text=True, check=True)
    assert done.stderr.count(f"the project was in {project} before") == 1
    assert not project.exists()
    assert [file.path for file in client().list_artifacts(run_id)] == ["a", "b"]
    assert len(list(moved.glob("mlruns/1/*/artifacts/*"))) == 3
    assert versions("houses")[0].source == (moved / "models/merged").as_uri()


def test_a_copied_project_leaves_the_first_one_alone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "a").write_text("first")
    run_id = log_run("1", "run", "houses", {}, {}, {})
    log_files(run_id, [project / "a"])
    copy = tmp_path / "project-2"  # a name that begins as the first one's
    shutil.copytree(project, copy)
    monkeypatch.chdir(copy)
    log_files(run_id, [copy / "a"])
    log_files(log_run("2", "run", "houses", {}, {}, {}), [copy / "a"])
    assert len(list(project.glob("mlruns/1/*/artifacts/*"))) == 1
    assert len(list(copy.glob("mlruns/1/*/artifacts/*"))) == 2
    monkeypatch.chdir(project)
    assert client().get_run(run_id).info.artifact_uri.startswith(f"{project}/")


def test_a_store_without_a_note_of_its_place_follows_where_its_files_are_gone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was made before such notes were."""
    plain = MlflowClient(f"sqlite:///{STORE.absolute()}")
    run = plain.create_run(plain.create_experiment("houses", artifact_location=str(project / "mlruns/1")))
    plain.log_artifact(run.info.run_id, "/dev/null")
    moved = tmp_path / "moved"
    project.rename(moved)
    monkeypatch.chdir(moved)
    assert client().get_experiment_by_name("houses").artifact_location == str(moved / "mlruns/1")


def test_files_elsewhere_stay_where_they_are(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has chosen that place, and one on a server is no folder."""
    for number, location in enumerate((f"{tmp_path}/elsewhere", "s3://bucket/mlruns/3", f"{project}-other/mlruns/4")):
        client().create_experiment(f"experiment {number}", artifact_location=location)
    places = [experiment.artifact_location for experiment in client().search_experiments()][:3]
    project.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    assert [experiment.artifact_location for experiment in client().search_experiments()][:3] == places


@pytest.mark.parametrize("copy", [".dvc/tmp/exps/tmp1", ""])
def test_an_experiment_that_is_first_made_in_a_copy_is_at_home_in_the_project(
    project: Path, copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc exp run --temp` deletes the copy it works in."""
    (project / copy).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(project / copy)
    (project / copy / "a").touch()
    log_files(log_run("1", "run", "houses", {}, {}, {}), [Path("a")])
    assert len(list(project.glob("mlruns/1/*/artifacts/a"))) == 1

"""The second copy: everything comes back from it, byte for byte, and whatever is wrong with either is said."""

import itertools
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from housebrain.environment import RECORD
from housebrain.errors import UserError
from housebrain.files import sha256_file
from housebrain.registry import register_version
from housebrain.supervision import backup as module
from housebrain.supervision.backup import backup
from housebrain.supervision.copies import open_copy
from housebrain.supervision.polling import seconds_of
from housebrain.supervision.remote import Remote, open_remote, run_dvc
from housebrain.supervision.restore import restore
from housebrain.supervision.upload import stored, upload
from housebrain.tracking import Point, RunRecord, import_record, log_files
from housebrain.training import checkpoints
from supervision.stores import local_remote

pytestmark = pytest.mark.long

KEY = "0123456789abcdef" * 4  # pragma: allowlist secret
KEEP = 2


def checkpoint(folder: Path, step: int, loss: float = 1.0) -> Path:
    """A sealed checkpoint of a few bytes."""
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "weights").write_text(f"weights {step}")
    point = Point(key="eval_loss", value=loss, step=step, timestamp_ms=0)
    (made / RECORD).write_text(RunRecord(record_id="r", name="n", points=[point], start_ms=0).model_dump_json())
    checkpoints.mark_complete(made, KEY)
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Path:
    """A DVC project with a pushed folder, one that was not pushed, checkpoints there and here, a run and a version."""
    home = tmp_path_factory.mktemp("made")
    folder = home / "project"
    (folder / "models/shards").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], check=True)
        run_dvc("remote", "add", "--default", "storage", "../remote")
        run_dvc("remote", "modify", "storage", "verify", "true")
        (folder / "models/shards/1").write_bytes(b"one" * 1000)
        (folder / "data").mkdir()
        (folder / "data/raw").write_bytes(b"raw" * 1000)
        run_dvc("add", "--quiet", "models/shards")
        run_dvc("push", "--quiet")
        run_dvc("add", "--quiet", "data/raw")
        for step in (1, 2):
            upload(open_remote(), checkpoint(home / "worker", step), KEY, 3)
        checkpoint(folder / "models/checkpoints/shard-1", 7)
        (folder / "models/checkpoints/shard-1/checkpoint-8").mkdir()  # being written
        shutil.copy(mlflow_database, folder / "mlflow.db")
        record = RunRecord(record_id="r1", name="run", start_ms=1, end_ms=2, status="FINISHED")
        run_id = import_record(record, "houses")
        log_files(run_id, [folder / "data/raw"])
        register_version("model", "v1", (folder / "models/shards").as_uri(), run_id, {"a": "b"}, "about")
    return home


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project, and of its remote beside it; the working directory."""
    for name in ("project", "remote"):
        shutil.copytree(made / name, tmp_path / name)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "project"


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Remote:
    return open_copy(str(tmp_path / "copy"))


def contents(project: Path) -> dict[str, str]:
    """What must survive, by hash: remote, cache, checkpoints, the files of runs."""
    kept = ("../remote", ".dvc/cache/files", "models/checkpoints", "mlruns")
    return {
        f"{name} {path.relative_to(project / name)}": sha256_file(path)
        for name in kept
        for path in sorted((project / name).rglob("*"))
        if path.is_file()
    }


def registered(project: Path) -> list[tuple[str, str]]:
    """The tags of the registry's versions, read past MLflow, which keeps a file open that is gone."""
    with closing(sqlite3.connect(project / "mlflow.db")) as store:
        return store.execute("SELECT key, value FROM model_version_tags WHERE key = 'a'").fetchall()


def lose(project: Path) -> None:
    """The first copy: remote, cache, what is checked out, the store and its files."""
    for folder in (".dvc/cache", ".dvc/tmp", "models/shards", "models/checkpoints", "mlruns"):
        shutil.rmtree(project / folder)
    shutil.rmtree(project.with_name("remote"))
    project.with_name("remote").mkdir()
    for path in (project / "mlflow.db", project / "data/raw"):
        path.unlink()


def test_everything_comes_back(project: Path, copy: Remote) -> None:
    before = contents(project)
    done = backup(copy, KEEP, progress=False)
    assert done.files > 10 and done.present == 0
    lose(project)
    back = restore(copy, progress=False)
    assert (back.files, back.present, back.time) == (done.files, 0, done.time)
    run_dvc("pull")
    after = contents(project)
    assert {name: after.get(name) for name in before} == before
    assert (project / "models/shards/1").read_bytes() == b"one" * 1000
    assert (project / "data/raw").read_bytes() == b"raw" * 1000
    assert registered(project) == [("a", "b")]
    assert checkpoints.newest(project / "models/checkpoints/shard-1", KEY) is not None
    assert [one.step for one in stored(open_remote(), KEY, 3)] == [2, 1]
    assert restore(copy, progress=False).files == 0  # again: nothing to do


def test_the_copy_stands_in_for_the_remote(project: Path, copy: Remote, tmp_path: Path) -> None:
    backup(copy, KEEP, progress=False)
    lose(project)
    run_dvc("remote", "modify", "storage", "url", str(tmp_path / "copy"))
    run_dvc("pull")
    assert (project / "models/shards/1").read_bytes() == b"one" * 1000


def test_only_what_is_new_is_copied(project: Path, copy: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    first = backup(copy, KEEP, progress=False)
    again = backup(copy, KEEP, progress=False)
    assert (again.files, again.present, again.time) == (0, first.files, first.time)
    (project / "data/raw").unlink()
    (project / "data/raw").write_bytes(b"changed")
    run_dvc("add", "--quiet", "data/raw")
    read: list[str] = []
    get = Remote.get

    def counted(self: Remote, name: str, local: Path) -> None:
        read.append(name)
        get(self, name, local)

    monkeypatch.setattr(Remote, "get", counted)
    assert backup(copy, KEEP, progress=False).files == 1
    assert len([name for name in read if name.startswith("files/")]) == 2  # from the cache, and back from the copy


def test_what_the_first_has_lost_stays(project: Path, copy: Remote) -> None:
    before = contents(project)
    backup(copy, KEEP, progress=False)
    lose(project)
    backup(copy, KEEP, progress=False)
    restore(copy, progress=False)
    run_dvc("pull")
    after = contents(project)
    assert {name: after.get(name) for name in before} == before


def test_checkpoints_that_newer_ones_replace_go(project: Path, copy: Remote, tmp_path: Path) -> None:
    backup(copy, KEEP, progress=False)
    for step in (3, 4, 5):
        upload(open_remote(), checkpoint(tmp_path / "worker", step, loss=0.5 if step == 3 else 2), KEY, 3)
    backup(copy, KEEP, progress=False)
    assert [one.step for one in stored(copy, KEY, 3)] == [5, 4, 3]
    shutil.rmtree(tmp_path / "remote")
    (tmp_path / "remote").mkdir()
    restore(copy, progress=False)
    assert [one.step for one in stored(open_remote(), KEY, 3)] == [5, 4, 3]


def test_checkpoints_of_this_machine_that_newer_ones_replace_go(
    project: Path, copy: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "gmtime", lambda: (2026, 11, 26, 10, 0, 0, 0, 0, 0))
    backup(copy, KEEP, progress=False)
    monkeypatch.setattr(module.time, "gmtime", lambda: (2026, 11, 26, 12, 0, 0, 0, 0, 0))
    folder = project / "models/checkpoints/shard-1"
    objects = set((Path(copy.path) / "backup/objects").rglob("*"))
    checkpoint(folder, 9)
    shutil.rmtree(folder / "checkpoint-7")
    backup(copy, KEEP, progress=False)
    assert len(objects - set((Path(copy.path) / "backup/objects").rglob("*"))) == 1
    shutil.rmtree(folder)
    restore(copy, progress=False)
    assert [path.name for path in folder.iterdir()] == ["checkpoint-9"]
    restore(copy, at="20261126T100000Z", progress=False)  # which had another


class CutOffError(Exception):
    pass


def test_cut_off_at_any_moment_it_goes_on(project: Path, copy: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of `put` but the last is the last of a run once; one leaves half a file behind."""
    before, put = contents(project), Remote.put
    for moment in itertools.count():
        calls = itertools.count()

        def cut(self: Remote, local: Path, name: str) -> None:
            if next(calls) == moment % 3:  # noqa: B023
                torn = Path(self.path) / f"{name}.abc.tmp"
                torn.parent.mkdir(parents=True, exist_ok=True)
                torn.write_bytes(local.read_bytes()[:3])
                if moment == 4:  # noqa: B023 - on a remote that does not rename
                    torn.rename(Path(self.path) / name)
                raise CutOffError
            put(self, local, name)

        monkeypatch.setattr(Remote, "put", cut)
        try:
            backup(copy, KEEP, progress=False)
        except CutOffError:
            continue
        break
    monkeypatch.setattr(Remote, "put", put)
    assert moment > 5
    assert not list(Path(copy.path).rglob("*.tmp"))
    lose(project)
    restore(copy, progress=False)
    run_dvc("pull")
    after = contents(project)
    assert {name: after.get(name) for name in before} == before


def test_a_restore_that_was_cut_off_goes_on(project: Path, copy: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    before, done, put = contents(project), backup(copy, KEEP, progress=False), Remote.put
    lose(project)
    calls = itertools.count()

    def cut(self: Remote, local: Path, name: str) -> None:
        if next(calls) == 2:
            raise CutOffError
        put(self, local, name)

    monkeypatch.setattr(Remote, "put", cut)
    with pytest.raises(CutOffError):
        restore(copy, progress=False)
    back = restore(copy, progress=False)
    assert (back.files, back.present) == (done.files - 2, 2)
    run_dvc("pull")
    after = contents(project)
    assert {name: after.get(name) for name in before} == before


def damage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"damaged!" + path.read_bytes()[8:])


def object_of(folder: Path, content: bytes) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file() and path.read_bytes().startswith(content))
    return path


def test_a_damaged_file_is_taken_from_where_it_is_whole(project: Path, copy: Remote, tmp_path: Path) -> None:
    damage(object_of(project / ".dvc/cache/files", b"oneone"))
    backup(copy, KEEP, progress=False)
    assert object_of(tmp_path / "copy/files", b"oneone")


def test_what_is_damaged_everywhere_is_named_and_the_rest_copied(project: Path, copy: Remote, tmp_path: Path) -> None:
    for folder in (project / ".dvc/cache/files", tmp_path / "remote"):
        damage(object_of(folder, b"oneone"))
    tar = next((tmp_path / "remote").rglob("checkpoint-000001*.tar"))
    damage(tar)
    with pytest.raises(UserError) as error:
        backup(copy, KEEP, progress=False)
    assert "files/md5/" in str(error.value) and tar.name in str(error.value) and "damaged" in str(error.value)
    assert object_of(tmp_path / "copy/files", b"rawraw")
    with pytest.raises(UserError, match="damaged"):
        backup(copy, KEEP, progress=False)  # again, until it is mended


def test_a_copy_that_keeps_other_bytes_is_refused(project: Path, copy: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Remote.put

    def flipped(self: Remote, local: Path, name: str) -> None:
        put(self, local, name)
        if name.startswith("files/"):
            damage(Path(self.path) / name)

    monkeypatch.setattr(Remote, "put", flipped)
    with pytest.raises(UserError, match="not what was written there"):
        backup(copy, KEEP, progress=False)


def test_damage_in_the_copy_is_named_and_the_rest_brought_back(project: Path, copy: Remote, tmp_path: Path) -> None:
    backup(copy, KEEP, progress=False)
    damage(object_of(tmp_path / "copy/files", b"oneone"))
    object_of(tmp_path / "copy/files", b"rawraw").unlink()
    lose(project)
    with pytest.raises(UserError) as error:
        restore(copy, progress=False)
    assert "is damaged in" in str(error.value) and "is missing in" in str(error.value)
    assert registered(project) == [("a", "b")]


def test_nothing_that_is_here_is_changed(project: Path, copy: Remote) -> None:
    first = backup(copy, KEEP, progress=False)
    import_record(RunRecord(record_id="r2", name="later", start_ms=1), "houses")
    later = (project / "mlflow.db").read_bytes()
    with pytest.raises(UserError, match=r"mlflow\.db is there and is another"):
        restore(copy, progress=False)
    assert (project / "mlflow.db").read_bytes() == later
    assert first.files


def test_an_older_copy_can_be_taken(
    project: Path, copy: Remote, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "gmtime", lambda: (2026, 11, 26, 10, 0, 0, 0, 0, 0))
    first = backup(copy, KEEP, progress=False)
    monkeypatch.setattr(module.time, "gmtime", lambda: (2026, 11, 26, 12, 0, 0, 0, 0, 0))
    shutil.copy(mlflow_database, project / "mlflow.db")  # somebody made a new one
    backup(copy, KEEP, progress=False)
    (project / "mlflow.db").rename(project / "mlflow.db.old")
    restore(copy, at="20261126T100000Z", progress=False)
    assert registered(project) == [("a", "b")]
    assert first.time == "20261126T100000Z"
    with pytest.raises(UserError, match="no copy of 2027, only of 20261126T100000Z, 20261126T120000Z"):
        restore(copy, at="2027", progress=False)


def test_the_store_is_copied_between_two_writes(project: Path, copy: Remote) -> None:
    """A writer is in the middle of a transaction, and a killed one has left its journal: neither is in the copy."""
    with closing(sqlite3.connect(project / "mlflow.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE runs SET name = 'half written'")
        backup(copy, KEEP, progress=False)
    lose(project)
    (project / "mlflow.db-journal").write_bytes(b"of a store that is gone")
    restore(copy, progress=False)
    with closing(sqlite3.connect(project / "mlflow.db")) as store:
        assert store.execute("SELECT name FROM runs").fetchall() == [("run",)]
    assert (project / "mlflow.db-journal.old").exists()


def test_a_damaged_store_does_not_take_the_place_of_a_good_one(project: Path, copy: Remote) -> None:
    backup(copy, KEEP, progress=False)
    content = (project / "mlflow.db").read_bytes()
    (project / "mlflow.db").write_bytes(content[:8192] + b"\xff" * 40960 + content[49152:])
    with pytest.raises(UserError, match=r"mlflow\.db.*damaged"):
        backup(copy, KEEP, progress=False)
    (project / "mlflow.db").unlink()
    restore(copy, progress=False)
    assert registered(project) == [("a", "b")]


def test_a_damaged_manifest_is_named(project: Path, copy: Remote) -> None:
    done = backup(copy, KEEP, progress=False)
    (Path(copy.path) / f"backup/{done.time}.json").write_text("{")
    with pytest.raises(UserError, match=rf"{done.time}\.json is damaged"):
        restore(copy, progress=False)


def test_a_manifest_writes_nowhere_else(project: Path, copy: Remote, tmp_path: Path) -> None:
    done = backup(copy, KEEP, progress=False)
    path = Path(copy.path) / f"backup/{done.time}.json"
    path.write_text(path.read_text().replace('"mlflow.db"', '"../escaped"'))
    with pytest.raises(UserError, match="no copy of a project holds such a file"):
        restore(copy, progress=False)
    assert not (tmp_path / "escaped").exists()


def test_a_project_without_a_remote_is_copied_too(project: Path, copy: Remote) -> None:
    run_dvc("remote", "remove", "storage")
    backup(copy, KEEP, progress=False)
    shutil.rmtree(project / ".dvc/cache")
    (project / "data/raw").unlink()
    restore(copy, progress=False)
    run_dvc("checkout")
    assert (project / "data/raw").read_bytes() == b"raw" * 1000


def test_another_remote_may_be_the_copy(project: Path, tmp_path: Path) -> None:
    local_remote(tmp_path / "second")
    run_dvc("remote", "add", "second", str(tmp_path / "second"))
    run_dvc("remote", "modify", "second", "verify", "true")
    done = backup(open_copy("second"), KEEP, progress=False)
    lose(project)
    assert restore(open_copy("second"), progress=False).files == done.files


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("storage", "the remote that is to be copied"),
        ("../remote", "the remote that is to be copied"),
        ("..", "the remote that is to be copied, or one lies in the other"),
        ("../remote/inner", "the remote that is to be copied, or one lies in the other"),
        ("models", "it lies in the project"),
        ("../not/mounted", "not does not exist. Make it, or mount the disk"),
        (
            "s3://user:not-a-real-secret@bucket/x",  # pragma: allowlist secret
            r"s3://\*\*\*@bucket/x: it is neither a remote's name nor a folder",
        ),
        ("mlflow.db", "it lies in the project"),
        ("../a file", "it is a file"),
    ],
)
def test_what_is_no_place_for_a_copy_is_refused(project: Path, tmp_path: Path, address: str, said: str) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(UserError, match=said):
        open_copy(address)


def test_a_disk_that_is_no_longer_mounted_gets_no_copy_in_its_mount_points_place(project: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()  # the mount point stays, and is of the system's own disk then
    open_copy("../disk/copy")
    with pytest.raises(UserError, match=r"it held a copy, and is gone\. Mount the disk"):
        open_copy("../disk/copy", was_there=True)
    (tmp_path / "disk/copy").mkdir()
    open_copy("../disk/copy", was_there=True)


def test_outside_of_a_project_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"Run it in the project's folder\.$"):
        open_copy("../copy")


def test_a_folder_without_a_copy_is_no_place_to_restore_from(project: Path, copy: Remote) -> None:
    with pytest.raises(UserError, match="there is no copy in it"):
        restore(copy, progress=False)


COMMAND = [sys.executable, "-c", "from housebrain.cli import main; main()", "backup"]


def command(*words: str) -> Any:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True)


@pytest.mark.slow
def test_the_command(project: Path, tmp_path: Path) -> None:
    repository = Path(module.__file__).parents[3]
    shutil.copy(repository / "params.yaml", project)
    done = command("--to", str(tmp_path / "copy"))
    assert done.returncode == 0 and "copied to" in done.stdout, done.stderr
    for words in ((), ("--to", "x", "--restore", "x"), ("--every", "2h"), ("--restore", "x", "--every", "2h")):
        failed = command(*words)
        assert failed.returncode == 1 and failed.stderr.startswith("error: backup: give --to"), failed.stderr
    lose(project)
    done = command("--restore", str(tmp_path / "copy"))
    assert done.returncode == 0 and "brought back" in done.stdout, done.stderr
    look = "from housebrain.registry import versions; print([version.tags['a'] for version in versions('model')])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True).stdout == "['b']\n"
    process = subprocess.Popen(
        [*COMMAND, "--to", str(tmp_path / "copy"), "--every", "1s"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert [process.stdout.readline().split()[0] for _ in range(2)] == ["backup:", "backup:"]
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400), ("1d", 86400)])
def test_a_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "0s", "2 hours", "1e9h", "99999d", "nan"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UserError, match="is no time"):
        seconds_of(text)

"""Tests for housebrain.supervision.upload: what is on the remote is whole, and what isn't is never gone on from."""

import shutil
import tarfile
import threading
from pathlib import Path

import pytest

from housebrain.environment import RECORD
from housebrain.files import sha256_folder
from housebrain.supervision.remote import Remote
from housebrain.supervision.upload import Uploader, folder, prune, restore, stored, upload
from housebrain.tracking import Point, RunRecord
from housebrain.training import checkpoints
from supervision.stores import faulty_remote, local_remote

KEY = "0123456789abcdef0123"  # pragma: allowlist secret


def checkpoint(local: Path, step: int, eval_loss: float = 1.0, key: str = KEY) -> Path:
    """A sealed checkpoint of a few bytes."""
    made = local / f"checkpoint-{step}"
    (made / "inner").mkdir(parents=True)
    (made / "weights").write_text(f"weights {step}")
    (made / "inner/state").write_text("state")
    point = Point(key="eval_loss", value=eval_loss, step=step, timestamp_ms=0)
    record = RunRecord(record_id=key, name="run", points=[point], start_ms=0)
    (made / RECORD).write_text(record.model_dump_json())
    checkpoints.mark_complete(made, key)
    return made


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return local_remote(tmp_path / "remote")


def test_another_machine_gets_the_same_bytes(remote: Remote, tmp_path: Path) -> None:
    made = checkpoint(tmp_path / "here", 100)
    upload(remote, made, KEY, 3)
    assert restore(remote, KEY, 3, tmp_path / "there") == 100
    assert sha256_folder(tmp_path / "there/checkpoint-100") == sha256_folder(made)
    assert restore(remote, KEY, 4, tmp_path / "other shard") == 0
    assert restore(remote, "f" * 64, 3, tmp_path / "other key") == 0


def test_a_python_before_3_11_4_gets_them_too(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `extractall` knows no filters; Debian 12 has such a Python."""
    extract_all = tarfile.TarFile.extractall
    monkeypatch.delattr(tarfile, "data_filter", raising=False)  # which newer ones may take by default
    monkeypatch.setattr(tarfile.TarFile, "extraction_filter", staticmethod(lambda member, _: member), raising=False)
    monkeypatch.setattr(tarfile.TarFile, "extractall", lambda tar, path: extract_all(tar, path))
    made = checkpoint(tmp_path / "here", 100)
    upload(remote, made, KEY, 3)
    assert restore(remote, KEY, 3, tmp_path / "there") == 100
    assert sha256_folder(tmp_path / "there/checkpoint-100") == sha256_folder(made)


def test_nothing_is_fetched_where_a_checkpoint_as_new_is_here(remote: Remote, tmp_path: Path) -> None:
    upload(remote, checkpoint(tmp_path / "there", 100), KEY, 3)
    checkpoint(tmp_path / "here", 200)
    assert restore(remote, KEY, 3, tmp_path / "here") == 200
    assert not (tmp_path / "here/checkpoint-100").exists()


def test_a_damaged_one_is_named_and_the_one_before_it_used(
    remote: Remote, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in (1, 2, 3, 4):
        upload(remote, checkpoint(tmp_path / "here", step), KEY, 3)
    newest, before, third, _ = stored(remote, KEY, 3)
    place = tmp_path / "remote" / folder(KEY, 3)
    (place / newest.name).write_bytes((place / newest.name).read_bytes()[:-600])  # torn
    (place / f"{before.name}.sha256").unlink()  # never announced
    (place / f"{third.name}.sha256").write_bytes(b"")  # announced by nothing
    assert restore(remote, KEY, 3, tmp_path / "there") == 1
    printed = capsys.readouterr().err
    assert f"{newest.name} on the remote is not used: its hash differs" in printed
    assert third.name in printed
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["checkpoint-1"]


def test_files_of_strangers_are_passed_over(remote: Remote, tmp_path: Path) -> None:
    upload(remote, checkpoint(tmp_path / "here", 2), KEY, 3)
    for name in ("checkpoint-x-0.tar", "checkpoint-.tar", "checkpoint-000009 (1).tar", "checkpoint", "record-.json"):
        remote.put_bytes(b"", f"{folder(KEY, 3)}/{name}")
        remote.put_bytes(b"", f"{folder(KEY, 3)}/{name}.sha256")
    prune(remote, KEY, 3, keep=1)
    assert restore(remote, KEY, 3, tmp_path / "there") == 2


def test_one_of_another_training_is_not_used(remote: Remote, tmp_path: Path) -> None:
    upload(remote, checkpoint(tmp_path / "here", 7, key="another"), KEY, 3)
    assert restore(remote, KEY, 3, tmp_path / "there") == 0


def test_the_newest_and_the_best_are_kept(remote: Remote, tmp_path: Path) -> None:
    for step, loss in ((1, 3.0), (2, 0.5), (3, 2.0), (4, 1.5), (5, 1.0)):
        upload(remote, checkpoint(tmp_path / "here", step, loss), KEY, 3)
    # What a killed upload left goes, too; not what may be on its way.
    for name in ("checkpoint-000003-0cutoff0.tar", "checkpoint-000006-0coming0.tar"):
        remote.put_bytes(b"", f"{folder(KEY, 3)}/{name}")
    prune(remote, KEY, 3, keep=2)
    assert [one.step for one in stored(remote, KEY, 3)] == [5, 4, 2]
    assert len([name for name in remote.list(folder(KEY, 3)) if name.startswith("record-")]) == 3
    assert [name[:17] for name in remote.list(folder(KEY, 3)) if name.endswith(".tar")] == [
        f"checkpoint-{step:06d}" for step in (2, 4, 5, 6)
    ]


def test_uploader_takes_the_newest_and_lets_go_of_what_it_missed(remote: Remote, tmp_path: Path) -> None:
    local = tmp_path / "here"
    reported: list[str] = []
    uploader = Uploader(remote, local, KEY, 3, 3, reported.append, poll_seconds=0.01)
    assert uploader.look()
    for step in (1, 2, 3):
        checkpoint(local, step)
    (local / "checkpoint-9").mkdir()  # being written
    uploader.start()
    assert uploader.finish(10)
    assert uploader.safe_step == 3
    assert [one.step for one in stored(remote, KEY, 3)] == [3]
    assert reported == [""]


def test_trouble_is_told_and_tried_again(tmp_path: Path) -> None:
    remote, _ = faulty_remote(tmp_path / "remote", *[TimeoutError("timed out")] * 4)
    checkpoint(tmp_path / "here", 1)
    reported: list[str] = []
    uploader = Uploader(remote, tmp_path / "here", KEY, 3, 3, reported.append)
    assert not uploader.look()
    assert "checkpoint 1 is not on the remote yet" in reported[0]
    assert uploader.safe_step is None
    assert uploader.look()
    assert (reported[1:], uploader.safe_step) == ([""], 1)


def test_one_that_is_there_is_not_said_to_be_missing_where_older_ones_can_not_be_removed(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[str] = []
    uploader = Uploader(remote, tmp_path / "here", KEY, 3, 1, reported.append)
    for step in (1, 2):
        checkpoint(tmp_path / "here", step, eval_loss=1 / step)
        with monkeypatch.context() as patch:
            if step == 2:
                patch.setattr(remote.fs, "remove", lambda _: (_ for _ in ()).throw(PermissionError("not yours")))
            assert uploader.look() and uploader.look()
    assert uploader.safe_step == 2
    assert reported[0] == "" and reported[1].startswith("older checkpoints are still on the remote: ")


def test_a_checkpoint_removed_while_it_is_packed_is_no_trouble(remote: Remote, tmp_path: Path) -> None:
    made = checkpoint(tmp_path / "here", 1)
    reported: list[str] = []
    uploader = Uploader(remote, tmp_path / "here", KEY, 3, 3, reported.append)
    shutil.rmtree(made / "inner")
    (made / RECORD).unlink()
    assert uploader.look()
    assert reported == []


def test_an_upload_that_hangs_at_the_end_is_not_begun_a_second_time(remote: Remote, tmp_path: Path) -> None:
    """Both would write the same packed file."""
    begun, network = threading.Semaphore(0), threading.Event()
    put = remote.put

    def hang(local: Path, name: str) -> None:
        begun.release()
        network.wait()
        put(local, name)

    remote.put = hang  # type: ignore[method-assign]
    checkpoint(tmp_path / "here", 1)
    uploader = Uploader(remote, tmp_path / "here", KEY, 3, 3, lambda _: None, poll_seconds=0.01)
    uploader.start()
    assert begun.acquire(timeout=10)
    threading.Timer(2, network.set).start()
    assert not uploader.finish(0.2)
    assert not begun.acquire(blocking=False)
    network.set()
    uploader.join()
    assert uploader.safe_step == 1

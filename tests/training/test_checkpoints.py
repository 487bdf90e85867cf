"""Tests for housebrain.training.checkpoints: only what is whole and belongs here is resumed from."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from housebrain.environment import MARKER
from housebrain.provenance import library_versions
from housebrain.training import checkpoints


def write(folder: Path, step: int, key: str | None = "key") -> Path:
    """A checkpoint of two files; sealed where a key is given."""
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "inner").mkdir(parents=True)
    (checkpoint / "weights").write_text(f"weights {step}")
    (checkpoint / "inner" / "state").write_text("state")
    if key is not None:
        checkpoints.mark_complete(checkpoint, key)
    return checkpoint


def test_newest_is_by_step_not_by_name(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        write(tmp_path, step)
    assert checkpoints.newest(tmp_path, "key") == tmp_path / "checkpoint-100"


def test_no_checkpoint(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path / "gone", "key") is None


def test_unsealed_one_is_skipped_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, torn = write(tmp_path, 4), write(tmp_path, 8, key=None)
    assert checkpoints.newest(tmp_path, "key") == good
    assert not torn.exists()
    assert "checkpoint-8 is not used: it is incomplete" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["truncated", "missing", "marker"])
def test_damaged_one_is_skipped(tmp_path: Path, damage: str) -> None:
    good, bad = write(tmp_path, 4), write(tmp_path, 8)
    if damage == "truncated":
        (bad / "weights").write_text("wei")
    elif damage == "missing":
        (bad / "inner" / "state").unlink()
    else:
        (bad / MARKER).write_text(json.dumps(["not a marker"]))
    assert checkpoints.newest(tmp_path, "key") == good
    assert not bad.exists()


def test_one_of_another_training_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, 8, key="other data")
    assert checkpoints.newest(tmp_path, "key") is None
    assert list(tmp_path.iterdir()) == []


def test_one_of_another_training_is_kept_beside_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shard-1"
    for step in (8, 4):
        write(folder, step, key="the first training")
    assert checkpoints.newest(folder, "the second training") is None
    kept = tmp_path / "shard-1.aside/the first traini"
    assert sorted(path.name for path in kept.iterdir()) == ["checkpoint-4", "checkpoint-8"]
    said = capsys.readouterr().err
    assert f"It is kept as {kept / 'checkpoint-8'} and is found again once those are as they were" in said
    mine = write(folder, 12, key="the second training")
    assert checkpoints.newest(folder, "the second training") == mine
    assert checkpoints.newest(folder, "the first training") == folder / "checkpoint-8"
    assert "found again" in capsys.readouterr().out
    assert checkpoints.newest(folder, "the second training") == mine
    assert mine.is_dir() and kept.is_dir()


def test_older_ones_of_another_training_do_not_fall_to_the_tidying_of_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "shard-1"
    write(folder, 4, key="the first training")
    write(folder, 8, key="the second training")
    assert checkpoints.newest(folder, "the second training") == folder / "checkpoint-8"
    checkpoints.keep_newest(folder, 1)
    assert checkpoints.newest(folder, "the first training") == folder / "checkpoint-4"


def test_damaged_ones_are_kept_beside_under_names_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shard-1"
    for content in ("first", "second"):
        (write(folder, 8) / "weights").write_text(content)
        assert checkpoints.newest(folder, "key") is None
    kept = tmp_path / "shard-1.aside/damaged"
    assert f"weights is damaged. It is kept as {kept / 'checkpoint-8'}" in capsys.readouterr().err
    assert {path.name: (path / "weights").read_text() for path in kept.iterdir()} == {
        "checkpoint-8": "first",
        "checkpoint-8.1": "second",
    }


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (2, 4, 10, 8):
        write(tmp_path, step)
    checkpoints.keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-8"]


def test_full_disk_costs_old_checkpoints_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Usage(NamedTuple):
        free: int

    for step in (1, 2, 3):
        write(tmp_path, step)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: Usage(free=10**9))
    checkpoints.make_room(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: Usage(free=10))
    checkpoints.make_room(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-3"]
    assert "2 older checkpoints removed" in capsys.readouterr().err


def test_other_versions_of_libraries_are_said_and_no_reason_to_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = write(tmp_path, 8)
    before = library_versions()
    checkpoints.warn_of_versions(checkpoint)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(checkpoints, "library_versions", lambda: before | {"torch": "99.0", "peft": "98.0"})
    assert checkpoints.newest(tmp_path, "key") == checkpoint
    checkpoints.warn_of_versions(checkpoint)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"checkpoint-8 is of other versions: torch {before['torch']} (the checkpoint) / 99.0 (here)" in line
    assert "98.0 (here)" in line and "transformers" not in line
    assert checkpoints.versions_of(checkpoint) == before

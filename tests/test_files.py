import errno
import os
from pathlib import Path

import pytest

from housebrain.errors import UserError, os_error, reported
from housebrain.files import atomic_file, atomic_folder, check_replaceable, read_json, sha256_folder, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("first")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("half of the sec")
        raise RuntimeError
    assert path.read_text() == "first"
    assert names(path.parent) == ["file.txt"]


def test_a_folder_is_swapped_in_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with atomic_folder(path) as folder:
        (folder / "old").write_text("1")
    with pytest.raises(RuntimeError), atomic_folder(path) as folder:
        (folder / "half").write_text("2")
        raise RuntimeError
    assert names(path) == ["old"]
    with atomic_folder(path) as folder:
        (folder / "new").write_text("3")
    assert names(path) == ["new"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("path", [".", "..", "../here", "../../one/here"])
def test_the_folder_that_one_is_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    (tmp_path / "one/here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "one/here")
    with pytest.raises(UserError, match="the folder that you are in"):
        check_replaceable(Path(path), ("here",), "output")


def test_only_a_former_output_or_an_empty_folder_is_replaceable(tmp_path: Path) -> None:
    out = tmp_path / "out"
    check_replaceable(out, ("a.json", "b.json"), "page")
    out.mkdir()
    check_replaceable(out, ("a.json", "b.json"), "page")
    (out / "thesis.txt").touch()
    for path in (out, out / "thesis.txt"):
        with pytest.raises(UserError, match=f"{path.name}: it is there and is no page"):
            check_replaceable(path, ("a.json", "b.json"), "page")
    (out / "b.json").touch()
    check_replaceable(out, ("a.json", "b.json"), "page")


def test_a_full_disk_says_so_and_keeps_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("kept")
    with pytest.raises(UserError, match="the disk is full"), atomic_file(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "kept"


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="out"), atomic_file(tmp_path / "file" / "out") as temporary:
        temporary.write_text("x")
    assert "cannot be written" in str(os_error(OSError(errno.EACCES, "Permission denied"), "out"))


def test_json_is_read_back_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": [None, 0.5]})
    assert read_json(path) == {"a": [None, 0.5], "b": 1}
    path.write_text("{")
    with pytest.raises(UserError, match=r"a\.json: not valid JSON"):
        read_json(path)
    with pytest.raises(UserError, match=r"b\.json: no such file"):
        read_json(tmp_path / "b.json")


def test_a_folders_hash_depends_on_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    first = sha256_folder(tmp_path / "a")
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert sha256_folder(tmp_path / "a") != first


def test_a_user_error_is_one_line_and_exit_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, reported():
        raise UserError("params.yaml: round: missing. Add it.")
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: params.yaml: round: missing. Add it.\n"

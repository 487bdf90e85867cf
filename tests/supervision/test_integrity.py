"""Damage on a remote: whatever file it hits is named when it is pulled, and nothing damaged comes here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.supervision.integrity import damaged
from housebrain.supervision.remote import open_remote, run_dvc
from housebrain.supervision.remote_setup import setup


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a DVC project that has pushed a file and a folder, and its remote beside it."""
    folder = tmp_path_factory.mktemp("pushed") / "project"
    (folder / "models/inner").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], check=True)
        run_dvc("remote", "add", "--default", "storage", "../remote")
        Path("a").write_bytes(b"a" * 4000)
        Path("models/b").write_bytes(b"b" * 3000)
        Path("models/inner/c").write_bytes(b"c" * 2000)
        run_dvc("add", "--quiet", "a", "models")
        run_dvc("push", "--quiet")
        for path in (Path(".dvc/cache"), Path(".dvc/tmp"), Path("models")):
            shutil.rmtree(path)
        Path("a").unlink()
    return folder.parent


@pytest.fixture
def clone(pushed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a project, which has neither the file nor the folder here; the working directory."""
    shutil.copytree(pushed, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def damage(remote: Path, content: bytes) -> Path:
    """Changes eight bytes of the file on the remote that begins with `content`; returns it."""
    (path,) = (path for path in remote.rglob("*") if path.is_file() and path.read_bytes().startswith(content))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:8] + b"damaged!" + path.read_bytes()[16:])
    path.chmod(0o444)
    return path


@pytest.mark.long
@pytest.mark.parametrize(
    ("content", "target", "name"),
    [
        (b"aaaa", "a", "a"),
        (b"bbbb", "models", "models/b"),
        (b"cccc", "models/inner", "models/inner/c"),
        (b"[{", "models", "the list of files of models"),
    ],
)
def test_damage_on_the_remote_is_named(clone: Path, content: bytes, target: str, name: str) -> None:
    hit = damage(clone.with_name("remote"), content)
    for targets in ([target], []):
        with pytest.raises(UserError) as error:
            run_dvc("pull", *targets)
        assert f"{name} is damaged on the remote: the content of {hit} does not have" in str(error.value)
        assert "there, then push it again" in str(error.value)
    assert not (clone / name).exists()


def test_what_the_message_says_mends_it(clone: Path) -> None:
    run_dvc("pull")
    elsewhere = clone.with_name("elsewhere")
    shutil.copytree(clone, elsewhere)
    hit = damage(clone.with_name("remote"), b"bbbb")
    for path in (Path(".dvc/cache"), Path("models")):
        shutil.rmtree(path)
    (listed,) = clone.with_name("remote").rglob("*.dir")
    with pytest.raises(
        UserError, match=f"models/b is damaged.*Remove it and {listed}, which lists it, there, then push"
    ):
        run_dvc("pull")
    for path in (hit, listed):
        path.unlink()
    subprocess.run([sys.executable, "-m", "dvc", "push", "-q"], cwd=elsewhere, check=True)
    run_dvc("pull")
    assert Path("models/b").read_bytes() == b"b" * 3000


def test_a_remote_without_damage_has_none(clone: Path) -> None:
    assert damaged([]) == []
    next(path for path in clone.with_name("remote").rglob("*") if path.is_file()).unlink()  # missing is not damaged
    assert damaged([]) == []
    with pytest.raises(UserError) as error:
        run_dvc("pull", attempts=1)
    assert "is damaged" not in str(error.value)


def test_a_remote_whose_files_dvc_takes_unseen_is_said(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_remote()
    assert "`dvc remote modify storage verify true`" in capsys.readouterr().err
    run_dvc("remote", "modify", "storage", "verify", "true")
    open_remote()
    assert "verify" not in capsys.readouterr().err


def test_setup_has_every_dvc_command_look(clone: Path) -> None:
    setup("local", str(clone.with_name("remote")), "", "")
    assert "verify = true" in (clone / ".dvc/config").read_text()
    damage(clone.with_name("remote"), b"aaaa")
    assert subprocess.run([sys.executable, "-m", "dvc", "pull", "-q"], capture_output=True).returncode
    assert not Path("a").exists()

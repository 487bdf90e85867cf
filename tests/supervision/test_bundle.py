"""Tests for housebrain.supervision.bundle: a shard trained by hand on the tiny model, and bad zips."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, MakeSamples
from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file
from housebrain.params import Params, load_params
from housebrain.shard import Shard
from housebrain.supervision import bundle
from housebrain.supervision.bundle import MANIFEST, RESULT, import_result, is_trained, make_bundle, pack_result
from housebrain.training.train import train_shard
from project import change_params, put_base, run, start_round
from simulated_pip import check_constraints, simulated_pip

SHARD = Shard(3)
Content = dict[str, bytes]


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_base: Path,
    tiny_init: Path,
    make_samples: MakeSamples,
    mlflow_database: Path,
) -> Path:
    """A folder in which shard 3 was trained and packed."""
    folder = tmp_path_factory.mktemp("bundle") / "away"
    for name in ("params.yaml", "dvc.yaml", "pyproject.toml", "constraints.txt"):
        folder.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, folder)
    shutil.copytree(REPOSITORY / "stages", folder / "stages")
    put_base(folder, tiny_base)
    shutil.copytree(tiny_init, folder / "models/lora_init")
    make_samples(folder / SHARD.data / "train.parquet", 6)
    make_samples(folder / SHARD.data / "validation.parquet", 2, first=6)
    change_params(
        folder,
        base="tiny",
        bases={"tiny": {"hub_id": "nobody/tiny", "revision": "0", "license": "mit"}},
        lora={"r": 4, "alpha": 8, "dropout": 0.1, "target_modules": "all-linear", "seed": 42},
        platforms__local__batch_size=1,
        platforms__local__max_length=1024,
        train__validity_samples=1,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shutil.copy(mlflow_database, folder / 'mlflow.db')}")
        train_shard(SHARD, load_params())
        pack_result(SHARD)
    return folder


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The `dvc` commands that were run; they are only noted."""
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(bundle, "run_dvc", lambda *words: commands.append(words))
    return commands


@pytest.fixture
def home(tmp_path: Path, trained: Path, committed: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project at home, without the shard's result: the working directory. RESULT.zip is there."""
    folder = tmp_path / "home"
    shutil.copytree(trained, folder, ignore=shutil.ignore_patterns("reports", "mlflow.db"))
    shutil.rmtree(folder / SHARD.out)
    monkeypatch.chdir(folder)
    return folder


def params() -> Params:
    return load_params()


def change_zip(change: Callable[[Content], None], hashes_follow: bool) -> None:
    """Writes RESULT.zip anew with `change` made to its files, and its manifest's hashes made to fit or not."""
    with zipfile.ZipFile(RESULT) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if hashes_follow and MANIFEST in files:
        manifest = json.loads(files[MANIFEST])
        scratch = Path("scratch")
        for name in files.keys() - {MANIFEST}:
            scratch.write_bytes(files[name])
            manifest["files"][name] = sha256_file(scratch)
        files[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(RESULT, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def change_json(name: str, **fields: Any) -> Callable[[Content], None]:
    """Sets fields, by their dotted names with two underscores, in a JSON file of a zip."""

    def change(files: Content) -> None:
        content = json.loads(files[name])
        for field, value in fields.items():
            *parents, last = field.split("__")
            section = content
            for parent in parents:
                section = section[parent]
            section[last] = value
        files[name] = json.dumps(content).encode()

    return change


def flip_a_byte(files: Content) -> None:
    name = str(SHARD.out / "adapter_model.safetensors")
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])


def cut_short(files: Content) -> None:
    name = str(SHARD.out / "adapter_model.safetensors")
    files[name] = files[name][: len(files[name]) // 2]


def put(name: str, content: bytes = b"anything") -> Callable[[Content], None]:
    return lambda files: files.update({name: content})


def drop(name: str) -> Callable[[Content], None]:
    def change(files: Content) -> None:
        del files[name]

    return change


def test_a_result_comes_home_as_it_was_trained(home: Path, trained: Path, committed: list[tuple[str, ...]]) -> None:
    shard, summary = import_result(Path(RESULT), params())
    assert (shard, summary) == (SHARD, read_json(trained / SHARD.report))
    names = [SHARD.report, SHARD.curve, *(file.relative_to(trained) for file in (trained / SHARD.out).iterdir())]
    assert len(names) == 6
    assert all((home / name).read_bytes() == (trained / name).read_bytes() for name in names)
    assert committed == [("commit", "--force", "train_shard@3")]
    import_result(Path(RESULT), params())  # a second time changes nothing
    assert (home / SHARD.out / "run.json").read_bytes() == (trained / SHARD.out / "run.json").read_bytes()


FINGERPRINT = str(SHARD.out / "fingerprint.json")


def test_a_result_of_other_versions_of_libraries_is_taken(home: Path, committed: list[tuple[str, ...]]) -> None:
    """The notebook's own torch made it; the fingerprint goes on saying which."""
    change_zip(change_json(FINGERPRINT, versions__torch="1.0"), hashes_follow=True)
    import_result(Path(RESULT), params())
    assert committed == [("commit", "--force", "train_shard@3")]
    assert read_json(home / FINGERPRINT)["versions"]["torch"] == "1.0"


@pytest.mark.parametrize(
    ("change", "hashes_follow", "message"),
    [
        (flip_a_byte, False, r"adapter_model\.safetensors is not what was packed"),
        (put("../outside"), True, r"unexpected in a result: \.\./outside"),
        (put("/tmp/outside"), True, r"unexpected in a result: /tmp/outside"),
        (put("models/shards/4/run.json"), True, r"unexpected in a result: models/shards/4/run\.json"),
        (drop(str(SHARD.curve)), True, r"3_loss\.csv is missing"),
        (drop(MANIFEST), True, r"manifest\.json is missing; it is no result"),
        (change_json(MANIFEST, shard=4), False, r"unexpected in a result: models/shards/3/"),
        (change_json(MANIFEST, files="none"), False, r"it is damaged or no zip"),
        (change_json(FINGERPRINT, shared__code="other"), True, r"something else .*: shared\.code differ"),
        (change_json(FINGERPRINT, shared__init="other"), True, r"something else .*: shared\.init differ"),
        (change_json(FINGERPRINT, own__data="other"), True, r"something else .*: own\.data differ"),
        (change_json(FINGERPRINT, shared=None), True, r"something else .*: shared"),
        (cut_short, True, r"adapter_model\.safetensors: it is truncated or damaged"),
        (change_json(str(SHARD.out / "adapter_config.json"), use_dora=True), True, "DoRA"),
        (change_json(str(SHARD.out / "run.json"), record_id="other"), True, "not of one finished training"),
        (change_json(str(SHARD.out / "run.json"), points="none"), True, "run record or curve can't be read"),
        (change_json(str(SHARD.report), steps=1), True, "not of one finished training"),
        (put(str(SHARD.curve), b"step,loss\n"), True, "not of one finished training"),
        (put(str(SHARD.curve), b""), True, "run record or curve can't be read"),
        (put(str(SHARD.curve), b"\xff,\xfe\n"), True, "run record or curve can't be read"),
        (put(str(SHARD.curve), b"loss\n2.0\n"), True, "run record or curve can't be read"),
    ],
)
def test_a_tampered_result_is_refused_and_nothing_changes(
    home: Path,
    committed: list[tuple[str, ...]],
    change: Callable[[Content], None],
    hashes_follow: bool,
    message: str,
) -> None:
    change_zip(change, hashes_follow)
    with pytest.raises(UserError, match=message):
        import_result(Path(RESULT), params())
    assert not SHARD.out.exists() and not SHARD.report.exists()
    assert not (home.parent / "outside").exists()
    assert committed == []


def test_a_name_twice_is_refused(home: Path) -> None:
    with zipfile.ZipFile(RESULT, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(str(SHARD.report), "{}")
    with pytest.raises(UserError, match="a name twice"):
        import_result(Path(RESULT), params())


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99)], ids=["encrypted", "unknown compression"])
def test_a_zip_that_can_not_be_unpacked_is_refused(home: Path, offset: int, value: int) -> None:
    """Flags are 8 bytes into a file's entry in the zip's directory, the compression's number 10."""
    content = bytearray(Path(RESULT).read_bytes())
    for entry in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[entry.start() + offset] = value
    Path(RESULT).write_bytes(content)
    with pytest.raises(UserError, match=r"RESULT\.zip: it is damaged or no zip \(.*(encrypted|compression)"):
        import_result(Path(RESULT), params())


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_zip_is_refused(home: Path, content: bytes | None) -> None:
    Path(RESULT).write_bytes(Path(RESULT).read_bytes()[:-100] if content is None else content)
    with pytest.raises(UserError, match=r"RESULT\.zip: it is damaged or no zip"):
        import_result(Path(RESULT), params())
    with pytest.raises(UserError, match=r"nowhere\.zip: no such file"):
        import_result(Path("nowhere.zip"), params())


def test_a_result_of_other_settings_is_refused(home: Path) -> None:
    change_params(home, round=2, platforms__local__learning_rate=0.5)
    with pytest.raises(UserError, match=r"own\.platform\.learning_rate, shared\.round differ"):
        import_result(Path(RESULT), params())


def test_a_bundle_needs_its_data(home: Path) -> None:
    with pytest.raises(UserError, match=r"data/shards/4/train\.parquet: .* `dvc pull data/shards/4`"):
        make_bundle(Shard(4), params(), Path())
    with pytest.raises(UserError, match="shard 7: not among the workers"):
        make_bundle(Shard(7), params(), Path())
    assert not list(home.glob("bundle-*"))


def test_what_is_trained_is_known_and_not_taken_for_another_training(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "away"
    shutil.copytree(trained, folder)
    monkeypatch.chdir(folder)
    assert is_trained(SHARD)
    change_params(folder, round=2)  # the next round's bundle, unpacked into the same folder
    assert not is_trained(SHARD)
    change_params(folder, round=1)
    assert is_trained(SHARD)
    SHARD.curve.unlink()
    assert not is_trained(SHARD)


def test_a_pip_that_fails_is_said_in_a_line(tmp_path: Path) -> None:
    shutil.copy(bundle.SCRIPT, tmp_path / "train.py")
    (tmp_path / MANIFEST).write_text('{"shard": 3, "files": {}}')
    (tmp_path / "constraints.txt").touch()
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/__init__.py").touch()
    (tmp_path / "pip/__main__.py").write_text("raise SystemExit(1)")
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr.startswith("error: pip failed") and done.stderr.count("\n") == 1


@pytest.mark.long
@pytest.mark.slow
def test_a_bundle_is_trained_elsewhere_and_not_again_at_home(
    tmp_path: Path, tiny_base: Path, mlflow_database: Path
) -> None:
    """The real commands; `pip` is simulated; the bundle's own code is put on the path in its place."""
    coordinator = start_round(tmp_path / "coordinator", tiny_base, mlflow_database, epochs=2)
    assert "bundle-shard-3.zip" in run(coordinator, "housebrain", "bundle", "--shard", "3")
    away = tmp_path / "away"
    with zipfile.ZipFile(coordinator / "bundle-shard-3.zip") as archive:
        archive.extractall(away)
    assert "housebrain import RESULT.zip" in (away / "README.md").read_text()
    assert not list(away.glob("data/shards/[!3]*")) and not (away / ".dvc").exists()
    put_base(away, tiny_base)
    shutil.copy(mlflow_database, away / "mlflow.db")
    more: dict[str, Any] = simulated_pip(tmp_path / "stubs")
    more["PYTHONPATH"] += f"{os.pathsep}{away / 'src'}"
    printed = run(away, sys.executable, "train.py", **more)
    assert "shard 3: done" in printed and "RESULT.zip" in printed
    assert "--constraint constraints-worker.txt --editable .[all]" in (tmp_path / "stubs/pip.log").read_text()
    check_constraints(away / "constraints-worker.txt", away / "constraints.txt")
    (away / RESULT).unlink()
    printed = run(away, sys.executable, "train.py", **more)  # all of it again would take as long as the first time
    assert "shard 3: done" not in printed and "RESULT.zip" in printed

    shutil.copy(away / RESULT, coordinator)
    assert "import: shard 3" in run(coordinator, "housebrain", "import", RESULT)
    assert "didn't change, skipping" in run(coordinator, "dvc", "repro", "-s", "train_shard@3")
    adapters = [folder / SHARD.out / "adapter_model.safetensors" for folder in (coordinator, away)]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()

    (away / "params.yaml").write_text((away / "params.yaml").read_text() + "\n")
    assert "params.yaml: it is missing or was changed" in run(away, sys.executable, "train.py", ok=False, **more)

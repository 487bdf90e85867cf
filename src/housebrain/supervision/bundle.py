"""A shard's training by hand, where a machine can't reach the remote: one zip out, one zip home.

`housebrain bundle --shard 3` packs all that the training needs; `python train.py` in it trains and packs the result;
`housebrain import RESULT.zip` checks that result and makes it the shard's.
"""

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from housebrain.errors import UserError
from housebrain.files import atomic_file, atomic_folder, read_json, sha256_file
from housebrain.model.adapter import CONFIG, FINGERPRINT, WEIGHTS, Adapter
from housebrain.model.alike import differing_tensors
from housebrain.model.base import ensure_base
from housebrain.model.lora_init import verified_init
from housebrain.nested import flatten
from housebrain.params import Params, load_params
from housebrain.provenance import PACKAGE, code_hash
from housebrain.shard import Shard
from housebrain.supervision.remote import run_dvc
from housebrain.tables import read_csv
from housebrain.tracking import RunRecord
from housebrain.training.fingerprint import CODE, fingerprint, result_key

MANIFEST = "manifest.json"
RESULT = "RESULT.zip"
RUN = "run.json"
SCRIPT = Path(__file__).with_name("bundled_train.py")
_README = """# Shard {shard} of round {round}, to be trained by hand

1. Upload this zip to any notebook or machine with a GPU, Python 3.11 or newer and access to the internet.
2. Unpack it and train. In a notebook's cell:

       !unzip -q -o {name} -d shard-{shard}
       !cd shard-{shard} && python train.py

   It keeps the torch that is there, installs the rest in pinned versions and trains. Where it was stopped, start it
   again: it goes on from its last checkpoint, as long as the folder is there.
3. Download `{result}` from the folder and bring it home, in the project: `housebrain import {result}`.

Change nothing in the folder: the result is accepted only if it was made from these very files.
Code version: {code}
"""


class Manifest(BaseModel):
    """What is in a zip: the SHA-256 of each file, by name; and whose code and round it is of."""

    shard: int
    round: int
    code: str
    files: dict[str, str]


def make_bundle(shard: Shard, params: Params, out: Path) -> Path:
    """Packs all that the training of a shard needs, from the project in the working directory.

    Args:
        shard: which.
        params: all of params.yaml.
        out: the folder for the zip.

    Returns:
        The zip, `bundle-shard-K.zip`.

    Raises:
        UserError: the shard is unknown, or its data or the shared init are not here.
    """
    params.platform(shard)
    for name in ("train.parquet", "validation.parquet"):
        if not (shard.data / name).is_file():
            raise UserError(f"{shard.data}/{name}: it is not here. Get it with `dvc pull {shard.data}`.")
    verified_init(shard.init)
    settings = [Path(name) for name in ("params.yaml", "dvc.yaml", "dvc.lock", "pyproject.toml", "constraints.txt")]
    files = {path.name: path for path in settings if path.is_file()}
    for folder in (shard.data, shard.init, Path("stages")):
        files |= {path.as_posix(): path for path in _files(folder)}
    files |= {f"src/{path.relative_to(PACKAGE.parent).as_posix()}": path for path in _files(PACKAGE)}
    files["train.py"] = SCRIPT
    target = out / f"bundle-shard-{shard.number}.zip"
    text = _README.format(shard=shard.number, round=params.round, name=target.name, result=RESULT, code=code_hash(CODE))
    with tempfile.TemporaryDirectory() as temporary:
        files["README.md"] = Path(temporary) / "README.md"
        files["README.md"].write_text(text)
        _write(target, shard, params.round, files)
    return target


def pack_result(shard: Shard) -> Path:
    """Packs the result of a shard that was trained in the working directory.

    Returns:
        The zip.
    """
    _write(Path(RESULT), shard, load_params().round, {name: Path(name) for name in _result_names(shard)})
    return Path(RESULT)


def is_trained(shard: Shard) -> bool:
    """Whether the result of the training that this folder's data, settings and code stand for is there, finished."""
    if not all(Path(name).is_file() for name in _result_names(shard)):
        return False
    try:
        _checked(shard.out, shard, shard.init, fingerprint(shard, load_params()))
    except UserError:
        return False
    return True


def import_result(path: Path, params: Params) -> tuple[Shard, dict[str, Any]]:
    """Makes the result in a zip its shard's, after checking it, and tells DVC, which then won't train the shard again.

    Returns:
        The shard and the summary of its training.

    Raises:
        UserError: the zip is damaged, holds anything else, or was made from other data, settings or code than those
            here. Nothing is changed then.
    """
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        shard = _unpack(path, home)
        params.platform(shard)
        brought = Shard(shard.number, home)
        ensure_base(params)
        made_from = fingerprint(shard, params)
        summary = _checked(path, brought, shard.init, made_from)
        with atomic_folder(shard.out) as folder:
            shutil.copytree(brought.out, folder, dirs_exist_ok=True)
        for source, target in ((brought.report, shard.report), (brought.curve, shard.curve)):
            with atomic_file(target) as file:
                shutil.copy(source, file)
    run_dvc("commit", "--force", f"train_shard@{shard.number}")
    return shard, summary


def _files(folder: Path) -> list[Path]:
    """The files below a folder, without caches and hidden ones."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        path
        for path in found
        if not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)
    )


def _result_names(shard: Shard) -> list[str]:
    """The files that a result consists of, no more and no fewer."""
    inside = [shard.out / name for name in (CONFIG, WEIGHTS, FINGERPRINT, RUN)]
    return [path.as_posix() for path in (*inside, shard.report, shard.curve)]


def _write(target: Path, shard: Shard, round_number: int, files: dict[str, Path]) -> None:
    """Writes a zip of `files`, by their names in it, with its manifest."""
    missing = [name for name, path in files.items() if not path.is_file()]
    if missing:
        raise UserError(f"{missing[0]}: it is not here. Train {shard.name} first.")
    hashes = {name: sha256_file(path) for name, path in sorted(files.items())}
    manifest = Manifest(shard=shard.number, round=round_number, code=code_hash(CODE), files=hashes)
    with atomic_file(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        for name, path in sorted(files.items()):
            archive.write(path, name)


def _unpack(path: Path, folder: Path) -> Shard:
    """Unpacks a result whose names and hashes are right; returns its shard."""
    again = f"Download {RESULT} again, or pack it again with `python train.py`."
    if not path.is_file():
        raise UserError(f"{path}: no such file. Give the {RESULT} that `python train.py` made.")
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if MANIFEST not in sizes:
                raise UserError(f"{path}: {MANIFEST} is missing; it is no result of a bundle. {again}")
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            expected = set(_result_names(Shard(manifest.shard)))
            # Only these names are ever written, so that none can lead out of the project.
            if (others := {*sizes, *manifest.files} - {*expected, MANIFEST}) or len(sizes) != len(archive.namelist()):
                raise UserError(
                    f"{path}: unexpected in a result: {', '.join(sorted(others)) or 'a name twice'}. {again}"
                )
            if lacking := expected - (sizes.keys() & manifest.files.keys()):
                raise UserError(f"{path}: {sorted(lacking)[0]} is missing. {again}")
            if sum(sizes.values()) > shutil.disk_usage(folder).free:
                raise UserError(f"{path}: unpacked it is larger than the free disk. Free some space and run again.")
            for name in sorted(expected):
                archive.extract(name, folder)
    # RuntimeError: encrypted, or packed by a method that this Python can't unpack.
    except (zipfile.BadZipFile, ValidationError, EOFError, RuntimeError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: it is damaged or no zip ({reason}). {again}") from error
    for name in sorted(expected):
        if sha256_file(folder / name) != manifest.files[name]:
            raise UserError(f"{path}: {name} is not what was packed: its hash differs. {again}")
    return Shard(manifest.shard)


def _checked(path: Path, brought: Shard, init: Path, made_from: dict[str, Any]) -> dict[str, Any]:
    """The training's summary, once the result is known to be of the training `made_from`, finished and readable.

    Raises:
        UserError: it is not.
    """
    theirs, ours = (_decisive(one) for one in (read_json(brought.out / FINGERPRINT), made_from))
    if differing := sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)):
        raise UserError(
            f"{path}: it was made from something else than what is here: {', '.join(differing)} differ. Go back to the "
            "round's tag, or bundle the shard and train it again."
        )
    adapter, start = Adapter(brought.out), Adapter(init)
    if adapter.ranks != start.ranks or differing_tensors(adapter, start):
        raise UserError(
            f"{path}: its adapter has other modules or shapes than models/lora_init. Train the shard again."
        )
    try:
        record = RunRecord.model_validate_json((brought.out / RUN).read_text())
        steps_of_curve = read_csv(brought.curve)["step"].tolist()
    except (ValueError, KeyError, UserError) as error:
        raise UserError(f"{path}: its run record or curve can't be read. Train the shard again.") from error
    summary = read_json(brought.report)
    steps = summary.get("steps") if isinstance(summary, dict) else None
    of_this = record.record_id == result_key(made_from)[:32] and record.status == "FINISHED"
    if not of_this or steps_of_curve[-1:] != [steps]:
        raise UserError(f"{path}: its run record, report and curve are not of one finished training. Train it again.")
    return dict(summary)


def _decisive(made_from: Any) -> dict[str, Any]:
    """A fingerprint's fields by their dotted names, but for the versions of libraries, which a notebook has its own."""
    if not isinstance(made_from, dict):
        return {}
    return flatten({section: values for section, values in made_from.items() if section != "versions"})

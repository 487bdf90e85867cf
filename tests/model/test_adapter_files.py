"""What is found in folders and files that a stranger gives for an adapter."""

import gzip
import json
import pickle
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.files import write_json
from housebrain.model.adapter import Adapter
from housebrain.model.adapter_files import BIN, CONFIG, PREFIX, WEIGHTS, AdapterFiles
from housebrain.model.foreign import foreign_file
from merging.adapters import dense, random_adapter

Tensors = dict[str, torch.Tensor]


def as_bin(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / BIN)
    (folder / WEIGHTS).unlink()


def as_old_bin(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / BIN, _use_new_zipfile_serialization=False)
    (folder / WEIGHTS).unlink()


def halves(folder: Path) -> list[Tensors]:
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(weights)
    return [{name: weights[name] for name in part} for part in (names[:3], names[3:])]


def write_shards(folder: Path, index: bool, kind: str = "safetensors") -> None:
    weight_map: dict[str, str] = {}
    for number, part in enumerate(halves(folder), 1):
        name = f"adapter_model-{number:05}-of-00002.{kind}"
        save_file(part, folder / name) if kind == "safetensors" else torch.save(part, folder / name)
        weight_map |= dict.fromkeys(part, name)
    if index:
        (folder / f"adapter_model.{kind}.index.json").write_text(json.dumps({"weight_map": weight_map}))


def into_subfolder(folder: Path) -> None:
    below = folder / "checkpoint-400" / "default"
    below.mkdir(parents=True)
    for name in (CONFIG, WEIGHTS):
        shutil.move(folder / name, below / name)
    (folder / "README.md").touch()


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "bin": as_bin,
    "old bin": as_old_bin,
    "shards": lambda folder: write_shards(folder, True),
    "shards without index": lambda folder: write_shards(folder, False),
    "bin shards": lambda folder: write_shards(folder, True, "bin"),
    "subfolder": into_subfolder,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_layouts_are_read(tmp_path: Path, layout: str) -> None:
    plain, other = random_adapter(tmp_path / "plain", 1), random_adapter(tmp_path / "other", 1)
    LAYOUTS[layout](other)
    expected, found = dense(plain), dense(other)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[module], expected[module]) for module in expected)
    assert re.fullmatch("[0-9a-f]{64}", Adapter(other).sha256())


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_file_of_the_adapter_stands_for_its_folder(tmp_path: Path, name: str) -> None:
    folder = random_adapter(tmp_path / "a", 1)
    assert Adapter(folder / name).folder == folder


class Harmful:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise SystemExit('code from an adapter was run')",)


def break_bin(folder: Path) -> None:
    as_bin(folder)
    path = folder / BIN
    path.write_bytes(path.read_bytes()[:200])


def harmful_bin(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / BIN).write_bytes(pickle.dumps({"a": Harmful()}))


def harmful_zip_bin(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save({"a": Harmful()}, folder / BIN)


def nested_bin(folder: Path) -> None:
    torch.save({"state_dict": load_file(folder / WEIGHTS), "step": 3}, folder / BIN)
    (folder / WEIGHTS).unlink()


def rename(change: Callable[[str], str]) -> Callable[[Path], None]:
    def renamed(folder: Path) -> None:
        save_file({change(name): tensor for name, tensor in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)

    return renamed


def instead(*names: str) -> Callable[[Path], None]:
    def replaced(folder: Path) -> None:
        for path in list(folder.iterdir()):
            path.unlink()
        for name in names:
            (folder / name).write_bytes(b"x")

    return replaced


def gzipped(folder: Path) -> None:
    (folder / f"{WEIGHTS}.gz").write_bytes(gzip.compress((folder / WEIGHTS).read_bytes()))
    (folder / WEIGHTS).unlink()


def two_below(folder: Path) -> None:
    for step in (200, 400):
        below = folder / f"checkpoint-{step}"
        below.mkdir()
        for name in (CONFIG, WEIGHTS):
            shutil.copy(folder / name, below)
    (folder / CONFIG).unlink()


def beside_a_model(folder: Path) -> None:
    instead("config.json", "model.safetensors")(folder)
    (folder / CONFIG).write_text("{}")


def broken_index(folder: Path) -> None:
    write_shards(folder, True)
    (folder / f"{WEIGHTS}.index.json").write_text("[]")


def written(name: str, what: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(what)

    return write


def without_shard(folder: Path, index: bool) -> None:
    write_shards(folder, index)
    (folder / "adapter_model-00002-of-00002.safetensors").unlink()


def outside_shard(folder: Path) -> None:
    write_shards(folder, True)
    shutil.move(folder / "adapter_model-00002-of-00002.safetensors", folder.parent / "x.safetensors")
    index = folder / "adapter_model.safetensors.index.json"
    index.write_text(index.read_text().replace("adapter_model-00002-of-00002.safetensors", "../x.safetensors"))


def called(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / name)

    return change


FOREIGN: dict[str, tuple[Callable[[Path], None], str]] = {
    "no config": (lambda folder: (folder / CONFIG).unlink(), rf"{CONFIG} is missing; the folder holds {WEIGHTS}"),
    "nothing": (instead(), "the folder is empty"),
    "a whole model": (instead("config.json", "model.safetensors"), r"a whole model \(model\.safetensors\)"),
    "a whole model in shards": (
        instead("config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"),
        "a whole model",
    ),
    "a whole old model": (instead("config.json", "pytorch_model.bin"), "a whole model"),
    "a whole model beside the config": (
        beside_a_model,
        f"{WEIGHTS} is missing; the folder holds a whole model",
    ),
    "another name": (
        called("adapter.safetensors"),
        r"holds adapter\.safetensors: name it adapter_model\.safetensors",
    ),
    "another end": (
        called("lora.ckpt"),
        r"holds lora\.ckpt: if that is the adapter, as torch\.save writes it, name it adapter_model\.bin",
    ),
    "numpy": (instead("adapters.npz", CONFIG), r"adapters\.npz, an archive of NumPy arrays"),
    "gguf": (instead("lora.gguf"), "llama.cpp"),
    "mlx": (instead("adapters.safetensors", CONFIG), "MLX"),
    "diffusers": (instead("pytorch_lora_weights.safetensors"), "diffusers"),
    "an archive": (instead("adapter.zip"), "adapter.zip, which is packed: unpack it first"),
    "gzipped weights": (gzipped, r"adapter_model\.safetensors\.gz, which is packed"),
    "several": (two_below, r"2 adapters below it \(checkpoint-200, checkpoint-400\)"),
    "a shard is missing": (lambda folder: without_shard(folder, True), "names adapter_model-00002.* not in its folder"),
    "a shard is missing and no index": (lambda folder: without_shard(folder, False), "1 of the shards"),
    "a shard elsewhere": (outside_shard, "not in its folder"),
    "a broken index": (broken_index, "no weight_map"),
    "a broken bin": (break_bin, rf"{BIN}: it is "),
    "code": (harmful_bin, "Python objects besides tensors|truncated or damaged"),
    "code in a zip": (harmful_zip_bin, "Python objects besides tensors"),
    "a checkpoint": (nested_bin, "a dict with state_dict, step"),
    "kohya": (
        rename(lambda name: "lora_te_" + name.replace("lora_A", "lora_down").replace("lora_B", "lora_up")),
        "kohya's sd-scripts",
    ),
    "mlx names": (
        rename(
            lambda name: (
                name.removeprefix(PREFIX).replace(".lora_A.weight", ".lora_a").replace(".lora_B.weight", ".lora_b")
            )
        ),
        "MLX",
    ),
    "torchtune names": (rename(lambda name: name.replace("lora_A", "lora_a").replace("lora_B", "lora_b")), "torchtune"),
    "unet": (rename(lambda name: name.replace(f"{PREFIX}model.layers", "unet.down_blocks")), "diffusers"),
    "no factors": (rename(lambda name: name.replace(".lora_", ".")), "no LoRA factors"),
    "lfs": (
        written(WEIGHTS, b"version https://git-lfs.github.com/spec/v1" + b"\n" * 600),
        "Git LFS pointer.*git lfs pull",
    ),
    "a page": (written(WEIGHTS, b"<!DOCTYPE html><html>" + b"\n" * 600), "a web page"),
    "gguf within": (written(WEIGHTS, b"GGUF\x03" + b"\n" * 600), "GGUF"),
    "gzip within": (written(WEIGHTS, b"\x1f\x8b\x08" + b"\n" * 600), "compressed by gzip: unpack it first"),
    "a torch file": (lambda folder: torch.save({}, folder / WEIGHTS), "a zip archive"),
    "cut where its length looks like a pickle": (written(WEIGHTS, b"\x80\x02\0\0\0\0\0\0{"), "truncated or damaged"),
    "no bytes": (written(WEIGHTS, b""), "it is empty"),
    "config is no json": (written(CONFIG, b"r: 8"), "not valid JSON"),
    "config is no text": (written(CONFIG, b"\xff\xfe\x00"), "not valid JSON"),
    "config is nested": (written(CONFIG, b"[" * 100_000), "not valid JSON"),
    "ia3": (written(CONFIG, b'{"peft_type": "IA3"}'), "peft_type is IA3; only LORA"),
    "prompt tuning": (written(CONFIG, b'{"peft_type": "PROMPT_TUNING"}'), "peft_type is PROMPT_TUNING"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_no_adapter_is_said(tmp_path: Path, what: str) -> None:
    folder = random_adapter(tmp_path / "a", 1)
    spoil, said = FOREIGN[what]
    spoil(folder)
    with pytest.raises(UserError, match=said) as refused:
        Adapter(folder)
    assert str(folder) in str(refused.value) and "dvc" not in str(refused.value) and "\n" not in str(refused.value)


def test_files_that_are_no_adapter_are_said(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a", 1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(folder / CONFIG, CONFIG)
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(folder / CONFIG, CONFIG)
    (tmp_path / "a.gguf").write_bytes(b"GGUF\x03\x00")
    (tmp_path / "notes.txt").write_text("hello")
    for name, said in (
        ("a.zip", "zip archive.*unzip"),
        ("a.tar", "tar -xf"),
        ("a.gguf", "GGUF"),
        ("notes.txt", "a file"),
    ):
        with pytest.raises(UserError, match=rf"{name}: it is .*{said}.*Wanted is a LoRA adapter as PEFT saves it"):
            Adapter(tmp_path / name)


def test_a_file_of_another_tool_is_told_by_its_tensors(tmp_path: Path) -> None:
    save_file({"lora_unet_mid.lora_down.weight": torch.ones(2, 2)}, tmp_path / "style.safetensors")
    for given in (tmp_path / "style.safetensors", tmp_path):
        with pytest.raises(UserError, match=r"kohya's sd-scripts \(lora_unet_mid\.lora_down\.weight\)"):
            Adapter(given)


def test_a_hub_id_is_not_taken_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"hf download someone/lora --local-dir"):
        Adapter("someone/lora")
    with pytest.raises(UserError, match=r"no such folder\. Check the path\. Get it again from where it came from"):
        Adapter("/nowhere/at/all")


def test_only_a_projects_own_files_come_with_dvc(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").touch()
    for place, said in (("models/shards/1", "dvc pull"), ("downloads/lora", "from where it came from")):
        folder = random_adapter(tmp_path / place, 1)
        (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-5])
        with pytest.raises(UserError, match=said):
            Adapter(folder)


def test_a_truncated_file_is_no_pickle_whatever_its_header_s_length_begins_with(tmp_path: Path) -> None:
    """A pickle begins with 0x80, and so do the eight bytes of length before some safetensors headers."""
    path = tmp_path / "adapter_model.safetensors"
    path.write_bytes((0x0280).to_bytes(8, "little") + b'{"a":{"dtype":"F32"')
    assert foreign_file(path).startswith("it is truncated or damaged")
    path.write_bytes(b"\x80\x02}q\x00.")
    assert foreign_file(path) == "it is a pickle"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_are_read_as_they_were_written(tmp_path: Path, dtype: torch.dtype) -> None:
    """Also those without an element, and those in a file with notes of its own."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"q.lora_A": (3, 5), "q.lora_B": (7, 3), "v.lora_A": (0, 5), "v.lora_B": (7, 0)}
    tensors = {f"{PREFIX}{name}.weight": torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    write_json(tmp_path / CONFIG, {"peft_type": "LORA"})
    save_file(tensors, tmp_path / WEIGHTS, metadata={"format": "pt", "by": "someone"})
    files = AdapterFiles(tmp_path)
    for name, tensor in zip(files.stored, files.read(*files.stored), strict=True):
        assert torch.equal(tensor, tensors[name])
        assert tensor.dtype == dtype


def test_a_file_that_was_cut_after_it_was_opened_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / CONFIG, {"peft_type": "LORA"})
    name = f"{PREFIX}q.lora_A.weight"
    save_file({name: torch.ones(4, 4)}, tmp_path / WEIGHTS)
    files = AdapterFiles(tmp_path)
    content = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(content[:-8])
    with pytest.raises(UserError, match="truncated or damaged"):
        files.read(name)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(UserError, match=WEIGHTS):
        files.read(name)

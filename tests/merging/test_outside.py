"""Merging what a stranger names: who counts how often, which bases are one, and a result that loads and acts."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.files import read_json, write_json
from housebrain.merging.ask import ask
from housebrain.merging.inspect import inspect
from housebrain.merging.outside import merge_named, named
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS, Adapter
from housebrain.model.alike import check_alike
from merging.adapters import dense, dense_sum, random_adapter, relative_error
from peft_models import MakePeft, full_weights, loaded, save_tiny_llama, tiny_llama


def merge(folders: list[Path], out: Path, **options: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"rank": "exact", "dtype": "float32", "progress": False} | options
    return merge_named(folders, strategy("average"), out=out, **settings)[0]


def check_equal(out: Path, expected: dict[str, torch.Tensor]) -> None:
    for module, update in dense(out).items():
        assert relative_error(update, expected[module]) < 1e-6, module


def test_an_adapter_that_is_named_twice_counts_twice(tmp_path: Path) -> None:
    a, b = random_adapter(tmp_path / "a", 1), random_adapter(tmp_path / "b", 2)
    report = merge([a, a, b], tmp_path / "out")
    check_equal(tmp_path / "out", dense_sum([a, b], [2 / 3, 1 / 3]))
    assert report["weights"] == {str(a): 1 / 3, f"{a} (2)": 1 / 3, str(b): 1 / 3}
    assert report["inputs"][str(a)] == report["inputs"][f"{a} (2)"] != report["inputs"][str(b)]
    assert read_json(tmp_path / "out" / "merge.json") == report
    merge([a, b, a], tmp_path / "by_hand", weights=[1, 4, 2])
    check_equal(tmp_path / "by_hand", dense_sum([a, b], [3 / 7, 4 / 7]))
    with pytest.raises(UserError, match="2 numbers for 3 adapters"):
        merge([a, b, a], tmp_path / "out", weights=[1, 4])


def test_names_stay_apart_whatever_folders_are_called(tmp_path: Path) -> None:
    a, odd = tmp_path / "a", tmp_path / "a (2)"
    assert list(named([odd, a, a, a])) == [str(odd), str(a), f"{a} (3)", f"{a} (4)"]
    assert named([odd, a, a])[f"{a} (3)"] == a


def test_an_adapter_is_compared_with_itself_and_others(tmp_path: Path) -> None:
    a, b = random_adapter(tmp_path / "a", 1), random_adapter(tmp_path / "b", 2)
    found = inspect(named([a, a, b]))
    assert len(found.names) == 3 and found.cosines[0, 1] == pytest.approx(1) and found.cosines[0, 2] < 0.5


SNAPSHOT = "/home/me/.cache/huggingface/hub/models--meta--Tiny-1B/snapshots/{}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("models/base", "models/base/"),
        ("models/base", "./models/base"),
        ("models/base", "models/./base//"),
        ("models\\base\\", "models/base"),
        ("meta/Tiny-1B", "meta/tiny-1b"),
        ("meta/Tiny-1B", SNAPSHOT.format("0a1b")),
        (SNAPSHOT.format("0a1b"), SNAPSHOT.format("ffff") + "/"),
        ("https://huggingface.co/meta/Tiny-1B", "meta/Tiny-1B"),
    ],
)
def test_spellings_of_one_base_are_one(tmp_path: Path, one: str, other: str) -> None:
    adapters = [
        Adapter(random_adapter(tmp_path / str(i), i, base_model_name_or_path=name))
        for i, name in enumerate((one, other))
    ]
    check_alike(adapters)


def test_paths_to_one_folder_are_one_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bases/tiny").mkdir(parents=True)
    Path("link").symlink_to("bases/tiny")
    names = ["bases/tiny", str(tmp_path / "bases" / "tiny"), "link", "bases/../link"]
    adapters = [Adapter(random_adapter(Path(str(i)), i, base_model_name_or_path=n)) for i, n in enumerate(names)]
    check_alike(adapters)


@pytest.mark.parametrize(
    ("one", "other"),
    [("meta/Tiny-1B", "meta/Tiny-2B"), ("Models/base/x", "models/base/x"), ("some/base", None), ("", "some/base")],
)
def test_other_bases_are_refused_unless_they_are_said_to_be_one(tmp_path: Path, one: Any, other: Any) -> None:
    a = random_adapter(tmp_path / "a", 1, base_model_name_or_path=one)
    b = random_adapter(tmp_path / "b", 2, base_model_name_or_path=other)
    with pytest.raises(UserError, match=r"base_model_name_or_path .*--same-base"):
        merge([a, b], tmp_path / "out")
    merge([a, b], tmp_path / "out", same_base=True)
    check_equal(tmp_path / "out", dense_sum([a, b], [0.5, 0.5]))
    with pytest.raises(UserError, match="--same-base"):
        inspect(named([a, b]))
    assert inspect(named([a, b]), same_base=True).names == [str(a), str(b)]


def test_one_base_makes_other_differences_no_smaller(tmp_path: Path) -> None:
    shared = {"base": "x", "base_revision": "1", "init": "0" * 64}
    a = random_adapter(tmp_path / "a", 1, shared=shared)
    b = random_adapter(tmp_path / "b", 2, shared=shared | {"base": "y"})
    c = random_adapter(tmp_path / "c", 3, shared=shared | {"init": "1" * 64})
    with pytest.raises(UserError, match="differ in base "):
        merge([a, b], tmp_path / "out")
    merge([a, b], tmp_path / "out", same_base=True)
    with pytest.raises(UserError, match="differ in init "):
        merge([a, c], tmp_path / "out", same_base=True)


def test_a_merge_that_does_nothing_is_refused(tmp_path: Path) -> None:
    a = random_adapter(tmp_path / "a", 1)
    weights = load_file(a / WEIGHTS)
    save_file({n: -w if "lora_B" in n else w for n, w in weights.items()}, _copy(a, tmp_path / "b") / WEIGHTS)
    save_file({n: w * 0 if "lora_B" in n else w for n, w in weights.items()}, _copy(a, tmp_path / "zero") / WEIGHTS)
    merge([a], tmp_path / "out")
    before = (tmp_path / "out" / WEIGHTS).read_bytes()
    with pytest.raises(UserError, match="zero everywhere"):
        merge([tmp_path / "zero"], tmp_path / "out")
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == before


def _copy(folder: Path, out: Path) -> Path:
    shutil.copytree(folder, out)
    return out


WRAPPED = {
    "compiled": lambda name: name.replace(PREFIX, f"{PREFIX}_orig_mod."),
    "compiled outside": lambda name: f"_orig_mod.{name}",
    "parallel": lambda name: f"module.{name}",
    "parallel inside": lambda name: name.replace(PREFIX, f"{PREFIX}module."),
    "both": lambda name: f"module._orig_mod.{name}",
    "sharded": lambda name: name.replace("layers.0.", "layers.0._fsdp_wrapped_module._checkpoint_wrapped_module."),
    "named": lambda name: name.replace(".weight", ".default.weight") if "lora_" in name else name,
    "named otherwise": lambda name: name.replace(".weight", ".my-own.weight") if "lora_" in name else name,
    "without prefix": lambda name: name.removeprefix(PREFIX),
    "twice in PEFT": lambda name: f"{PREFIX}{name}",
}


@pytest.mark.parametrize("how", WRAPPED)
def test_names_that_a_wrapped_model_gave_are_read(tmp_path: Path, make_peft: MakePeft, how: str) -> None:
    models = [make_peft(tmp_path / str(seed), seed, modules_to_save=["lm_head"]) for seed in (1, 2)]
    weights = load_file(tmp_path / "1" / WEIGHTS)
    save_file({WRAPPED[how](name): tensor for name, tensor in weights.items()}, tmp_path / "1" / WEIGHTS)
    assert sorted(load_file(tmp_path / "1" / WEIGHTS)) != sorted(weights)
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    expected, found = [full_weights(model) for model in models], full_weights(loaded(tmp_path / "out"))
    for name, weight in found.items():
        assert relative_error(weight, (expected[0][name] + expected[1][name]) / 2) < 1e-6, name


def test_a_bare_state_dict_is_read(tmp_path: Path, make_peft: MakePeft) -> None:
    model = make_peft(tmp_path / "a", 1, modules_to_save=["lm_head"], target_modules=["embed_tokens", "q_proj"])
    state = {
        name: tensor.contiguous() for name, tensor in model.state_dict().items() if "lora" in name or "lm_h" in name
    }
    assert any(".original_module." in name for name in state) and any(".default" in name for name in state)
    save_file({name: tensor.clone() for name, tensor in state.items()}, tmp_path / "a" / WEIGHTS)
    merge([tmp_path / "a"], tmp_path / "out")
    expected, found = full_weights(model), full_weights(loaded(tmp_path / "out"))
    assert all(relative_error(weight, expected[name]) < 1e-6 for name, weight in found.items())


def test_modules_named_with_a_wrapper_in_the_configuration_are_found(tmp_path: Path, make_peft: MakePeft) -> None:
    make_peft(tmp_path / "a", 1, target_modules=["model.layers.0.self_attn.q_proj"])
    config = read_json(tmp_path / "a" / CONFIG)
    write_json(tmp_path / "a" / CONFIG, config | {"target_modules": ["_orig_mod.model.layers.0.self_attn.q_proj"]})
    weights = load_file(tmp_path / "a" / WEIGHTS)
    save_file({WRAPPED["compiled"](name): tensor for name, tensor in weights.items()}, tmp_path / "a" / WEIGHTS)
    merge([tmp_path / "a"], tmp_path / "out")
    assert "lora_A" in str(loaded(tmp_path / "out"))


def test_two_adapters_in_one_file_are_refused(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a", 1)
    weights = load_file(folder / WEIGHTS)
    names = sorted(weights)
    renamed = {n.replace(".weight", f".{'one' if n in names[:2] else 'two'}.weight"): w for n, w in weights.items()}
    save_file(renamed, folder / WEIGHTS)
    with pytest.raises(UserError, match=r"several adapters \(one, two\)"):
        Adapter(folder)
    save_file(weights | {f"module.{names[0]}": weights[names[0]].clone()}, folder / WEIGHTS)
    with pytest.raises(UserError, match="are both"):
        Adapter(folder)


def test_a_result_that_peft_cannot_place_is_refused(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a", 1, target_modules=["k_proj"])
    with pytest.raises(UserError, match="PEFT can't load the adapter"):
        merge([folder], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("base"))


def test_the_result_is_asked_on_its_base(tmp_path: Path, make_peft: MakePeft, base: Path) -> None:
    for seed in (1, 2):
        make_peft(tmp_path / str(seed), seed)
    folders = [tmp_path / "1", tmp_path / "2"]
    _, answer = merge_named(
        folders, strategy("average"), "exact", "float32", tmp_path / "out", validate_on=str(base), progress=False
    )
    assert answer and answer == ask(tmp_path / "out", str(base))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [("nothing changes", "changes no output"), ("overflow", "not finite"), ("shape", "does not fit")],
)
def test_a_result_that_fails_on_its_base_is_refused(
    tmp_path: Path, make_peft: MakePeft, base: Path, spoil: str, said: str
) -> None:
    make_peft(tmp_path / "a", 1)
    weights = load_file(tmp_path / "a" / WEIGHTS)
    if spoil == "shape":
        weights = {n: torch.ones(4, 99) if n.endswith("q_proj.lora_A.weight") else w for n, w in weights.items()}
    else:
        factor = 1e-30 if spoil == "nothing changes" else 1e30
        weights = {n: w * factor for n, w in weights.items()}
    save_file(weights, tmp_path / "a" / WEIGHTS)
    with pytest.raises(UserError, match=f"--validate: .*{said}"):
        merge([tmp_path / "a"], tmp_path / "out", validate_on=str(base))
    assert not (tmp_path / "out").exists()


def test_a_base_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a", 1)
    with pytest.raises(UserError, match="can't be loaded as a base"):
        merge([folder], tmp_path / "out", validate_on=str(tmp_path / "nothing"))


@pytest.mark.parametrize("config", [{}, {"modules_to_save": ["lm_head"]}], ids=str)
def test_a_tied_head_follows_its_trained_embedding(tmp_path: Path, make_peft: MakePeft, config: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True, "tied": True} | config
    for seed in (1, 2):
        make_peft(tmp_path / str(seed), seed, **settings)
    inputs = [load_file(tmp_path / str(seed) / WEIGHTS) for seed in (1, 2)]
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    found = load_file(tmp_path / "out" / WEIGHTS)
    whole = [name for name in found if "lora_" not in name]
    assert len(whole) == 2
    for name in whole:
        assert relative_error(found[name], (inputs[0][name] + inputs[1][name]) / 2) < 1e-6
    assert torch.equal(found[whole[0]], found[whole[1]])
    PeftModel.from_pretrained(tiny_llama(tied=True), str(tmp_path / "out"))


@pytest.mark.parametrize("rank", ["exact", 0.8, 3, *(f"{size / 1e4:g}MB" for size in range(118, 138))])
def test_a_tied_head_has_the_rank_of_its_embedding(
    tmp_path: Path, make_peft: MakePeft, rank: str | int | float
) -> None:
    settings: dict[str, Any] = {"target_modules": ["embed_tokens", "lm_head", "q_proj"], "ensure_weight_tying": True}
    for seed in (1, 2):
        make_peft(tmp_path / str(seed), seed, tied=True, **settings)
    merge([tmp_path / "1", tmp_path / "2"], tmp_path / "out", rank=rank)
    layers = loaded(tmp_path / "out", tied=True).base_model.model
    embedding = layers.model.embed_tokens.get_delta_weight("default")
    assert torch.equal(embedding, layers.lm_head.get_delta_weight("default")) and float(embedding.norm()) > 1


TABLE = f"{PREFIX}model.embed_tokens.base_layer.weight"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.bfloat16, torch.float16),
        (torch.float16, torch.float32),
        (torch.float32, torch.bfloat16),
        (torch.float64, torch.float16),
    ],
)
@pytest.mark.parametrize("stored", [None, torch.float32])
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e4])
def test_copies_of_one_base_in_two_precisions_are_one(
    tmp_path: Path, one: torch.dtype, other: torch.dtype, stored: torch.dtype | None, size: float
) -> None:
    table = torch.randn(50, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * size
    copies = [table.to(dtype).to(stored or dtype) for dtype in (one, other)]
    folders = [random_adapter(tmp_path / str(i), i, extra={TABLE: copy}) for i, copy in enumerate(copies)]
    merge(folders, tmp_path / "out")
    found = load_file(tmp_path / "out" / WEIGHTS)[TABLE]
    finest = min(copies, key=lambda copy: float((copy.double() - table).norm()))
    assert torch.equal(found.double(), finest.double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_copies_that_differ_by_more_than_rounding_are_refused(tmp_path: Path, dtype: torch.dtype) -> None:
    table = torch.randn(50, 8, generator=torch.Generator().manual_seed(3)).to(dtype)
    moved = table.clone()
    moved[7, 3] *= 1 + 4 * torch.finfo(dtype).eps
    folders = [random_adapter(tmp_path / str(i), i, extra={TABLE: t}) for i, t in enumerate((table, moved))]
    with pytest.raises(UserError, match="was not trained and yet differs"):
        merge(folders, tmp_path / "out")

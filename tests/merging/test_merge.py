"""Whole merges: against dense arithmetic, against PEFT's own models, and on bad input."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.merging.merge import check_out, merge_adapters
from housebrain.merging.strategies import REGISTRY, Metrics, Searched, strategy
from housebrain.model.adapter import CONFIG, MERGE_REPORT, PREFIX, WEIGHTS
from merging.adapters import dense, dense_sum, random_adapter, relative_error
from peft_models import MakePeft, full_weights, loaded, tiny_llama


def merge(folders: list[Path], out: Path, name: str = "average", **options: Any) -> dict[str, Any]:
    """`merge_adapters` with what most tests want."""
    weights = options.pop("weights", None)
    by_name = {folder.name: folder for folder in folders}
    return merge_adapters(
        by_name,
        strategy(name, **options.pop("parameters", {})),
        options.pop("metrics", {}),
        options.pop("rank", "exact"),
        options.pop("dtype", "float32"),
        out,
        dict(zip(by_name, weights, strict=True)) if weights else None,
        **options,
    )


def check_equal(out: Path, expected: dict[str, torch.Tensor], tolerance: float = 1e-6) -> None:
    found = dense(out)
    assert found.keys() == expected.keys()
    for module, update in expected.items():
        assert relative_error(found[module], update) < tolerance, module


def test_other_versions_of_libraries_are_named_once_and_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"base": "b"}
    numbers = [{"torch": "2.13.0", "peft": "1"}, {"torch": "2.14.0", "peft": "1"}, {"torch": "2.13.0", "peft": "1"}]
    folders = [
        random_adapter(tmp_path / f"shard {i}", i, shared=shared, versions=versions)
        for i, versions in enumerate(numbers)
    ]
    folders += [random_adapter(tmp_path / "silent", 3, shared=shared), random_adapter(tmp_path / "elsewhere", 4)]
    merge(folders, tmp_path / "out")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert line == (
        "warning: the adapters were trained with different versions: torch 2.13.0 (shard 0, shard 2) / "
        "2.14.0 (shard 1)."
    )
    check_equal(tmp_path / "out", dense_sum(folders, [1 / 5] * 5))
    merge(folders, tmp_path / "tried", progress=False)  # one of a search's many
    merge(folders[::2], tmp_path / "same")
    assert "warning" not in capsys.readouterr().err


CONFIGS: list[dict[str, Any]] = [
    {},
    {"lora_alpha": 13},
    {"use_rslora": True, "lora_alpha": 16},
    {"rank_pattern": {"model.layers.0.mlp.down_proj": 7}, "alpha_pattern": {"q_proj": 3}},
    {"dtype": torch.bfloat16},
    {"dtype": torch.float16, "use_rslora": True},
    {"A_seed": 5},
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_average_is_the_dense_mean(tmp_path: Path, config: dict[str, Any]) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed, **config) for seed in range(6)]
    merge(folders, tmp_path / "out")
    check_equal(tmp_path / "out", dense_sum(folders, [1 / 6] * 6))


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_identical_adapters_give_that_adapter_at_its_own_rank(tmp_path: Path, config: dict[str, Any]) -> None:
    folders = [random_adapter(tmp_path / str(i), 3, **config) for i in range(6)]
    report = merge(folders, tmp_path / "out")
    check_equal(tmp_path / "out", dense(folders[0]))
    own = {f"{PREFIX}{module}": rank for module, rank in config.get("rank_pattern", {}).items()}
    assert all(detail["rank"] == own.get(module, 4) for module, detail in report["modules"].items())


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_one_adapter_gives_itself(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = random_adapter(tmp_path / "a", 3, **config)
    merge([folder], tmp_path / "out")
    check_equal(tmp_path / "out", dense(folder))


def test_adapters_of_different_rank_alpha_and_scaling_merge(tmp_path: Path) -> None:
    folders = [
        random_adapter(tmp_path / "a", 1, r=2, lora_alpha=3),
        random_adapter(tmp_path / "b", 2, r=6, lora_alpha=1, use_rslora=True),
        random_adapter(tmp_path / "c", 3, dtype=torch.bfloat16, rank_pattern={"model.layers.0.mlp.down_proj": 1}),
    ]
    merge(folders, tmp_path / "out", weights=[1, 2, 5])
    check_equal(tmp_path / "out", dense_sum(folders, [1 / 8, 2 / 8, 5 / 8]))


@given(
    st.lists(st.floats(0.01, 10), min_size=2, max_size=4),
    st.permutations(range(4)),
    st.sampled_from([0.25, 1.0, -2.0]),
)
@settings(max_examples=25, deadline=None)
def test_a_merge_is_linear_in_its_weights_and_blind_to_order(
    tmp_path_factory: pytest.TempPathFactory, weights: list[float], order: list[int], scale: float
) -> None:
    tmp_path = tmp_path_factory.mktemp("linear")
    folders = [random_adapter(tmp_path / str(seed), seed, A_seed=seed // 2) for seed in range(len(weights))]
    shuffled = [i for i in order if i < len(weights)]
    merge([folders[i] for i in shuffled], tmp_path / "out", weights=[weights[i] for i in shuffled], scale=scale)
    check_equal(tmp_path / "out", dense_sum(folders, [scale * weight / sum(weights) for weight in weights]))


@pytest.mark.parametrize("rank", [1, 3, 8, 0.5, 0.9, 0.999, "0.008MB"])
def test_the_error_is_what_the_report_says(tmp_path: Path, rank: int | float | str) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(5)]
    report = merge(folders, tmp_path / "out", rank=rank)
    expected, found = dense_sum(folders, [0.2] * 5), dense(tmp_path / "out")
    for module, detail in report["modules"].items():
        assert relative_error(found[module], expected[module]) ** 2 == pytest.approx(
            detail["dropped_energy"], rel=1e-3, abs=1e-9
        )
        assert detail["norm"] == pytest.approx(float(expected[module].norm()))
        best = torch.linalg.svdvals(expected[module])[detail["rank"] :]
        assert float((found[module] - expected[module]).norm()) == pytest.approx(float(best.norm()), rel=1e-3)
    assert report["dropped_energy_max"] == max(detail["dropped_energy"] for detail in report["modules"].values())
    if isinstance(rank, int):
        assert report["rank_max"] == rank
    if isinstance(rank, float):
        assert report["dropped_energy_max"] <= 1 - rank


def test_a_size_limit_holds_and_is_made_use_of(tmp_path: Path) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(5)]
    sizes = {}
    for limit in ("0.005MB", "0.010MB"):
        report = merge(folders, tmp_path / limit, rank=limit, dtype="float16")
        sizes[limit] = (tmp_path / limit / WEIGHTS).stat().st_size
        assert report["size_mb"] * 1e6 == sizes[limit]
        assert float(limit[:-2]) * 1e6 - 2 * 60 < sizes[limit] <= float(limit[:-2]) * 1e6
    with pytest.raises(UserError, match="rank 1 takes"):
        merge(folders, tmp_path / "out", rank="0.001MB")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"use_rslora": True, "lora_alpha": 5},
        {"rank_pattern": {"model.layers.1.mlp.down_proj": 2}, "alpha_pattern": {"down_proj": 3}},
        {"target_modules": "all-linear"},
        {"target_modules": ["embed_tokens", "lm_head", "q_proj"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["lm_head", "model.norm"]},
        {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"], "tied": True},
        {"target_modules": ["embed_tokens", "q_proj"], "tied": True},
        {"target_modules": ["embed_tokens", "q_proj"], "tied": True, "ensure_weight_tying": True},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_peft_loads_the_result_and_computes_the_mean_model(
    tmp_path: Path, make_peft: MakePeft, config: dict[str, Any]
) -> None:
    models = [make_peft(tmp_path / str(seed), seed, **config) for seed in range(3)]
    merge([tmp_path / str(seed) for seed in range(3)], tmp_path / "out")
    tied = config.get("tied", False)
    merged = loaded(tmp_path / "out", tied)
    tokens = torch.arange(60).reshape(3, 20)
    weights = [full_weights(model, tied) for model in models]
    mean_model = tiny_llama().double()
    mean_model.load_state_dict({name: sum(w[name] for w in weights) / 3 for name in weights[0]})
    with torch.no_grad():
        found, expected = merged(input_ids=tokens).logits, mean_model(input_ids=tokens).logits
        base = tiny_llama(tied)(input_ids=tokens).logits
    assert torch.allclose(found.double(), expected, atol=2e-4 * float(expected.abs().max()))
    assert not torch.allclose(found, base, atol=1e-2)


def test_ranks_that_differ_by_module_reach_peft(tmp_path: Path, make_peft: MakePeft) -> None:
    for seed in range(3):
        make_peft(tmp_path / str(seed), seed)
    report = merge([tmp_path / str(seed) for seed in range(3)], tmp_path / "out", rank=0.8)
    ranks = {module: detail["rank"] for module, detail in report["modules"].items()}
    assert len(set(ranks.values())) > 1
    layers = {name: layer for name, layer in loaded(tmp_path / "out").named_modules() if hasattr(layer, "lora_A")}
    assert {name: layer.r["default"] for name, layer in layers.items()} == ranks
    assert {layer.scaling["default"] for layer in layers.values()} == {1.0}


def test_tensors_trained_as_a_whole_are_averaged_and_copies_kept(tmp_path: Path) -> None:
    head, table = f"{PREFIX}lm_head.weight", f"{PREFIX}model.embed_tokens.base_layer.weight"
    copy = torch.randn(9, 4)
    folders = [
        random_adapter(
            tmp_path / str(seed),
            seed,
            extra={head: torch.full((3, 5), float(seed)).bfloat16(), table: copy},
            modules_to_save=["lm_head"],
        )
        for seed in range(4)
    ]
    merge(folders, tmp_path / "out", weights=[1, 1, 1, 5])
    found = load_file(tmp_path / "out" / WEIGHTS)
    assert torch.equal(found[head], torch.full((3, 5), 18 / 8).bfloat16())
    assert torch.equal(found[table], copy)


@pytest.mark.parametrize("half_first", [True, False])
def test_whole_tensors_of_different_precision_keep_the_higher(tmp_path: Path, half_first: bool) -> None:
    head, table = f"{PREFIX}lm_head.weight", f"{PREFIX}model.embed_tokens.weight"
    copy = torch.randn(9, 4).bfloat16()
    half = random_adapter(
        tmp_path / "half", extra={head: torch.ones(3, 5).bfloat16(), table: copy}, modules_to_save=["lm_head"]
    )
    full = random_adapter(
        tmp_path / "full", 1, extra={head: torch.full((3, 5), 1.01), table: copy.float()}, modules_to_save=["lm_head"]
    )
    folders = [half, full] if half_first else [full, half]
    merge(folders, tmp_path / "out")
    found = load_file(tmp_path / "out" / WEIGHTS)
    assert torch.allclose(found[head], torch.full((3, 5), 1.005), rtol=1e-6)
    assert found[table].dtype == torch.float32 and torch.equal(found[table], copy.float())
    limit = (tmp_path / "out" / WEIGHTS).stat().st_size / 1e6 - 1e-3
    merge(folders, tmp_path / "small", rank=f"{limit}MB")
    assert (tmp_path / "small" / WEIGHTS).stat().st_size <= limit * 1e6


def test_whole_numbers_are_copied_and_refused_where_they_differ(tmp_path: Path) -> None:
    steps = f"{PREFIX}head.norm.num_batches_tracked"
    codes = f"{PREFIX}head.codes"
    adapters = {
        str(count): random_adapter(
            tmp_path / str(count) / "adapter",
            count,
            extra={steps: torch.tensor(count), codes: torch.full((4,), -7).char()},
            modules_to_save=["head"],
        )
        for count in (3, 5)
    }
    with pytest.raises(UserError, match=r"num_batches_tracked differs, and torch.int64 has no mean"):
        merge_adapters(adapters, strategy("average"), {}, "exact", "float32", tmp_path / "out")
    merge_adapters(adapters, strategy("average"), {}, "exact", "float32", tmp_path / "out", {"3": 1, "5": 0})
    found = load_file(tmp_path / "out" / WEIGHTS)
    assert found[steps] == 3 and torch.equal(found[codes], torch.full((4,), -7).char())


def test_copies_of_the_base_that_differ_are_refused(tmp_path: Path) -> None:
    table = f"{PREFIX}model.embed_tokens.weight"
    folders = [random_adapter(tmp_path / str(i), i, extra={table: torch.full((2, 2), float(i))}) for i in range(2)]
    with pytest.raises(UserError, match=r"embed_tokens.weight was not trained and yet differs"):
        merge(folders, tmp_path / "out")


@pytest.mark.parametrize("options", [{"name": "ties"}, {"scale": 0.5}])
def test_whole_tensors_cannot_be_merged_but_by_averaging(tmp_path: Path, options: dict[str, Any]) -> None:
    extra = {f"{PREFIX}lm_head.weight": torch.ones(3, 3)}
    folders = [random_adapter(tmp_path / str(i), i, extra=extra, modules_to_save=["lm_head"]) for i in range(2)]
    with pytest.raises(UserError, match=r"lm_head.weight was trained as a whole"):
        merge(folders, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", list(REGISTRY))
def test_every_strategy_makes_an_adapter_peft_loads(tmp_path: Path, make_peft: MakePeft, name: str) -> None:
    for seed in range(3):
        make_peft(tmp_path / str(seed), seed)
    metrics: dict[str, Metrics] = {str(seed): {"eval_loss": 3.0 - seed} for seed in range(3)}
    options: dict[str, Any] = {"metrics": metrics, "rank": 4}
    if issubclass(REGISTRY[name], Searched):
        with pytest.raises(UserError, match="tries weights on validation samples"):
            merge([tmp_path / str(seed) for seed in range(3)], tmp_path / "out", name, **options)
        options["weights"] = [0.0, 1.0, 2.0]
    report = merge([tmp_path / str(seed) for seed in range(3)], tmp_path / "out", name, **options)
    assert report["strategy"] == name and sum(report["weights"].values()) == pytest.approx(1)
    with torch.no_grad():
        assert torch.isfinite(loaded(tmp_path / "out")(input_ids=torch.arange(10)[None]).logits).all()


def test_best_is_the_best_adapter(tmp_path: Path) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed, r=2 + seed) for seed in range(3)]
    metrics: dict[str, Metrics] = {"0": {"eval_loss": 2.0}, "1": {"eval_loss": 1.0}, "2": {"eval_loss": 3.0}}
    report = merge(folders, tmp_path / "out", "best", metrics=metrics)
    check_equal(tmp_path / "out", dense(folders[1]))
    assert report["weights"] == {"0": 0.0, "1": 1.0, "2": 0.0} and report["rank_max"] == 3


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 2e-3), ("bfloat16", 1e-2)])
def test_output_in_half_precision(tmp_path: Path, dtype: str, tolerance: float) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(2)]
    merge(folders, tmp_path / "out", dtype=dtype)
    assert {str(t.dtype) for t in load_file(tmp_path / "out" / WEIGHTS).values()} == {f"torch.{dtype}"}
    check_equal(tmp_path / "out", dense_sum(folders, [0.5, 0.5]), tolerance)


def test_the_report_says_what_was_done(tmp_path: Path) -> None:
    shared = {"base": "some/base", "init": "0" * 64}
    folders = [random_adapter(tmp_path / str(seed), seed, shared=shared) for seed in range(2)]
    metrics: dict[str, Metrics] = {"0": {"eval_loss": 1.0}, "1": {"eval_loss": 1.1}}
    report = merge(folders, tmp_path / "out", "weighted", metrics=metrics)
    assert read_json(tmp_path / "out" / "merge.json") == report
    assert report["formula"] == "w_i = softmax(-eval_loss_i / 0.1)"
    assert report["weights"]["0"] == pytest.approx(0.7310586)
    assert report["made_from"] == shared
    assert len(set(report["inputs"].values())) == 2 and all(len(h) == 64 for h in report["inputs"].values())
    by_hand = merge(folders, tmp_path / "out", weights=[1, 3])
    assert by_hand["formula"].startswith("given by hand") and by_hand["weights"] == {"0": 0.25, "1": 0.75}


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(3)]
    for out in ("x", "y"):
        merge(folders, tmp_path / out, rank=0.9)
    for name in (WEIGHTS, CONFIG, "merge.json"):
        assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "y" / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rank": "lots"}, "'lots' is no rank"),
        ({"dtype": "int8"}, "unknown dtype 'int8'. Known: float32"),
        ({"weights": [1, -1]}, "sum to 0"),
        ({"weights": [1, float("nan")]}, "sum to nan"),
        ({"scale": float("inf")}, "scale"),
        ({"scale": -1e300}, r"scale: -1e\+300 is no number between"),
        ({"name": "best"}, "0 has no finite metric 'eval_loss'"),
    ],
)
def test_bad_settings_are_refused_and_leave_the_last_output(
    tmp_path: Path, options: dict[str, Any], named: str
) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(2)]
    merge(folders, tmp_path / "out")
    before = (tmp_path / "out" / WEIGHTS).read_bytes()
    with pytest.raises(UserError, match=named):
        merge(folders, tmp_path / "out", **options)
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == before


def test_weights_that_undo_each_other_are_refused(tmp_path: Path) -> None:
    """Scaled to sum to 1 they would be beyond all numbers."""
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(3)]
    with pytest.raises(UserError, match="as good as nothing beside the largest"):
        merge(folders, tmp_path / "out", weights=[1, -1, 1e-320])


@pytest.mark.parametrize("name", ["slerp", "ties", "dare", "della"])
@pytest.mark.parametrize("weights", [[1, -1, 2], [0.6, -1.2, 1.6]])
def test_a_negative_weight_is_refused_where_updates_are_not_just_summed(
    tmp_path: Path, name: str, weights: list[float]
) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(3)]
    with pytest.raises(UserError, match=rf"weights: that of 1 is negative, which {name} can't take"):
        merge(folders, tmp_path / "out", name, weights=weights)
    assert not (tmp_path / "out").exists()
    merge(folders, tmp_path / "out", "average", weights=weights)
    check_equal(tmp_path / "out", dense_sum(folders, [weight / sum(weights) for weight in weights]))


@pytest.mark.parametrize("mark", [CONFIG, MERGE_REPORT])
def test_a_former_merge_or_an_adapter_may_be_replaced(tmp_path: Path, mark: str) -> None:
    folder = random_adapter(tmp_path / "a")
    out = tmp_path / "out"
    check_out(out, [folder])
    out.mkdir()
    check_out(out, [folder])
    (out / mark).touch()
    check_out(out, [folder])


def test_a_folder_that_is_no_adapter_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(UserError, match="mine: it is there and is no adapter"):
        check_out(tmp_path / "mine", [])


@pytest.mark.parametrize("out", ["all/a", "all", "all/a/merged", "all/a/../a", "link"])
def test_an_output_that_would_replace_an_input_is_refused(tmp_path: Path, out: str) -> None:
    folder = random_adapter(tmp_path / "all" / "a")
    (tmp_path / "all" / CONFIG).touch()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(UserError, match="or one lies in the other"):
        check_out(tmp_path / out, [random_adapter(tmp_path / "b"), folder])


def test_no_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no adapter"):
        merge([], tmp_path / "out")


def test_weights_for_other_adapters_are_refused(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a")
    with pytest.raises(UserError, match="given for b; needed for a"):
        merge_adapters({"a": folder}, strategy("average"), {}, "exact", "float32", tmp_path / "out", {"b": 1.0})


def test_damage_found_on_the_way_leaves_the_last_output(tmp_path: Path) -> None:
    folders = [random_adapter(tmp_path / str(seed), seed) for seed in range(2)]
    merge(folders, tmp_path / "out")
    before = (tmp_path / "out" / WEIGHTS).read_bytes()
    weights = load_file(folders[1] / WEIGHTS)
    last = sorted(weights)[-1]
    save_file(weights | {last: torch.full_like(weights[last], float("nan"))}, folders[1] / WEIGHTS)
    with pytest.raises(UserError, match=f"{last} has a weight that is not finite"):
        merge(folders, tmp_path / "out")
    assert (tmp_path / "out" / WEIGHTS).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "out"]


def test_a_result_that_peft_can_not_load_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = random_adapter(tmp_path / "a")
    without = {"target_modules": ["down_proj"]}
    monkeypatch.setattr("housebrain.merging.merge.merged_config", lambda like, ranks: like.config | without)
    with pytest.raises(
        UserError, match=r"PEFT can't load the adapter: there is no place for .*layers\.0\.self_attn\.q"
    ):
        merge([folder], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_update_too_large_for_half_precision_is_refused(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a")
    large = {name: 1e6 * weight for name, weight in load_file(folder / WEIGHTS).items()}
    save_file(large, folder / WEIGHTS)
    with pytest.raises(UserError, match=r"doesn't fit torch.float16"):
        merge([folder], tmp_path / "out", dtype="float16")


def test_settings_of_the_inputs_that_no_longer_hold_are_replaced(tmp_path: Path) -> None:
    folder = random_adapter(tmp_path / "a", lora_alpha=9, use_rslora=True, lora_dropout=0.3, init_lora_weights="eva")
    merge([folder], tmp_path / "out")
    config = json.loads((tmp_path / "out" / CONFIG).read_text())
    assert (config["r"], config["lora_alpha"], config["use_rslora"], config["lora_dropout"]) == (4, 4, False, 0.0)
    assert config["init_lora_weights"] is True and config["base_model_name_or_path"] == "some/base"

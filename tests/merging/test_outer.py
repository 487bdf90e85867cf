"""Tests for housebrain.merging.outer, against dense arithmetic."""

import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.files import read_json, write_json
from housebrain.merging import outer
from housebrain.merging import start as starts
from housebrain.merging.strategies import Average, Dare, Della, Slerp, Strategy, Ties
from housebrain.model.adapter import WEIGHTS
from housebrain.model.lora_init import verified_init, write_init
from housebrain.params import Lora, Outer, Params, load_params
from merging.adapters import dense, dense_sum, random_adapter, relative_error

LORA = Lora(r=4, alpha=8, dropout=0.0, target_modules="all-linear", seed=42)


def params_of(round_: int, rounds: int = 3, learning_rate: float = 1.0, momentum: float = 0.0) -> Params:
    return load_params(REPOSITORY / "params.yaml").model_copy(
        update={
            "round": round_,
            "rounds": rounds,
            "lora": LORA,
            "outer": Outer(learning_rate=learning_rate, momentum=momentum),
        }
    )


def shards(folder: Path, round_: int) -> dict[str, Path]:
    """Three shards' adapters of a round."""
    names = [f"{round_}-{k}" for k in range(3)]
    return {
        name: random_adapter(folder / name, seed=10 * round_ + k, shared={"round": round_})
        for k, name in enumerate(names)
    }


def merge(folders: dict[str, Path], params: Params) -> None:
    outer.merge_round(folders, Average(), {}, params, None, 1.0, Path("merged"), Path("outer"))


def play(folder: Path, learning_rate: float, momentum: float, rounds: int = 3) -> None:
    """Runs all rounds; what each came to is compared with the optimizer's formula on dense matrices.

    What the shards start from is not the state that the round before came to: in a training it is cut to a rank.
    """
    D = V = None
    for round_ in range(1, rounds + 1):
        params = params_of(round_, rounds, learning_rate, momentum)
        folders = shards(folder, round_)
        if round_ > 1:
            shutil.rmtree(outer.INIT, ignore_errors=True)
            D = dense(random_adapter(outer.INIT, seed=100 * round_))
        merge(folders, params)
        M = dense_sum(list(folders.values()), [1 / 3] * 3)
        zero = {name: torch.zeros_like(update) for name, update in M.items()}
        D, V = D or zero, V or zero
        V = {name: momentum * V[name] + M[name] - D[name] for name in M}
        D = {
            name: D[name] + learning_rate * (M[name] - D[name] + momentum * V[name] if momentum else M[name] - D[name])
            for name in M
        }
        found = dense(Path("merged"))
        # The velocity is stored cut, so that from the second round on it is known to one in a hundred.
        bound = 1e-6 if round_ == 1 or not momentum else 1e-2
        assert max(relative_error(found[name], D[name]) for name in D) < bound
        assert (Path("outer") / outer.VELOCITY).exists() == (momentum > 0)
        if round_ < rounds:
            starts.hand_over(params, Path("merged"), Path("outer"))


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("learning_rate", "momentum"), [(1.0, 0.0), (1.5, 0.0), (0.7, 0.8), (1.0, 0.5)])
def test_rounds_follow_the_outer_optimizer(tmp_path: Path, learning_rate: float, momentum: float) -> None:
    play(tmp_path, learning_rate, momentum)


@pytest.mark.long
@settings(deadline=None, max_examples=20)
@given(learning_rate=st.floats(0.1, 2), momentum=st.floats(0, 0.9))
def test_the_first_step_is_the_merge_scaled(
    tmp_path_factory: pytest.TempPathFactory, learning_rate: float, momentum: float
) -> None:
    folder = tmp_path_factory.mktemp("step")
    folders = shards(folder, 1)
    params = params_of(1, learning_rate=learning_rate, momentum=momentum)
    outer.merge_round(folders, Average(), {}, params, None, 1.0, folder / "merged", folder / "outer")
    step = learning_rate * (1 + momentum)
    expected, found = dense_sum(list(folders.values()), [step / 3] * 3), dense(folder / "merged")
    assert max(relative_error(found[name], expected[name]) for name in expected) < 1e-6


def test_one_round_is_the_plain_merge_and_needs_no_start(tmp_path: Path) -> None:
    folders = shards(tmp_path, 1)
    params = params_of(7, rounds=1, learning_rate=3.0, momentum=0.5)
    merge(folders, params)
    expected, found = dense_sum(list(folders.values()), [1 / 3] * 3), dense(Path("merged"))
    assert max(relative_error(found[name], expected[name]) for name in expected) < 1e-6
    assert "outer" not in read_json("merged/merge.json")
    assert starts.start_of(params) is None


def test_what_the_cut_dropped_is_not_unlearnt(tmp_path: Path) -> None:
    """Shards that learn nothing leave the next state where they started, momentum or not."""
    merge(shards(tmp_path, 1), params_of(1, momentum=0.5))
    starts.hand_over(params_of(1), Path("merged"), Path("outer"))
    shutil.rmtree(starts.START / outer.VELOCITY)
    shutil.copytree(random_adapter(tmp_path / "slow", seed=3, lora_alpha=1e-6), starts.START / outer.VELOCITY)
    start = random_adapter(outer.INIT, seed=9)
    merge({name: shutil.copytree(start, tmp_path / name) for name in "abc"}, params_of(2, momentum=0.5))
    expected, found = dense(start), dense(Path("merged"))
    assert max(relative_error(found[name], expected[name]) for name in expected) < 1e-5


@pytest.mark.parametrize("how", [Slerp(), Ties(density=1), Dare(density=1), Della(density=1, spread=0)])
def test_a_strategy_sees_what_was_learnt_in_the_round(tmp_path: Path, how: Strategy) -> None:
    """Two shards that learnt the same come to just that, whatever they had before."""
    merge(shards(tmp_path, 1), params_of(1))
    starts.hand_over(params_of(1), Path("merged"), Path("outer"))
    random_adapter(outer.INIT, seed=9)
    one = random_adapter(tmp_path / "one", seed=5, shared={"round": 2})
    two = Path(shutil.copytree(one, tmp_path / "two"))
    outer.merge_round({"one": one, "two": two}, how, {}, params_of(2), None, 0.5, Path("merged"), Path("outer"))
    start, end, found = dense(outer.INIT), dense(one), dense(Path("merged"))
    expected = {module: start[module] + 0.5 * (end[module] - start[module]) for module in start}
    assert max(relative_error(found[module], expected[module]) for module in expected) < 1e-5


def test_the_report_says_what_was_merged_and_how_it_was_stepped(tmp_path: Path) -> None:
    folders = shards(tmp_path, 1)
    merge(folders, params_of(1, learning_rate=0.7, momentum=0.8))
    report = read_json("merged/merge.json")
    assert set(report["inputs"]) == set(folders)
    assert report["weights"] == pytest.approx(dict.fromkeys(folders, 1 / 3))
    assert report["outer"] == {"learning_rate": 0.7, "momentum": 0.8}
    assert report["size_mb"] == (Path("merged") / WEIGHTS).stat().st_size / 1e6


def test_a_start_that_is_missing_or_of_another_round_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="round 2 starts from what round 1 merged, and nothing is there"):
        starts.start_of(params_of(2))
    merge(shards(tmp_path, 1), params_of(1))
    with pytest.raises(UserError, match="it is not of round 2"):
        starts.hand_over(params_of(2), Path("merged"), Path("outer"))
    starts.hand_over(params_of(1), Path("merged"), Path("outer"))
    assert starts.start_of(params_of(2)) == starts.START
    with pytest.raises(UserError, match="round 3 starts from what round 2 merged, and it is of round 1"):
        starts.start_of(params_of(3))


def test_a_momentum_that_begins_in_the_middle_is_refused(tmp_path: Path) -> None:
    merge(shards(tmp_path, 1), params_of(1))
    starts.hand_over(params_of(1), Path("merged"), Path("outer"))
    random_adapter(outer.INIT, seed=9)
    with pytest.raises(UserError, match="the round before had none"):
        merge(shards(tmp_path, 2), params_of(2, momentum=0.5))


def test_the_next_round_starts_from_the_best_adapter_of_its_rank(tmp_path: Path, tiny_base: Path) -> None:
    folders = {}
    for k in range(3):
        lora = LORA.model_copy(update={"seed": k})
        write_init(lora, "tiny", tiny_base, tmp_path / f"{k}")
        folders[f"{k}"] = tmp_path / f"{k}"
        randomise(folders[f"{k}"], seed=k)
    merge(folders, params_of(1))
    write_json("merged/merge.json", read_json("merged/merge.json") | {"made_from": {"round": 1}})
    starts.hand_over(params_of(1), Path("merged"), Path("outer"))
    sha256, dropped = starts.write_next_init(starts.START, LORA, "tiny", tiny_base, tmp_path / "init")
    assert verified_init(tmp_path / "init") == sha256
    state, init = dense(Path("merged")), dense(tmp_path / "init")
    lost = energy = 0.0
    for name, update in state.items():
        U, s, Vt = torch.linalg.svd(update)
        assert relative_error(init[name], (U[:, :4] * s[:4]) @ Vt[:4]) < 1e-5
        lost, energy = lost + float((s[4:] ** 2).sum()), energy + float((s**2).sum())
    assert dropped == pytest.approx(lost / energy, rel=1e-4)


def test_the_next_round_is_of_the_same_base(tmp_path: Path, tiny_base: Path) -> None:
    """Another of the same shapes would take the state without a word."""
    write_init(LORA, "tiny", tiny_base, starts.START / starts.STATE)
    with pytest.raises(
        UserError, match=r"rounds before were trained on tiny, and `base` in params\.yaml is tiny-chat now"
    ):
        starts.write_next_init(starts.START, LORA, "tiny-chat", tiny_base, tmp_path / "init")


def test_a_state_of_lower_rank_is_held_whole_and_the_rest_stays_as_drawn(tmp_path: Path, tiny_base: Path) -> None:
    narrow = LORA.model_copy(update={"r": 2})
    write_init(narrow, "tiny", tiny_base, tmp_path / "narrow")
    randomise(tmp_path / "narrow", seed=0)
    starts.START.mkdir(parents=True)
    shutil.copytree(tmp_path / "narrow", starts.START / starts.STATE)
    _, dropped = starts.write_next_init(starts.START, LORA, "tiny", tiny_base, tmp_path / "init")
    assert dropped < 1e-12
    expected, found = dense(tmp_path / "narrow"), dense(tmp_path / "init")
    assert max(relative_error(found[name], expected[name]) for name in expected) < 1e-6
    weights = load_file(tmp_path / "init" / WEIGHTS)
    assert all(bool(A.abs().sum(1).min() > 0) for name, A in weights.items() if "lora_A" in name)


def randomise(folder: Path, seed: int) -> None:
    weights = load_file(folder / WEIGHTS)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in weights.items():
        if "lora_B" in name:
            weights[name] = torch.randn(weight.shape, generator=generator)
    save_file(weights, folder / WEIGHTS)

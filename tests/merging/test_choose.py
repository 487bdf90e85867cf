"""What is tuned on validation samples and compared on others."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.merging.choose import FEWEST_SAMPLES, SIGNIFICANT, TRIED, Trial, choose, decide, left_open
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from housebrain.merging.trials import strategies
from housebrain.model.adapter import Adapter
from housebrain.params import Merge, Params, load_params
from housebrain.significance import paired_p
from merging.adapters import random_adapter

METRICS = {f"shard {i}": {"eval_loss": 1 + 0.1 * i} for i in range(3)}


def settings(**changes: Any) -> Params:
    plain: dict[str, Any] = {
        "strategy": "average",
        "metric": "eval_loss",
        "mode": "min",
        "temperature": 0.1,
        "parameters": {},
        "scale": 1.0,
        "validation_samples": 16,
        "budget_minutes": 5,
        "rank": "exact",
        "dtype": "float32",
    }
    params = load_params(REPOSITORY / "params.yaml")
    return params.model_copy(update={"merge": Merge(**(plain | changes))})


def dense(folder: Path) -> torch.Tensor:
    """All updates of an adapter, one after the other."""
    adapter = Adapter(folder)
    factors = [adapter.factors(module) for module in sorted(adapter.modules)]
    return torch.cat([(f.scale * f.B @ f.A).flatten() for f in factors])


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return {name: random_adapter(tmp_path / name, seed=i) for i, name in enumerate(METRICS)}


class Target:
    """A made-up loss: the distance to an update, a little different on each of sixteen samples."""

    def __init__(self, update: torch.Tensor) -> None:
        self.update = update
        self.asked = 0

    def losses(self, folder: Path) -> list[float]:
        self.asked += 1
        distance = float((dense(folder) - self.update).norm() / self.update.norm())
        return [distance * (1 + 0.01 * i) for i in range(16)]


def test_what_is_left_open() -> None:
    assert not left_open(settings().merge)
    for open_ in ({"strategy": "auto"}, {"strategy": "greedy"}, {"strategy": "search"}, {"scale": "auto"}):
        assert left_open(settings(**open_).merge)


def test_greedy_leaves_out_what_spoils_the_soup(tmp_path: Path, folders: dict[str, Path]) -> None:
    merge_adapters(
        {name: folders[name] for name in ("shard 0", "shard 2")},
        strategy("average"),
        {},
        "exact",
        "float32",
        tmp_path / "target",
    )
    choice = choose(folders, METRICS, settings(strategy="greedy"), Target(dense(tmp_path / "target")).losses)
    assert choice.trial.weights == {"shard 0": 0.5, "shard 1": 0, "shard 2": 0.5}


@pytest.mark.long
def test_search_finds_weights_that_do_not_sum_to_one(folders: dict[str, Path]) -> None:
    target = 0.9 * dense(folders["shard 0"]) + 0.6 * dense(folders["shard 1"]) - 0.2 * dense(folders["shard 2"])
    losses = Target(target)
    wanted = settings(strategy="search", parameters={"trials": 150})
    trial = choose(folders, METRICS, wanted, losses.losses).trial
    assert trial.weights is not None
    found = [weight * trial.scale for weight in trial.weights.values()]
    np.testing.assert_allclose(found, [0.9, 0.6, -0.2], atol=0.05)
    assert losses.asked <= 151


@pytest.mark.parametrize("factor", [0.75, 1.5])
def test_the_scale_is_found(folders: dict[str, Path], factor: float) -> None:
    target = Target(factor * dense(folders["shard 0"]))
    trial = choose({"shard 0": folders["shard 0"]}, METRICS, settings(scale="auto"), target.losses).trial
    assert trial.scale == factor


def test_auto_compares_all_on_samples_none_was_tuned_on(folders: dict[str, Path]) -> None:
    """The half by which weights are tuned wants shard 1, the other shard 0: what was tuned loses there."""
    tuned, compared = Target(dense(folders["shard 1"])), Target(dense(folders["shard 0"]))

    def losses(folder: Path) -> list[float]:
        return [one for pair in zip(tuned.losses(folder), compared.losses(folder), strict=True) for one in pair]

    choice = choose(folders, METRICS, settings(strategy="auto", parameters={}), losses)
    assert [row["strategy"] for row in choice.table] == list(TRIED)
    assert choice.trial.how.name == "best"  # shard 0, by its metric; `greedy` and `search` took shard 1
    lost = {row["strategy"]: row["loss"] for row in choice.table}
    assert min(lost["greedy"], lost["search"]) > 10 * lost["best"]


@pytest.mark.long
def test_auto_takes_what_is_better_beyond_doubt(folders: dict[str, Path]) -> None:
    target = Target(dense(folders["shard 0"]))
    choice = choose(
        folders, METRICS, settings(strategy="auto"), lambda folder: [*target.losses(folder), *target.losses(folder)]
    )
    assert choice.trial.how.name == "best"  # of the strategies that hit the target the simplest
    chosen = [row for row in choice.table if row["chosen"]]
    assert len(chosen) == 1 and chosen[0]["loss"] == min(row["loss"] for row in choice.table)


def test_auto_begins_nothing_past_its_budget(folders: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    target = Target(dense(folders["shard 0"]))
    choice = choose(folders, METRICS, settings(strategy="auto", budget_minutes=1e-9), target.losses)
    assert [row["strategy"] for row in choice.table] == ["average"]
    assert "not tried: weighted, best, greedy" in capsys.readouterr().out


def test_a_merge_whose_loss_is_not_finite_is_never_taken(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shard diverged: what it has a part in has a loss of NaN on a sample, neither above nor below any other."""
    monkeypatch.setattr("housebrain.merging.choose.TRIED", ("average", "best", "greedy", "ties"))
    target = Target(dense(folders["shard 1"]))
    spoilt = dense(folders["shard 2"])

    def losses(folder: Path) -> list[float]:
        found = target.losses(folder)
        has_part = abs(float(dense(folder) @ spoilt / spoilt.norm() ** 2)) > 0.1
        return [math.nan, *found[1:]] if has_part else found

    choice = choose(folders, METRICS, settings(strategy="auto"), losses)
    found = {row["strategy"]: row["loss"] for row in choice.table}
    assert found["average"] is None and found["greedy"] is not None
    assert not next(row for row in choice.table if row["strategy"] == "average")["chosen"]
    assert choice.trial.loss == min(loss for loss in found.values() if loss is not None)
    assert strategies(choice.table).axes[0].patches
    with pytest.raises(UserError, match="no merge that was tried has a finite loss"):
        choose(folders, METRICS, settings(strategy="auto"), lambda folder: [math.nan] * 16)


def test_samples_that_can_tell_nothing_apart_are_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"11 are too few.*Set merge\.validation_samples"):
        choose(folders, METRICS, settings(strategy="auto"), lambda folder: [1.0] * 11)
    assert paired_p([2.0] * (FEWEST_SAMPLES // 2), [1.0] * (FEWEST_SAMPLES // 2)) < SIGNIFICANT


def test_a_search_ends_with_the_budget_and_keeps_what_it_found(
    folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    target = Target(dense(folders["shard 0"]))
    for name in ("search", "greedy"):
        trial = choose(
            folders, METRICS, settings(strategy=name, scale="auto", budget_minutes=1e-9), target.losses
        ).trial
        assert trial.weights is not None and sum(trial.weights.values()) == pytest.approx(1)
        assert f"{name} was stopped after 1 trials" in capsys.readouterr().out
    assert target.asked == 4  # one to search by, and one of what was found, each


def test_a_search_that_came_to_its_end_is_not_called_stopped(
    folders: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the budget was spent in its last trial."""
    clock = iter([0.0, 0.0, *[1.0] * 4, *[1e9] * 50])
    monkeypatch.setattr("housebrain.merging.choose.time.monotonic", lambda: next(clock))
    choose(folders, METRICS, settings(strategy="greedy"), Target(dense(folders["shard 0"])).losses)
    assert "stopped" not in capsys.readouterr().out


@pytest.mark.long
def test_search_is_never_worse_than_the_mean_or_one_adapter(tmp_path: Path) -> None:
    """Six adapters and a target that is one of them: too many weights for a few trials from the mean on."""
    names = [f"shard {i}" for i in range(6)]
    six = {name: random_adapter(tmp_path / name, seed=i) for i, name in enumerate(names)}
    for name in names:
        target = Target(dense(six[name]))
        wanted = settings(strategy="search", parameters={"trials": 20})
        assert choose(six, {name: {} for name in names}, wanted, target.losses).trial.loss < 1e-5


def test_a_tie_goes_to_the_simpler_and_a_clear_win_does_not() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 40)
    simple = Trial(strategy("average"), None, 1.0, list(1 + noise))
    a_hair_better = Trial(strategy("slerp"), None, 1.0, list(1 + noise[::-1] - 0.001))
    better = Trial(strategy("ties"), None, 1.0, list(0.8 + noise))
    assert decide([simple, a_hair_better]).trial is simple
    assert decide([simple, a_hair_better, better]).trial is better


def test_p_of_few_samples_is_exact() -> None:
    assert paired_p([1, 2, 3, 4], [0, 1, 1, 2]) == pytest.approx(2 / 16)  # all signs alike: 2 of 16 ways
    assert paired_p([1, 2], [1, 2]) == 1
    assert paired_p([1], [2]) == 1


@pytest.mark.long
@pytest.mark.parametrize("count", [1, 2, 9])
def test_all_strategies_take_any_number_of_shards(tmp_path: Path, count: int) -> None:
    adapters = {f"shard {i}": random_adapter(tmp_path / str(i), seed=i) for i in range(1, count + 1)}
    metrics = {name: {"eval_loss": 1 + 0.1 * i} for i, name in enumerate(adapters)}
    target = Target(sum((dense(folder) for folder in adapters.values()), torch.zeros(())) / count)
    choice = choose(adapters, metrics, settings(strategy="auto"), target.losses)
    losses = {row["strategy"]: row["loss"] for row in choice.table}
    assert list(losses) == list(TRIED)
    assert losses["average"] == pytest.approx(0, abs=1e-4)
    if count == 1:
        alone = ("weighted", "best", "greedy", "slerp", "search")
        assert [losses[name] for name in alone] == pytest.approx([0] * len(alone), abs=1e-4)

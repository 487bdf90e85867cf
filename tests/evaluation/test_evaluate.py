"""Tests for housebrain.evaluation.evaluate."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from conftest import MakeSamples
from housebrain.data.samples import load_samples, tokenize
from housebrain.errors import UserError
from housebrain.evaluation import evaluate as module
from housebrain.evaluation.evaluate import evaluate, load_model
from housebrain.evaluation.reports import BASE, MERGED
from housebrain.merging.adapter import WEIGHTS
from housebrain.params import Params
from housebrain.training.base_model import load_base, load_tokenizer


@pytest.fixture(autouse=True)
def tiny_base_in_place(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ensure_base", lambda params: tiny_base)


def answers_of(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> list[int]:
    """Makes every model answer `texts`; returns the list in which the numbers of prompts asked at once appear."""
    asked: list[int] = []

    def answer(model: Any, tokenizer: Any, prompts: list[str], max_new_tokens: int, batch_size: int) -> list[str]:
        asked.append(len(prompts))
        return texts[: len(prompts)]

    monkeypatch.setattr(module, "generate_answers", answer)
    return asked


def test_every_model_is_measured(params: Params, adapters: dict[str, Path], test_split: Path) -> None:
    """Random weights answer nonsense: every measure of the answers is 0, and none of the others is missing."""
    evaluated = evaluate(params, adapters, test_split)
    assert list(evaluated) == [BASE, "shard 1", "shard 2", MERGED]
    losses = [result.metrics["eval_loss"] for result in evaluated.values()]
    assert None not in losses
    assert len(set(losses)) == len(evaluated)  # each adapter was in use, and the base had none
    for name, result in evaluated.items():
        assert (result.metrics["json_validity"], result.metrics["design_accuracy"]) == (0, 0)
        assert len(result.answers) == params.evaluate.briefs
        assert (result.metrics["seconds_per_design"] is None) == (name not in (BASE, MERGED))
        assert (result.metrics["adapter_mb"] == 0) == (name == BASE)
        assert result.metrics["stated_cost_within_10pct"] is None


def test_the_loss_is_the_mean_over_answer_tokens(
    params: Params, adapters: dict[str, Path], test_split: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against transformers' own loss, prompt masked, each sample in a pass of its own."""
    answers_of(monkeypatch, ["no"] * params.evaluate.briefs)
    result = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED]
    model, tokenizer = PeftModel.from_pretrained(load_base(tiny_base), adapters[MERGED]), load_tokenizer(tiny_base)
    total, count = 0.0, 0
    for sample, (_, loss, _, _) in zip(load_samples(test_split), result.answers, strict=False):
        tokens = tokenize(tokenizer, sample, "tree")
        ids = torch.tensor([tokens.input_ids])
        labels = ids.clone()
        labels[:, : tokens.prompt_length] = -100
        with torch.inference_mode():
            expected = model(input_ids=ids, labels=labels).loss.item()
        assert loss == pytest.approx(expected, rel=1e-4)
        learnt = len(tokens.input_ids) - tokens.prompt_length
        total, count = total + expected * learnt, count + learnt
    assert result.metrics["eval_loss"] == pytest.approx(total / count, rel=1e-4)


def test_a_model_that_gives_the_reference_answers_scores_full_marks(
    params: Params, adapters: dict[str, Path], test_split: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers_of(monkeypatch, [sample.answer for sample in load_samples(test_split)])
    metrics = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED].metrics
    for name in ("json_validity", "schema_validity", "decoded", "zero_overlap", "design_validity", "design_accuracy"):
        assert metrics[name] == 1, name
    assert metrics["cost_within_10pct"] == 1
    assert asked == [3, 1] * 2  # all briefs, then one alone for the latency; base and merged


def test_one_brief_is_no_obstacle_to_a_short_test_split(
    params: Params, adapters: dict[str, Path], tmp_path: Path, make_samples: MakeSamples
) -> None:
    """Where the test split has fewer briefs than `evaluate.briefs`, all are used."""
    evaluated = evaluate(params, {MERGED: adapters[MERGED]}, make_samples(tmp_path / "one.parquet", 1))
    assert len(evaluated[MERGED].answers) == 1


def test_the_adapter_folded_in_says_what_plain_peft_says(tiny_base: Path, adapters: dict[str, Path]) -> None:
    ids = torch.arange(3, 40)[None]
    plain = PeftModel.from_pretrained(load_base(tiny_base), adapters[MERGED]).eval()
    with torch.inference_mode():
        expected = plain(input_ids=ids).logits
        folded = load_model(tiny_base, adapters[MERGED]).eval()(input_ids=ids).logits
        bare = load_model(tiny_base, None).eval()(input_ids=ids).logits
    torch.testing.assert_close(folded, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(bare, expected, atol=1e-2)


def test_a_loss_that_is_not_finite_is_not_measured(
    params: Params, adapters: dict[str, Path], test_split: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_file(adapters[MERGED] / WEIGHTS)
    save_file({name: weight * float("nan") for name, weight in weights.items()}, adapters[MERGED] / WEIGHTS)
    metrics = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED].metrics
    assert metrics["eval_loss"] is None
    assert "loss not finite" in capsys.readouterr().out


def damage_missing(adapter: Path) -> None:
    (adapter / WEIGHTS).unlink()


def damage_truncated(adapter: Path) -> None:
    (adapter / WEIGHTS).write_bytes((adapter / WEIGHTS).read_bytes()[:-100])


def damage_other_base(adapter: Path) -> None:
    wider = {name: torch.cat([weight, weight], -1) for name, weight in load_file(adapter / WEIGHTS).items()}
    halved = {name: weight if "lora_A" in name else weight[:, : weight.shape[1] // 2] for name, weight in wider.items()}
    save_file({name: weight.contiguous() for name, weight in halved.items()}, adapter / WEIGHTS)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_missing, f"{WEIGHTS} is missing"),
        (damage_truncated, "truncated or damaged"),
        (damage_other_base, "doesn't fit the base"),
    ],
)
def test_an_unusable_adapter_is_one_error_that_names_it(
    damage: Any, message: str, params: Params, adapters: dict[str, Path], test_split: Path
) -> None:
    damage(adapters["shard 2"])
    with pytest.raises(UserError, match=message) as error:
        evaluate(params, adapters, test_split)
    assert str(adapters["shard 2"]) in str(error.value)


def test_an_empty_test_split_is_an_error(
    params: Params, adapters: dict[str, Path], tmp_path: Path, make_samples: MakeSamples
) -> None:
    with pytest.raises(UserError, match="it holds no sample"):
        evaluate(params, adapters, make_samples(tmp_path / "empty.parquet", 0))


def test_a_missing_test_split_is_an_error(params: Params, adapters: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.parquet"):
        evaluate(params, adapters, tmp_path / "nowhere.parquet")


def test_an_unknown_ruleset_is_an_error(params: Params, adapters: dict[str, Path], test_split: Path) -> None:
    settings = params.evaluate.model_copy(update={"codes": "moon2050"})
    with pytest.raises(UserError, match=r"evaluate\.codes: unknown ruleset 'moon2050'. Known: auto, nbc2016"):
        evaluate(params.model_copy(update={"evaluate": settings}), adapters, test_split)

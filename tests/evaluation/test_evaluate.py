"""Tests for housebrain.evaluation.evaluate."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from conftest import MakeSamples
from evaluation.conftest import adapter_like
from housebrain.answering.finish import Proposal
from housebrain.errors import UserError
from housebrain.evaluation import evaluate as module
from housebrain.evaluation.cache import Cache
from housebrain.evaluation.evaluate import Evaluator
from housebrain.evaluation.evaluate import evaluate as evaluate_with
from housebrain.evaluation.names import BASE, MERGED, RELEASED
from housebrain.evaluation.reports import Evaluated
from housebrain.files import read_json, write_json
from housebrain.language.answer import read
from housebrain.language.grammar import Grammar
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.language.tokens import tokenize
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.folded import load_model
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.preflight import VERDICT
from housebrain.params import Params
from housebrain.rules.checks import violations


@pytest.fixture(autouse=True)
def tiny_base_in_place(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ensure_base", lambda params: tiny_base)


def evaluate(params: Params, adapters: dict[str, Path], test: Path) -> dict[str, Evaluated]:
    """With a cache beside the test split."""
    return evaluate_with(Evaluator(params, test, Cache(test.with_name("answers"))), adapters)


def answers_of(monkeypatch: pytest.MonkeyPatch, texts: dict[str, str]) -> list[int]:
    """Makes every model answer `texts` (by prompt, else "no"); returns the list to which each call adds its prompts'
    number."""
    asked: list[int] = []

    def answer(model: Any, tokenizer: Any, prompts: list[str], max_new_tokens: int, batch_size: int) -> list[str]:
        asked.append(len(prompts))
        return [texts.get(one, "no") for one in prompts]

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
        assert result.metrics["seconds_per_design"] is None  # nobody was guided
        assert result.guided == []
        assert (result.metrics["adapter_mb"] == 0) == (name == BASE)
        assert result.metrics["stated_cost_within_10pct"] is None


def test_the_loss_is_the_mean_over_answer_tokens(
    params: Params, adapters: dict[str, Path], test_split: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against transformers' own loss, prompt masked, each sample in a pass of its own."""
    answers_of(monkeypatch, {})
    result = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED]
    model, tokenizer = PeftModel.from_pretrained(load_base(tiny_base), adapters[MERGED]), load_tokenizer(tiny_base)
    total, count = 0.0, 0
    for sample, loss in zip(load_samples(test_split), [one.loss for one in result.answers], strict=False):
        tokens = tokenize(tokenizer, sample, "tree")
        ids = torch.tensor([tokens.input_ids])
        labels = ids.clone()
        labels[:, : tokens.prompt_length] = -100
        with torch.inference_mode():
            expected = model(input_ids=ids, labels=labels).loss.item()
        assert loss == pytest.approx(expected, rel=1e-4)
        answer_tokens = len(tokens.input_ids) - tokens.prompt_length
        total, count = total + expected * answer_tokens, count + answer_tokens
    assert result.metrics["eval_loss"] == pytest.approx(total / count, rel=1e-4)


def test_a_model_that_gives_the_reference_answers_scores_full_marks(
    params: Params, adapters: dict[str, Path], test_split: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load_tokenizer(tiny_base)
    references = {prompt(tokenizer, sample.brief, "tree"): sample.answer for sample in load_samples(test_split)}
    asked = answers_of(monkeypatch, references)
    metrics = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED].metrics
    for name in ("json_validity", "schema_validity", "decoded", "zero_overlap", "design_validity", "design_accuracy"):
        assert metrics[name] == 1, name
    assert metrics["cost_within_10pct"] == 1
    assert asked == [2, 1, 2, 1]  # three briefs by two


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


@pytest.mark.long
def test_a_loss_that_is_not_finite_is_not_measured(
    params: Params, adapters: dict[str, Path], test_split: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_file(adapters[MERGED] / WEIGHTS)
    save_file({name: weight * float("nan") for name, weight in weights.items()}, adapters[MERGED] / WEIGHTS)
    params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"guided_briefs": 1})})
    metrics = evaluate(params, {MERGED: adapters[MERGED]}, test_split)[MERGED].metrics
    assert metrics["eval_loss"] is None
    assert metrics["guided_validity"] == 0
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


class Counted:
    """How often models are asked, by name of what they are asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = {"generate": 0, "losses": 0, "loaded": 0}
        self._count(monkeypatch, LlamaForCausalLM, "generate", "generate")
        self._count(monkeypatch, module, "mean_loss", "losses")
        self._count(monkeypatch, module, "load_model", "loaded")

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, function: str, name: str) -> None:
        real = getattr(owner, function)

        def counted(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return real(*args, **options)

        monkeypatch.setattr(owner, function, counted)

    def since(self) -> dict[str, int]:
        """The calls since this was asked last."""
        calls, self.calls = self.calls, dict.fromkeys(self.calls, 0)
        return calls


def test_a_second_evaluation_asks_no_model_anything(
    params: Params, adapters: dict[str, Path], test_split: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says the same, times and memory among it: they are kept from when the answers were made."""
    counted = Counted(monkeypatch)
    first = evaluate(params, adapters, test_split)
    # Three briefs by two: merged, and the base and both shards together.
    assert counted.since() == {"generate": 2 * 2, "losses": 4 * 3, "loaded": 4}
    assert evaluate(params, adapters, test_split) == first
    assert counted.since() == {"generate": 0, "losses": 0, "loaded": 0}


def test_with_more_briefs_only_the_new_ones_losses_are_computed(
    params: Params, adapters: dict[str, Path], test_split: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = evaluate(params, adapters, test_split)
    more = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"briefs": 4})})
    counted = Counted(monkeypatch)
    after = evaluate(more, adapters, test_split)
    assert counted.since()["losses"] == len(after)
    for name, result in before.items():
        assert [one.loss for one in after[name].answers][:3] == [one.loss for one in result.answers]


def test_base_and_shards_that_answer_together_say_what_each_says_by_itself(
    params: Params, adapters: dict[str, Path], test_split: Path, tmp_path: Path
) -> None:
    evaluator = Evaluator(params, test_split, Cache(tmp_path / "answers"))
    models = (None, adapters["shard 1"], adapters["shard 2"])
    alone, together = ([evaluator.evaluate(one, of) for one in models] for of in ((), models))
    assert [[one.answer for one in result.answers] for result in together] == [
        [one.answer for one in result.answers] for result in alone
    ]
    assert len({result.answers[0].answer for result in together}) == len(models)


def test_another_merge_asks_the_shards_nothing(
    params: Params, adapters: dict[str, Path], test_split: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = evaluate(params, adapters, test_split)
    counted = Counted(monkeypatch)
    after = evaluate(other_weights(params, adapters[MERGED]), adapters, test_split)
    assert counted.since() == {"generate": 2, "losses": 3, "loaded": 1}
    assert [after[name] for name in ("base", "shard 1", "shard 2")] == [
        before[name] for name in ("base", "shard 1", "shard 2")
    ]


def killed_after(calls: int) -> Any:
    """`mean_loss`, which ends in an interrupt after so many calls."""
    real, left = module.mean_loss, iter(range(calls))

    def mean_loss(*args: Any) -> float:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*args)

    return mean_loss


def test_losses_that_were_computed_before_a_kill_are_not_lost(
    params: Params, adapters: dict[str, Path], test_split: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator = Evaluator(params, test_split, Cache(tmp_path / "answers"))
    counted = Counted(monkeypatch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "mean_loss", killed_after(2))
        with pytest.raises(KeyboardInterrupt):
            evaluator.losses(adapters[MERGED])
    evaluator.losses(adapters[MERGED])
    assert counted.since()["losses"] == 3


def guiding(params: Params, briefs: int = 2) -> Params:
    return params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"guided_briefs": briefs})})


@pytest.mark.long
@pytest.mark.usefixtures("little_mending")
def test_base_merged_and_released_model_are_guided_too(
    params: Params, adapters: dict[str, Path], test_split: Path, tmp_path: Path, tiny_init: Path
) -> None:
    """Base and released one side by side, the merged one by itself; a second evaluation asks nothing."""
    released = adapter_like(tiny_init, tmp_path / "released", 7)
    narrow(released)
    adapters = {**adapters, RELEASED: released}
    with pytest.MonkeyPatch.context() as patch:
        batches = guided_batches(patch)
        first = evaluate(guiding(params, 4), adapters, test_split)
        assert batches == [2, 4, 1, 2]  # the first brief, then the others: there are but three
        assert evaluate(guiding(params, 4), adapters, test_split) == first
        assert len(batches) == 4
    shards, ids = ("shard 1", "shard 2"), [sample.id for sample in load_samples(test_split)[:3]]
    for name, result in first.items():
        assert [one.sample.id for one in result.guided] == ([] if name in shards else ids)
        assert (result.metrics["guided_validity"] is None) == (name in shards)
        assert (result.metrics["seconds_per_design"] is None) == (name in shards)
    assert len({tuple(one.answer for one in first[name].guided) for name in (BASE, MERGED, RELEASED)}) == 3
    for name, adapter in ((BASE, None), (MERGED, adapters[MERGED]), (RELEASED, released)):
        alone = Evaluator(guiding(params, 4), test_split, Cache(tmp_path / "alone")).evaluate(adapter, (), (adapter,))
        assert [one.answer for one in alone.guided] == [one.answer for one in first[name].guided]


def test_a_base_that_was_never_loaded_is_asked_once_too(
    params: Params,
    adapters: dict[str, Path],
    test_split: Path,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loading it writes into its folder how its attention does."""
    base = shutil.copytree(tiny_base, tmp_path / "base")
    (base / VERDICT).unlink()
    monkeypatch.setattr(module, "ensure_base", lambda params: base)
    first = evaluate(params, {MERGED: adapters[MERGED]}, test_split)

    def nobody(*_: object) -> None:
        raise AssertionError("a model was asked again")

    monkeypatch.setattr(module, "reply", nobody)
    assert evaluate(params, {MERGED: adapters[MERGED]}, test_split) == first


@pytest.mark.long
@pytest.mark.usefixtures("little_mending")
def test_guided_answers_keep_to_their_grammars_and_are_judged(
    params: Params, adapters: dict[str, Path], test_split: Path
) -> None:
    result = evaluate(guiding(params), {MERGED: adapters[MERGED]}, test_split)[MERGED]
    assert len(result.guided) == 2
    for one in result.guided:
        if one.edits == 0:
            behind = Grammar(one.sample.brief).start.steps(one.answer)
            assert behind and behind.finished
        levels = [[name for name, _ in layout] for layout in read(one.answer, "tree").layouts]
        assert len(levels) == one.sample.brief.floors
        assert all(sum(room.name in names for names in levels) == 1 for room in one.sample.brief.wanted_rooms)
        assert one.verdict.json_valid
        assert one.verdict.valid == (not one.replaced)
        assert one.design is not None and violations(one.design, one.sample.brief) == []
    assert result.metrics["guided_validity"] == sum(not one.replaced for one in result.guided) / 2


def test_a_codec_without_a_grammar_is_not_guided(params: Params, adapters: dict[str, Path], test_split: Path) -> None:
    result = evaluate(other_codec(guiding(params), adapters[MERGED]), {MERGED: adapters[MERGED]}, test_split)[MERGED]
    assert result.guided == []
    assert result.metrics["guided_validity"] is None


def guided_batches(patch: pytest.MonkeyPatch) -> list[int]:
    """The list to which each guided batch adds its number of rows."""
    real, rows = module.propose, []

    def counted(model: Any, vocabulary: Any, prompts: list[str], *more: Any) -> list[Proposal]:
        rows.append(len(prompts))
        return real(model, vocabulary, prompts, *more)

    patch.setattr(module, "propose", counted)
    return rows


def narrow(adapter: Path) -> None:
    """Halves the adapter's rank."""
    weights = load_file(adapter / WEIGHTS)
    halves = {key: w[: len(w) // 2] if "lora_A" in key else w[:, : w.shape[1] // 2] for key, w in weights.items()}
    save_file({key: half.contiguous() for key, half in halves.items()}, adapter / WEIGHTS)
    config = read_json(adapter / CONFIG)
    write_json(adapter / CONFIG, config | {"r": config["r"] // 2, "lora_alpha": config["lora_alpha"] // 2})


def other_weights(params: Params, adapter: Path) -> Params:
    weights = load_file(adapter / WEIGHTS)
    save_file({name: weight * 2 for name, weight in weights.items()}, adapter / WEIGHTS)
    return params


def other_scale(params: Params, adapter: Path) -> Params:
    config = read_json(adapter / CONFIG)
    write_json(adapter / CONFIG, config | {"lora_alpha": 3 * config["lora_alpha"]})
    return params


def other_length(params: Params, adapter: Path) -> Params:
    return params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"max_new_tokens": 9})})


def other_codec(params: Params, adapter: Path) -> Params:
    return params.model_copy(update={"train": params.train.model_copy(update={"codec": "coordinates"})})


@pytest.mark.parametrize(
    ("change", "generated", "losses"),
    [
        (other_weights, 2, 3),
        (other_scale, 2, 3),
        (other_length, 2 + 2, 0),
        (other_codec, 2 + 2, 3 + 3),
    ],
)
def test_what_is_measured_again_after_a_change(
    change: Any,
    generated: int,
    losses: int,
    params: Params,
    adapters: dict[str, Path],
    test_split: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model's weights or their scale: that model. Settings: the base as well."""
    merged = {MERGED: adapters[MERGED]}
    before = evaluate(params, merged, test_split)
    counted = Counted(monkeypatch)
    after = evaluate(change(params, adapters[MERGED]), merged, test_split)
    calls = counted.since()
    assert (calls["generate"], calls["losses"]) == (generated, losses)
    if losses:
        assert after[MERGED].metrics["eval_loss"] != before[MERGED].metrics["eval_loss"]


def test_another_base_is_measured_again(
    params: Params,
    adapters: dict[str, Path],
    test_split: Path,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evaluate(params, {MERGED: adapters[MERGED]}, test_split)
    other = tmp_path / "base"
    shutil.copytree(tiny_base, other)
    weights = load_file(other / "model.safetensors")
    save_file({k: v * 1.1 for k, v in weights.items()}, other / "model.safetensors", metadata={"format": "pt"})
    monkeypatch.setattr(module, "ensure_base", lambda params: other)
    counted = Counted(monkeypatch)
    evaluate(params, {MERGED: adapters[MERGED]}, test_split)
    assert counted.since()["generate"] == 2 + 2

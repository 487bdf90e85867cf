"""Tests for housebrain.release.export and card: the same model in other files, with a card that is the run's own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.files import read_json, write_json
from housebrain.language.chat import find_chat, read_chat
from housebrain.language.prompt import SYSTEM, prompt_of
from housebrain.model.adapter import WEIGHTS
from housebrain.model.modelfile import modelfile
from housebrain.model.released import FOLDER, released_adapter
from housebrain.params import Params
from housebrain.release.card import card
from housebrain.release.champion import Champion, champion, choose
from housebrain.release.export import GGUF, LINEAGE, Form, checked_model, export, export_adapter
from project import TINY, put_base
from release.conftest import register_round

OUT = Path("models/export")


@pytest.fixture
def chosen(evaluated_round: Path, params: Params, tiny_base: Path) -> Champion:
    """The merged model, with the base and the reports in place."""
    put_base(evaluated_round, tiny_base)
    write_json("reports/prepare.json", {"total": 1240, "solved": 1100, "rejected": {"no_layout_found": 140}})
    files = {f"shard_{shard}": {"rows": 530 + shard, "sha256": f"data-{shard}"} for shard in (1, 2)}
    files |= {name: {"rows": rows, "sha256": name} for name, rows in (("validation", 21), ("test", 17))}
    write_json("reports/split.json", {"files": files})
    register_round(params)
    choose(MERGED, params, force=True)
    return champion(params)


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids).logits
    return found


def test_plain_transformers_loads_the_same_model(chosen: Champion, params: Params, tiny_base: Path) -> None:
    export(chosen, params, Path("reports"), OUT)
    tokenizer = AutoTokenizer.from_pretrained(OUT)
    ids = torch.tensor([tokenizer("three bedrooms, two floors")["input_ids"]])
    base = logits(AutoModelForCausalLM.from_pretrained(tiny_base), ids)
    apart = logits(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), chosen.folder), ids)
    whole = AutoModelForCausalLM.from_pretrained(OUT)
    assert type(whole).__name__ == "LlamaForCausalLM"
    torch.testing.assert_close(logits(whole, ids), apart, atol=1e-4, rtol=0)
    assert float((apart - base).abs().max()) > 0.1  # the adapter does something
    beside = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), OUT / "adapter")
    torch.testing.assert_close(logits(beside, ids), apart, atol=0, rtol=0)
    messages = [{"role": "user", "content": "a house"}]
    expected = AutoTokenizer.from_pretrained(tiny_base).apply_chat_template(messages, tokenize=False)
    assert tokenizer.apply_chat_template(messages, tokenize=False) == expected
    assert read_json(OUT / LINEAGE)["sha256"] == chosen.version.tags["sha256"]


def test_an_adapter_alone_can_be_the_released_one(chosen: Champion, params: Params, tiny_base: Path) -> None:
    """It takes the place of the note that stands where no adapter was released yet, and of no other folder."""
    FOLDER.mkdir()
    (FOLDER / "README.md").write_text("None yet.")
    export_adapter(chosen, params, Path("reports"), FOLDER)
    weights, whole = (load_file(folder / WEIGHTS) for folder in (FOLDER, chosen.folder))
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    for name, weight in weights.items():
        torch.testing.assert_close(weight.float(), whole[name].float(), rtol=1e-2, atol=1e-6)
    assert released_adapter(params) == FOLDER
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), FOLDER)
    loaded = ModelCard.load(FOLDER / "README.md").content
    assert "onto the base. The weights are in bf16." in loaded
    assert read_json(FOLDER / LINEAGE)["sha256"] == chosen.version.tags["sha256"]
    export_adapter(chosen, params, Path("reports"), FOLDER)
    Path("notes").mkdir()
    Path("notes/README.md").write_text("mine")
    with pytest.raises(UserError, match="notes: it is there and is no export"):
        export_adapter(chosen, params, Path("reports"), Path("notes"))


def test_the_card_is_filled_in_from_the_run(chosen: Champion, params: Params) -> None:
    export(chosen, params, Path("reports"), OUT)
    loaded = ModelCard.load(OUT / "README.md")
    assert (loaded.data.base_model, loaded.data.license) == ("nobody/tiny", TINY.license)
    assert loaded.data.library_name == "transformers"
    assert {"merge", "lora"} <= set(loaded.data.tags or [])
    for line in (
        "1,240 briefs, 1,100 of them solved into designs; refused: 140 no_layout_found.",
        "| shard 1 | 531 |",
        "| test | 17 |",
        "| learning_rate | 0.0002 |",
        "| epochs | 1 / 2 |",
        "| lora_r | 4 |",
        "| eval_loss | 1.25 | 1 to 1.5 |  |",
        "| eval_loss of the base alone | 3 |  |  |",
        "| json_validity | 1 |  | fail: 0.5, wanted >= 1 |",
        "Criteria not met: json_validity.",
        f"| sha256 | `{chosen.version.tags['sha256']}` |",
        f"| version in MLflow | {chosen.version.number} |",
        "| weight of shard 2 | 0.5000 |",
    ):
        assert line in loaded.content, line


def test_a_bar_in_a_cell_ends_no_cell(chosen: Champion, params: Params) -> None:
    tags = chosen.version.tags | {"formula": "w_i = argmin of the validation loss, |w_i| <= 1.5, at most 60 trials"}
    version = chosen.version._replace(tags=tags)
    content = card(version, params, read_json("reports/prepare.json"), read_json("reports/split.json"))
    assert r"| formula | `w_i = argmin of the validation loss, \|w_i\| <= 1.5, at most 60 trials` |" in content


def test_the_card_says_which_rounds_a_state_has_behind_it(chosen: Champion, params: Params) -> None:
    step = {"round": "4", "rounds": "8", "outer_learning_rate": "1", "outer_momentum": "0.5", "start": "5" * 64}
    version = chosen.version._replace(tags=chosen.version.tags | step)
    content = card(version, params, read_json("reports/prepare.json"), read_json("reports/split.json"))
    for words in (
        "merged (average). This is the state after round 4 of 8",
        "(learning rate 1, momentum 0.5) was taken from what round 3 came to (555555555555)",
        "| rounds | `8` |",
        f"| start | `{'5' * 64}` |",
        "| outer_momentum | `0.5` |",
    ):
        assert words in content, words


def test_a_shard_alone_has_a_card_too(chosen: Champion, params: Params) -> None:
    version = choose("shard 2", params)
    content = card(version, params, read_json("reports/prepare.json"), read_json("reports/split.json"))
    assert "the LoRA adapter of shard 2 alone" in content
    assert "| shard 2 | 532 |" in content
    assert "shard 1" not in content
    assert "All criteria are met." in content


def test_a_report_on_other_data_is_refused(chosen: Champion, params: Params) -> None:
    split = read_json("reports/split.json")
    split["files"]["shard_2"]["sha256"] = "other"
    write_json("reports/split.json", split)
    with pytest.raises(UserError, match=r"split\.json: it is of other data than version 3"):
        export(chosen, params, Path("reports"), OUT)
    assert not OUT.exists()


def test_an_export_is_replaced_and_nothing_else_is(chosen: Champion, params: Params) -> None:
    export(chosen, params, Path("reports"), OUT)
    (OUT / "old").touch()
    export(chosen, params, Path("reports"), OUT)
    assert not (OUT / "old").exists()
    mine = Path("mine")
    mine.mkdir()
    (mine / "thesis.txt").touch()
    with pytest.raises(UserError, match="mine: it is there and is no export"):
        export(chosen, params, Path("reports"), mine)
    assert (mine / "thesis.txt").exists()


def test_the_champions_base_is_taken_whatever_params_say_now(chosen: Champion, params: Params) -> None:
    other = TINY.model_copy(update={"hub_id": "nobody/other"})
    export(
        chosen,
        params.model_copy(update={"base": "other", "bases": {"other": other, "tiny": TINY}}),
        Path("reports"),
        OUT,
    )
    assert ModelCard.load(OUT / "README.md").data.base_model == "nobody/tiny"
    with pytest.raises(UserError, match="bases has no nobody/tiny at revision 0"):
        export(chosen, params.model_copy(update={"base": "other", "bases": {"other": other}}), Path("reports"), OUT)


def test_an_adapter_that_cannot_be_folded_in_exactly_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    """Of tied embeddings: PEFT adds the update of one end to both."""
    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    config = LoraConfig(r=2, target_modules=["embed_tokens"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(model, config).save_pretrained(str(tmp_path / "tied"))
    with pytest.raises(UserError, match="logits are off by"):
        checked_model(tiny_base, tmp_path / "tied", list(range(5, 40)))


def test_an_adapter_of_another_base_is_refused(chosen: Champion, tiny_base: Path, tmp_path: Path) -> None:
    config = AutoConfig.from_pretrained(tiny_base, hidden_size=16)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="doesn't fit the base"):
        checked_model(tmp_path / "other", chosen.folder, [5, 6, 7])


def test_a_card_without_criteria_does_not_say_that_all_are_met(chosen: Champion, params: Params) -> None:
    tags = {name: value for name, value in chosen.version.tags.items() if not name.startswith("criterion.")}
    version = chosen.version._replace(tags=tags)
    content = card(version, params, read_json("reports/prepare.json"), read_json("reports/split.json"))
    assert "held against no criterion" in content and "All criteria are met" not in content


@pytest.mark.parametrize("form", ["gguf", "ollama"])
def test_one_file_for_llama_cpp_has_the_same_model(
    chosen: Champion, params: Params, tiny_base: Path, form: Form
) -> None:
    export(chosen, params, Path("reports"), OUT, form)
    assert (OUT / "Modelfile").exists() == (form == "ollama")
    assert read_chat(OUT) == find_chat(AutoTokenizer.from_pretrained(tiny_base), "tree")
    assert "`model.gguf`" in ModelCard.load(OUT / "README.md").content
    ids = torch.tensor([AutoTokenizer.from_pretrained(OUT)("three bedrooms, two floors")["input_ids"]])
    whole = AutoModelForCausalLM.from_pretrained(OUT, gguf_file=GGUF, dtype=torch.float32)
    right = logits(checked_model(tiny_base, chosen.folder, ids[0].tolist()), ids)
    assert float((logits(whole, ids) - right).abs().max() / right.abs().max()) < 0.2  # of eight bits a weight


def test_a_modelfile_asks_as_the_template_does(chosen: Champion, params: Params, tiny_base: Path) -> None:
    export(chosen, params, Path("reports"), OUT, "ollama")
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    text = (OUT / "Modelfile").read_text()
    template = text.split('TEMPLATE """')[1].split('"""')[0]
    question = '{"floors":2}'
    chat = [{"role": "system", "content": SYSTEM["tree"]}, {"role": "user", "content": question}]
    assert template.replace("{{ .Prompt }}", question) == prompt_of(tokenizer, chat)
    assert text.startswith("FROM ./model.gguf\n")
    assert 'PARAMETER stop """<|im_end|>"""' in text and TINY.license in text
    tokenizer.chat_template = tokenizer.chat_template.replace("<|im_start|>", "{{ '{{' }}")
    with pytest.raises(UserError, match="a Modelfile can't hold its chat template"):
        modelfile(tokenizer, GGUF, TINY.license)

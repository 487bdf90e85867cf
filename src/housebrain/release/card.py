"""A model card that is filled in from what was registered of a version, and from the reports on its data."""

import json
from typing import Any

from huggingface_hub import ModelCardData

from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.params import Params
from housebrain.registry import Version
from housebrain.release.champion import CRITERION, METRIC, unmet
from housebrain.release.register import data_hash, outer_step
from housebrain.shard import key_of

BAR = "\\|"  # within a cell of a table, such as in `target_modules: (q|v)_proj`
# How each form of a model is used.
USE = {
    "adapter": "`PeftModel.from_pretrained` loads this folder onto the base. The weights are in bf16.",
    "safetensors": (
        "`AutoModelForCausalLM.from_pretrained` loads this folder; `adapter/` holds the adapter alone, for PEFT. "
        "`vllm serve` and the like serve it, and `housebrain design --server URL --model FOLDER` asks them."
    ),
    "gguf": "`model.gguf` is for llama.cpp and the like: matrices in eight bits, tokenizer and chat template.",
    "ollama": "`ollama create housebrain -f Modelfile` loads `model.gguf`; it is asked the user's message alone.",
    "onnx": "For onnxruntime on a CPU: linear layers in eight bits. `housebrain design --model FOLDER` loads it.",
}
_LINEAGE = (
    *("base", "base_revision", "round", "rounds", "start", "git_commit", "sha256", "size_mb", "data_hash", "codec"),
    *("strategy", "formula", "scale", "outer_learning_rate", "outer_momentum", "rank", "dtype", "dvc.md5"),
)


def card(
    version: Version, params: Params, prepared: dict[str, Any], split: dict[str, Any], form: str = "safetensors"
) -> str:
    """The README.md of an exported model, with Hugging Face's front matter.

    Args:
        version: as `register` wrote its tags.
        params: with the version's base as `base`.
        prepared: `reports/prepare.json`.
        split: `reports/split.json`.
        form: of the files, one of `USE`.

    Raises:
        UserError: the reports are on other data than the version's.
    """
    tags = version.tags
    shards = list(json.loads(tags["training"]))
    files = split["files"]
    rows = {name: files.get(key_of(name), {}) for name in shards}
    if data_hash([row.get("sha256", "") for row in rows.values()]) != tags["data_hash"]:
        raise UserError(
            f"reports/split.json: it is of other data than version {version.number} was trained on. "
            "Go back to the commit that has both: `git checkout COMMIT && dvc checkout`."
        )
    licence = params.base_model().license
    front = ModelCardData(
        base_model=tags["base"],
        license=licence,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["housebrain", "house-design", "lora", "peft", *(["merge"] if tags["model"] == MERGED else [])],
    ).to_yaml()
    how = (
        f"LoRA adapters trained apart on {len(shards)} shards and merged ({tags['strategy']})"
        if tags["model"] == MERGED
        else f"the LoRA adapter of {tags['model']} alone"
    )
    step = (
        f" {outer_step(tags)} Formula and weights below are of this round's merge." if "outer_momentum" in tags else ""
    )
    # Rejects are in the report by reason.
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in sorted(prepared["rejected"].items())) or "none"
    return f"""---
{front}
---

# House designs from house briefs

{tags["base"]} with {how}.{step} It answers a house brief with a layout, written as `{tags["codec"]}`.

{USE[form]}

## Data

{prepared["total"]:,} briefs, {prepared["solved"]:,} of them solved into designs; refused: {rejected}.

| part | designs |
|---|---|
{_lines((name, f"{row['rows']:,}") for name, row in rows.items())}
| validation | {files["validation"]["rows"]:,} |
| test | {files["test"]["rows"]:,} |

## Training

{_settings(json.loads(tags["training"]))}

## Measured on {tags["briefs"]} briefs of the test split

{_metrics(tags)}

{_verdict(version)}

## Limits

- The designs that it learnt from were made by a solver, not by architects, and prices are the solver's tables'.
- What it was measured on is a sample of the same kind of briefs; other kinds were not tried.
- An answer is a proposal: have it checked, by code and by whoever is liable, before anything is built.
{_limits(version)}
## Licence

The base's: {licence}. It applies to these weights too.

## Lineage

| | |
|---|---|
| version in MLflow | {version.number} |
{_lines((key, f"`{tags[key]}`") for key in _LINEAGE if key in tags)}
{_lines((f"weight of {name}", f"{weight:.4f}") for name, weight in json.loads(tags.get("weights", "{}")).items())}
"""


def _lines(rows: Any) -> str:
    return "\n".join(f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |" for row in rows)


def _settings(training: dict[str, dict[str, Any]]) -> str:
    """A row a setting; where shards differ, all their values in order."""
    names = {name: None for settings in training.values() for name in settings}
    rows = []
    for name in names:
        values = [str(settings.get(name)) for settings in training.values()]
        rows.append((name, values[0] if len(set(values)) == 1 else " / ".join(values)))
    return "| setting | value |\n|---|---|\n" + _lines(rows)


def _metrics(tags: dict[str, str]) -> str:
    """A row a metric with its criterion's verdict, then the criteria that are no metric of the model."""
    names = [key.removeprefix(METRIC) for key in sorted(tags) if key.startswith(METRIC)]
    verdicts = {key.removeprefix(CRITERION): tags[key] for key in sorted(tags) if key.startswith(CRITERION)}
    rows = [(name, tags[METRIC + name], tags.get(f"interval.{name}", ""), verdicts.pop(name, "")) for name in names]
    rows += [(name, "", "", verdict) for name, verdict in verdicts.items()]
    base = [("eval_loss of the base alone", tags["base_eval_loss"], "", "")] if "base_eval_loss" in tags else []
    return "| metric | value | 95% interval | criterion |\n|---|---|---|---|\n" + _lines(base + rows)


def _verdict(version: Version) -> str:
    if not any(tag.startswith(CRITERION) for tag in version.tags):
        return "It was held against no criterion."
    failed = unmet(version)
    return f"Criteria not met: {', '.join(failed)}." if failed else "All criteria are met."


def _limits(version: Version) -> str:
    return "".join(f"- {name}: {found}.\n" for name, found in unmet(version).items())

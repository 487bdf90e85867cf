"""The two layout codecs on the same data: tokens a sample, loss a room, and what is valid after the same training.

    python bench/codecs.py data/prepared --samples 240 --briefs 16 --out bench/results/codecs.json

Both runs see the same samples in the same order, start from the same adapter and take the settings of the `local`
platform; the test briefs are none of the training ones. A row of packed tokens holds fewer samples in the longer codec.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from housebrain.evaluation.cache import Cache
from housebrain.evaluation.evaluate import Evaluator
from housebrain.files import write_json
from housebrain.language.answer import Codec
from housebrain.language.samples import load_samples
from housebrain.language.tokens import tokenize
from housebrain.model.base import ensure_base
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.model.loss import token_losses
from housebrain.model.packed import collate
from housebrain.params import Params, load_params
from housebrain.shard import Shard
from housebrain.training.train import train_shard


def loss_a_room(model: Any, tokens: list[Any], rooms: int) -> float:
    """Nats that the reference answers cost, layout and all, by room: comparable between codecs, unlike a token's."""
    total = 0.0
    for number in range(len(tokens)):
        batch = collate(tokens, [[number]])
        total += token_losses(model, batch.input_ids, batch.position_ids, batch.labels).sum().item()
    return total / rooms


def measure(codec: Codec, params: Params, work: Path, train: pa.Table, test: pa.Table, briefs: int) -> dict[str, Any]:
    """Trains on `train` and measures on `test` in one codec."""
    from peft import PeftModel

    settings = params.platforms["local"].model_copy(update={"max_samples": 0, "max_length": 1024, "eval_steps": 10**6})
    params = params.model_copy(
        update={
            "train": params.train.model_copy(update={"codec": codec, "validity_samples": 0}),
            "platforms": {**params.platforms, "local": settings},
        }
    )
    folder = work / codec
    shard = Shard(1, folder)
    shard.data.mkdir(parents=True)
    pq.write_table(train, shard.data / "train.parquet")
    pq.write_table(test, shard.data / "validation.parquet")
    base = ensure_base(params)
    write_init(params.lora, params.base, base, shard.init)
    summary = train_shard(shard, params)
    tokenizer = load_tokenizer(base)
    samples = load_samples(shard.data / "validation.parquet", codec)
    tokens = [tokenize(tokenizer, sample, codec) for sample in samples]
    answers = [len(t.input_ids) - t.prompt_length for t in tokens]
    model = PeftModel.from_pretrained(load_base(base), shard.out).merge_and_unload()
    rooms = sum(len(sample.brief.wanted_rooms) for sample in samples)
    evaluation = params.evaluate.model_copy(update={"max_new_tokens": 512, "briefs": briefs})
    evaluator = Evaluator(
        params.model_copy(update={"evaluate": evaluation}),
        shard.data / "validation.parquet",
        Cache(folder / "answers"),
    )
    result = evaluator.evaluate(shard.out)
    return {
        "answer_tokens_median": statistics.median(answers),
        "sample_tokens_median": statistics.median(len(t.input_ids) for t in tokens),
        "sample_tokens_max": max(len(t.input_ids) for t in tokens),
        "steps": summary["steps"],
        "training_seconds": summary["seconds"],
        "loss_a_room": loss_a_room(model, tokens, rooms),
        **{key: value for key, value in result.metrics.items() if "validity" in key or key == "design_accuracy"},
        "seconds_per_design_batched": result.metrics["seconds_per_design_batched"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path, help="a folder of samples-*.parquet")
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--test", type=int, default=32, help="samples for the loss")
    parser.add_argument("--briefs", type=int, default=16, help="of them, how many are answered")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table = pq.read_table(sorted(arguments.prepared.glob("samples-*.parquet"))[0])
    train, test = table.slice(arguments.test, arguments.samples), table.slice(0, arguments.test)
    codecs: list[Codec] = ["tree", "coordinates"]
    with tempfile.TemporaryDirectory() as work:
        results: dict[str, Any] = {
            codec: measure(codec, load_params(), Path(work), train, test, arguments.briefs) for codec in codecs
        }
    results["setting"] = {"samples": len(train), "test": len(test), "briefs": arguments.briefs}
    print(json.dumps(results, indent=2))
    if arguments.out:
        write_json(arguments.out, results)


if __name__ == "__main__":
    main()

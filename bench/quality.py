"""How close training apart and merging comes to one long run on all the data.

    python -m bench.quality data/prepared --base small --seeds 0 1 2 --out bench/results/quality-small.json

Six shards of `--samples` each are trained apart, merged in every way, and trained in 2, 4 and 8 rounds; the yardstick
is one run over all samples of the six, which takes six times as many steps, with the same packing and order seed. The
learning rate of either is tuned once, with the first seed, on validation samples. All figures are losses on test
samples in nats a token; `share` is the part of the joint run's gain over the base. Everything goes through the
project's own `train_shard`, `merge_round` and `choose`. What is done is in `--out` and is not done again.

`small` is a Llama of a million weights that this script first trains on the same kind of briefs with answers as
coordinates, so that learning the tree codec is to it what a new format is to a pretrained model. `--base smollm2-135m`
takes params.yaml's.
"""

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from housebrain.data.samples import load_samples, tokenize
from housebrain.files import read_json, write_json
from housebrain.merging import outer
from housebrain.merging.choose import TRIED, Validation, choose, left_open
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import Average, strategy
from housebrain.params import Base, Outer, Params, load_params
from housebrain.training.base_model import ORIGIN, ensure_base
from housebrain.training.fingerprint import shard_paths
from housebrain.training.lora_init import write_init
from housebrain.training.packing import ATTENTION, collate, token_losses
from housebrain.training.train import train_shard

SHARDS = 6
ROUNDS = (1, 2, 4, 8)
VALIDATION, TEST = 48, 96
PRETRAINING = 2400  # samples for the small base, which no shard has
SMALL = Base(hub_id="none/small", revision="0", license="mit")
RATES = (3e-3, 1e-2, 2e-2)  # tried for either way of training
# Outer optimizers, by name; `mean` takes each round's merge as it is.
OUTERS = {"mean": Outer(learning_rate=1.0, momentum=0.0), "nesterov": Outer(learning_rate=1.0, momentum=0.5)}
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_small_base(folder: Path, samples: Path) -> None:
    """A tokenizer and a Llama of four layers, trained for two epochs on answers as coordinates."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    told = load_samples(samples, "coordinates")
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        (text for sample in told for text in (sample.brief.model_dump_json(), sample.answer)),
        trainers.BpeTrainer(
            vocab_size=2000,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|im_end|>", chat_template=CHAT_TEMPLATE
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    model.set_attn_implementation(ATTENTION)
    tokens = [tokenize(tokenizer, sample, "coordinates") for sample in told]
    epochs, at_once = 2, 2
    steps = epochs * (len(tokens) // at_once)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.05)
    started = time.monotonic()
    for step in range(steps):
        rows = [[random.Random(step * at_once + i).randrange(len(tokens))] for i in range(at_once)]
        batch = collate(tokens, rows)
        loss = token_losses(model, batch.input_ids, batch.position_ids, batch.labels).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if (step + 1) % 200 == 0:
            left = (time.monotonic() - started) / (step + 1) * (steps - step - 1)
            print(f"small base: step {step + 1}/{steps}  loss {loss.item():.3f}  {left:.0f} s left", flush=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / ORIGIN, SMALL.model_dump(exclude={"license"}))


class Study:
    """The runs of one seed, in a folder of their own.

    Args:
        params: of one round and the `local` platform.
        rows: prepared samples: validation, test, then training.
        seed: of the deal, the LoRA init and the order.
        samples: a shard has.
    """

    def __init__(self, params: Params, rows: pa.Table, seed: int, samples: int) -> None:
        self.seed = seed
        lora, train = params.lora.model_copy(update={"seed": seed}), params.train.model_copy(update={"seed": seed})
        self.params = params.model_copy(update={"lora": lora, "train": train})
        self.name = params.base_model().hub_id or params.base
        self.base = ensure_base(params).absolute()
        held, numbers = VALIDATION + TEST, list(range(VALIDATION + TEST, len(rows)))
        random.Random(seed).shuffle(numbers)
        self.validation, self.test = rows.slice(0, VALIDATION), rows.slice(VALIDATION, held - VALIDATION)
        self.shards = [rows.take(numbers[k * samples : (k + 1) * samples]) for k in range(SHARDS)]
        for name, table in (("validation", self.validation), ("test", self.test)):
            pq.write_table(table, f"{name}.parquet")
        codec = params.train.codec
        self.losses = {
            name: Validation(self.base, load_samples(f"{name}.parquet", codec), codec).losses
            for name in ("validation", "test")
        }

    def loss(self, adapter: Path, on: str = "test") -> float:
        """The mean over samples of the loss a token."""
        losses = self.losses[on](adapter)
        return sum(losses) / len(losses)

    def settings(self, rate: float, **changes: Any) -> Params:
        local = self.params.platforms["local"].model_copy(update={"learning_rate": rate})
        return self.params.model_copy(update={"platforms": {"local": local}, **changes})

    def train(self, name: str, tables: list[pa.Table], params: Params) -> list[dict[str, Any]]:
        """Trains one adapter on each of `tables`, in the working directory; their summaries."""
        summaries = []
        for shard, table in enumerate(tables, 1):
            paths = shard_paths(shard)
            paths.data.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, paths.data / "train.parquet")
            pq.write_table(self.validation, paths.data / "validation.parquet")
            print(f"seed {self.seed}, {name}: {shard} of {len(tables)}", flush=True)
            summaries.append(train_shard(shard, params, paths))
        return summaries

    def begin(self) -> None:
        """An empty project in the working directory, with the base and a fresh init."""
        Path("models/base").mkdir(parents=True)
        Path("models/base", self.params.base).symlink_to(self.base)
        write_init(self.params.lora, self.name, self.base, Path("models/lora_init"))

    def joint(self, rate: float) -> dict[str, float]:
        """One run on all samples."""
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            self.begin()
            (summary,) = self.train(f"joint at {rate:g}", [pa.concat_tables(self.shards)], self.settings(rate))
            return self.measured(shard_paths(1).out, summary["seconds"])

    def measured(self, adapter: Path, seconds: float) -> dict[str, float]:
        return {"test": self.loss(adapter), "validation": self.loss(adapter, "validation"), "seconds": seconds}

    def in_rounds(self, rounds: int, rate: float, how: str, all_ways: bool = False) -> dict[str, dict[str, float]]:
        """Six shards in rounds; `all_ways` also measures each shard and every strategy, after the one round.

        `seconds` are as if the six had been trained at once: the slowest of each round.
        """
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            self.begin()
            seconds = 0.0
            for number in range(1, rounds + 1):
                params = self.settings(rate, round=number, rounds=rounds, outer=OUTERS[how])
                start = outer.start_of(params)
                if start is not None:
                    outer.write_next_init(start, params.lora, self.name, self.base, Path("models/lora_init"))
                summaries = self.train(f"round {number} of {rounds}, {how}", self.shards, params)
                seconds += max(summary["seconds"] for summary in summaries)
                folders = {f"shard {shard}": shard_paths(shard).out for shard in range(1, SHARDS + 1)}
                merged, state = Path("models/merged"), Path("models/outer")
                outer.merge_round(folders, Average(), {}, params, None, 1.0, merged, state)
                if number < rounds:
                    outer.hand_over(params, merged, state)
            rows = {f"{rounds} rounds, {how}" if rounds > 1 else "average": self.measured(merged, seconds)}
            if all_ways:
                rows |= {name: self.measured(path, seconds) for name, path in folders.items()}
                metrics = {name: {"eval_loss": s["eval_loss"]} for name, s in zip(folders, summaries, strict=True)}
                rows |= self.strategies(folders, metrics, seconds)
            return rows

    def strategies(
        self, folders: dict[str, Path], metrics: dict[str, dict[str, float]], seconds: float
    ) -> dict[str, dict[str, float]]:
        """Every strategy; what one searches it searches on validation samples."""
        rows = {}
        for name, scale in [(name, 1.0) for name in TRIED if name != "average"] + [("average", "auto")]:
            settings = self.params.merge.model_copy(update={"strategy": name, "scale": scale, "parameters": {}})
            how, weights, factor = strategy(name), None, 1.0
            if left_open(settings):
                trial = choose(folders, metrics, settings, self.losses["validation"]).trial
                how, weights, factor = trial.how, trial.weights, trial.scale
            merge_adapters(folders, how, metrics, "exact", "float32", Path("tried"), weights, factor, progress=False)
            label = name if scale == 1.0 else f"{name}, scale on validation"
            rows[label] = self.measured(Path("tried"), seconds) | ({} if factor == 1.0 else {"scale": factor})
        return rows


def best_rate(runs: dict[str, Any], prefix: str) -> float:
    """The learning rate with the lowest validation loss among the first seed's runs `prefix<rate>`."""
    tried = {
        float(name.removeprefix(prefix)): run["validation"] for name, run in runs.items() if name.startswith(prefix)
    }
    return min(tried, key=lambda rate: tried[rate])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path, help="a folder of `prepare`, or one Parquet file of its columns")
    parser.add_argument("--base", default="small", help="small, or one of params.yaml's bases")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--samples", type=int, default=96, help="of each shard")
    parser.add_argument("--work", type=Path, default=Path(".bench-quality"), help="where the small base is kept")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out, work = arguments.out.absolute(), arguments.work.absolute()
    files = (
        sorted(arguments.prepared.glob("samples-*.parquet")) if arguments.prepared.is_dir() else [arguments.prepared]
    )
    rows = pa.concat_tables([pq.read_table(file) for file in files])
    params = load_params()
    work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{work}/mlflow.db")
    changes: dict[str, Any] = {
        "batch_size": 1,
        "gradient_accumulation": 1,
        "max_samples": 0,
        "save_steps": 10**6,
        "eval_steps": 10**6,
        "max_length": 2048 if arguments.base == "small" else 768,
    }
    local = params.platforms["local"].model_copy(update=changes)
    params = params.model_copy(
        update={
            "platforms": {"local": local},
            "train": params.train.model_copy(update={"validity_samples": 0, "packing": False}),
            **({"base": "small", "bases": {"small": SMALL}} if arguments.base == "small" else {"base": arguments.base}),
        }
    )
    result = read_json(out) if out.exists() else {"runs": {}}
    result |= {"command": " ".join(sys.argv[1:]), "hardware": f"{os.cpu_count()} cores, {platform.machine()}"}
    result |= {"threads": torch.get_num_threads(), "samples": arguments.samples, "validation": VALIDATION, "test": TEST}
    with chdir(work):
        if arguments.base == "small" and not Path("models/base/small").exists():
            pq.write_table(rows.slice(0, PRETRAINING), "pretraining.parquet")
            make_small_base(Path("models/base/small"), Path("pretraining.parquet"))
        rows = rows.slice(PRETRAINING)
        for seed in arguments.seeds:
            study = Study(params, rows, seed, arguments.samples)
            runs: dict[str, Any] = result["runs"].setdefault(str(seed), {})

            def done(name: str, found: dict[str, Any], runs: dict[str, Any] = runs) -> None:
                runs[name] = found
                write_json(out, result)

            if "base" not in runs:
                write_init(study.params.lora, study.name, study.base, Path("untrained"))
                done("base", study.measured(Path("untrained"), 0.0))
            first = result["runs"][str(arguments.seeds[0])]
            for rate in RATES if runs is first else (best_rate(first, "joint at "),):
                if f"joint at {rate:g}" not in runs:
                    done(f"joint at {rate:g}", study.joint(rate))
            for rate in RATES if runs is first else ():
                if f"average at {rate:g}" not in runs:
                    done(f"average at {rate:g}", study.in_rounds(1, rate, "mean")["average"])
            rate = best_rate(first, "average at ")
            if "average" not in runs:
                for name, row in study.in_rounds(1, rate, "mean", all_ways=True).items():
                    done(name, row)
            for rounds in ROUNDS[1:]:
                for how in OUTERS:
                    if f"{rounds} rounds, {how}" not in runs:
                        for name, row in study.in_rounds(rounds, rate, how).items():
                            done(name, row)
        result["rates"] = {"joint": best_rate(first, "joint at "), "apart": best_rate(first, "average at ")}
        write_json(out, result)
    show(result)


def show(result: dict[str, Any]) -> None:
    """A row a run: mean over seeds of the test loss and of the share of the joint run's gain, with its range."""
    joint = f"joint at {result['rates']['joint']:g}"
    print(f"{'run':<32}{'test loss':>10}{'share of the gain':>20}{'range':>18}")
    for name in next(iter(result["runs"].values())):
        seeds = [runs for runs in result["runs"].values() if name in runs and joint in runs]
        losses = [runs[name]["test"] for runs in seeds]
        shares = [
            (runs["base"]["test"] - runs[name]["test"]) / (runs["base"]["test"] - runs[joint]["test"]) for runs in seeds
        ]
        spread = f"{min(shares):.1%} to {max(shares):.1%}"
        print(f"{name:<32}{sum(losses) / len(losses):>10.4f}{sum(shares) / len(shares):>20.1%}{spread:>18}")


if __name__ == "__main__":
    main()

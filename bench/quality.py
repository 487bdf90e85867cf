"""How close training apart and merging comes to one long run on all the data.

    python -m bench.quality data/prepared --base small --seeds 0 1 2 --out bench/results/quality-small.json

Six shards of `--samples` each are trained apart, merged in every way, and trained in 2, 4 and 8 rounds; the yardstick
is one run over all samples of the six, which takes six times as many steps, with the same order seed. The
learning rate of either is tuned once, with the first seed, on validation samples. All figures are losses on test
samples in nats a token; `share` is the part of the joint run's gain over the base; `valid` the share of test briefs
that are answered with a design that passes all checks. Everything goes through the project's own `train_shard`,
`merge_round` and `choose`. What is done is in `--out` and is not done again.

`small` is a Llama of a million weights that this script first trains on the same kind of briefs with answers as
coordinates, so that learning the tree codec is to it what a new format is to a pretrained model. The large one takes

    python -m bench.quality data/prepared --base smollm2-135m --seeds 0 --samples 24 --precision bf16 --held 24 48 \
        --rates 1e-3 2e-3 4e-3 8e-3 --outers nesterov --out bench/results/quality-smollm2-135m.json
"""

import argparse
import os
import random
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, suppress
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from bench.machine import hardware
from peft import PeftModel

from housebrain.files import atomic_folder, read_json, write_json
from housebrain.language.answer import DecodeError
from housebrain.language.designs import decode
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.language.tokens import tokenize
from housebrain.merging import outer
from housebrain.merging import start as starts
from housebrain.merging.choose import TRIED, Validation, choose, left_open
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import Average, strategy
from housebrain.model.base import ORIGIN, ensure_base
from housebrain.model.generation import generate_answers
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.model.loss import token_losses
from housebrain.model.packed import ATTENTION, collate
from housebrain.params import Base, Outer, Params, load_params
from housebrain.rules.checks import violations
from housebrain.shard import Shard
from housebrain.training.train import train_shard

SHARDS = 6
ROUNDS = (2, 4, 8)
DRAWS = 2000
ANSWERED, ANSWERED_AT_ONCE, ANSWER_TOKENS = 16, 8, 400  # test briefs
PRETRAINING = 2400  # samples for the small base, which no shard has
SMALL = Base(hub_id="none/small", revision="0", license="mit")
# Outer optimizers, by name; `mean` takes each round's merge as it is.
OUTERS = {"mean": Outer(learning_rate=1.0, momentum=0.0), "nesterov": Outer(learning_rate=1.0, momentum=0.5)}
Run = dict[str, Any]  # what was measured of one
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_small_base(folder: Path, samples: Path) -> None:
    """A tokenizer and a Llama of four layers, trained for two epochs on answers as coordinates."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    loaded = load_samples(samples, "coordinates")
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        (text for sample in loaded for text in (sample.brief.model_dump_json(), sample.answer)),
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
    tokens = [tokenize(tokenizer, sample, "coordinates") for sample in loaded]
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
        held: samples for validation and for the test.
        kept: where adapters that were trained apart stay, by learning rate.
    """

    def __init__(
        self, params: Params, rows: pa.Table, seed: int, samples: int, held: tuple[int, int], kept: Path
    ) -> None:
        self.seed = seed
        self.kept = kept
        lora, train = params.lora.model_copy(update={"seed": seed}), params.train.model_copy(update={"seed": seed})
        self.params = params.model_copy(update={"lora": lora, "train": train})
        self.name = params.base_model().hub_id or params.base
        self.base = ensure_base(params).absolute()
        numbers = list(range(sum(held), len(rows)))
        random.Random(seed).shuffle(numbers)
        self.validation, self.test = rows.slice(0, held[0]), rows.slice(*held)
        self.shards = [rows.take(numbers[k * samples : (k + 1) * samples]) for k in range(SHARDS)]
        files = {name: Path(f"{name}.parquet").absolute() for name in ("validation", "test")}
        for name, table in (("validation", self.validation), ("test", self.test)):
            pq.write_table(table, files[name])
        codec = params.train.codec
        self.losses = {
            name: Validation(self.base, load_samples(file, codec), codec).losses for name, file in files.items()
        }
        self.asked = load_samples(files["test"], codec)[:ANSWERED]

    def valid(self, adapter: Path) -> float:
        """The share of test briefs that are answered, greedily, with a design that passes all checks."""
        codec = self.params.train.codec
        tokenizer = load_tokenizer(self.base)
        model = PeftModel.from_pretrained(load_base(self.base), adapter)
        prompts = [prompt(tokenizer, sample.brief, codec) for sample in self.asked]
        answers = generate_answers(model, tokenizer, prompts, ANSWER_TOKENS, ANSWERED_AT_ONCE)
        count = 0
        for sample, answer in zip(self.asked, answers, strict=True):
            with suppress(DecodeError):
                count += not violations(decode(answer, sample.brief, codec), sample.brief)
        return count / len(self.asked)

    def settings(self, rate: float, accumulation: int = 1, **changes: Any) -> Params:
        at = {"learning_rate": rate, "gradient_accumulation": accumulation}
        local = self.params.platforms["local"].model_copy(update=at)
        return self.params.model_copy(update={"platforms": {"local": local}, **changes})

    def train(self, name: str, tables: list[pa.Table], params: Params, watched: int = 1) -> list[dict[str, Any]]:
        """Trains one adapter on each of `tables`, in the working directory; their summaries.

        `watched` validation samples are for the training's own loss, which takes long and is seldom read.
        """
        summaries = []
        for number, table in enumerate(tables, 1):
            shard = Shard(number)
            shard.data.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, shard.data / "train.parquet")
            pq.write_table(self.validation.slice(0, watched), shard.data / "validation.parquet")
            print(f"seed {self.seed}, {name}: {number} of {len(tables)}", flush=True)
            summaries.append(train_shard(shard, params))
        return summaries

    @contextmanager
    def project(self) -> Iterator[None]:
        """An empty project as the working directory, with the base and a fresh init."""
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            Path("models/base").mkdir(parents=True)
            Path("models/base", self.params.base).symlink_to(self.base)
            write_init(self.params.lora, self.name, self.base, Path("models/lora_init"))
            yield

    def measured(self, adapter: Path, seconds: float) -> Run:
        """Losses, and the validity of answers.

        `seconds` are of training, of a merge as if the six had been trained at once: the slowest of each round.
        """
        test, validation = (self.losses[name](adapter) for name in ("test", "validation"))
        found: Run = {"test": fmean(test), "validation": fmean(validation), "seconds": round(seconds, 1)}
        return found | {"valid": self.valid(adapter), "test_losses": [round(loss, 4) for loss in test]}

    def joint(self, rate: float, at_once: int = 1) -> Run:
        """One run on all samples, `at_once` a step: with six, it is workers that exchange gradients at every step."""
        with self.project():
            name = f"joint at {rate:g}, {at_once} a step"
            (summary,) = self.train(name, [pa.concat_tables(self.shards)], self.settings(rate, at_once))
            return self.measured(Shard(1).out.absolute(), summary["seconds"] / at_once)

    def apart(self, rate: float) -> tuple[dict[str, Path], list[dict[str, Any]]]:
        """The six adapters, each trained alone, and their summaries; trained once."""
        kept = self.kept / f"{rate:g}"
        folders = {f"shard {shard}": kept / f"shard-{shard}" for shard in range(1, SHARDS + 1)}
        if not kept.exists():
            with self.project(), atomic_folder(kept) as temporary:
                summaries = self.train(f"apart at {rate:g}", self.shards, self.settings(rate), len(self.validation))
                for shard, folder in enumerate(folders.values(), 1):
                    shutil.copytree(Shard(shard).out, temporary / folder.name)
                write_json(temporary / "summaries.json", summaries)
        return folders, read_json(kept / "summaries.json")

    def alone(self, shard: int, rate: float) -> Run:
        """One shard's adapter."""
        folders, summaries = self.apart(rate)
        return self.measured(folders[f"shard {shard}"], summaries[shard - 1]["seconds"])

    def average(self, rate: float) -> Run:
        """One merge of the six."""
        folders, summaries = self.apart(rate)
        merge_adapters(folders, Average(), {}, "exact", "float32", Path("tried"), progress=False)
        return self.measured(Path("tried"), max(summary["seconds"] for summary in summaries))

    def in_rounds(self, rounds: int, rate: float, how: str) -> Run:
        """Six shards that share `rounds` merges; each round does its part of the steps."""
        with self.project():
            seconds = 0.0
            for number in range(1, rounds + 1):
                params = self.settings(rate, round=number, rounds=rounds, outer=OUTERS[how])
                start = starts.start_of(params)
                if start is not None:
                    starts.write_next_init(start, params.lora, self.name, self.base, Path("models/lora_init"))
                summaries = self.train(f"round {number} of {rounds}, {how}", self.shards, params)
                seconds += max(summary["seconds"] for summary in summaries)
                folders = {f"shard {shard}": Shard(shard).out for shard in range(1, SHARDS + 1)}
                merged, state = Path("models/merged"), Path("models/outer")
                outer.merge_round(folders, Average(), {}, params, None, 1.0, merged, state)
                if number < rounds:
                    starts.hand_over(params, merged, state)
            return self.measured(merged.absolute(), seconds)

    def strategy(self, name: str, scale: float | Literal["auto"], rate: float) -> Run:
        """A merge of the six by a strategy; what is left open is chosen by validation loss."""
        folders, summaries = self.apart(rate)
        metrics = {key: {"eval_loss": one["eval_loss"]} for key, one in zip(folders, summaries, strict=True)}
        settings = self.params.merge.model_copy(update={"strategy": name, "scale": scale, "parameters": {}})
        how, weights, factor = strategy(name), None, 1.0
        if left_open(settings):
            params = self.params.model_copy(update={"merge": settings})
            trial = choose(folders, metrics, params, self.losses["validation"]).trial
            how, weights, factor = trial.how, trial.weights, trial.scale
        merge_adapters(folders, how, metrics, "exact", "float32", Path("tried"), weights, factor, progress=False)
        found = self.measured(Path("tried"), max(summary["seconds"] for summary in summaries))
        return found | ({} if factor == 1.0 else {"scale": factor})


def rates_by_loss(runs: dict[str, Run], way: str) -> list[float]:
    """The learning rates that were tried for `way`, by the first seed, the one of the lowest validation loss first."""
    prefix = f"{way} at "
    tried = {
        float(name.removeprefix(prefix)): run["validation"] for name, run in runs.items() if name.startswith(prefix)
    }
    return sorted(tried, key=lambda rate: tried[rate])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path, help="a folder of `prepare`, or one Parquet file of its columns")
    parser.add_argument("--base", default="small", help="small, or one of params.yaml's bases")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--samples", type=int, default=96, help="of each shard")
    parser.add_argument("--held", type=int, nargs=2, default=[48, 96], help="samples for validation and for the test")
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-3, 1e-2, 2e-2], help="tried for each way")
    parser.add_argument("--outers", nargs="+", choices=OUTERS, default=list(OUTERS), help="outer steps of the rounds")
    parser.add_argument("--runs", default="", help="a regular expression: only what it finds in a run's name is run")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of training")
    parser.add_argument("--work", type=Path, default=Path(".bench-quality"), help="where bases and adapters are kept")
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
        "precision": arguments.precision,
        "max_samples": 0,
        "save_steps": 10**6,
        "eval_steps": 10**6,
        "max_length": 2048 if arguments.base == "small" else 768,
    }
    local = params.platforms["local"].model_copy(update=changes)
    params = params.model_copy(
        update={
            "platforms": {"local": local},
            "train": params.train.model_copy(update={"validity_samples": 0}),
            **({"base": "small", "bases": {"small": SMALL}} if arguments.base == "small" else {"base": arguments.base}),
        }
    )
    asked = {name: getattr(arguments, name) for name in ("base", "samples", "held", "precision")}
    result: dict[str, Any] = {"settings": asked, "commands": [], "runs": {}}
    if out.exists():
        result = read_json(out)
    if result["settings"] != asked:
        parser.error(f"{out} has runs of other settings: {result['settings']}. Give another --out.")
    result |= {"hardware": hardware(), "threads": torch.get_num_threads()}
    command = shlex.join(["python", "-m", "bench.quality", *sys.argv[1:]])
    result["commands"] += [command] if command not in result["commands"] else []
    with chdir(work):
        if arguments.base == "small" and not Path("models/base/small").exists():
            pq.write_table(rows.slice(0, PRETRAINING), "pretraining.parquet")
            make_small_base(Path("models/base/small"), Path("pretraining.parquet"))
        rows = rows.slice(PRETRAINING)
        for seed in arguments.seeds:
            kept = Path("apart", f"{params.base}-{arguments.precision}-{arguments.samples}", str(seed)).absolute()
            study = Study(params, rows, seed, arguments.samples, tuple(arguments.held), kept)
            runs: dict[str, Any] = result["runs"].setdefault(str(seed), {})

            def once(name: str, run: Callable[[], Run], runs: dict[str, Any] = runs) -> None:
                if name not in runs and re.search(arguments.runs, name):
                    runs[name] = run()
                    write_json(out, result)

            def untrained(study: Study = study) -> Run:
                write_init(study.params.lora, study.name, study.base, Path("untrained"))
                return study.measured(Path("untrained"), 0.0)

            once("base", untrained)
            first = result["runs"][str(arguments.seeds[0])]
            data_parallel = partial(study.joint, at_once=SHARDS)
            ways: dict[str, Callable[[float], Run]]
            ways = {"joint": study.joint, "data parallel": data_parallel, "average": study.average}
            for way, run in ways.items():
                for rate in arguments.rates if runs is first else rates_by_loss(first, way)[:1]:
                    once(f"{way} at {rate:g}", partial(run, rate))
            tried = rates_by_loss(first, "average")
            if not tried:
                print("all that follows takes the rate of `average`, which --runs leaves out")
                continue
            rate = tried[0]
            for rounds, how in product(ROUNDS, arguments.outers):
                once(f"{rounds} rounds, {how}", partial(study.in_rounds, rounds, rate, how))
            for shard in range(1, SHARDS + 1):
                once(f"shard {shard}", partial(study.alone, shard, rate))
            for name in TRIED[1:]:
                once(name, partial(study.strategy, name, 1.0, rate))
            once("average, scale on validation", partial(study.strategy, "average", "auto", rate))
    write_json(out, result)
    if rates_by_loss(first, "joint"):
        show(result)


def share(result: dict[str, Any], name: str) -> tuple[float, float, float]:
    """The part of the joint run's gain over the base: the mean over seeds, and a 95% interval by bootstrap.

    Test samples are drawn anew, the same for all runs, and seeds where there are several.
    """
    joint = f"joint at {rates_by_loss(next(iter(result['runs'].values())), 'joint')[0]:g}"
    seeds = [runs for runs in result["runs"].values() if name in runs]
    base, run, best = (np.array([runs[key]["test_losses"] for runs in seeds]) for key in ("base", name, joint))
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        drawn = np.ix_(rng.integers(len(seeds), size=len(seeds)), rng.integers(base.shape[1], size=base.shape[1]))
        means = [losses[drawn].mean(axis=1) for losses in (base, run, best)]
        draws.append(np.mean((means[0] - means[1]) / (means[0] - means[2])))
    gains = (base.mean(axis=1) - run.mean(axis=1)) / (base.mean(axis=1) - best.mean(axis=1))
    return float(gains.mean()), *np.quantile(draws, (0.025, 0.975)).tolist()


def show(result: dict[str, Any]) -> None:
    """A row a run: means over seeds."""
    print(f"{'run':<32}{'test loss':>10}{'share of the gain':>20}{'95% interval':>20}{'valid':>8}{'seconds':>9}")
    for name, row in next(iter(result["runs"].values())).items():
        rows = [runs[name] for runs in result["runs"].values() if name in runs]
        loss, seconds = (fmean(row[key] for row in rows) for key in ("test", "seconds"))
        valid = f"{fmean(row['valid'] for row in rows):.0%}" if "valid" in row else ""
        mean, low, high = share(result, name)
        print(f"{name:<32}{loss:>10.4f}{mean:>20.1%}{f'{low:.1%} to {high:.1%}':>20}{valid:>8}{seconds:>9.0f}")


if __name__ == "__main__":
    main()

"""Time and memory of merging six adapters, side by side with PEFT's add_weighted_adapter and with mergekit.

    python -m bench.merge_speed --model llama-3-8b --rank 64 --modules 3

Reading, merging and writing, each method in a process of its own, one after the other. First on a sample (`--modules`
of one block, small ones first: PEFT's svd takes minutes for a large one), all methods on the same; then, with
`--whole`, on all blocks for those that can. Memory is the process's peak, and how much of it came after the imports.
CPU seconds count all threads, and depend less than seconds do on what else the machine is doing. For least noise on a
busy machine set OMP_NUM_THREADS=1.

mergekit merges models, not adapters: it applies each adapter to the base, takes the mean of the six models, and
extracts an adapter of rank r from that. It runs where `--mergekit` names the `bin` folder of an environment that has it
(`pip install mergekit`), and only on a whole block (`--modules 7`), with a base of one block and a tiny vocabulary; the
start of its programs is counted, as of the others only the imports aren't.
"""

import argparse
import importlib
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from bench.lora_files import ADAPTERS, MODELS, SEEDS, peft_merge, shapes, write_adapters
from bench.machine import hardware

from housebrain.files import read_json, write_json
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy

SAMPLED = ("ours exact", "ours rank r", "peft linear", "peft cat", "peft svd-thin", "peft svd")
WHOLE = ("ours exact", "ours rank r", "peft linear", "peft cat")
BLOCK = 7  # modules of a block


def peak_mb() -> float:
    """The largest resident size of this process so far, in 10^6 bytes; Linux only.

    Not `getrusage`: what that says of a new process includes the one that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def write_base(folder: Path, model: str) -> None:
    """A base of one block for mergekit, with random weights and 64 words."""
    from transformers import AutoConfig, AutoModelForCausalLM

    hidden, kv, inner, _ = MODELS[model]
    head = 128
    config = AutoConfig.for_model(
        "llama" if model.startswith("llama") else "qwen2",
        hidden_size=hidden,
        intermediate_size=inner,
        num_attention_heads=hidden // head,
        num_key_value_heads=kv // head,
        num_hidden_layers=1,
        vocab_size=64,
        tie_word_embeddings=True,
    )
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)


def mergekit_merge(folders: list[Path], base: Path, binaries: Path, rank: int, out: Path) -> None:
    """The mean of six models, and with `rank` the adapter extracted from it."""
    configuration = out / "merge.yaml"
    models = [{"model": f"{base}+{folder}", "parameters": {"weight": 1.0}} for folder in folders]
    configuration.write_text(json.dumps({"merge_method": "linear", "models": models, "dtype": "float32"}))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def call(program: str, *words: str | Path) -> None:
        command = [str(binaries / program), *map(str, words), "--lora-merge-cache", str(out / "cache"), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)

    call("mergekit-yaml", configuration, out / "model", "--no-copy-tokenizer")
    if rank:
        call(
            "mergekit-extract-lora",
            *("--model", out / "model", "--base-model", base, "--out-path", out / "merged", "--max-rank", str(rank)),
        )


def measure(method: str, folder: Path, rank: int, binaries: Path | None) -> dict[str, float]:
    """Merges once, in this process; mergekit in its own."""
    folders = sorted(folder.glob("adapter-*"))
    sizes = {name: (shape[0], shape[1]) for name, shape in read_json(folder / "sizes.json").items()}
    tool, how = method.split(maxsplit=1)
    if tool == "peft":
        importlib.import_module("peft")  # before the clock starts
    imports_mb, started, cpu_started = peak_mb(), time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        out = Path(temporary)
        if tool == "ours":
            by_name = {path.name: path for path in folders}
            wanted: str | int = "exact" if how == "exact" else rank
            merge_adapters(by_name, strategy("average"), {}, wanted, "float32", out / "merged")
        elif tool == "peft":
            peft_merge(folders, sizes, how, rank, out / "merged")
        else:
            assert binaries is not None
            mergekit_merge(folders, folder / "base", binaries, rank if "rank r" in how else 0, out)
    found = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu_started,
        "peak_mb": peak_mb(),
        "imports_mb": imports_mb,
    }
    if tool == "mergekit":
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        found |= {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss * 1024 / 1e6}
    return found


def table(methods: tuple[str, ...], sizes: dict[str, tuple[int, int]], arguments: argparse.Namespace) -> dict[str, Any]:
    """Runs every method in a process of its own, prints and returns what they took."""
    result: dict[str, Any] = {"modules": len(sizes)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folders = write_adapters(folder, sizes, arguments.rank, arguments.shared, 2 * arguments.rank)
        inputs_mb = result["inputs_mb"] = (
            sum((path / "adapter_model.safetensors").stat().st_size for path in folders) / 1e6
        )
        print(f"\n{len(sizes)} modules, the six adapters take {inputs_mb:.0f} MB")
        print(f"{'method':<24}{'seconds':>9}{'CPU s':>9}{'peak MB':>10}{'after imports':>15}{'of the inputs':>15}")
        (folder / "sizes.json").write_text(json.dumps(sizes))
        if any(method.startswith("mergekit") for method in methods):
            write_base(folder / "base", arguments.model)
        for method in methods:
            command = [sys.executable, "-m", "bench.merge_speed", "--rank", str(arguments.rank), "--child", method]
            command += [temporary] + (["--mergekit", str(arguments.mergekit)] if arguments.mergekit else [])
            environment = {**os.environ, "TQDM_DISABLE": "1"}
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
            found = result[method] = json.loads(done.stdout.splitlines()[-1])
            own = found["peak_mb"] - found["imports_mb"]
            print(
                f"{method:<24}{found['seconds']:>9.2f}{found['cpu_seconds']:>9.2f}"
                f"{found['peak_mb']:>10.0f}{own:>15.0f}{own / inputs_mb:>14.2f}x",
                flush=True,
            )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="qwen2.5-1.5b", help="whose shapes")
    parser.add_argument("--rank", type=int, default=8, help="of the six adapters, and of the result of svd")
    parser.add_argument("--modules", type=int, default=3, help=f"in the sample; 1 to {BLOCK}")
    parser.add_argument("--shared", action="store_true", help="adapters from one init")
    parser.add_argument("--without", nargs="+", default=[], choices=SAMPLED, help="methods that would take too long")
    parser.add_argument("--whole", action="store_true", help="also all blocks of the model, without PEFT's svd")
    parser.add_argument("--mergekit", type=Path, help="the folder of mergekit's programs")
    parser.add_argument("--out", type=Path, help="a JSON file; what it has of other settings stays")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        method, folder = arguments.child
        print(json.dumps(measure(method, Path(folder), arguments.rank, arguments.mergekit)))
        return
    load = os.getloadavg()[0]
    start = "one init" if arguments.shared else "independent"
    print(
        f"{arguments.model}, {ADAPTERS} adapters, r={arguments.rank}, {start};"
        f" {os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f} before the start"
    )
    methods = tuple(method for method in SAMPLED if method not in arguments.without)
    if arguments.mergekit and arguments.modules == BLOCK:
        methods += ("mergekit dense model", "mergekit rank r")
    found = {
        "command": shlex.join(["python", "-m", "bench.merge_speed", *sys.argv[1:]]),
        "hardware": hardware(),
        "threads": torch.get_num_threads(),
        "load": round(load, 1),
        "start": start,
        "seeds": SEEDS,
    }
    found["sample"] = table(methods, shapes(arguments.model, 1, arguments.modules), arguments)
    if arguments.whole:
        found["whole"] = table(WHOLE, shapes(arguments.model, MODELS[arguments.model][3]), arguments)
    if arguments.out:
        known = read_json(arguments.out) if arguments.out.exists() else {}
        name = f"{arguments.model}, r={arguments.rank}, {arguments.modules} modules"
        write_json(arguments.out, known | {name: found})


if __name__ == "__main__":
    main()

"""Time and memory of merging six adapters, side by side with PEFT's add_weighted_adapter.

    python -m bench.merge_speed --model llama-3-8b --rank 64 --modules 3

Reading, merging and writing, each method in a process of its own, one after the other. First on a sample (`--modules`
of one block, small ones first: PEFT's svd takes minutes for a large one), all methods on the same; then, with
`--whole`, on all blocks for those that can. Memory is the process's peak, and how much of it came after the imports.
CPU seconds count all threads, and depend less than seconds do on what else the machine is doing. For least noise on a
busy machine set OMP_NUM_THREADS=1.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from bench.lora_files import ADAPTERS, MODELS, peft_merge, shapes, write_adapters

from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy

SAMPLED = ("ours exact", "ours rank r", "peft linear", "peft cat", "peft svd-thin", "peft svd")
WHOLE = ("ours exact", "ours rank r", "peft linear", "peft cat")


def peak_mb() -> float:
    """The largest resident size of this process so far, in 10^6 bytes; Linux only.

    Not `getrusage`: what that says of a new process includes the one that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def measure(method: str, folder: Path, sizes: dict[str, tuple[int, int]], rank: int) -> dict[str, float]:
    """Merges once, in this process."""
    folders = sorted(folder.glob("adapter-*"))
    tool, how = method.split(maxsplit=1)
    if tool == "peft":
        importlib.import_module("peft")  # before the clock starts
    imports_mb, started, cpu_started = peak_mb(), time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        if tool == "ours":
            by_name = {path.name: path for path in folders}
            wanted: str | int = "exact" if how == "exact" else rank
            merge_adapters(by_name, strategy("average"), {}, wanted, "float32", Path(out) / "merged")
        else:
            peft_merge(folders, sizes, how, rank, Path(out) / "merged")
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu_started,
        "peak_mb": peak_mb(),
        "imports_mb": imports_mb,
    }


def table(methods: tuple[str, ...], sizes: dict[str, tuple[int, int]], arguments: argparse.Namespace) -> None:
    """Runs every method in a process of its own and prints what they took."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folders = write_adapters(folder, sizes, arguments.rank, arguments.shared, 2 * arguments.rank)
        inputs_mb = sum((path / "adapter_model.safetensors").stat().st_size for path in folders) / 1e6
        print(f"\n{len(sizes)} modules, the six adapters take {inputs_mb:.0f} MB")
        print(f"{'method':<16}{'seconds':>9}{'CPU s':>9}{'peak MB':>10}{'after imports':>15}{'of the inputs':>15}")
        (folder / "sizes.json").write_text(json.dumps(sizes))
        for method in methods:
            command = [sys.executable, "-m", "bench.merge_speed", "--rank", str(arguments.rank), "--child", method]
            environment = {**os.environ, "TQDM_DISABLE": "1"}
            done = subprocess.run([*command, temporary], stdout=subprocess.PIPE, text=True, check=True, env=environment)
            result = json.loads(done.stdout.splitlines()[-1])
            own = result["peak_mb"] - result["imports_mb"]
            print(
                f"{method:<16}{result['seconds']:>9.2f}{result['cpu_seconds']:>9.2f}"
                f"{result['peak_mb']:>10.0f}{own:>15.0f}{own / inputs_mb:>14.2f}x",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="qwen2.5-1.5b", help="whose shapes")
    parser.add_argument("--rank", type=int, default=8, help="of the six adapters, and of the result of svd")
    parser.add_argument("--modules", type=int, default=3, help="in the sample; 1 to 7")
    parser.add_argument("--shared", action="store_true", help="adapters from one init")
    parser.add_argument("--whole", action="store_true", help="also all blocks of the model, without PEFT's svd")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        method, folder = arguments.child
        sizes = {
            name: (shape[0], shape[1]) for name, shape in json.loads((Path(folder) / "sizes.json").read_text()).items()
        }
        print(json.dumps(measure(method, Path(folder), sizes, arguments.rank)))
        return
    load = os.getloadavg()[0]
    start = "one init" if arguments.shared else "independent"
    print(
        f"{arguments.model}, {ADAPTERS} adapters, r={arguments.rank}, {start};"
        f" {os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f} before the start"
    )
    table(SAMPLED, shapes(arguments.model, 1, arguments.modules), arguments)
    if arguments.whole:
        table(WHOLE, shapes(arguments.model, MODELS[arguments.model][3]), arguments)


if __name__ == "__main__":
    main()

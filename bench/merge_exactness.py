"""How far merged adapters are from the dense float64 mean of six, ours and PEFT's.

    python -m bench.merge_exactness --model qwen2.5-1.5b --modules 3 --trained models/shards/*

Relative Frobenius error of the worst module. `exact` against the mean itself; at a rank, against the dense truncated
SVD of the mean (unique where singular values are apart) and, as a share, what that SVD itself drops.
"""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from bench.lora_files import ADAPTERS, MODELS, SEEDS, peft_merge, peft_update, shapes, write_adapters
from bench.machine import hardware

from housebrain.files import write_json
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import PREFIX, Adapter


def error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def updates(folder: Path) -> dict[str, torch.Tensor]:
    """An adapter's updates, dense float64."""
    adapter = Adapter(folder)
    dense = {}
    for module in adapter.modules:
        A, B, scale = adapter.factors(module)
        dense[module.removeprefix(PREFIX)] = scale * B.double() @ A.double()
    return dense


def compare(about: str, folders: list[Path], sizes: dict[str, tuple[int, int]], r: int) -> dict[str, Any]:
    """Merges adapters of rank `r` in every way, prints and returns the worst module's error of each."""
    result: dict[str, Any] = {"adapters": len(folders), "modules": len(sizes), "rank": r, "errors": {}}

    def tell(how: str, worst: float, against: str) -> None:
        result["errors"][how] = {"error": worst, "against": against}
        print(f"{about:<22}{how:<28}{worst:>10.1e}   {against}", flush=True)

    mean = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in sizes.items()}
    for adapter in folders:
        for name, update in updates(adapter).items():
            mean[name] += update / len(folders)
    for how in ("linear", "cat"):
        model = peft_merge(folders, sizes, how, r, None)
        worst = max(error(peft_update(model, name), mean[name]) for name in sizes)
        tell(f"PEFT {how}", worst, "mean")
    spectra = {name: torch.linalg.svd(update, full_matrices=False) for name, update in mean.items()}
    by_name = {path.name: path for path in folders}
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "out"
        for rank in ("exact", r // 2, r, 2 * r):
            merge_adapters(by_name, strategy("average"), {}, rank, "float32", out, progress=False)
            ours = updates(out)
            if rank == "exact":
                worst = max(error(ours[name], mean[name]) for name in sizes)
                tell("ours, exact", worst, "mean")
                continue
            kept = int(rank)
            best = {name: (U[:, :kept] * s[:kept]) @ Vt[:kept] for name, (U, s, Vt) in spectra.items()}
            worst = max(error(ours[name], best[name]) for name in sizes)
            drop = max(error(best[name], mean[name]) for name in sizes)
            tell(f"ours, rank {kept}", worst, f"dense truncated SVD (itself {drop:.3f} off)")
    model = peft_merge(folders, sizes, "svd-thin", r, None)
    best = {name: (U[:, :r] * s[:r]) @ Vt[:r] for name, (U, s, Vt) in spectra.items()}
    worst = max(error(peft_update(model, name), best[name]) for name in sizes)
    tell(f"PEFT svd, rank {r}", worst, "dense truncated SVD")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="qwen2.5-1.5b", help="whose shapes")
    parser.add_argument("--modules", type=int, default=3, help="of one block, small ones first; 1 to 7")
    parser.add_argument("--ranks", type=int, nargs="+", default=[8, 64], help="of the six adapters")
    parser.add_argument(
        "--trained", type=Path, nargs="+", default=[], help="folders of adapters, merged after the random ones"
    )
    parser.add_argument("--out", type=Path, help="a JSON file")
    arguments = parser.parse_args()
    sizes = shapes(arguments.model, 1, arguments.modules)
    print(f"{arguments.model}, {len(sizes)} modules, {ADAPTERS} adapters, alpha = 2 r\n")
    print(f"{'adapters':<22}{'merged by':<28}{'error':>10}   against")
    merges = {}
    for r in arguments.ranks:
        for shared in (False, True):
            about = f"r={r}, {'shared' if shared else 'independent'} A"
            with tempfile.TemporaryDirectory() as temporary:
                folders = write_adapters(Path(temporary), sizes, r, shared, alpha=2 * r)
                merges[about] = compare(about, folders, sizes, r)
    if arguments.trained:
        first = Adapter(arguments.trained[0])
        sizes = {name.removeprefix(PREFIX): (shape[0], shape[1]) for name, shape in first.shapes.items()}
        merges["trained"] = compare("trained", arguments.trained, sizes, max(first.ranks.values()))
    if arguments.out:
        result = {
            "command": shlex.join(["python", "-m", "bench.merge_exactness", *sys.argv[1:]]),
            "hardware": hardware(),
            "threads": torch.get_num_threads(),
            "settings": {"model": arguments.model, "modules": arguments.modules, "alpha": "2 r"},
            "seeds": SEEDS,
            "merges": merges,
        }
        write_json(arguments.out, result)


if __name__ == "__main__":
    main()

"""How far merged adapters are from the dense float64 mean of six, ours and PEFT's.

    python -m bench.merge_exactness --model qwen2.5-1.5b --modules 3
    python -m bench.merge_exactness --trained models/shards/*

Relative Frobenius error of the worst module. `exact` against the mean itself; at a rank, against the dense truncated
SVD of the mean (unique where singular values are apart) and, as a share, what that SVD itself drops.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from bench.lora_files import ADAPTERS, MODELS, peft_merge, peft_update, shapes, write_adapters

from housebrain.merging.adapter import PREFIX, Adapter
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy


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


def compare(about: str, folders: list[Path], sizes: dict[str, tuple[int, int]], r: int) -> None:
    """Merges adapters of rank `r` in every way and prints the worst module's error of each."""
    mean = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in sizes.items()}
    for adapter in folders:
        for name, update in updates(adapter).items():
            mean[name] += update / len(folders)
    for how in ("linear", "cat"):
        model = peft_merge(folders, sizes, how, r, None)
        worst = max(error(peft_update(model, name), mean[name]) for name in sizes)
        print(f"{about:<22}{'PEFT ' + how:<28}{worst:>10.1e}   mean")
    spectra = {name: torch.linalg.svd(update, full_matrices=False) for name, update in mean.items()}
    by_name = {path.name: path for path in folders}
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "out"
        for rank in ("exact", r // 2, r, 2 * r):
            merge_adapters(by_name, strategy("average"), {}, rank, "float32", out, progress=False)
            ours = updates(out)
            if rank == "exact":
                worst = max(error(ours[name], mean[name]) for name in sizes)
                print(f"{about:<22}{'ours, exact':<28}{worst:>10.1e}   mean", flush=True)
                continue
            kept = int(rank)
            best = {name: (U[:, :kept] * s[:kept]) @ Vt[:kept] for name, (U, s, Vt) in spectra.items()}
            worst = max(error(ours[name], best[name]) for name in sizes)
            drop = max(error(best[name], mean[name]) for name in sizes)
            against = f"dense truncated SVD (itself {drop:.3f} off)"
            print(f"{about:<22}{f'ours, rank {kept}':<28}{worst:>10.1e}   {against}", flush=True)
    model = peft_merge(folders, sizes, "svd-thin", r, None)
    best = {name: (U[:, :r] * s[:r]) @ Vt[:r] for name, (U, s, Vt) in spectra.items()}
    worst = max(error(peft_update(model, name), best[name]) for name in sizes)
    print(f"{about:<22}{f'PEFT svd, rank {r}':<28}{worst:>10.1e}   dense truncated SVD", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="qwen2.5-1.5b", help="whose shapes")
    parser.add_argument("--modules", type=int, default=3, help="of one block, small ones first; 1 to 7")
    parser.add_argument("--ranks", type=int, nargs="+", default=[8, 64], help="of the six adapters")
    parser.add_argument("--trained", type=Path, nargs="+", help="folders of adapters to take in place of random ones")
    arguments = parser.parse_args()
    if arguments.trained:
        first = Adapter(arguments.trained[0])
        sizes = {name.removeprefix(PREFIX): (shape[0], shape[1]) for name, shape in first.shapes.items()}
        print(f"{len(sizes)} modules, {len(arguments.trained)} trained adapters\n")
    else:
        sizes = shapes(arguments.model, 1, arguments.modules)
        print(f"{arguments.model}, {len(sizes)} modules, {ADAPTERS} adapters, alpha = 2 r\n")
    print(f"{'adapters':<22}{'merged by':<28}{'error':>10}   against")
    if arguments.trained:
        compare("trained", arguments.trained, sizes, max(first.ranks.values()))
        return
    for r in arguments.ranks:
        for shared in (False, True):
            with tempfile.TemporaryDirectory() as temporary:
                folders = write_adapters(Path(temporary), sizes, r, shared, alpha=2 * r)
                compare(f"r={r}, {'shared' if shared else 'independent'} A", folders, sizes, r)


if __name__ == "__main__":
    main()

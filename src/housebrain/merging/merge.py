"""Merging adapters to an adapter: streaming, one module at a time, with a report of what was kept and dropped."""

import json
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from housebrain.errors import UserError
from housebrain.files import atomic_folder, sha256_file
from housebrain.merging.adapter import FINGERPRINT, WEIGHTS, Adapter, check_alike, write_adapter
from housebrain.merging.lowrank import Rank
from housebrain.merging.strategies import Metrics, Strategy

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def merge_adapters(
    folders: dict[str, Path],
    strategy: Strategy,
    metrics: dict[str, Metrics],
    rank: Rank,
    dtype: str,
    out: str | Path,
    weights: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Merges adapters into the folder `out`, which plain PEFT loads.

    Args:
        folders: the adapters, by name.
        strategy: decides the weights and how a module's updates are put together.
        metrics: by name, what MLflow has of each adapter; empty for strategies that read none.
        rank: `exact`, an energy share below 1, or a number.
        dtype: of the stored weights: float32, float16 or bfloat16.
        out: replaced at the end, in one step.
        weights: given by hand, in place of the strategy's; they are scaled to sum to 1.

    Returns:
        The report that is also written to `out/merge.json`: strategy, formula, weights, inputs with their hashes, rank
        and dropped energy by module, size.

    Raises:
        UserError: an adapter is missing, damaged or unlike the others, or a metric is missing.
    """
    adapters = {name: Adapter(folder) for name, folder in folders.items()}
    if not adapters:
        raise UserError("merge: there is no adapter to merge. Name at least one.")
    check_alike(list(adapters.values()))
    formula = strategy.formula()
    if weights is None:
        weights = strategy.weights({name: metrics.get(name, {}) for name in adapters})
    else:
        total = sum(weights.values())
        if total <= 0:
            raise UserError(f"--weights: they sum to {total:g}. Give weights with a positive sum.")
        weights = {name: weight / total for name, weight in weights.items()}
        formula = "given by hand, scaled to sum to 1"
    used = {name: adapter for name, adapter in adapters.items() if weights[name] != 0}

    first = next(iter(adapters.values()))
    modules: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    details: dict[str, dict[str, float]] = {}
    for module in tqdm(first.modules, desc="merge", unit=" modules", mininterval=1):
        factors = [adapter.factors(module) for adapter in used.values()]
        merged = strategy.merge(factors, [weights[name] for name in used], rank)
        modules[module] = (merged.A.to(DTYPES[dtype]), merged.B.to(DTYPES[dtype]))
        details[module] = {"rank": merged.A.shape[0], "dropped_energy": merged.dropped_energy}

    with atomic_folder(out) as folder:
        write_adapter(folder, first, modules, DTYPES[dtype])
        fingerprint = first.folder / FINGERPRINT
        report: dict[str, Any] = {
            "strategy": strategy.name,
            "formula": formula,
            "weights": weights,
            "inputs": {name: sha256_file(adapter.folder / WEIGHTS) for name, adapter in adapters.items()},
            "made_from": json.loads(fingerprint.read_text())["shared"] if fingerprint.exists() else None,
            "rank": rank,
            "rank_max": max(int(detail["rank"]) for detail in details.values()),
            "dropped_energy_max": max(detail["dropped_energy"] for detail in details.values()),
            "dtype": dtype,
            "size_mb": (folder / WEIGHTS).stat().st_size / 1e6,
            "modules": details,
        }
        (folder / "merge.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    return report

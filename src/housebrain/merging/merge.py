"""Merging adapters to an adapter: streaming, one module at a time, with a report of what was kept and dropped."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from housebrain.errors import UserError
from housebrain.files import atomic_folder, check_replaceable, write_json
from housebrain.merging.lowrank import (
    Product,
    Svd,
    chosen_rank,
    dropped_energy,
    parse_rank,
)
from housebrain.merging.ranks import rank_rule
from housebrain.merging.strategies import Metrics, Searched, Strategy
from housebrain.merging.whole import common_of, dtypes_of, mean_of
from housebrain.model.adapter import CONFIG, FINGERPRINT, MERGE_REPORT, WEIGHTS, Adapter, Factors, merged_config
from housebrain.model.alike import check_alike, shared_fingerprint, warn_of_versions
from housebrain.model.loadable import check_loads
from housebrain.model.tensors import TensorWriter, header_bytes, is_finite

_LARGEST = 1e30  # of a weight and of the scale: far beyond, float64 overflows
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def merge_adapters(
    folders: dict[str, Path],
    strategy: Strategy,
    metrics: dict[str, Metrics],
    rank: str | int | float,
    dtype: str,
    out: str | Path,
    weights: dict[str, float] | None = None,
    scale: float = 1.0,
    start: Path | None = None,
    progress: bool = True,
    same_base: bool = False,
) -> dict[str, Any]:
    """Merges adapters into the folder `out`, which plain PEFT loads.

    One module is in memory at a time. With a size limit the adapters are read twice: all spectra have to be known
    before the first rank can be.

    Args:
        folders: the adapters, by name.
        strategy: decides the weights and how a module's updates are put together.
        metrics: by name, what MLflow has of each adapter; empty for strategies that read none.
        rank: `exact`, a number (16), an energy share (0.999) or a size (100MB).
        dtype: of the stored factors: float32, float16 or bfloat16.
        out: replaced at the end, in one step.
        weights: given by hand, or searched for, in place of the strategy's; they are scaled to sum to 1.
        scale: the merged update is multiplied by this.
        start: the adapter that all were trained from; what is merged is what they have learnt since.
        progress: shown on stderr, and so is a warning where the adapters' library versions differ.
        same_base: the adapters' bases are one, whatever they are called.

    Returns:
        The report that is also written to `out/merge.json`: strategy, formula, weights, inputs with their hashes, rank
        and dropped energy by module, size, and whether it acts, which an update that is zero everywhere does not.

    Raises:
        UserError: an adapter is missing, damaged or unlike the others, a metric is missing, a setting is unknown, a
            weight is one that the strategy can't take, or PEFT could not load the result.
    """
    wanted = parse_rank(rank)
    if dtype not in DTYPES:
        raise UserError(f"dtype: unknown dtype '{dtype}'. Known: {', '.join(DTYPES)}.")
    if not folders:
        raise UserError("merge: there is no adapter to merge. Name at least one.")
    if not abs(scale) <= _LARGEST:
        raise UserError(f"scale: {scale:g} is no number between -{_LARGEST:g} and {_LARGEST:g}. Give one such as 1.")
    adapters = {name: Adapter(folder) for name, folder in folders.items()}
    origin = Adapter(start) if start is not None else None
    check_alike([*adapters.values(), *([origin] if origin else [])], same_base)
    if progress:
        warn_of_versions(adapters)
    if weights is None:
        weights, formula = strategy.weights({name: metrics.get(name, {}) for name in adapters}), strategy.formula()
    else:
        weights = _by_hand(weights, list(adapters))
        formula = strategy.formula() if isinstance(strategy, Searched) else "given by hand, scaled to sum to 1"
    if not strategy.linear and (negative := [name for name in weights if weights[name] < 0]):
        raise UserError(
            f"weights: that of {negative[0]} is negative, which {strategy.name} can't take. "
            "Give weights from 0 up, or use average."
        )
    used = {name: adapter for name, adapter in adapters.items() if weights[name] != 0}
    first = next(iter(used.values()))
    shares = [weights[name] for name in used]
    dtypes = dtypes_of(list(used.values()))
    fixed_bytes = 8 + header_bytes(first.names)
    fixed_bytes += sum(math.prod(whole.shape) * dtypes[name].itemsize for name, whole in first.whole.items())

    def update(module: str) -> Product:
        factors = [adapter.factors(module) for adapter in used.values()]
        if origin:
            factors = [update_since(own, origin.factors(module)) for own in factors]
        B, A = strategy.update(factors, shares, module)
        return Product(B, A * scale)

    rank_of = rank_rule(wanted, first, update, DTYPES[dtype], fixed_bytes, progress)
    details: dict[str, dict[str, Any]] = {}
    with atomic_folder(out) as folder:
        with TensorWriter(folder / WEIGHTS, first.names) as writer:
            experts: list[Product] = []  # of one parameter, until all of them are there
            for module, (name_A, name_B) in tqdm(
                first.modules.items(), "merge", unit=" modules", mininterval=1, disable=not progress
            ):
                svd = Svd(update(module))
                r = rank_of(module, svd.singular_values)
                product = svd.truncated(min(r, chosen_rank(svd.singular_values, "exact")))
                if module in first.fused:
                    product = _widened(product, r)
                r = product.A.shape[0]
                experts.append(product)
                _, count = first.experts.get(module, (0, 1))
                if len(experts) == count:
                    B, A = _stacked(experts)
                    writer.write(name_A, _stored(A, DTYPES[dtype], module))
                    writer.write(name_B, _stored(B, DTYPES[dtype], module))
                    experts.clear()
                details[module] = {
                    "rank": r,
                    "dropped_energy": dropped_energy(svd.singular_values, r),
                    "norm": float(svd.singular_values.norm()),
                }
            for name, (trained, _, _) in first.whole.items():
                if trained and (not strategy.linear or scale != 1 or origin):
                    raise UserError(
                        f"{first.path}: {name} was trained as a whole (modules_to_save): its update "
                        "isn't known without the base. Use a strategy that averages (average, weighted, best), scale 1 "
                        "and one round."
                    )
                if trained and dtypes[name].is_floating_point:
                    whole = mean_of(name, list(used.values()), shares)
                else:
                    whole = common_of(name, list((used if trained else adapters).values()))
                writer.write(name, whole.to(dtypes[name]))
        config = merged_config(first, {module: detail["rank"] for module, detail in details.items()})
        (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
        check_loads(folder)
        report: dict[str, Any] = {
            "strategy": strategy.name,
            "formula": formula,
            "weights": weights,
            "scale": scale,
            "inputs": {name: adapter.sha256() for name, adapter in adapters.items()},
            "made_from": shared_fingerprint(first) if (first.folder / FINGERPRINT).exists() else None,
            "rank": rank,
            "rank_max": max(detail["rank"] for detail in details.values()),
            "dropped_energy_max": max(detail["dropped_energy"] for detail in details.values()),
            "dtype": dtype,
            "size_mb": (folder / WEIGHTS).stat().st_size / 1e6,
            "acts": any(detail["norm"] for detail in details.values())
            or any(of.trained for of in first.whole.values()),
            "modules": details,
        }
        write_json(folder / MERGE_REPORT, report)
    return report


def update_since(end: Factors, start: Factors) -> Factors:
    """One module's update from `start` on: B [d_out, r + r_start], A [r + r_start, d_in]."""
    B = torch.cat([end.B, -start.scale / end.scale * start.B], dim=1)
    return Factors(torch.cat([end.A, start.A]), B, end.scale)


def check_out(out: Path, inputs: list[Path]) -> None:
    """Refuses a folder to write that a person chose and that a merge would destroy.

    Raises:
        UserError: `out` is something other than an adapter; or it is an input, or one lies in the other.
    """
    check_replaceable(out, (MERGE_REPORT, CONFIG), "adapter")
    for folder in inputs:
        a, b = out.resolve(), folder.resolve()
        if a.is_relative_to(b) or b.is_relative_to(a):
            raise UserError(f"{out}: it is {folder}, or one lies in the other. Choose another folder with --out.")


def _by_hand(weights: dict[str, float], names: list[str]) -> dict[str, float]:
    if list(weights) != names:
        raise UserError(f"weights: given for {', '.join(weights)}; needed for {', '.join(names)}. Give one an adapter.")
    total = sum(weights.values())
    if not math.isfinite(total) or total <= 0:
        raise UserError(f"weights: they sum to {total:g}. Give weights with a positive sum.")
    shares = {name: weight / total for name, weight in weights.items()}
    if not all(abs(share) <= _LARGEST for share in shares.values()):
        raise UserError(f"weights: they sum to {total:g}, as good as nothing beside the largest. Give others.")
    return shares


def _widened(product: Product, rank: int) -> Product:
    """The same update with factors of that rank: what is new in them is zero."""
    missing = rank - product.A.shape[0]
    pad = torch.nn.functional.pad
    return Product(pad(product.B, (0, missing)), pad(product.A, (0, 0, 0, missing)))


def _stacked(experts: list[Product]) -> Product:
    """The factors of a parameter from those of its experts, as PEFT's ParamWrapper has them; of one, as they are."""
    B = torch.stack([product.B for product in experts], dim=-1).flatten(1)
    return Product(B, torch.cat([product.A for product in experts]))


def _stored(factor: torch.Tensor, dtype: torch.dtype, module: str) -> torch.Tensor:
    stored = factor.to(dtype)
    if not is_finite(stored):
        raise UserError(f"merge: {module}: the merged update doesn't fit {dtype}. Use dtype float32 or bfloat16.")
    return stored

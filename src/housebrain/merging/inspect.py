"""What adapters have in common: how long their updates are, how many directions they use, whether they agree.

Everything is computed from factors, one module at a time, and never from a dense update.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from housebrain.files import atomic_file
from housebrain.merging.lowrank import Product, Svd, chosen_rank
from housebrain.merging.strategies import inner_products
from housebrain.model.adapter import Adapter, Factors
from housebrain.model.alike import check_alike


class Inspection(NamedTuple):
    """Of K adapters, over all modules; float64.

    Attributes:
        names: K.
        norms: [K] Frobenius norms of the whole updates.
        effective_ranks: [K] the exponential of the spectrum's entropy, mean over modules by energy (Roy and Vetterli
            2007, https://ieeexplore.ieee.org/document/7098875): 1 is one direction, r is r of equal strength.
        from_mean: [K] distance to the mean update, as a share of the mean's norm.
        cosines: [K, K] between whole updates.
        output_overlaps, input_overlaps: [K, K] the share of one's output (input) directions that lie in the other's
            space, 0 to 1, mean over modules by energy (LoRA's own measure: https://arxiv.org/abs/2106.09685, 7.2).
    """

    names: list[str]
    norms: torch.Tensor
    effective_ranks: torch.Tensor
    from_mean: torch.Tensor
    cosines: torch.Tensor
    output_overlaps: torch.Tensor
    input_overlaps: torch.Tensor


def inspect(folders: dict[str, Path], same_base: bool = False) -> Inspection:
    """Compares adapters of one base.

    Args:
        folders: the adapters, by name.
        same_base: the adapters' bases are one, whatever they are called.

    Raises:
        UserError: one is missing, damaged or unlike the others.
    """
    adapters = [Adapter(folder) for folder in folders.values()]
    check_alike(adapters, same_base)
    K = len(adapters)
    products = torch.zeros(K, K, dtype=torch.float64)
    ranks = torch.zeros(K, dtype=torch.float64)
    outputs, inputs = torch.zeros_like(products), torch.zeros_like(products)
    energies = torch.zeros_like(products)  # what the overlaps are weighted with
    for module in tqdm(adapters[0].modules, "inspect", unit=" modules", mininterval=1):
        factors = [adapter.factors(module) for adapter in adapters]
        of_module = inner_products(factors)
        products += of_module
        energy = of_module.diagonal()
        if not bool((energy > 0).all()):
            continue  # untrained in one of them: it has no directions
        spaces = [_space(f) for f in factors]
        ranks += energy * torch.stack([space.effective_rank for space in spaces])
        weight = (energy[:, None] * energy[None, :]).sqrt()
        energies += weight
        for total, side in ((outputs, "U"), (inputs, "V")):
            bases = [getattr(space, side) for space in spaces]
            total += weight * torch.stack([torch.stack([_overlap(a, b) for b in bases]) for a in bases])
    squares = products.diagonal()
    norms = squares.sqrt()
    mean_square = products.mean()
    distances = (squares - 2 * products.mean(1) + mean_square).clamp_min(0).sqrt()
    return Inspection(
        list(folders),
        norms,
        ranks / energies.diagonal(),
        distances / mean_square.clamp_min(0).sqrt(),
        products / (norms[:, None] * norms[None, :]),
        outputs / energies,
        inputs / energies,
    )


class _Space(NamedTuple):
    """The directions of one update: U [d_out, n] and V [d_in, n] orthonormal."""

    U: torch.Tensor
    V: torch.Tensor
    effective_rank: torch.Tensor


def _space(f: Factors) -> _Space:
    svd = Svd(Product(f.B.double(), f.scale * f.A.double()))
    n = chosen_rank(svd.singular_values, "exact")
    B, A = svd.truncated(n)
    shares = svd.singular_values[:n] ** 2 / (svd.singular_values[:n] ** 2).sum()
    unit = torch.nn.functional.normalize
    return _Space(unit(B.double(), dim=0), unit(A.double().T, dim=0), torch.special.entr(shares).sum().exp())


def _overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a.T @ b).square().sum() / min(a.shape[1], b.shape[1])


def draw(found: Inspection, out: Path) -> None:
    """Writes the three matrices and the distances from the mean as one PNG; adapters are numbered from 1.

    Raises:
        UserError: `out` can't be written.
    """
    from matplotlib.figure import Figure

    numbers = [str(i + 1) for i in range(len(found.names))]  # names are paths, and may be long
    figure = Figure(figsize=(13, 3.4), layout="constrained")
    axes = figure.subplots(1, 4)
    titles = ("cosine of updates", "overlap of output spaces", "overlap of input spaces")
    matrices = (found.cosines, found.output_overlaps, found.input_overlaps)
    for axis, title, matrix in zip(axes, titles, matrices, strict=False):
        axis.imshow(matrix, vmin=0, vmax=1, cmap="viridis")
        axis.set_title(title)
        axis.set_xticks(range(len(numbers)), numbers)
        axis.set_yticks(range(len(numbers)), numbers)
        for i, row in enumerate(matrix.tolist()):
            for j, value in enumerate(row):
                axis.text(j, i, f"{value:.2f}", ha="center", va="center", color="w" if value < 0.6 else "k", fontsize=8)
    axes[3].barh(numbers, found.from_mean.tolist())
    axes[3].invert_yaxis()
    axes[3].set_title("distance from the mean / its norm")
    with atomic_file(out) as temporary:
        figure.savefig(temporary, format="png", dpi=110)

"""Rounds: the outer step from a round's merge to the next state, and the adapter that the next round starts from.

With several `rounds` the six trainings are local updates of one model. What they have learnt since the start D that
they share is merged to G, a gradient for an outer optimizer (DiLoCo, https://arxiv.org/abs/2311.08105):

    V' = momentum V + G            D' = D + learning_rate (G + momentum V')      (Nesterov's)

D is the adapter that was trained from, of rank `lora.r`, not the state that it was cut from: what the cut dropped
nobody had, and to count it as unlearnt would send the momentum against it. All of it is a weighted sum of adapters,
and so exact (see `lowrank`). Without momentum and at learning rate 1 the mean of the adapters is D'.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json, sha256_file, write_json
from housebrain.merging.adapter import CONFIG, WEIGHTS, Adapter
from housebrain.merging.lowrank import Product, Svd, chosen_rank
from housebrain.merging.merge import REPORT, merge_adapters
from housebrain.merging.strategies import Average, Metrics, Strategy
from housebrain.params import Lora, Params
from housebrain.training.lora_init import draw, save_init

START = Path("models/start/left")  # what `housebrain round next` leaves of the round before
INIT = Path("models/lora_init")  # what the shards were trained from, made of it
ROUND = "round.json"
STATE, VELOCITY = "state", "velocity"
# The velocity is cut where this share of its energy is kept: its exact rank would grow with every round.
VELOCITY_RANK = 0.9999


def start_of(params: Params) -> Path | None:
    """Where the round before left what this one starts from; None for a first round.

    Raises:
        UserError: it is missing, or of another round.
    """
    if params.rounds == 1 or params.round == 1:
        return None
    left = read_json(START / ROUND)["round"] if (START / ROUND).is_file() else None
    if left != params.round - 1:
        found = "nothing is there" if left is None else f"it is of round {left}"
        raise UserError(
            f"{START}: round {params.round} starts from what round {params.round - 1} merged, and {found}. Get it with "
            f"`dvc pull {START}`, or go back to round {params.round - 1} and run `housebrain round next`."
        )
    return START


def merge_round(
    folders: dict[str, Path],
    strategy: Strategy,
    metrics: dict[str, Metrics],
    params: Params,
    weights: dict[str, float] | None,
    scale: float,
    out: Path,
    outer_out: Path,
    progress: bool = True,
) -> dict[str, Any]:
    """Merges a round's adapters and, with several rounds, takes the outer step from what they started from.

    From the second round on the strategy sees what each has learnt in this round.

    Args:
        folders, strategy, metrics, weights, scale, progress: as for `merge_adapters`.
        params: whose `merge` and `outer` count.
        out: for the state after the round, an adapter.
        outer_out: for the outer optimizer's own state.

    Returns:
        The report that is also written to `out/merge.json`: as `merge_adapters` returns it; with several rounds it also
        has `outer`, the settings of the step, and `start`, the hash of what the round before came to.

    Raises:
        UserError: as for `merge_adapters`; or what the round before left is missing.
    """
    settings = params.merge
    with atomic_folder(outer_out) as outer:
        write_json(outer / ROUND, {"round": params.round})
        if params.rounds == 1:
            rank, dtype = settings.rank, settings.dtype
            return merge_adapters(folders, strategy, metrics, rank, dtype, out, weights, scale, progress=progress)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".merge-", suffix=".tmp") as temporary:
            momentum, rate = params.outer.momentum, params.outer.learning_rate
            left, known = start_of(params), {"gradient": Path(temporary) / "gradient"}
            if left is not None:
                known["start"] = INIT
                if (left / VELOCITY).is_dir():
                    known[VELOCITY] = left / VELOCITY
                elif momentum:
                    raise UserError(
                        "outer.momentum: the round before had none. Set it to 0, or begin again at round 1."
                    )
            gradient, init = known["gradient"], known.get("start")
            report = merge_adapters(
                folders, strategy, metrics, "exact", "float32", gradient, weights, scale, init, progress=progress
            )
            if momentum:
                velocity = {"gradient": 1.0, "start": 0.0, VELOCITY: momentum}
                _sum(known, velocity, VELOCITY_RANK, "float32", outer / VELOCITY)
            # D' = D + lr G + lr momentum (G + momentum V)
            state = {"gradient": rate * (1 + momentum), "start": 1.0, VELOCITY: rate * momentum**2}
            after = _sum(known, state, settings.rank, settings.dtype, out)
    of_step = ("rank", "rank_max", "dropped_energy_max", "dtype", "size_mb", "modules")
    report |= {key: after[key] for key in of_step} | {"outer": params.outer.model_dump()}
    report["start"] = None if left is None else sha256_file(left / STATE / WEIGHTS)
    write_json(out / REPORT, report)
    return report


def _sum(
    folders: dict[str, Path], weights: dict[str, float], rank: str | int | float, dtype: str, out: Path
) -> dict[str, Any]:
    """A weighted sum of those adapters that there are; a weight of 0 leaves one out."""
    used = {name: weights[name] for name in folders if weights[name]}
    total = sum(used.values())
    return merge_adapters(
        {name: folders[name] for name in used}, Average(), {}, rank, dtype, out, used, total, progress=False
    )


def hand_over(params: Params, merged: Path, outer: Path) -> None:
    """Puts what a round came to where the next one starts from.

    Args:
        params: of the round that is over.
        merged: the state after it, an adapter.
        outer: the outer optimizer's state.

    Raises:
        UserError: they are missing, damaged, or of another round.
    """
    made_from = read_json(merged / REPORT)["made_from"] or {}
    if made_from.get("round") != params.round or read_json(outer / ROUND)["round"] != params.round:
        raise UserError(f"{merged}: it is not of round {params.round}. Run `dvc repro merge` first.")
    Adapter(merged)
    with atomic_folder(START) as folder:
        for name, origin in ((STATE, merged), (VELOCITY, outer / VELOCITY)):
            if origin.is_dir():
                (folder / name).mkdir()
                for file in (CONFIG, WEIGHTS):
                    shutil.copy(origin / file, folder / name)
        write_json(folder / ROUND, {"round": params.round})


def write_next_init(start: Path, lora: Lora, base: str, base_folder: Path, out: Path) -> tuple[str, float]:
    """Writes the adapter that all shards of a later round start from: the best of rank `lora.r` to the state so far.

    The singular values go to both factors alike: with an A as long as a fresh draw's, or drawn anew, training came less
    far.

    Args:
        start: what the round before left.
        lora: the same in all rounds.
        base: the base model's name.
        base_folder: where it is.
        out: replaced.

    Returns:
        The SHA-256 of the weights, and the share of the state's energy that rank `lora.r` can't hold.

    Raises:
        UserError: the state is missing, damaged, or of other modules than `lora` has.
    """
    state = Adapter(start / STATE)
    config, weights = draw(lora, base_folder)
    if odd := sorted(set(weights) ^ set(state.names)):
        raise UserError(f"{start}: {odd[0]} is not in both the state and this round's adapter. Keep `lora` as it was.")
    scale, dropped, total = lora.alpha / lora.r, 0.0, 0.0
    for module, (name_A, name_B) in state.modules.items():
        A, B, own_scale = state.factors(module)
        svd = Svd(Product(B.double(), own_scale * A.double()))
        rank = min(lora.r, chosen_rank(svd.singular_values, "exact"))
        left, right = svd.truncated(rank)
        # Directions that the state doesn't have yet stay as drawn.
        weights[name_A][:rank] = right
        weights[name_B][:, :rank] = left / scale
        squares = svd.singular_values**2
        dropped += float(squares[rank:].sum())
        total += float(squares.sum())
    return save_init(config, weights, base, out), dropped / total if total else 0.0

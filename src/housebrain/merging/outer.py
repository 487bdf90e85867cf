"""Rounds: the outer step from a round's merge to the next state, and the adapter that the next round starts from.

With several `rounds` the shards' trainings are local updates of one model. What they have learnt since the start D that
they share is merged to G, a gradient for an outer optimizer (DiLoCo, https://arxiv.org/abs/2311.08105):

    V' = momentum V + G            D' = D + learning_rate (G + momentum V')      (Nesterov's)

D is the adapter that was trained from, of rank `lora.r`, not the state that it was cut from: what the cut dropped
nobody had, and to count it as unlearnt would send the momentum against it. All of it is a weighted sum of adapters,
and so exact (see `lowrank`). Without momentum and at learning rate 1 the mean of the adapters is D'.
"""

import tempfile
from pathlib import Path
from typing import Any

from housebrain.errors import UserError
from housebrain.files import atomic_folder, sha256_file, write_json
from housebrain.merging.merge import merge_adapters
from housebrain.merging.start import ROUND, STATE, VELOCITY, start_of
from housebrain.merging.strategies import Average, Metrics, Strategy
from housebrain.model.adapter import MERGE_REPORT, WEIGHTS
from housebrain.params import Params
from housebrain.shard import INIT

# The velocity is cut where this share of its energy is kept: its exact rank would grow with every round.
VELOCITY_RANK = 0.9999


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
    write_json(out / MERGE_REPORT, report)
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

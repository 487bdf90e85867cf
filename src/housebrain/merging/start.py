"""With several rounds: what one round leaves for the next, and the adapter that the next one starts from."""

import shutil
from pathlib import Path

from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json, write_json
from housebrain.merging.lowrank import Product, Svd, chosen_rank
from housebrain.model.adapter import CONFIG, MERGE_REPORT, WEIGHTS, Adapter
from housebrain.model.base_name import same_base
from housebrain.model.lora_init import draw, save_init
from housebrain.params import Lora, Params

START = Path("models/start/left")  # what `housebrain round next` leaves of the round before
ROUND = "round.json"
STATE, VELOCITY = "state", "velocity"


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


def hand_over(params: Params, merged: Path, outer: Path) -> None:
    """Puts what a round came to where the next one starts from.

    Args:
        params: of the round that is over.
        merged: the state after it, an adapter.
        outer: the outer optimizer's state.

    Raises:
        UserError: they are missing, damaged, or of another round.
    """
    made_from = read_json(merged / MERGE_REPORT)["made_from"] or {}
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
        UserError: the state is missing, damaged, of another base, or of other modules than `lora` has.
    """
    state = Adapter(start / STATE)
    if not same_base(before := state.config.get("base_model_name_or_path"), base):
        raise UserError(
            f"{start}: the rounds before were trained on {before}, and `base` in params.yaml is {base} now. "
            "Set it back, or begin again at round 1."
        )
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

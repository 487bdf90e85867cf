"""Merging outside the pipeline: whatever adapters a person names, in the order in which they are named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from housebrain.errors import UserError
from housebrain.files import atomic_folder
from housebrain.merging.merge import check_out, merge_adapters
from housebrain.merging.strategies import Strategy


def named(folders: Sequence[Path]) -> dict[str, Path]:
    """Adapters by name: their paths. One that is given again counts again, as `a (2)`."""
    found: dict[str, Path] = {}
    for folder in folders:
        name, count = str(folder), 1
        while name in found:
            count += 1
            name = f"{folder} ({count})"
        found[name] = folder
    return found


def merge_named(
    folders: Sequence[Path],
    strategy: Strategy,
    rank: str | int | float,
    dtype: str,
    out: Path,
    weights: Sequence[float] | None = None,
    scale: float = 1.0,
    same_base: bool = False,
    validate_on: str | None = None,
    progress: bool = True,
) -> tuple[dict[str, Any], str]:
    """Merges adapters and makes sure that the result does something.

    Args:
        folders: the adapters; the same one may be there several times.
        strategy, rank, dtype, scale, same_base, progress: as for `merge_adapters`.
        out: the folder to write; an adapter that is there is replaced, and kept where anything fails.
        weights: one an adapter, in their order.
        validate_on: a base, by folder or hub id, on which the result is loaded and asked a question.

    Returns:
        The report of `merge_adapters`, and the answer (empty without `validate_on`).

    Raises:
        UserError: as for `merge_adapters` and `ask`; or `out` is something else, or the merged update is zero.
    """
    check_out(out, list(folders))
    by_name = named(folders)
    if weights is not None and len(weights) != len(by_name):
        raise UserError(f"--weights: {len(weights)} numbers for {len(by_name)} adapters. Give one an adapter.")
    shares = dict(zip(by_name, weights, strict=True)) if weights is not None else None
    answer = ""
    with atomic_folder(out) as folder:
        report = merge_adapters(
            by_name, strategy, {}, rank, dtype, folder, shares, scale, progress=progress, same_base=same_base
        )
        if not report["acts"]:
            raise UserError(
                "merge: the merged update is zero everywhere: the adapters are untrained, or undo each other. Look at "
                "them with `housebrain inspect`."
            )
        if validate_on is not None:
            from housebrain.merging.ask import ask  # needs transformers, which merging does without

            answer = ask(folder, validate_on)
    return report, answer

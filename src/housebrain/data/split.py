"""Dealing the samples out: held-out validation and test first, the rest into equal shards that look alike.

A brief is never on two sides: rows are held out by the brief's key, and all rows that share a held-out key leave the
training set. The shards are a random deal, hence identically distributed; the report shows by how little they differ.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from housebrain.errors import UserError
from housebrain.files import atomic_folder, sha256_file

CATEGORIES = ("bedrooms", "floors", "style", "region", "climate_zone")
QUANTITIES = ("area_sqft", "cost_usd")
ROWS_PER_GROUP = 10_000


def _read(prepared: Path) -> pa.Table:
    files = sorted(prepared.glob("samples-*.parquet"))
    if not files:
        raise UserError(f"{prepared}: no samples-*.parquet in it. Run the prepare stage first: `dvc repro prepare`.")
    try:
        return pa.concat_tables([pq.read_table(file, memory_map=True) for file in files])
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{prepared}: cannot be read ({error}). Run `dvc repro -f prepare`.") from error


def deal(
    keys: np.ndarray, from_validation: np.ndarray, shards: int, validation_count: int, test_count: int, seed: int
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Decides which row goes where.

    Args:
        keys: [n], the brief of each row; equal keys, equal briefs.
        from_validation: [n] bool, rows that the user's own validation folder holds: they are held out before others
            and never trained on.
        shards: how many.
        validation_count, test_count: rows to hold out.
        seed: of the deal.

    Returns:
        Row numbers of validation, of test, and of each shard; shard sizes differ by at most one.

    Raises:
        UserError: there are too few rows.
    """
    rng = np.random.default_rng(seed)
    _, first_row, group = np.unique(keys, return_index=True, return_inverse=True)
    theirs = np.zeros(len(first_row), bool)
    theirs[group[from_validation]] = True
    order = rng.permutation(len(first_row))
    # The user's validation briefs first, in seeded order, then any others.
    held_groups = np.concatenate([order[theirs[order]], order[~theirs[order]]])[: validation_count + test_count]
    out_of_training = theirs.copy()
    out_of_training[held_groups] = True
    training = rng.permutation(np.flatnonzero(~out_of_training[group]))
    if len(held_groups) < validation_count + test_count or len(training) < shards:
        raise UserError(
            f"data/prepared: {len(keys)} samples are too few for {validation_count} validation, {test_count} test "
            f"samples and {shards} shards. Prepare more briefs, or lower the counts under `split` in params.yaml."
        )
    held = first_row[held_groups]
    return held[:validation_count], held[validation_count:], np.array_split(training, shards)


def _distances(table: pa.Table, shards: list[np.ndarray]) -> dict[str, dict[str, float]]:
    """How far the shards' distributions are from that of all training rows, at the most, by column.

    `distance` is the total variation distance for categories and the Kolmogorov-Smirnov distance for quantities, of
    the shard that is farthest off. `expected` is what a random deal is expected to give: for categories the mean of
    the total variation distance, for quantities 1.36 sqrt(1/n - 1/N), exceeded in 5% of deals (Smirnov 1948).
    """
    rows = np.concatenate(shards)
    distances = {}
    for column in CATEGORIES:
        _, codes = np.unique(np.asarray(table[column].to_pylist()), return_inverse=True)
        share = np.bincount(codes[rows], minlength=codes.max() + 1) / len(rows)
        farthest = max(
            float(np.abs(np.bincount(codes[shard], minlength=len(share)) / len(shard) - share).sum() / 2)
            for shard in shards
        )
        smallest = min(len(shard) for shard in shards)
        spread = np.sqrt(share * (1 - share) * (1 / smallest - 1 / len(rows)))
        expected = float(math.sqrt(2 / math.pi) * spread.sum() / 2)
        distances[column] = {"distance": round(farthest, 5), "expected": round(expected, 5)}
    for column in QUANTITIES:
        values = table[column].to_numpy()
        everything = np.sort(values[rows])
        grid = np.searchsorted(everything, everything, "right") / len(rows)
        farthest = max(
            float(np.abs(np.searchsorted(np.sort(values[shard]), everything, "right") / len(shard) - grid).max())
            for shard in shards
        )
        smallest = min(len(shard) for shard in shards)
        expected = 1.36 * math.sqrt(1 / smallest - 1 / len(rows))
        distances[column] = {"distance": round(farthest, 5), "expected": round(expected, 5)}
    return distances


def split(
    prepared: str | Path,
    heldout_out: str | Path,
    shards_out: str | Path,
    shards: int,
    validation_count: int,
    test_count: int,
    seed: int,
) -> dict[str, Any]:
    """Writes `validation.parquet` and `test.parquet` to `heldout_out`, and `train.parquet` to `shards_out/1`, ...

    Each shard's folder also holds a copy of `validation.parquet`, so that a worker pulls one folder and has all it
    needs; DVC stores the copies once. The same input gives the same bytes.

    Returns:
        The report: rows and hash of each file, rows left out, distances between shards.
    """
    table = _read(Path(prepared))
    keys = np.asarray(table["brief_key"].to_numpy(), dtype="S16")
    theirs = table["side"].to_numpy() == "validation"
    validation, test, parts = deal(keys, theirs, shards, validation_count, test_count, seed)
    report: dict[str, Any] = {"files": {}}

    def write(path: Path, rows: np.ndarray) -> None:
        pq.write_table(table.take(rows), path, compression="zstd", row_group_size=ROWS_PER_GROUP)

    with atomic_folder(heldout_out) as folder:
        for name, rows in (("validation", validation), ("test", test)):
            write(folder / f"{name}.parquet", rows)
            report["files"][name] = {"rows": len(rows), "sha256": sha256_file(folder / f"{name}.parquet")}
    for number, rows in enumerate(parts, 1):
        with atomic_folder(Path(shards_out) / str(number)) as folder:
            write(folder / "train.parquet", rows)
            write(folder / "validation.parquet", validation)
            report["files"][f"shard_{number}"] = {"rows": len(rows), "sha256": sha256_file(folder / "train.parquet")}
    report["left_out"] = len(table) - len(validation) - len(test) - sum(len(rows) for rows in parts)
    report["distances"] = _distances(table, parts)
    return report

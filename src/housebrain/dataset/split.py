"""Dealing the samples out: held-out validation and test first, the rest into equal shards that look alike.

A brief is never on two sides: rows are held out by the brief's key, and all rows that share a held-out key leave the
training set. The shards are a random deal, hence identically distributed; the report shows by how little they differ.
"""

import math
from contextlib import ExitStack
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
SIMULATIONS = 200


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


def _distances(table: pa.Table, shards: list[np.ndarray], seed: int) -> dict[str, dict[str, float]]:
    """How far the shard that is farthest off is from the distribution of all training rows, by column.

    `distance` is the total variation distance for categories, the Kolmogorov-Smirnov distance for quantities.
    `chance_95` is what 95% of random deals stay below: simulated for categories; for quantities Smirnov's bound (1948)
    at 5% over the number of shards.
    """
    rows = np.concatenate(shards)
    sizes = [len(shard) for shard in shards]
    rng = np.random.default_rng(seed)
    distances = {}
    for column in CATEGORIES:
        # As objects: NumPy's own texts all take the room of the longest.
        _, codes = np.unique(np.asarray(table[column].to_pylist(), dtype=object), return_inverse=True)
        counts = np.bincount(codes[rows], minlength=codes.max() + 1)
        dealt = [np.bincount(codes[shard], minlength=len(counts)) for shard in shards]
        simulated = [
            max(_total_variation(rng.multivariate_hypergeometric(counts, size), counts) for size in sizes)
            for _ in range(SIMULATIONS)
        ]
        farthest = max(_total_variation(one, counts) for one in dealt)
        distances[column] = {"distance": farthest, "chance_95": float(np.quantile(simulated, 0.95))}
    smallest, total = min(sizes), len(rows)
    chance_95 = math.sqrt(math.log(2 * len(shards) / 0.05) / 2 * (1 / smallest - 1 / total))
    for column in QUANTITIES:
        values = table[column].to_numpy()
        everything = np.sort(values[rows])
        grid = np.searchsorted(everything, everything, "right") / total
        farthest = max(
            float(np.abs(np.searchsorted(np.sort(values[shard]), everything, "right") / len(shard) - grid).max())
            for shard in shards
        )
        distances[column] = {"distance": farthest, "chance_95": chance_95}
    return {column: {key: round(value, 5) for key, value in both.items()} for column, both in distances.items()}


def _total_variation(a: np.ndarray, b: np.ndarray) -> float:
    """Between two distributions given by counts."""
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


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

    # All folders are written before the first is put in its place: a full disk leaves the earlier deal whole.
    with ExitStack() as together:
        folder = together.enter_context(atomic_folder(heldout_out))
        for name, rows in (("validation", validation), ("test", test)):
            write(folder / f"{name}.parquet", rows)
            report["files"][name] = {"rows": len(rows), "sha256": sha256_file(folder / f"{name}.parquet")}
        everything = together.enter_context(atomic_folder(shards_out))
        for number, rows in enumerate(parts, 1):
            folder = everything / str(number)
            folder.mkdir()
            write(folder / "train.parquet", rows)
            write(folder / "validation.parquet", validation)
            report["files"][f"shard_{number}"] = {"rows": len(rows), "sha256": sha256_file(folder / "train.parquet")}
    report["left_out"] = len(table) - len(validation) - len(test) - sum(len(rows) for rows in parts)
    report["distances"] = _distances(table, parts, seed)
    return report

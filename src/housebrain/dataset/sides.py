"""Which files of a dataset are read, and which of its two sides each is on: for training, or held out.

Files are taken from a folder and all folders in it. Their names, and those of folders, say the side: `train`, or one of
`HELD_OUT` as a word of the name, such as in `val/`, `testset.jsonl`, `data.dev.jsonl`, `houses-eval-1.parquet`. What
says so last on the way to a file counts, so `val/train/1.json` is for training; in one name that says both, held out
does. Held-out splits of all names are one: none is trained on, all are on the validation side. What says nothing is for
training, except below a folder or in a file that a person chose and that is itself named as held out. A record's own
`split` counts before all names.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from housebrain.errors import UserError, os_error

# Validation first: where a brief is on both sides, the held-out copy is the one that stays.
SIDES = ("validation", "train")
HELD_OUT = {"val", "valid", "validation", "dev", "eval", "evaluation", "test", "testing", "heldout", "holdout"}
TRAINING = {"train", "training"}
KINDS = (".json", ".jsonl", ".ndjson", ".parquet")
COMPRESSIONS = (".gz", ".zst")  # of all but Parquet, which is compressed inside
WANTED = ".json, .jsonl (also as .gz or .zst) or .parquet"
# What Hugging Face `datasets` writes beside the records.
_NO_RECORDS = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
_SHOWN = 5


class Chosen(NamedTuple):
    """What of a dataset is read.

    Attributes:
        files: with their sides, validation first, then by name.
        left_out: files that hold no records as far as names tell, and hidden folders, by name.
    """

    files: list[tuple[str, Path]]
    left_out: list[Path]


def kind_of(name: str) -> tuple[str, str] | None:
    """A file's kind and compression by its name, such as (".jsonl", ".gz") or (".json", ""); None where unknown."""
    stem, name = name, name.lower()
    compression = next((end for end in COMPRESSIONS if name.endswith(end)), "")
    kind = next((end for end in KINDS if name.removesuffix(compression).endswith(end)), None)
    if kind is None or (kind == ".parquet" and compression) or stem in _NO_RECORDS or stem.startswith("."):
        return None
    return kind, compression


def side_said(name: str) -> str | None:
    """The side that a name of a file, a folder or a split says; None where it says none."""
    plain = re.sub(r"(held|hold)[-_ .]out", "heldout", name.lower())
    words = {re.sub(r"(?<=.)(sets?|data|splits?)$", "", word) for word in re.split(r"[^a-z]+", plain)}
    if words & HELD_OUT:
        return "validation"
    return "train" if words & TRAINING else None


def choose(path: Path) -> Chosen:
    """Looks through a dataset's folder, or takes a file alone.

    Raises:
        UserError: there is nothing at `path`, or nothing that could hold records.
    """
    if path.is_file():
        if kind_of(path.name) is None:
            raise UserError(f"{path}: a {path.suffix or 'nameless'} file can't be read. Give {WANTED} files.")
        return Chosen([(side_said(path.name) or "train", path)], [])
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder. Give the dataset's folder or file.")
    name = path.resolve().name.lower()
    chosen = Chosen([], [])
    _look(path, "validation" if name in HELD_OUT else "train", chosen, frozenset())
    if not chosen.files:
        found = f"only {listed(chosen.left_out, path)}" if chosen.left_out else "nothing at all"
        raise UserError(
            f"{path}: no {', '.join(KINDS)} file in it, {found}. Give the folder that holds the dataset, as {WANTED}."
        )
    chosen.files.sort(key=lambda file: (SIDES.index(file[0]), file[1]))
    chosen.left_out.sort()
    return chosen


def _look(folder: Path, side: str, chosen: Chosen, above: frozenset[Path]) -> None:
    """Adds what is in a folder; scandir, since there may be half a million files."""
    real = folder.resolve()
    if real in above:  # a link to where it lies
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = folder / entry.name
                if entry.is_dir() and not entry.name.startswith("."):
                    _look(path, side_said(entry.name) or side, chosen, above | {real})
                elif entry.is_file() and kind_of(entry.name):
                    chosen.files.append((side_said(entry.name) or side, path))
                else:
                    chosen.left_out.append(path)
    except OSError as error:
        raise os_error(error, folder) from error


def listed(paths: list[Path], root: Path) -> str:
    """How many, and the first few, relative to `root`."""
    names = ", ".join(str(path.relative_to(root)) for path in paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return f"{len(paths):,} other{'s' if len(paths) > 1 else ''} ({names}{more})"

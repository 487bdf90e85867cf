"""Designs that clients accepted or corrected, as samples: `housebrain feedback export` writes them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from housebrain.dataset.prepare import Reject, Solved, row_of
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.house.tree import TreeError
from housebrain.rules.checks import violations

FOLDER = Path("data/raw/feedback")


def feedback_batches(folder: Path = FOLDER) -> Iterator[list[Solved]]:
    """A batch for each file `*.jsonl` in a folder, whose lines are `{"id", "brief", "design"}`; none without a folder.

    A design whose rooms no straight cuts make can't be an answer: it is a reject.

    Raises:
        UserError: a line is no such thing, or its design breaks a rule; or there is a file of another kind.
    """
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.suffix != ".jsonl":
            raise UserError(f"{path}: not a file *.jsonl of `housebrain feedback export`. Take it out of {folder}.")
        batch: list[Solved] = []
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            where = f"{path}:{number}"
            try:
                content: dict[str, Any] = json.loads(line)
                name, brief = str(content["id"]), Brief.model_validate(content["brief"])
                design = Design.model_validate(content["design"])
            except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
                first = " ".join(str(error).split("\n")[:3])
                raise UserError(
                    f"{where}: not a line of `housebrain feedback export` ({first}). Export again."
                ) from error
            if wrong := violations(design, brief):
                raise UserError(
                    f"{where}: the design of {name} breaks a rule ({wrong[0].where}: {wrong[0].detail}). Export again, "
                    "which leaves such designs out."
                )
            try:
                batch.append([row_of(name, brief, design, "train", where)])
            except TreeError as error:
                batch.append(Reject(name, where, "no_straight_cuts", str(error)))
        if batch:
            yield batch

"""The houses that the merged model's guided answers became, drawn: what a person has of a round."""

import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple

from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.errors import UserError
from housebrain.evaluation.names import GUIDED, MERGED
from housebrain.files import atomic_folder
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.report.cases import level_name, read_lines

FOLDER = "designs"  # among the reports
SHOWN = 8  # the first of the test split, not the best
_LONGEST = 50  # characters of an id in a file's name, each of up to four bytes


class HouseOf(NamedTuple):
    """A brief and the house that was made of the model's guided answer.

    Attributes:
        row: the answer's row in `guided.jsonl`.
        brief: what was asked for.
        design: the house; the solver's own where `row` says `replaced`.
    """

    row: dict[str, Any]
    brief: Brief
    design: Design

    @property
    def files(self) -> list[str]:
        """The names of its pictures, one a level from the ground up."""
        count, name = len(self.design.levels), _file_name(self.row["id"])
        return [f"{name}.svg"] if count == 1 else [f"{name}-{number}.svg" for number in range(count)]

    def plans(self) -> list[tuple[str, str]]:
        """Each level's name and picture, SVG, all to one scale."""
        drawn = scene(self.design, self.brief)
        named = [(level_name(number), number) for number in range(len(self.design.levels))]
        return [(name, svg(plan_picture(drawn, number, title=f"{self.row['id']}, {name}"))) for name, number in named]


def _file_name(record_id: str) -> str:
    """A record's id, which may be any text, `a/b` too. Where it can't be a file's name, what of it can, and a hash."""
    plain = re.sub(r"[^\w.-]", "_", record_id).lstrip(".")[:_LONGEST]
    return plain if plain == record_id else f"{plain}-{hashlib.sha256(record_id.encode()).hexdigest()[:8]}"


def read_houses(evaluation: Path) -> list[HouseOf]:
    """The first few houses of the merged model.

    Args:
        evaluation: the folder that `evaluate` wrote.

    Raises:
        UserError: the file of guided answers is missing or damaged.
    """
    path = evaluation / GUIDED
    rows = [row for row in read_lines(path) if row["model"] == MERGED and row["design"]][:SHOWN]
    try:
        return [HouseOf(row, Brief.model_validate(row["brief"]), Design.model_validate(row["design"])) for row in rows]
    except (KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{path}: cannot be read ({reason}). Run `dvc repro -f evaluate`.") from error


def draw_houses(houses: list[HouseOf], out: Path) -> None:
    """Draws houses into the folder `out`, which is replaced: an SVG a level.

    Raises:
        UserError: `out` can't be written.
    """
    with atomic_folder(out) as folder:
        for house in houses:
            for name, (_, plan) in zip(house.files, house.plans(), strict=True):
                (folder / name).write_text(plan, encoding="utf-8")

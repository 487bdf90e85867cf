"""Single briefs for the page: what was asked for, the reference design, and what the merged model made of it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from housebrain.drawing.pictures import frame, plan_picture
from housebrain.drawing.scene import Scene, scene
from housebrain.drawing.svg import svg
from housebrain.errors import UserError
from housebrain.evaluation.names import ANSWERS, DESIGNS
from housebrain.house.brief import Brief
from housebrain.house.design import Design


class Plans(NamedTuple):
    """One level, drawn; None where a design has no such level."""

    name: str
    reference: Markup | None
    answer: Markup | None


class Case:
    """A brief and the model's answer, as `evaluate` left them.

    Attributes:
        id, brief: of the sample.
        row: the answer's row in `answers.jsonl`.
        reference: the reference design.
        design: the model's; None where its answer is none.
        faults: the kinds of what is wrong, such as `undersized`; empty for a valid design.
    """

    def __init__(self, row: dict[str, Any], designs: dict[str, Any]) -> None:
        self.id = row["id"]
        self.brief = Brief.model_validate(designs["brief"])
        self.row = row
        self.reference = Design.model_validate(designs["reference"])
        self.design = None if designs["answer"] is None else Design.model_validate(designs["answer"])
        self.faults: list[str] = row["faults"]

    def plans(self) -> list[Plans]:
        """Level by level from the ground up, both designs to one scale."""
        reference = scene(self.reference, self.brief)
        answer = scene(self.design, self.brief) if self.design else None
        houses = [reference, *([answer] if answer else [])]
        around = frame(*houses)

        def drawn(house: Scene | None, index: int, whose: str) -> Markup | None:
            if house is None or index >= len(house.levels):
                return None
            return Markup(svg(plan_picture(house, index, around, f"{whose}, {self.id}, {_level(index)}")))

        return [
            Plans(_level(index), drawn(reference, index, "reference"), drawn(answer, index, "answer"))
            for index in range(max(len(house.levels) for house in houses))
        ]


def _level(index: int) -> str:
    return f"floor {index}" if index else "ground floor"


def read_cases(evaluation: Path, model: str) -> list[Case]:
    """The merged model's answers with their briefs, in the order of the test split.

    Args:
        evaluation: the folder that `evaluate` wrote.
        model: whose designs are there.

    Raises:
        UserError: a file is missing or damaged, or one is of another evaluation.
    """
    rows = [row for row in _read_lines(evaluation / ANSWERS) if row["model"] == model]
    designs = _read_lines(evaluation / DESIGNS)
    if [row["id"] for row in rows] != [one["id"] for one in designs]:
        raise UserError(
            f"{evaluation / ANSWERS}: the answers are not to the briefs in {DESIGNS}. Run `dvc repro -f evaluate`."
        )
    try:
        return [Case(row, one) for row, one in zip(rows, designs, strict=True)]
    except (KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{evaluation}: cannot be read ({reason}). Run `dvc repro -f evaluate`.") from error


def _read_lines(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        if not all("id" in row for row in rows):
            raise ValueError("a line has no id")
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path}: cannot be read ({error}). Run `dvc repro -f evaluate`.") from error
    return rows


def faults(cases: list[Case]) -> list[tuple[str, int]]:
    """How many answers have each kind of fault, the most frequent first."""
    return Counter(fault for case in cases for fault in case.faults).most_common()


def worst(cases: list[Case], count: int) -> list[Case]:
    """The answers with a fault that meet the least of their brief; the higher loss comes first among equals."""
    faulty = [case for case in cases if case.faults]
    return sorted(faulty, key=lambda case: (case.row["requirements"], -(case.row["eval_loss"] or 0)))[:count]

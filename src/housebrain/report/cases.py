"""Single briefs for the page: what was asked for, the reference design, and what the merged model made of it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from housebrain.data.samples import Sample, load_samples
from housebrain.design.check import violations
from housebrain.design.design import Design
from housebrain.design.draw import floor_plan_svg, frame
from housebrain.design.text import Codec, DecodeError, decode
from housebrain.errors import UserError


class Plans(NamedTuple):
    """One level, drawn; None where a design has no such level."""

    name: str
    reference: Markup | None
    answer: Markup | None


class Case:
    """A brief and the model's answer.

    Attributes:
        id, brief: of the sample.
        row: the answer's row in `answers.jsonl`.
        reference: the reference design.
        design: the model's; None where its answer is none.
        faults: the kinds of what is wrong, such as `undersized`; empty for a valid design.
    """

    def __init__(self, sample: Sample, row: dict[str, Any], codec: Codec) -> None:
        self.id = sample.id
        self.brief = sample.brief
        self.row = row
        self.reference = decode(sample.answer, sample.brief, codec)
        self.design: Design | None = None
        try:
            self.design = decode(row["answer"], sample.brief, codec)
            self.faults = sorted({found.kind for found in violations(self.design, sample.brief)})
        except DecodeError as error:
            self.faults = [f"no valid {error.kind}"]

    def plans(self) -> list[Plans]:
        """Level by level from the ground up, both designs to one scale."""
        designs = [self.reference, *([self.design] if self.design else [])]
        around = frame(*designs)

        def drawn(design: Design | None, index: int, whose: str) -> Markup | None:
            if design is None or index >= len(design.levels):
                return None
            title = f"{whose}, {self.id}, {_level(index)}"
            return Markup(floor_plan_svg(design.levels[index], design.footprint, around, title))

        return [
            Plans(_level(index), drawn(self.reference, index, "reference"), drawn(self.design, index, "answer"))
            for index in range(max(len(design.levels) for design in designs))
        ]


def _level(index: int) -> str:
    return f"floor {index}" if index else "ground floor"


def read_cases(answers: Path, model: str, test: Path, codec: Codec) -> list[Case]:
    """A model's answers with their briefs, in the order of the test split.

    Args:
        answers: `answers.jsonl`.
        model: whose answers are taken.
        test: the test split.
        codec: of the answers.

    Raises:
        UserError: a file is missing or damaged, or the answers are to other briefs.
    """
    try:
        rows = [row for row in map(json.loads, answers.read_text().splitlines()) if row["model"] == model]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{answers}: cannot be read ({error}). Run `dvc repro -f evaluate`.") from error
    samples = load_samples(test, codec, len(rows))
    if [sample.id for sample in samples] != [row["id"] for row in rows]:
        raise UserError(f"{answers}: the answers are not to the briefs in {test}. Run `dvc repro evaluate`.")
    return [Case(sample, row, codec) for sample, row in zip(samples, rows, strict=True)]


def faults(cases: list[Case]) -> list[tuple[str, int]]:
    """How many answers have each kind of fault, the most frequent first."""
    return Counter(fault for case in cases for fault in case.faults).most_common()


def worst(cases: list[Case], count: int) -> list[Case]:
    """The answers with a fault that meet the least of their brief; the higher loss comes first among equals."""
    faulty = [case for case in cases if case.faults]
    return sorted(faulty, key=lambda case: (case.row["requirements"], -(case.row["eval_loss"] or 0)))[:count]

"""What a guided answer is worth: finished into a house it is judged like any other, and by what finishing changed."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np

from housebrain.answering.finish import Proposal, finish
from housebrain.evaluation.metrics import Measure, Verdict, judge_design, share_measure, worthless
from housebrain.evaluation.names import GUIDED_AMOUNTS, GUIDED_SHARES
from housebrain.house.design import Design
from housebrain.language.answer import Codec, DecodeError, read
from housebrain.language.samples import Sample
from housebrain.solver.house import Infeasible

CODEC: Codec = "tree"  # what the grammar writes
CHANGED_FT = 1.0  # a room whose middle was moved by more than this was changed


class Guided(NamedTuple):
    """One brief as a model answered it under the brief's grammar.

    An answer whose rooms had to be replaced by the solver's own house is not the model's: it is worth nothing, its
    `changed` is 1, and there are no `edits`, `moved_ft` or `penalty`.

    Attributes:
        sample: the brief with its reference answer.
        answer: the model's own, before it was finished.
        design: what it was finished into; None where nothing can be built for the brief.
        replaced: whether `design` is the solver's own.
        edits: how many small changes of the answer's arrangement it took; its house counts as the model's.
        verdict: on `design`.
        changed: the share of the rooms that were moved by more than a foot, or made too small by the answer.
        moved_ft: how far the middles of the rooms were moved, on average.
        penalty: what the solver objects to in the house, 0 is nothing.
    """

    sample: Sample
    answer: str
    design: Design | None
    replaced: bool
    edits: int | None
    verdict: Verdict
    changed: float
    moved_ft: float | None
    penalty: float | None


def judge_guided(proposal: Proposal, sample: Sample, ruleset: str) -> Guided:
    """Finishes an answer and measures what comes of it, against the brief and the reference answer."""
    answer, finished = proposal.text, finish(proposal, sample.brief)
    if isinstance(finished, Infeasible):
        verdict = _of_no_house(answer, f"{finished.reason}: {finished.detail}", "infeasible")
        return Guided(sample, answer, None, True, None, verdict, 1.0, None, None)
    if finished.replaced:
        verdict = _of_no_house(answer, "no sizes make these rooms a valid house", "replaced")
        return Guided(sample, answer, finished.design, True, None, verdict, 1.0, None, None)
    verdict = judge_design(finished.design, sample, CODEC, ruleset)
    moved = finished.moved_ft.items()
    changed = fmean(feet > CHANGED_FT or name in finished.too_small for (_, name), feet in moved)
    moved_ft, penalty = finished.mean_moved_ft, finished.penalty
    return Guided(sample, answer, finished.design, False, finished.edits, verdict, changed, moved_ft, penalty)


def _of_no_house(answer: str, message: str, fault: str) -> Verdict:
    try:
        read(answer, CODEC)
    except DecodeError as error:
        return worthless(str(error), fault)._replace(json_valid=error.kind != "json")
    return worthless(message, fault)._replace(json_valid=True, schema_valid=True)


def guided_measures(answers: Sequence[Guided]) -> dict[str, Measure]:
    """Every metric of guided answers that is a mean over briefs, by name; none without answers."""
    if not answers:
        return {}
    verdicts = [one.verdict for one in answers]
    found = {name: share_measure([getattr(one, part) for one in verdicts]) for name, part in GUIDED_SHARES.items()}
    found["guided_mended"] = share_measure([bool(one.edits) for one in answers])
    found["guided_changed"] = share_measure([one.changed for one in answers])
    return found | {name: _amount([getattr(one, part) for one in answers]) for name, part in GUIDED_AMOUNTS.items()}


def _amount(values: list[float | None]) -> Measure:
    """Of what is 0 or more, where there is anything to measure."""
    counted = np.array([value is not None for value in values], np.float64)
    return Measure(np.array([value or 0.0 for value in values], np.float64), counted, None)

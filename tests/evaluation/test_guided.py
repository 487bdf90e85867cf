"""Tests for housebrain.evaluation.guided: what finished answers are worth, and what counts as the model's."""

import json
import math

import numpy as np

from housebrain.answering.finish import Proposal
from housebrain.evaluation.guided import Guided, guided_measures, judge_guided
from housebrain.evaluation.intervals import difference, interval
from housebrain.evaluation.names import GUIDED_METRICS
from housebrain.language.designs import encode
from housebrain.language.samples import Sample
from houses import solved_houses

SAMPLES = [Sample(record["id"], brief, encode(design)) for record, brief, design in solved_houses()[:4]]


def shrunk(answer: str) -> str:
    """The same rooms in a footprint so small that most have to be made larger."""
    read = json.loads(answer)

    def halved(node: object) -> object:
        return [max(1, p // 2) if type(p) is int else halved(p) for p in node] if isinstance(node, list) else node

    return json.dumps({"size": [side // 2 + 1 for side in read["size"]], "levels": [halved(x) for x in read["levels"]]})


def test_the_reference_answer_is_valid_and_hardly_changed() -> None:
    for sample in SAMPLES:
        one = judge_guided(Proposal(sample.answer), sample, "auto")
        assert (one.replaced, one.verdict.valid, one.verdict.requirements) == (False, True, 1.0)
        assert one.changed < 0.5
        assert one.moved_ft is not None and one.moved_ft < 1.0
        assert one.penalty is not None and one.penalty >= 0


def test_an_answer_that_has_to_be_replaced_is_not_the_models() -> None:
    """Though the house that stands in for it has no fault."""
    for answer, is_json in (("?", False), ('{"size":[40,40],"levels":["hall"]}', True)):
        one = judge_guided(Proposal(answer), SAMPLES[0], "auto")
        assert one.replaced and one.edits is None
        assert one.design is not None
        assert (one.verdict.valid, one.verdict.requirements, one.verdict.codes) == (False, 0.0, 0.0)
        assert one.verdict.json_valid == is_json
        assert (one.changed, one.moved_ft, one.penalty) == (1.0, None, None)


def test_rooms_that_had_to_be_moved_or_enlarged_are_counted() -> None:
    changed = [judge_guided(Proposal(shrunk(sample.answer)), sample, "auto") for sample in SAMPLES]
    kept = [one for one in changed if not one.replaced]
    assert kept
    for one in kept:
        before = judge_guided(Proposal(one.sample.answer), one.sample, "auto")
        assert one.changed > 0.5 > before.changed
        assert one.moved_ft and before.moved_ft is not None and one.moved_ft > before.moved_ft


def test_means_leave_out_what_could_not_be_measured() -> None:
    answers = [SAMPLES[0].answer, "?", SAMPLES[2].answer, shrunk(SAMPLES[3].answer)]
    guided = [judge_guided(Proposal(answer), sample, "auto") for answer, sample in zip(answers, SAMPLES, strict=True)]
    found = guided_measures(guided)
    assert set(found) == set(GUIDED_METRICS)
    assert found["guided_validity"].mean == 0.75
    moved = [one.moved_ft for one in guided if one.moved_ft is not None]
    assert math.isclose(found["guided_moved_ft"].mean, float(np.mean(moved)))
    between = interval(found["guided_moved_ft"])
    assert between and min(moved) - 1e-9 <= between.low <= between.high <= max(moved) + 1e-9
    nothing = guided_measures([judge_guided(Proposal("?"), SAMPLES[0], "auto")])["guided_moved_ft"]
    assert math.isnan(nothing.mean)
    assert interval(nothing) is None


def test_models_are_compared_where_both_have_a_house_of_their_own() -> None:
    def measured(*values: float | None) -> list[Guided]:
        whole = judge_guided(Proposal(SAMPLES[0].answer), SAMPLES[0], "auto")
        return [whole._replace(moved_ft=value) for value in values]

    one, other = (guided_measures(measured(*v))["guided_moved_ft"] for v in ((1.0, 2.0, None), (3.0, None, 9.0)))
    found = difference(one, other)
    assert found and found.value == -2.0
    neither = guided_measures(measured(None, None, 4.0))["guided_moved_ft"]
    assert difference(one, neither) is None
    assert guided_measures([]) == {}

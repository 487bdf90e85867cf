"""Tests for housebrain.report.cases."""

from housebrain.evaluation.names import MERGED
from housebrain.report.cases import Case, faults, read_cases, worst
from report.conftest import Round


def cases_of(one: Round) -> list[Case]:
    return read_cases(one.write() / "evaluation", MERGED)


def test_each_brief_has_the_models_answer_and_what_is_wrong_with_it(a_round: Round) -> None:
    first, second, third, fourth = a_round.samples
    a_round.answers[MERGED] = [first.answer, "?", '{"size":1}', third.answer]
    cases = cases_of(a_round)
    assert [case.id for case in cases] == [one.id for one in (first, second, third, fourth)]
    assert [case.faults for case in cases[:3]] == [[], ["no valid json"], ["no valid schema"]]
    assert "missing_room" in cases[3].faults or "extra_room" in cases[3].faults
    assert [case.design is None for case in cases] == [False, True, True, False]
    assert cases[0].design == cases[0].reference


def test_the_worst_meet_the_least_and_only_faulty_ones_count(a_round: Round) -> None:
    first, _, third, _ = a_round.samples
    a_round.answers[MERGED] = [first.answer, "?", "?", third.answer]
    cases = cases_of(a_round)
    by_loss = sorted(cases[1:3], key=lambda case: -case.row["eval_loss"])
    assert worst(cases, 6) == [*by_loss, cases[3]]
    assert worst(cases, 1) == by_loss[:1]
    assert cases[0] not in worst(cases, 6)


def test_faults_are_counted_by_kind(a_round: Round) -> None:
    a_round.answers[MERGED] = [a_round.samples[0].answer, "?", "?", "{}"]
    assert faults(cases_of(a_round)) == [("no valid json", 2), ("no valid schema", 1)]

"""What an answer is worth: measured on the design it decodes into; an answer that doesn't decode is worth nothing."""

import math
from statistics import fmean
from typing import NamedTuple

import numpy as np

from housebrain.evaluation.names import LOSS, SHARES
from housebrain.house.design import Design
from housebrain.language.answer import Codec, DecodeError
from housebrain.language.designs import decode
from housebrain.language.samples import Sample
from housebrain.rules.checks import overlaps, requirements, violations
from housebrain.rules.codes import check_codes

COST_TOLERANCE = 0.10


class Verdict(NamedTuple):
    """One answer's measures; shares are 0 to 1.

    Attributes:
        json_valid: the answer is JSON.
        schema_valid: and it has the parts of a design, each of its type.
        decoded: and its layout can be laid out.
        zero_overlap: no two rooms of the design overlap.
        valid: the design has no violation at all.
        requirements: share of the brief's requirements that are met.
        codes: share of the building-code rules passed, of those that were decided and that the brief's setbacks do not
            decide; 0 where there is none, since the house has no room that a rule speaks of.
        cost_close: its cost is within 10% of the reference design's.
        message: what was wrong, empty where nothing was.
        faults: the kinds of what was wrong, such as `undersized` or `no valid json`.
    """

    json_valid: bool
    schema_valid: bool
    decoded: bool
    zero_overlap: bool
    valid: bool
    requirements: float
    codes: float
    cost_close: bool
    message: str
    faults: tuple[str, ...] = ()


def judge(answer: str, sample: Sample, codec: Codec, ruleset: str) -> Verdict:
    """Measures an answer to `sample.brief` against the brief and the reference answer."""
    try:
        design = decode(answer, sample.brief, codec)
    except DecodeError as error:
        # JSON comes before schema, schema before layout: whoever fails at one has passed those before it.
        verdict = worthless(str(error), f"no valid {error.kind}")
        return verdict._replace(json_valid=error.kind != "json", schema_valid=error.kind == "layout")
    return judge_design(design, sample, codec, ruleset)


def worthless(message: str, fault: str) -> Verdict:
    """The verdict on an answer of which there is no design."""
    return Verdict(
        json_valid=False,
        schema_valid=False,
        decoded=False,
        zero_overlap=False,
        valid=False,
        requirements=0.0,
        codes=0.0,
        cost_close=False,
        message=message,
        faults=(fault,),
    )


def judge_design(design: Design, sample: Sample, codec: Codec, ruleset: str) -> Verdict:
    """Measures a design for `sample.brief` against the brief and the reference answer, which is in `codec`."""
    brief = sample.brief
    wrong = violations(design, brief)
    met = requirements(design, brief)
    rules = [rule for rule in check_codes(design, brief, ruleset) if rule.decided and not rule.given]
    reference_usd = decode(sample.answer, brief, codec).cost.total_usd
    return Verdict(
        json_valid=True,
        schema_valid=True,
        decoded=True,
        zero_overlap=not any(overlaps(level) for level in design.levels),
        valid=not wrong,
        requirements=fmean(met.values()),
        codes=fmean(rule.passed for rule in rules) if rules else 0.0,
        cost_close=abs(design.cost.total_usd - reference_usd) <= COST_TOLERANCE * reference_usd,
        message="; ".join(f"{kind} {where}: {detail}" for kind, where, detail in wrong),
        faults=tuple(sorted({violation.kind for violation in wrong})),
    )


def finite(value: float | None) -> float | None:
    """None where a value is not finite: JSON has no other word for it."""
    return value if value is not None and math.isfinite(value) else None


class Answered(NamedTuple):
    """One brief as a model answered it.

    Attributes:
        sample: the brief with its reference answer.
        loss: on the reference answer, nats a token.
        tokens: of the reference answer.
        answer: the model's own.
        verdict: on that.
    """

    sample: Sample
    loss: float
    tokens: int
    answer: str
    verdict: Verdict


class Measure(NamedTuple):
    """A metric brief by brief.

    Attributes:
        values: float64 [n].
        weights: float64 [n], what each brief counts for in the mean: in a loss its tokens, in a share 1; 0 where there
            is nothing to measure.
        bounds: the least and the most that a value can be; None where nothing bounds it.
    """

    values: np.ndarray
    weights: np.ndarray
    bounds: tuple[float, float] | None

    @property
    def mean(self) -> float:
        """The metric itself; NaN where no brief counts."""
        return float(np.average(self.values, weights=self.weights)) if self.weights.any() else math.nan


def loss_measure(losses: list[float], tokens: list[int]) -> Measure:
    """The loss a token: long answers count for more."""
    return Measure(np.array(losses, np.float64), np.array(tokens, np.float64), None)


def share_measure(values: list[float]) -> Measure:
    """Of what is between 0 and 1; each brief counts the same."""
    return Measure(np.array(values, np.float64), np.ones(len(values)), (0.0, 1.0))


def measures(answers: list[Answered]) -> dict[str, Measure]:
    """Every metric that is a mean over briefs, by name."""
    shares = {name: share_measure([getattr(one.verdict, part) for one in answers]) for name, part in SHARES.items()}
    return {LOSS: loss_measure([one.loss for one in answers], [one.tokens for one in answers])} | shares

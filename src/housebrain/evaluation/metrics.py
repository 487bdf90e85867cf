"""What an answer is worth: measured on the design it decodes into; an answer that doesn't decode is worth nothing."""

from statistics import fmean
from typing import NamedTuple

from housebrain.data.samples import Sample
from housebrain.design.check import overlaps, requirements, violations
from housebrain.design.codes import check_codes
from housebrain.design.text import Codec, DecodeError, decode

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
        codes: share of the building-code rules passed; 0 where the house has no room that a rule speaks of.
        cost_close: its cost is within 10% of the reference design's.
        message: what was wrong, empty where nothing was.
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


def judge(answer: str, sample: Sample, codec: Codec, ruleset: str) -> Verdict:
    """Measures an answer to `sample.brief` against the brief and the reference answer."""
    brief = sample.brief
    try:
        design = decode(answer, brief, codec)
    except DecodeError as error:
        # JSON comes before schema, schema before layout: whoever fails at one has passed those before it.
        return Verdict(error.kind != "json", error.kind == "layout", False, False, False, 0.0, 0.0, False, str(error))
    wrong = violations(design, brief)
    met = requirements(design, brief)
    rules = check_codes(design, brief, ruleset)
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
    )


def aggregate(verdicts: list[Verdict]) -> dict[str, float]:
    """Means over all answers, parsed or not."""
    return {
        "json_validity": fmean(v.json_valid for v in verdicts),
        "schema_validity": fmean(v.schema_valid for v in verdicts),
        "decoded": fmean(v.decoded for v in verdicts),
        "zero_overlap": fmean(v.zero_overlap for v in verdicts),
        "design_validity": fmean(v.valid for v in verdicts),
        "design_accuracy": fmean(v.requirements for v in verdicts),
        "compliance": fmean(v.codes for v in verdicts),
        "cost_within_10pct": fmean(v.cost_close for v in verdicts),
    }

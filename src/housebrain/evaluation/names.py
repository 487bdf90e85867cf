"""What models and measures are called in reports. Nothing is imported here, so that any stage may read it."""

BASE = "base"
MERGED = "merged"
RELEASED = "released"
LOSS = "eval_loss"
# Shares of all answers, decoded or not, and the part of a verdict that each is the mean of.
SHARES = {
    "json_validity": "json_valid",
    "schema_validity": "schema_valid",
    "decoded": "decoded",
    "zero_overlap": "zero_overlap",
    "design_validity": "valid",
    "design_accuracy": "requirements",
    "compliance": "codes",
    "cost_within_10pct": "cost_close",
}
# The same of guided answers, each finished into a house; what had to be replaced counts as 0.
GUIDED_SHARES = {
    "guided_json_validity": "json_valid",
    "guided_validity": "valid",
    "guided_accuracy": "requirements",
    "guided_compliance": "codes",
    "guided_cost_within_10pct": "cost_close",
}
# What finishing changed and what there is to object to, by the part of a guided answer that each is the mean of. The
# lower the better, as with `guided_changed`, the share of the rooms that were changed, and `guided_mended`, that
# of the answers whose arrangement was.
GUIDED_AMOUNTS = {"guided_edits": "edits", "guided_moved_ft": "moved_ft", "guided_penalty": "penalty"}
GUIDED_METRICS = (*GUIDED_SHARES, "guided_mended", "guided_changed", *GUIDED_AMOUNTS)
# These differ from one measurement of the same model to the next.
OF_THE_MACHINE = ("seconds_per_design", "seconds_per_design_batched", "peak_memory_gb")

MEASURED = "measured.json"  # among the reports: which models they are of
SMALL = 10  # a kind of brief with fewer of them says little

ANSWERS = "answers.jsonl"  # every answer and its verdict
DESIGNS = "designs.jsonl"  # the designs that the merged model's answers decode into, and those they are compared with
GUIDED = "guided.jsonl"  # every guided answer and its verdict, and the houses that the merged model's became


def answers_of(metric: str) -> str:
    """Which answers a metric or criterion is about: `guided`, `free`, or none of them."""
    if metric.startswith("guided_") or metric == "seconds_per_design":
        return "guided"
    return "free" if metric in (*SHARES, *OF_THE_MACHINE) else ""


def p_text(value: float | None) -> str:
    """A p value as it is read; a dash where there is none."""
    return "-" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"

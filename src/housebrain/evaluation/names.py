"""What models and measures are called in reports. Nothing is imported here, so that any stage may read it."""

BASE = "base"
MERGED = "merged"
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
# These differ from one measurement of the same model to the next.
OF_THE_MACHINE = ("seconds_per_design", "seconds_per_design_batched", "peak_memory_gb")

MEASURED = "measured.json"  # among the reports: which models they are of
SMALL = 10  # a kind of brief with fewer of them says little

ANSWERS = "answers.jsonl"  # every answer and its verdict
DESIGNS = "designs.jsonl"  # the designs that the merged model's answers decode into, and those they are compared with


def p_text(value: float | None) -> str:
    """A p value as it is read; a dash where there is none."""
    return "-" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"

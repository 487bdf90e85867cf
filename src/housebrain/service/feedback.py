"""What clients said of designs, as files that `prepare` learns from."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from housebrain.files import atomic_file
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.checks import violations
from housebrain.service.store import Store

FILE = "feedback.jsonl"


def export(store: Store, folder: Path) -> dict[str, int]:
    """Writes `feedback.jsonl`: a line `{"id", "brief", "design"}` for each design that was accepted or corrected.

    Of several words on one house the last counts. A corrected design that breaks a rule is left out and counted; the
    rules may have changed since it was accepted, so accepted ones are checked as well.

    Args:
        store: of the service.
        folder: `data/raw/feedback`, where `prepare` looks.

    Returns:
        How many were accepted, corrected, rejected and invalid.
    """
    last: dict[str, tuple[str, Any, Any]] = {}
    counts = {"accepted": 0, "corrected": 0, "rejected": 0, "invalid": 0}
    for feedback, stored in store.feedback():
        try:
            number = feedback.content["alternative"]
            design = feedback.content.get("design") or stored.answer["designs"][number]["design"]
        except (KeyError, IndexError, TypeError):
            counts["invalid"] += 1
            continue
        last[f"feedback-{stored.id}-{number}"] = (feedback.verdict, stored.brief, design)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / FILE) as temporary, temporary.open("w", encoding="utf-8") as file:
        for name, (verdict, brief, design) in sorted(last.items()):
            if verdict == "reject":
                counts["rejected"] += 1
            elif f"{verdict}ed" not in counts or not _holds(design, brief):
                counts["invalid"] += 1
            else:
                counts[f"{verdict}ed"] += 1
                file.write(json.dumps({"id": name, "brief": brief, "design": design}, sort_keys=True) + "\n")
    return counts


def _holds(design: Any, brief: Any) -> bool:
    """Whether this version takes a design for one that meets the brief; it may be an earlier version's."""
    try:
        return not violations(Design.model_validate(design), Brief.model_validate(brief))
    except ValidationError:
        return False

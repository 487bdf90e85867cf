"""What a merge's run is known by. Nothing here needs torch."""

import hashlib
import json
from typing import Any


def record_id(report: dict[str, Any]) -> str:
    """The record id of the run in MLflow: the same for the same merge, whoever asks.

    Args:
        report: of the merge, as it is beside the merged adapter.
    """
    return f"merge-{hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()[:32]}"

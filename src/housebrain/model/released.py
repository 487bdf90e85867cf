"""The adapter that comes with the project: trained, measured and exported before, committed with the code."""

from pathlib import Path

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Params

FOLDER = Path("models/released")
LINEAGE = "lineage.json"  # beside an adapter: the tags of its version; an export is known by it


def released_adapter(params: Params) -> Path | None:
    """The folder of the released adapter; None where there is none, or none for the base and codec in use.

    Raises:
        UserError: its lineage is missing or says nothing of its base.
    """
    if not (FOLDER / WEIGHTS).exists():
        return None
    lineage, base = read_json(FOLDER / LINEAGE), params.base_model()
    try:
        made_for = lineage["base"], lineage["base_revision"], lineage["codec"]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{FOLDER / LINEAGE}: it does not say for which base the adapter is. Get it again: `git checkout {FOLDER}`."
        ) from error
    in_use = base.hub_id or params.base, base.revision, params.train.codec
    return FOLDER if made_for == in_use else None

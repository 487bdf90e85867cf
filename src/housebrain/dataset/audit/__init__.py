"""Looking a dataset over before training on it: one pass over all records, and a page for a person to read.

Counts are of all records; token lengths and the question which fields anything predicts are answered on a seeded
sample, since they don't change with the size.
"""

from pathlib import Path
from typing import Any

from housebrain.dataset.audit.fields import predicted_fields
from housebrain.dataset.audit.findings import look_through
from housebrain.dataset.audit.page import page_of
from housebrain.dataset.audit.tokens import token_lengths

TOKEN_SAMPLE = 2_000


def audit(path: str | Path, tokenizer: Any, max_length: int, seed: int = 0) -> str:
    """Looks a dataset over and describes it.

    Args:
        path: a folder or file as `read_records` takes it.
        tokenizer: of the base model, with a chat template.
        max_length: tokens of a training window.
        seed: of the sample on which tokens and fields are measured.

    Returns:
        The page, in Markdown. Malformed records are counted on it, not raised.

    Raises:
        UserError: the path is missing, or no record in it can be read.
    """
    path = Path(path)
    found = look_through(path, seed)
    fields = predicted_fields(found.sample, seed)
    ways = token_lengths(found.sample[:TOKEN_SAMPLE], tokenizer)
    return page_of(path.name, found, fields, ways, max_length)

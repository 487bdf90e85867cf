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
from housebrain.errors import UserError

TOKEN_SAMPLE = 2_000


class UnreadableError(UserError):
    """A dataset of which no record can be read; `page` says why."""

    def __init__(self, message: str, page: str) -> None:
        super().__init__(message)
        self.page = page


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
        UnreadableError: no record can be read; it carries the page.
        UserError: the path is missing, or holds no dataset file.
    """
    path = Path(path)
    found = look_through(path, seed)
    fields = predicted_fields(found.sample, seed)
    ways = token_lengths(found.sample[:TOKEN_SAMPLE], tokenizer)
    page = page_of(path.name, found, fields, ways, max_length)
    if not found.readable:
        reasons = [*found.bad_fields, *found.faulty, *(["not valid JSON"] if found.unparsed.count else [])]
        raise UnreadableError(
            f"{path}: no readable record in it, of {found.sides.total():,} ({reasons[0]}). Correct them, or give the "
            "folder that holds the dataset.",
            page,
        )
    return page
